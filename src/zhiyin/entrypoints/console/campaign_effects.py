"""The table of a campaign's effects, each with its interval."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from zhiyin.domain import money
from zhiyin.domain.estimate import Estimate
from zhiyin.entrypoints.console import drawing, formats
from zhiyin.services.reports import CampaignReport

_NAMES = {
    "bought": lambda: gettext("Customers who bought"),
    "revenue_per_customer": lambda: gettext("Revenue per customer"),
    "added_orders": lambda: gettext("Extra orders"),
    "added_revenue": lambda: gettext("Added revenue, total"),
    "profit": lambda: gettext("Profit after sending cost"),
    "unsubscribed": lambda: gettext("Unsubscribed"),
}
_SHOWN = ("bought", "revenue_per_customer", "added_revenue", "profit", "unsubscribed")


def rows(report: CampaignReport) -> list[dict[str, Any]]:
    """The lines of the table of effects: estimate, interval and what to say of it."""
    made = []
    for effect in report.effects:
        if effect.name not in _SHOWN:
            continue
        estimate, unit = effect.estimate, effect.unit
        made.append(
            {
                "label": _NAMES[effect.name](),
                "value": _write(estimate.value, unit, report.currency, signed=True, unit_word=True),
                "from_to": from_to(estimate, unit, report.currency),
                "estimate": estimate,
                "domain": drawing.domain([estimate.low, estimate.high]),
                "good": "down" if effect.harm_above else "up",
                "note": _note(estimate),
            }
        )
    return made


def from_to(estimate: Estimate, unit: str, currency: str) -> str:
    """The ends of an interval in words."""
    if estimate.low is None or estimate.high is None:
        return formats.NONE
    return f"{_write(estimate.low, unit, currency)} – {_write(estimate.high, unit, currency)}"


def _write(
    value: float | None, unit: str, currency: str, *, signed: bool = False, unit_word: bool = False
) -> str:
    if value is None:
        return formats.NONE
    if unit == "points":
        number = formats.number(value, 2, signed=signed)
        return gettext("%(number)s points") % {"number": number} if unit_word else number
    if unit == "money":
        whole = abs(value) >= 100 * 10 ** money.exponent(currency)
        shown = money.display(value, currency, whole=whole)
        return f"+{shown}" if signed and round(value) > 0 else shown
    return formats.number(value, signed=signed)


def _note(estimate: Estimate) -> str:
    return {
        "too_early": gettext("too early to say"),
        "too_few": gettext("too few people"),
        "no_holdout": gettext("no holdout"),
        "no_cost": gettext("no cost given"),
    }.get(estimate.note, "")
