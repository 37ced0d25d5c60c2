"""What came back, on the page Deliverability: the sum of it, the mailbox it came to, and what nobody is believed about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from zhiyin.domain.bounce import Fate
from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.console import formats, words
from zhiyin.entrypoints.site import current
from zhiyin.services import bounce_notes, mailbox
from zhiyin.services.workspace import Workspace

_SHOWN = 20


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Read the mailbox now."""
    try:
        result = mailbox.read(current())
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.told))
    else:
        text = ngettext("%(n)s new message was read.", "%(n)s new messages were read.", result.received)
        messages.success(request, text % {"n": formats.number(result.received)})
    return redirect("deliverability")


def context(ws: Workspace) -> dict[str, Any]:
    """What the page shows of it."""
    sums = bounce_notes.sums(ws)
    unmatched = [
        *bounce_notes.notes(ws, Fate.UNMATCHED, _SHOWN),
        *bounce_notes.notes(ws, Fate.BROKEN, _SHOWN),
    ]
    latest = sorted(unmatched, key=lambda note: note.at, reverse=True)[:_SHOWN]
    return {
        "bounces": sums,
        "bounces_add_up": _equation(sums),
        "unmatched": latest,
        "more_unmatched": sums.unmatched + sums.broken - len(latest),
        "mailbox": ws.settings.bounces if ws.settings.bounces.protocol else None,
        "mailbox_state": mailbox.state(ws) if ws.settings.bounces.protocol else None,
    }


def _equation(sums: bounce_notes.Sums) -> str:
    counts = {fate: getattr(sums, fate) for fate in Fate}
    parts = [f"{formats.number(count)} {words.name(words.FATES, fate)}" for fate, count in counts.items()]
    return gettext("%(received)s received = %(parts)s") % {
        "received": formats.number(sums.received),
        "parts": " + ".join(parts),
    }


urlpatterns = [path("settings/deliverability/bounces/read", read, name="bounces_read")]
