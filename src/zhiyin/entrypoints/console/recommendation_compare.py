"""Compare models: what each found at a placement, what to make of it, and what each shows to one customer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from zhiyin.adapters.records.models import Placement, RecommenderModel, TrainingRun
from zhiyin.domain.errors import BadFile, NotFound
from zhiyin.entrypoints.console import drawing, jobs, words
from zhiyin.entrypoints.site import current

BASELINE = "popularity"


def page(request: HttpRequest) -> HttpResponse:
    """The models of the last contest for a placement, with intervals, advice, and a customer to try them on."""
    from zhiyin.services import placements, training_runs

    ws = current()
    row = placements.get(ws, request.GET.get("placement") or "email")
    run = training_runs.of(ws, row.key)
    told = run.report["placements"][row.key] if run else {}
    return render(
        request,
        "console/recommendations/compare.html",
        {
            "row": row,
            "placements": placements.all_(ws),
            "run": run,
            "told": told,
            "job": jobs.shown(jobs.RECOMMENDERS),
            **(contest(run, row.key, row.model.name if row.model else "") if run else {}),
            **_tried(request, row, told),
        },
    )


def contest(run: TrainingRun, key: str, in_use: str = "") -> dict[str, Any]:
    """The table of a contest and what there is to say of the winner."""
    told = run.report["placements"][key]
    if "validation" not in told:
        return {"lines": []}
    replies = {one["name"]: one["reply_ms"] for one in run.report["models"]}
    over = {
        one["model"]: one
        for one in told["validation"]["differences"]
        if one["against"] == BASELINE and one["metric"] == told["metric"]
    }
    lines = [
        {
            "name": name,
            "found": scored["recall@10"],
            "ndcg": scored[told["metric"]],
            "over": over.get(name),
            "coverage": scored["coverage@10"]["value"],
            "reply": replies.get(name),
            "in_use": name == (in_use or told["published"]),
            "baseline": name == BASELINE,
            "trials": len(scored.get("trials", ())),
            "parameters": scored["parameters"],
        }
        for name, scored in told["validation"]["models"].items()
    ]
    bounds = [line["found"][bound] for line in lines for bound in ("low", "value", "high")]
    published = told["published"]
    shown = run.report["shown"].get(key)
    return {
        "lines": lines,
        "domain": drawing.domain(bounds),
        "shown": shown,
        "reply": replies.get(published),
        "tested": {"recall": told["test"]["models"][published]["recall@10"]},
        "few": _few(told, published),
        "tied": ", ".join(words.name(words.MODELS, name) for name in told["tied"]),
        "skipped": run.report["skipped"],
    }


def _few(told: dict[str, Any], name: str) -> dict[str, Any] | None:
    """What the winner finds for the customers of whom least is known, beside popularity."""
    models = told["validation"]["models"]
    ours, theirs = (models.get(one, {}).get("slices", {}).get("activity", {}) for one in (name, BASELINE))
    part = next(iter(ours), None)
    if name == BASELINE or part is None or part not in theirs or ours[part]["questions"] < 30:
        return None
    return {
        "events": part.rpartition("-")[2],
        "difference": ours[part]["recall@10"]["value"] - theirs[part]["recall@10"]["value"],
    }


def _tried(request: HttpRequest, row: Placement, told: dict[str, Any]) -> dict[str, Any]:
    """What two models would show to a customer: the one in use and its closest rival, or one that was asked for."""
    from zhiyin.services import catalogue, customers, recommendations, recommenders, trying

    ws = current()
    wanted = request.GET.get("customer", "").strip()
    active = {model.name: model for model in recommenders.models(ws) if model.active}
    if row.model is None:
        return {"wanted": wanted}
    # without a wish, the latest buyer: a page that shows what it does
    found = customers.search(ws, wanted, per_page=1)
    person = found.rows[0] if found.rows else None
    if person is None:
        return {"wanted": wanted, "nobody": bool(wanted)}
    rivals = [name for name in active if name != row.model.name]
    rival = request.GET.get("rival", "")
    if rival not in rivals:
        order = list(told.get("validation", {}).get("models", ()))
        rival = next((name for name in order if name in rivals), rivals[0] if rivals else "")
    models: list[RecommenderModel] = [row.model, *([active[rival]] if rival else [])]
    answers = []
    for model in models:
        try:
            answers.append(trying.tried(ws, model, person.customer_id, row.key))
        except (NotFound, BadFile) as error:
            return {"wanted": wanted, "person": person, "broken": error}
    ids = {
        item for one in answers for offer in one.offers for item in (offer.one.item_id, *offer.one.because)
    }
    ids |= {item_id for one in answers for item_id, _ in one.left_out}
    items = catalogue.items(ws, ids)
    places = {offer.one.item_id: place for place, offer in enumerate(answers[0].offers, 1)}
    columns = []
    for number, one in enumerate(answers):
        rows = [
            {
                "item": items.get(offer.one.item_id),
                "item_id": offer.one.item_id,
                "why": recommendations.reason_text(offer.one, items, request.LANGUAGE_CODE),
                "parts": [(kind, 100 * share) for kind, share in offer.parts],
                "score": offer.one.score,
                "was": places.get(offer.one.item_id, 0) if number else None,
                "place": place,
            }
            for place, offer in enumerate(one.offers, 1)
        ]
        left = [(items.get(item_id), item_id, why) for item_id, why in one.left_out]
        columns.append({"name": one.name, "version": one.version, "rows": rows, "left": left})
    kinds = dict.fromkeys(kind for one in answers for offer in one.offers for kind, _ in offer.parts)
    return {
        "wanted": wanted,
        "person": person,
        "columns": columns,
        "kinds": list(kinds),
        "rivals": rivals,
        "rival": rival,
    }


urlpatterns = [path("recommendations/compare", page, name="recommendations_compare")]
