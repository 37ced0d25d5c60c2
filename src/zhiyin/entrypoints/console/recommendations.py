"""Recommendations: where items are recommended, who answers there, and by which rules."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from zhiyin.adapters.records.models import Placement
from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.console import (
    jobs,
    recommendation_catalogue,
    recommendation_compare,
    recommendation_training,
    words,
)
from zhiyin.entrypoints.site import current
from zhiyin.services.workspace import Workspace


def page(request: HttpRequest) -> HttpResponse:
    """Every placement with its model, how that one did on the test, and its rules."""
    from zhiyin.services import catalogue, placements

    ws = current()
    items = catalogue.all_items(ws)
    lines = [_line(ws, row) for row in placements.all_(ws)]
    for line in lines:
        pinned = [(item_id, items.get(item_id)) for item_id in line["row"].pinned]
        line["gone"] = [item or item_id for item_id, item in pinned if item is None or not item.available]
    over = [line["over"] for line in lines if line["over"]]
    return render(
        request,
        "console/recommendations/placements.html",
        {
            "lines": lines,
            "trained": any(line["row"].model for line in lines),
            "better": sum(1 for line in lines if line["over"] and line["over"]["low"] > 0),
            "compared": len(over),
            "items": len(items),
            "job": jobs.shown(jobs.RECOMMENDERS),
        },
    )


def train(request: HttpRequest) -> HttpResponse:
    """Find the best model for each placement anew."""
    from zhiyin.services import jobs as started
    from zhiyin.services import training

    ws = current()

    def work(tell: started.Progress) -> str:
        training.train(ws, on_progress=tell)
        return reverse("recommendations")

    try:
        started.start(ws, jobs.RECOMMENDERS, work)
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.what))
    return redirect("recommendations")


def rules(request: HttpRequest, key: str) -> HttpResponse:
    """Change the rules of a placement."""
    from zhiyin.services import placement_rules, placements

    numbers = {name: request.POST.get(name, "").strip() for name in placement_rules.NUMBERS}
    if any(value and not value.isdigit() for value in numbers.values()):
        messages.warning(request, gettext("Write whole numbers of days and items, or nothing."))
        return redirect("recommendations")
    given: dict[str, placement_rules.Value] = {name: int(value or 0) for name, value in numbers.items()}
    given |= {
        name: re.split("[,，、\n]", request.POST[name])
        for name in placement_rules.NAMES
        if name in request.POST
    }
    try:
        placements.configure(current(), key, **given)
        messages.success(request, gettext("Rules saved."))
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.told))
    return redirect("recommendations")


def rollback(request: HttpRequest, key: str) -> HttpResponse:
    """Go back to the model that answered before at a placement."""
    from zhiyin.services import placements

    try:
        (moved,) = placements.rollback(current(), key)
        messages.success(
            request, gettext("%(after)s answers again.") % {"after": words.model_version(moved.after)}
        )
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.told))
    return redirect(
        (request.POST.get("next", "") == "training" and "recommendations_training") or "recommendations"
    )


def _line(ws: Workspace, row: Placement) -> dict[str, Any]:
    """A placement, and what the last training that chose for it found of the model that answers there now."""
    from zhiyin.services import training_runs

    run = training_runs.of(ws, row.key)
    told = run.report["placements"][row.key] if run else {}
    # after a rollback the figures of the last run are not those of the model that answers
    model = row.model
    own = (
        model is not None
        and run is not None
        and (model.run_id, model.name, model.parameters) == (run.pk, told["published"], told["setting"])
    )
    over = told.get("over_popularity") if own and told.get("chosen") == told.get("published") else None
    tested = told.get("test", {}).get("models", {}).get(told["published"]) if own else None
    return {
        "row": row,
        "told": told if own else {},
        "over": over if over and over["low"] is not None else None,
        "found": tested["recall@10"] if tested else None,
        "shown": run.report["shown"].get(row.key) if own and run else None,
        "before": row.previous[0] if row.previous else None,
    }


urlpatterns = [
    path("recommendations", page, name="recommendations"),
    path("recommendations/train", require_POST(train), name="recommendations_train"),
    *recommendation_compare.urlpatterns,
    *recommendation_catalogue.urlpatterns,
    *recommendation_training.urlpatterns,
    path("recommendations/placement/<str:key>/rules", require_POST(rules), name="placement_rules"),
    path("recommendations/placement/<str:key>/rollback", require_POST(rollback), name="placement_rollback"),
]
