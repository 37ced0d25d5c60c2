"""How far the sending of a campaign is."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from zhiyin.entrypoints.console import campaign_accounts as accounts
from zhiyin.entrypoints.console import formats, words
from zhiyin.services.workspace import Workspace


def progress(ws: Workspace, key: str) -> dict[str, Any]:
    """How far sending is, in one sentence and in parts."""
    from zhiyin.services import campaigns, slow_start

    campaign = campaigns.get(ws, key)
    state = campaigns.progress(ws, key)
    waiting = accounts.pending(state)
    planned = int(state["planned"])
    out = planned - waiting
    live = campaign.status in ("sending", "paused")
    words_now = {
        "sending": gettext("Sending: %(done)s of %(planned)s settled"),
        "paused": gettext("Paused: %(done)s of %(planned)s settled"),
        "cancelled": gettext("Cancelled: %(done)s of %(planned)s settled"),
    }.get(campaign.status, gettext("Sent: %(done)s of %(planned)s settled"))
    figures = {"done": formats.number(out), "planned": formats.number(planned)}
    note = "" if state["planning_done"] else gettext("Customers of the segment are still being planned.")
    if not note and campaign.status == "sending" and (rest := slow_start.rest_at(ws, campaign)):
        note = gettext("The rest follows from %(at)s.") % {"at": formats.clock(rest, ws.timezone)}
    held = state["waiting_by_reason"]
    return {
        "campaign": campaign,
        "progress": {
            "headline": words_now % figures,
            "note": note,
            "channel": words.tell(state["channel"]),
            "held": [(words.REASONS[reason], formats.number(count)) for reason, count in held.items()],
            "parts": accounts.parts(state, campaign.holdout),
            "pending": waiting,
            "live": live,
            "over": not live,
            "spoken": words_now % {name: _rounded(text, planned) for name, text in figures.items()},
        },
    }


def _rounded(text: str, planned: int) -> str:
    """A figure for the screen reader that changes in twentieths, so that it does not speak every second."""
    number, step = int(text.replace(",", "")), max(1, planned // 20)
    return formats.number(number if number == planned else number // step * step)
