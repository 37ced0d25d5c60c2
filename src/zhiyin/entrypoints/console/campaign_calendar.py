"""The calendar of sends: a month of campaigns, with festivals and sales days beside them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.occasion import SETS
from zhiyin.entrypoints.console import formats
from zhiyin.services.workspace import Workspace

_SETS = {"chinese": _("Chinese"), "western": _("Western"), "both": _("Both"), "none": _("No days")}


def context(ws: Workspace, request: HttpRequest) -> dict[str, Any]:
    """The month of ``?month=``, with the occasions of ``?occasions=``."""
    from zhiyin.services import calendar

    asked = request.GET.get("occasions", "")
    month = calendar.month(ws, request.GET.get("month", ""), asked if asked in SETS else "")
    language = get_language() or "en"
    kept = {"occasions": month.shown} if asked else {}

    def at(of: Any) -> str:
        return f"{reverse('campaign_calendar')}?{urlencode({'month': f'{of:%Y-%m}', **kept})}"

    return {
        "month": month,
        "name": formats.month(month.first, language),
        "weekdays": [formats.weekday_short(number, language) for number in range(7)],
        "sends": sum(len(day.sends) for day in month.days),
        "busy": [
            (day, formats.weekday_short(day.day.weekday(), language))
            for day in month.days
            if day.sends or day.occasions
        ],
        "previous": (at(month.previous), formats.month(month.previous, language)) if month.previous else None,
        "following": (at(month.following), formats.month(month.following, language))
        if month.following
        else None,
        "present": at(month.today) if month.today.replace(day=1) != month.first else "",
        "sets": [
            (
                name,
                label,
                f"{reverse('campaign_calendar')}?{urlencode({'month': f'{month.first:%Y-%m}', 'occasions': name})}",
            )
            for name, label in _SETS.items()
        ],
        "section": "campaigns",
    }
