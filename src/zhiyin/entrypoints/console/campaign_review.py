"""The review before sending: who will receive it, and what the holdout can show."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.entrypoints.console import campaign_preview, formats, template_words
from zhiyin.services.workspace import Workspace


def review(ws: Workspace, request: HttpRequest, campaign: Any) -> dict[str, Any]:
    """The subtraction, what the holdout can show, the warnings, and the question."""
    from zhiyin.services import reviews
    from zhiyin.services.checks import LOCAL_LINKS

    reviewed = reviews.review(ws, campaign.key)
    problems = [one for one in reviewed.warnings if one.level == "error" and one.code != LOCAL_LINKS]
    local_links = any(one.code == LOCAL_LINKS for one in reviewed.warnings)
    confirm = forms.styled(
        forms.Confirm(
            forms.posted(request),
            recipients=reviewed.will_receive,
            local_links=local_links,
            initial=planned(ws, campaign),
        )
    )
    blocked = ""
    if not reviewed.will_receive:
        blocked = gettext("Nobody would receive it, so there is nothing to send.")
    elif problems:
        blocked = gettext("Sending is not possible until the problem above is cured.")
    return {
        "campaign": campaign,
        "section": "campaigns",
        "review": reviewed,
        "minus": {"held_out": -reviewed.held_out},
        "refused": [(reason, -count) for reason, count in reviewed.refused.items() if count],
        "languages": [(template_words.language(name), count) for name, count in reviewed.languages.items()],
        "warnings": reviewed.warnings,
        "blocked": blocked,
        "confirm": confirm,
        "holdout_words": holdout_words(campaign, reviewed),
        "start_words": start_words(ws, reviewed),
        "preview": campaign_preview.first(ws, campaign),
        "test": forms.styled(forms.Test(initial={"to": request.user.email})),
        "flow": {"at": 3, "count": reviewed.segment},
    }


def planned(ws: Workspace, campaign: Any) -> dict[str, Any]:
    """The moment that a draft is meant for, where it is to come, on the shop's clock."""
    if campaign.send_at is None or campaign.send_at <= ws.now():
        return {}
    return {"at": campaign.send_at.astimezone(ws.timezone).replace(tzinfo=None)}


def start_words(ws: Workspace, reviewed: Any) -> str:
    """How a large campaign starts, in one sentence; empty where all go at once."""
    from zhiyin.services.slow_start import LARGE

    settings = ws.settings.campaign
    if not settings.first_share or reviewed.segment < LARGE:
        return ""
    return gettext(
        "The first %(share)s go at once, the others %(minutes)s minutes later if no more than %(failed)s fail."
    ) % {
        "share": formats.percent(settings.first_share, 0),
        "minutes": formats.number(settings.first_minutes),
        "failed": formats.percent(settings.first_failures, 0),
    }


def holdout_words(campaign: Any, reviewed: Any) -> str:
    """What this holdout can show, in one sentence."""
    if not campaign.holdout:
        return gettext("This campaign keeps no holdout, so its effect will not be known.")
    if reviewed.smallest_effect is None:
        return gettext("There are no past orders to tell how small an effect this holdout can show.")
    return gettext(
        "With this holdout, a lift of %(points)s points or more in purchases would show (4 times in 5)."
    ) % {"points": formats.number(reviewed.smallest_effect * 100, 1)}
