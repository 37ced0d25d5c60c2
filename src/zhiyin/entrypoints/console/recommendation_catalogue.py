"""Catalogue health: what of the catalogue is shown, what never is, and how much goes to what is popular anyway."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext

from zhiyin.entrypoints.console import formats, jobs
from zhiyin.entrypoints.site import current

_PAIRS = 20  # rules of what is bought together


def page(request: HttpRequest) -> HttpResponse:
    """Of one placement's model: coverage, its curve, popularity's share, and items that lack something."""
    from zhiyin.services import catalogue, goes_with, placements, training_runs

    ws = current()
    row = placements.get(ws, request.GET.get("placement") or "email")
    run = training_runs.of(ws, row.key)
    shown = run.report["shown"].get(row.key) if run else None
    known = catalogue.all_items(ws)
    items = list(known.values())
    offered = [item for item in items if item.available]
    lacks = [
        ("category", sum(1 for item in offered if not item.category)),
        ("price", sum(1 for item in offered if item.price is None)),
        ("name", sum(1 for item in offered if item.name == item.item_id)),
    ]
    pairs = [
        (known.get(one.antecedent) or one.antecedent, known.get(one.consequent) or one.consequent, one)
        for one in goes_with.known(ws, _PAIRS)
    ]
    return render(
        request,
        "console/recommendations/catalogue.html",
        {
            "row": row,
            "placements": placements.all_(ws),
            "run": run,
            "shown": shown,
            "never": [known[item_id] for item_id in shown["never"] if item_id in known] if shown else [],
            "hidden": shown["items"] - shown["shown_items"] if shown else 0,
            "share": shown["shown_items"] / shown["items"] if shown and shown["items"] else None,
            "items": len(items),
            "offered": len(offered),
            "lacks": lacks,
            "pairs": pairs,
            "curve": _curve(shown["curve"]) if shown else None,
            "job": jobs.shown(jobs.RECOMMENDERS),
        },
    )


def _curve(points: list[list[float]]) -> dict[str, Any]:
    """The curve for the chart and its table, in percent."""
    labels = [formats.percent(items, 0) for items, _ in points]
    return {
        "rows": list(zip(labels, [places for _, places in points], strict=True)),
        "chart": {
            "labels": labels,
            "values": [round(100 * places, 1) for _, places in points],
            "name": gettext("Share of the places, %"),
            "max": 100,
        },
    }


urlpatterns = [path("recommendations/catalogue", page, name="recommendations_catalogue")]
