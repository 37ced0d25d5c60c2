"""The list of campaigns: each with its status, who got it, and its effect."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from zhiyin.domain import money
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.entrypoints.console import drawing, formats
from zhiyin.services.workspace import Workspace


def context(ws: Workspace) -> dict[str, Any]:
    """The rows, newest first, and the stretch that their intervals share."""
    from zhiyin.services import campaigns, reports

    effects = {line.campaign: line for line in reports.effects(ws)}
    rows = [_row(ws, campaign, effects.get(campaign.key)) for campaign in campaigns.list_(ws)]
    bounds = [bound for row in rows if row["lift"] for bound in (row["lift"].low, row["lift"].high)]
    return {"rows": rows, "domain": drawing.domain(bounds)}


def _row(ws: Workspace, campaign: Any, effect: Any) -> dict[str, Any]:
    started = effect is not None and campaign.status != CampaignStatus.DRAFT
    lift = effect.lift if started and effect.lift.low is not None else None
    over = campaign.status == CampaignStatus.SENT
    return {
        "campaign": campaign,
        "status": effect.state if started and over else campaign.status,
        "sent": effect.sent if started else None,
        "lift": lift,
        "range": _range(lift),
        "revenue": _revenue(ws, effect) if started else formats.NONE,
    }


def _range(lift: Any) -> str:
    if lift is None:
        return formats.NONE
    return f"{formats.number(lift.low, 2)} – {formats.number(lift.high, 2)}"


def _revenue(ws: Workspace, effect: Any) -> str:
    """Added revenue in full; an interval that holds zero says so, since no number goes without its doubt."""
    added = effect.added_revenue
    if added.value is None:
        return formats.NONE
    shown = money.display(added.value, ws.settings.shop.currency, whole=True)
    return shown if added.excludes_zero else gettext("%(amount)s, not clear") % {"amount": shown}
