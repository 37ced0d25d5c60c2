"""The calendar of sends: campaigns on the days they go out, beside the days that many people celebrate."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import NOT_BEGUN
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.occasion import BY_LANGUAGE, SETS, Occasion, usual_set
from zhiyin.domain.text import say
from zhiyin.loop.plan import calendar as days_of
from zhiyin.services.workspace import Workspace

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_NOT_SENT = (MessageStatus.HELD_OUT, MessageStatus.REFUSED)


@dataclass(frozen=True, slots=True)
class Send:
    """One campaign on its day. ``recipients`` are those planned to get it; of a campaign that has not begun,
    all in its segment when they were last counted."""

    key: str
    name: str
    segment: str
    status: str
    at: datetime
    recipients: int | None
    local_clock: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the shop's calendar."""

    day: date
    occasions: tuple[Occasion, ...]
    sends: tuple[Send, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month in whole weeks, Monday first; ``undated`` are drafts that no day is planned for."""

    first: date
    today: date
    shown: str  # which occasions: a name of ``SETS``
    weeks: tuple[tuple[Day, ...], ...]
    undated: int

    @property
    def previous(self) -> date | None:
        """The month before, if there is one to show."""
        before = (self.first - timedelta(days=1)).replace(day=1)
        return before if before.year >= days_of.FIRST_YEAR else None

    @property
    def following(self) -> date | None:
        """The month after, if there is one to show."""
        after = (self.first + timedelta(days=32)).replace(day=1)
        return after if after.year <= days_of.LAST_YEAR else None

    @property
    def days(self) -> list[Day]:
        """The days of the month itself."""
        return [day for week in self.weeks for day in week if day.day.month == self.first.month]

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``: days on which something is."""
        return {
            "month": f"{self.first:%Y-%m}",
            "occasions": self.shown,
            "drafts_without_a_day": self.undated,
            "days": [
                {
                    "day": one.day,
                    "occasions": [{"key": o.key, "name": str(o.name)} for o in one.occasions],
                    "campaigns": [asdict(send) for send in one.sends],
                }
                for one in self.days
                if one.occasions or one.sends
            ],
        }


def month(ws: Workspace, of: str = "", shown: str = "") -> Month:
    """A month such as ``2026-11``, the present one if empty, in the shop's zone.

    ``shown`` occasions are ``chinese``, ``western``, ``both`` or ``none``; those of ``calendar.occasions`` if
    empty. Raises ``BadSetting`` for what is none of these.
    """
    today = ws.today().date()
    first = _first(of) if of else today.replace(day=1)
    shown = shown or ws.settings.calendar.occasions
    if shown == BY_LANGUAGE:
        shown = usual_set(ws.settings.shop.language)
    if shown not in SETS:
        raise BadSetting(
            say("There are no occasions {name!r}.", name=shown),
            fix=say("Known are: {known}.", known=list(SETS)),
        )
    weeks = days_of.weeks(first.year, first.month)
    start, end = weeks[0][0], weeks[-1][-1]
    marked = days_of.occasions(start, end, SETS[shown])
    sent = _sends(ws, start, end)
    return Month(
        first,
        today,
        shown,
        tuple(
            tuple(Day(day, marked.get(day, ()), tuple(sent.get(day, ()))) for day in week) for week in weeks
        ),
        Campaign.objects.filter(status=NOT_BEGUN[0], send_at__isnull=True).count(),
    )


def _first(of: str) -> date:
    found = _MONTH.fullmatch(of)
    try:
        first = date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        first = None
    if first is None or not days_of.FIRST_YEAR <= first.year <= days_of.LAST_YEAR:
        raise BadSetting(
            say("{month!r} is not a month of the calendar.", month=of),
            fix=say(
                "Write it as 2026-11, from {first} to {last}.",
                first=days_of.FIRST_YEAR,
                last=days_of.LAST_YEAR,
            ),
        )
    return first


def _sends(ws: Workspace, first: date, last: date) -> dict[date, list[Send]]:
    """The campaigns that began or will begin on these days of the shop's zone, by day and hour."""
    start = datetime.combine(first, time(), ws.timezone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), ws.timezone).astimezone(UTC)
    within = {"gte": start, "lt": end}
    begun = Q(**{f"started_at__{name}": at for name, at in within.items()})
    to_come = Q(started_at__isnull=True, **{f"send_at__{name}": at for name, at in within.items()})
    rows = list(Campaign.objects.select_related("segment").filter(begun | to_come))
    counted = dict(
        Message.objects.filter(campaign__in=rows, replaced=False)
        .exclude(status__in=_NOT_SENT)
        .order_by()
        .values_list("campaign")
        .annotate(Count("pk"))
    )
    found: dict[date, list[Send]] = defaultdict(list)
    for row in rows:
        at = (row.started_at or row.send_at).astimezone(ws.timezone)
        recipients = row.segment.count if row.started_at is None else counted.get(row.pk, 0)
        found[at.date()].append(
            Send(row.key, row.name, row.segment.name, row.status, at, recipients, row.local_clock)
        )
    return {day: sorted(sends, key=lambda send: (send.at, send.key)) for day, sends in found.items()}
