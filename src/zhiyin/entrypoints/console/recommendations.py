"""Recommendations: which model serves people best, and what each would show to one customer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from zhiyin.adapters.records.models import RecommenderModel
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.estimate import Estimate
from zhiyin.entrypoints.console import drawing, jobs, words
from zhiyin.entrypoints.site import current
from zhiyin.loop.recommend.evaluate import BASELINE


def page(request: HttpRequest) -> HttpResponse:
    """The models with their figures, and a place to try them for a customer."""
    from zhiyin.services import catalogue, recommenders

    ws = current()
    active = [row for row in recommenders.models(ws) if row.active]
    lines = [_line(row) for row in active]
    scored = [line for line in lines if line["recall"]]
    best = max(scored, key=lambda line: line["recall"].value, default=None)
    return render(
        request,
        "console/recommendations.html",
        {
            "lines": lines,
            "best": best,
            "rival": _rival(best, scored),
            "scored": scored,
            "protocol": best["protocol"] if best else None,
            "found": drawing.domain(_bounds(line["recall"] for line in scored)),
            "items": len(catalogue.all_items(ws)),
            "job": jobs.shown(jobs.RECOMMENDERS),
            **_tried(request, [row.name for row in active]),
        },
    )


def train(request: HttpRequest) -> HttpResponse:
    """Train all models anew, then evaluate them."""
    from zhiyin.services import evaluation, training
    from zhiyin.services import jobs as started

    ws = current()

    def work(tell: started.Progress) -> str:
        training.train(ws, on_progress=tell)
        evaluation.evaluate(ws, on_progress=tell)
        return reverse("recommendations")

    try:
        started.start(ws, jobs.RECOMMENDERS, work)
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.what))
    return redirect("recommendations")


def _line(row: RecommenderModel) -> dict[str, Any]:
    """One model of the table."""
    evaluation = row.evaluation or {}
    score = evaluation.get("models", {}).get(row.name)
    if not score:
        return {"row": row, "protocol": None, "recall": None, "better": None, "coverage": None}
    protocol = evaluation["protocol"]
    k = max(protocol["k"])
    over = (
        one
        for one in evaluation["differences"]
        if (one["model"], one["against"], one["metric"]) == (row.name, BASELINE, f"recall@{k}")
    )
    return {
        "row": row,
        "protocol": protocol | {"k": k},
        "recall": _estimate(score[f"recall@{k}"]),
        "better": _estimate(next(over, None)),
        "coverage": score[f"coverage@{k}"]["value"],
    }


def _estimate(told: dict[str, Any] | None) -> Estimate | None:
    return None if told is None else Estimate(told["value"], told["low"], told["high"])


def _rival(best: dict[str, Any] | None, scored: list[dict[str, Any]]) -> dict[str, Any] | None:
    """A model whose interval reaches into that of the best one: which is better is not clear."""
    return next(
        (line for line in scored if best and line is not best and line["recall"].high >= best["recall"].low),
        None,
    )


def _tried(request: HttpRequest, names: list[str]) -> dict[str, Any]:
    """The items that each model would show to the customer who was asked for."""
    from zhiyin.services import catalogue, customers, recommendations

    ws = current()
    wanted = request.GET.get("customer", "").strip()
    if not names:
        return {"wanted": wanted}
    # without a wish, the latest buyer: a page that shows what it does
    found = customers.search(ws, wanted, per_page=1)
    person = found.rows[0] if found.rows else None
    if person is None:
        return {"wanted": wanted, "nobody": bool(wanted)}
    answers = []
    for name in names:
        offered = recommendations.recommend(ws, person.customer_id, n=5, model=name)
        ids = {one.item_id for one in offered} | {cause for one in offered for cause in one.because}
        items = catalogue.items(ws, ids)
        told = [
            (one, items.get(one.item_id), recommendations.reason_text(one, items, request.LANGUAGE_CODE))
            for one in offered
        ]
        answers.append((name, told))
    return {"wanted": wanted, "person": person, "answers": answers}


def _bounds(estimates: Any) -> list[float | None]:
    return [bound for estimate in estimates for bound in (estimate.low, estimate.value, estimate.high)]


urlpatterns = [
    path("recommendations", page, name="recommendations"),
    path("recommendations/train", require_POST(train), name="recommendations_train"),
]
