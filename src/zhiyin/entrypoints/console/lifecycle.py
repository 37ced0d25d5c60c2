"""The lifecycle: how many customers are in which stage, the heat map, and who moved between two days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET

from zhiyin.domain.flow import NOT_YET, Course, Flow, Move, starts
from zhiyin.domain.lifecycle import OF_CUSTOMERS, Lifecycle, StageRules
from zhiyin.entrypoints.console import flow_drawing, formats, standing
from zhiyin.entrypoints.site import current
from zhiyin.services import flow, profiles

PERIODS = (28, 90, 365)
LARGEST = 8  # moves in the list beside the drawing
SHOWN = 6  # stages in a customer's history
_ENDS = tuple(stage.value for stage in OF_CUSTOMERS)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: a place at the first day, who went where from there, and all of them."""

    place: str
    cells: tuple[tuple[bool, int], ...]  # whether it is the stage they were in, how many
    total: int


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Stages, heat map, and the frame of the flow, which is loaded after the page."""
    ws = current()
    totals = profiles.totals(ws)
    counts, today = totals["lifecycle"], ws.today().date()
    first, second = _period(request, today)
    known = flow.show(ws, totals) if totals["profiled_at"] else None
    return render(
        request,
        "console/lifecycle/index.html",
        {
            "totals": totals,
            "profiled": known is not None,
            "gap": known.gap_days if known else None,
            "engaged": sum(counts[stage] for stage in ("new", "active", "won_back")),
            "stages": _stages(known) if known else [],
            "heat": standing.heat(totals["heat"]),
            "zone": ws.settings.shop.timezone,
            "first": first,
            "second": second,
            "today": today.isoformat(),
            "periods": [
                (days, start, (first, second) == (start, today.isoformat()))
                for days in PERIODS
                for start in [(today - timedelta(days=days)).isoformat()]
            ],
        },
    )


@require_GET
def moves(request: HttpRequest) -> HttpResponse:
    """The flow between the two days: bands, the largest moves, the table of all, and visitors apart. For htmx."""
    ws = current()
    first, second = (flow.day(text) for text in _period(request, ws.today().date()))
    found = flow.flow(ws, first, second)
    moved = sorted(
        (move for move in found.of_customers if move.course != Course.STAYED),
        key=lambda move: -move.customers,
    )
    visitors = found.of_visitors
    return render(
        request,
        "console/lifecycle/_flow.html",
        {
            "flow": found,
            "drawing": flow_drawing.draw(found.of_customers),
            "visitors": flow_drawing.draw(visitors),
            "of_visitors": [(move, _share(found, move)) for move in visitors],
            "largest": [(move, _share(found, move)) for move in moved[:LARGEST]],
            "more": max(0, len(moved) - LARGEST),
            "courses": [(course.value, found.of(course)) for course in Course],
            "ends": _ENDS,
            "sums": [found.at_second[stage] for stage in _ENDS],
            "rows": _rows(found),
            "now": second == ws.today().date(),
        },
    )


@require_GET
def visitors(request: HttpRequest) -> HttpResponse:
    """How many visitors without a name there were when customers were profiled. For htmx."""
    ws = current()
    known = flow.show(ws)
    return render(
        request, "console/lifecycle/_visitors.html", {"count": flow.visitors(ws, known.at), "at": known.at}
    )


@require_GET
def history(request: HttpRequest, customer_id: str) -> HttpResponse:
    """Since when a customer was in which stage, the present first. For htmx."""
    found = flow.history(current(), customer_id)
    newest = found.transitions[::-1]
    return render(
        request,
        "console/lifecycle/_history.html",
        {
            "stages": newest[:SHOWN],
            "earlier": max(0, len(newest) - SHOWN),
            "anonymous": Lifecycle.ANONYMOUS,
            "gap": found.gap_days,
            "personal": found.personal,
        },
    )


def _period(request: HttpRequest, today: date) -> tuple[str, str]:
    """The two days as the query string has them; else the last 90."""
    first = request.GET.get("from", "").strip() or (today - timedelta(days=PERIODS[1])).isoformat()
    return first, request.GET.get("to", "").strip() or today.isoformat()


def _share(found: Flow, move: Move) -> float | None:
    """Of all who were in the place at the first day; not of those who were nowhere."""
    return None if move.start == NOT_YET else move.customers / found.at_first[move.start]


def _rows(found: Flow) -> list[Row]:
    return [
        Row(start, tuple((start == end, found.count(start, end)) for end in _ENDS), total)
        for start, total in starts(found.of_customers).items()
        if total
    ]


def _stages(known: flow.Stages) -> list[dict[str, Any]]:
    """The bars of the stages, each with its rule: in days, or in the customers' own times between orders."""
    if known.rules.personal:
        rules = _own_rules(known.rules)
        return [{**row, "rule": rules[row["code"]]} for row in standing.bars(known.counts)]
    new, active, lapsed = (
        known.rules.days(gaps, known.gap_days)
        for gaps in (known.rules.new, known.rules.active, known.rules.lapsed)
    )
    rules = {
        "lead": gettext("No order yet"),
        "new": _in_days(
            ngettext("First order within %(days)s day", "First order within %(days)s days", new), new
        ),
        "active": _in_days(
            ngettext("Last order within %(days)s day", "Last order within %(days)s days", active), active
        ),
        "at_risk": _in_days(
            ngettext("No order for more than %(days)s day", "No order for more than %(days)s days", active),
            active,
        ),
        "lapsed": _in_days(
            ngettext("No order for more than %(days)s day", "No order for more than %(days)s days", lapsed),
            lapsed,
        ),
        "won_back": _in_days(
            ngettext(
                "Ordered again after more than %(days)s day",
                "Ordered again after more than %(days)s days",
                lapsed,
            ),
            lapsed,
        ),
    }
    return [{**row, "rule": rules[row["code"]]} for row in standing.bars(known.counts)]


def _own_rules(of: StageRules) -> dict[str, str]:
    new, active, lapsed = (
        {"times": formats.number(gaps / 100, _digits(gaps))} for gaps in (of.new, of.active, of.lapsed)
    )
    silent = gettext("No order for more than %(times)s × their own time between orders")
    return {
        "lead": gettext("No order yet"),
        "new": gettext("First order within %(times)s × their own time between orders") % new,
        "active": gettext("Last order within %(times)s × their own time between orders") % active,
        "at_risk": silent % active,
        "lapsed": silent % lapsed,
        "won_back": gettext("Ordered again after more than %(times)s × their own time between orders")
        % lapsed,
    }


def _digits(hundredths: int) -> int:
    return 0 if hundredths % 100 == 0 else 1 if hundredths % 10 == 0 else 2


def _in_days(text: str, days: int) -> str:
    return text % {"days": formats.number(days)}


urlpatterns = [
    path("lifecycle", page, name="lifecycle"),
    path("lifecycle/flow", moves, name="lifecycle_flow"),
    path("lifecycle/visitors", visitors, name="lifecycle_visitors"),
    path("lifecycle/of/<path:customer_id>", history, name="customer_stages"),
]
