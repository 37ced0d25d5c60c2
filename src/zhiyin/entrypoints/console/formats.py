"""Numbers, money and times as readers of English and Chinese write them (pure; the language is given)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, ngettext

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS_ZH = "一二三四五六日"
NONE = "–"


def chinese(language: str | None) -> bool:
    """Whether a language code means Chinese."""
    return bool(language) and str(language).lower().startswith("zh")


def number(value: float | int | Decimal | None, digits: int = 0, *, signed: bool = False) -> str:
    """A number with thousands and a true minus.

    >>> number(-24860), number(1.25, 2, signed=True)
    ('−24,860', '+1.25')
    """
    if value is None:
        return NONE
    text = f"{abs(value):,.{digits}f}"
    zero = not text.strip("0.,")
    sign = "" if zero else "−" if value < 0 else "+" if signed else ""
    return f"{sign}{text}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share as a percentage.

    >>> percent(0.0684)
    '6.84%'
    """
    return NONE if share is None else f"{number(share * 100, digits)}%"


def points(difference: float | None, digits: int = 2) -> str:
    """A difference of two shares in percentage points, signed, without the unit.

    >>> points(0.0125), points(-0.002, 1)
    ('+1.25', '−0.2')
    """
    return NONE if difference is None else number(difference * 100, digits, signed=True)


def compact(value: float, language: str) -> str:
    """A large count for headlines and axes: 184k and 1.3M, in Chinese 18.4 万 and 1.3 亿.

    >>> compact(184200, "en"), compact(184200, "zh-hans")
    ('184k', '18.4 万')
    """
    steps = ((1e8, " 亿"), (1e4, " 万")) if chinese(language) else ((1e9, "bn"), (1e6, "M"), (1e3, "k"))
    for size, unit in steps:
        if abs(value) >= size:
            scaled = value / size
            digits = 0 if abs(scaled) >= 100 else 1
            text = number(scaled, digits)
            return text.removesuffix(".0") + unit
    return number(value)


def day(moment: datetime | None, zone: ZoneInfo, language: str, *, year: bool = True) -> str:
    """A date: 12 Mar 2026, in Chinese 2026年3月12日."""
    if moment is None:
        return NONE
    at = moment.astimezone(zone)
    if chinese(language):
        return f"{at.year}年{at.month}月{at.day}日" if year else f"{at.month}月{at.day}日"
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}" if year else f"{at.day} {_MONTHS[at.month - 1]}"


def month(of: date, language: str) -> str:
    """A month: March 2026, in Chinese 2026年3月."""
    return f"{of.year}年{of.month}月" if chinese(language) else f"{of:%B %Y}"


def weekday_short(number: int, language: str) -> str:
    """A day of the week above a column, from 0 for Monday: Mon, in Chinese 周一."""
    return f"周{_WEEKDAYS_ZH[number]}" if chinese(language) else _WEEKDAYS[number][:3]


def date_label(of: date, language: str) -> str:
    """A local date on an axis: 12 Mar, in Chinese 3月12日."""
    if chinese(language):
        return f"{of.month}月{of.day}日"
    return f"{of.day} {_MONTHS[of.month - 1]}"


def weekday(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """The day of the week: Monday, in Chinese 星期一."""
    at = moment.astimezone(zone).weekday()
    return f"星期{_WEEKDAYS_ZH[at]}" if chinese(language) else _WEEKDAYS[at]


def clock(moment: datetime | None, zone: ZoneInfo) -> str:
    """The time of day, 14:05."""
    return NONE if moment is None else f"{moment.astimezone(zone):%H:%M}"


def date_time(moment: datetime | None, zone: ZoneInfo, language: str) -> str:
    """Date and time: 12 Mar 2026, 14:05, in Chinese 2026年3月12日 14:05."""
    if moment is None:
        return NONE
    between = " " if chinese(language) else ", "
    return f"{day(moment, zone, language)}{between}{clock(moment, zone)}"


def ago(moment: datetime | None, now: datetime, zone: ZoneInfo, language: str) -> str:
    """How long ago, up to a day; yesterday with its time; earlier than that the date."""
    if moment is None:
        return NONE
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 60:
        return gettext("%(count)s s ago") % {"count": seconds}
    if seconds < 3600:
        return gettext("%(count)s min ago") % {"count": seconds // 60}
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return gettext("%(count)s h ago") % {"count": seconds // 3600}
    if (today.date() - local.date()).days == 1:
        return gettext("yesterday %(time)s") % {"time": clock(moment, zone)}
    return date_time(moment, zone, language)


def days(count: int | None) -> str:
    """A number of days before now: today, yesterday, 47 days ago."""
    if count is None:
        return NONE
    if count <= 0:
        return gettext("today")
    if count == 1:
        return gettext("yesterday")
    return ngettext("%(count)s day ago", "%(count)s days ago", count) % {"count": number(count)}
