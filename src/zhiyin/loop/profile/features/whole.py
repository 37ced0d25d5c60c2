"""Whole numbers that every engine finds alike: shares, per cents, seconds from a calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import narwhals as nw

DAY = 86_400
HOUR = 3_600


def share(amount: nw.Expr, parts: nw.Expr | int) -> nw.Expr:
    """Whole division, rounded down; exact below 2^53, and simpler for an engine than its own."""
    return (amount / parts).floor().cast(nw.Int64)


def percent(part: nw.Expr, of: nw.Expr) -> nw.Expr:
    """Whole per cent, halves rounded up; missing where there is nothing to be a part of."""
    return nw.when(of > 0).then(share(part * 200 + of, of * 2))


def seconds(name: str) -> nw.Expr:
    """Seconds since 1901 of a time, from calendar parts, since engines share no other way to count; every
    fourth year is a leap year until 2099."""
    at = nw.col(name).dt
    years = at.year().cast(nw.Int64) - 1901
    days = years * 365 + share(years, 4) + at.ordinal_day().cast(nw.Int64) - 1
    return days * DAY + at.hour().cast(nw.Int64) * HOUR + at.minute().cast(nw.Int64) * 60 + at.second()


def seconds_of(now: datetime) -> int:
    """The same of one plain moment."""
    return int((now.replace(microsecond=0) - datetime(1901, 1, 1)).total_seconds())  # noqa: DTZ001 - plain UTC


def plain(moment: datetime) -> datetime:
    """A moment as the lake keeps it: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
