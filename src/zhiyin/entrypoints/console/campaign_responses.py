"""What the receivers of a campaign did: opens, clicks, purchases, leavers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, ngettext

from zhiyin.entrypoints.console import formats
from zhiyin.services.reports import CampaignReport


def responses(report: CampaignReport) -> list[dict[str, Any]]:
    """One bar each for opens, clicks, purchases and leavers, of those delivered."""
    delivered = max(1, report.accounted.delivered)

    def part(label: str, count: int, tone: str, hatch: bool = False, note: str = "") -> dict[str, Any]:
        share = count / delivered
        return {
            "label": label,
            "count": count,
            "width": min(100.0, 100 * share),
            "tone": tone,
            "hatch": hatch,
            "share": note or formats.percent(share, 1),
        }

    def kinds(counts: Any) -> list[dict[str, Any]]:
        human = part(gettext("human"), counts.human, "gain")
        others = [
            part(gettext("unknown"), counts.unknown, "grey"),
            part(gettext("machine"), counts.machine, "blue", hatch=True),
        ]
        return [human, *(other for other in others if other["count"])]

    bought = ngettext(
        "within %(days)s day, as assigned", "within %(days)s days, as assigned", report.window_days
    ) % {"days": report.window_days}
    return [
        {"label": gettext("Opened"), "parts": kinds(report.opened)},
        {"label": gettext("Clicked"), "parts": kinds(report.clicked)},
        {
            "label": gettext("Bought"),
            "parts": [part(gettext("bought"), report.converted, "gain", note=bought)],
        },
        {
            "label": gettext("Unsubscribed"),
            "parts": [part(gettext("unsubscribed"), report.unsubscribed, "harm")],
        },
    ]
