"""The list of campaigns: each with its status, who got it, and its effect."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from zhiyin.domain import money
from zhiyin.domain.campaign import NOT_BEGUN, CampaignStatus
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
    """One campaign. The interval of an open window is told, not drawn: early ones would set the scale."""
    started = effect is not None and campaign.status not in NOT_BEGUN
    over = campaign.status == CampaignStatus.SENT
    known = started and effect.lift.low is not None
    so_far = known and effect.state == "measuring"
    return {
        "campaign": campaign,
        "status": effect.state if started and over else campaign.status,
        "sent": effect.sent if started else None,
        "lift": effect.lift if known and not so_far else None,
        "range": _range(effect.lift, so_far=so_far) if known else formats.NONE,
        "revenue": _revenue(ws, effect) if started and not so_far else formats.NONE,
    }


def _range(lift: Any, *, so_far: bool) -> str:
    span = f"{formats.number(lift.low, 2)} – {formats.number(lift.high, 2)}"
    return gettext("so far %(span)s") % {"span": span} if so_far else span


def _revenue(ws: Workspace, effect: Any) -> str:
    """Added revenue in full; an interval that holds zero says so, since no number goes without its doubt."""
    added = effect.added_revenue
    if added.value is None:
        return formats.NONE
    shown = money.display(added.value, ws.settings.shop.currency, whole=True)
    return shown if added.excludes_zero else gettext("%(amount)s, not clear") % {"amount": shown}
