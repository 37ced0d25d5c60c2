"""a stretch of days → the occasions on them."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Collection
from datetime import date, timedelta

from borax.calendars.lunardate import LunarDate, TermUtils

from zhiyin.domain.occasion import Culture, Occasion
from zhiyin.domain.text import Text, say

FIRST_YEAR, LAST_YEAR = 1901, 2099  # the years of which the lunar tables know every day
Rule = Callable[[int], date]  # year → the day in it

_ZH, _EN = frozenset({Culture.CHINESE}), frozenset({Culture.WESTERN})
_BOTH = _ZH | _EN
_MONDAY, _THURSDAY, _SUNDAY = 0, 3, 6


def weeks(year: int, month: int) -> list[list[date]]:
    """The weeks of a month, Monday first, filled up with days of the months beside it.

    >>> [week[0].isoformat() for week in weeks(2026, 11)]
    ['2026-10-26', '2026-11-02', '2026-11-09', '2026-11-16', '2026-11-23', '2026-11-30']
    """
    return calendar.Calendar(_MONDAY).monthdatescalendar(year, month)


def occasions(
    first: date, last: date, cultures: Collection[Culture] = _BOTH
) -> dict[date, tuple[Occasion, ...]]:
    """The occasions from ``first`` to ``last``, both included, by day; days without one are left out.

    >>> found = occasions(date(2026, 11, 9), date(2026, 11, 27))
    >>> [(day.isoformat(), one.key) for day, those in found.items() for one in those]
    [('2026-11-11', 'double_11'), ('2026-11-26', 'thanksgiving'), ('2026-11-27', 'black_friday')]
    """
    found: dict[date, tuple[Occasion, ...]] = {}
    for year in range(max(first.year, FIRST_YEAR), min(last.year, LAST_YEAR) + 1):
        for occasion, rule in OCCASIONS:
            if occasion.cultures.isdisjoint(cultures):
                continue
            day = rule(year)
            if first <= day <= last:
                found[day] = (*found.get(day, ()), occasion)
    return dict(sorted(found.items()))


def easter(year: int) -> date:
    """Easter Sunday of the Western churches: Meeus, Jones and Butcher's algorithm.

    >>> easter(2026).isoformat()
    '2026-04-05'
    """
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _on(month: int, day: int) -> Rule:
    return lambda year: date(year, month, day)


def _lunar(month: int, day: int) -> Rule:
    """A day of the Chinese lunar year that begins in the year."""
    return lambda year: date(*LunarDate(year, month, day).to_solar_date().timetuple()[:3])


def _term(name: str) -> Rule:
    """A solar term of the Chinese calendar."""
    return lambda year: date(*TermUtils.nth_term_day(year, term_name=name).timetuple()[:3])


def _nth(month: int, weekday: int, count: int) -> Rule:
    """The ``count``-th such weekday of a month."""

    def rule(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta((weekday - first.weekday()) % 7 + 7 * (count - 1))

    return rule


def _after(rule: Rule, days: int) -> Rule:
    return lambda year: rule(year) + timedelta(days)


def _one(key: str, name: Text, cultures: frozenset[Culture], rule: Rule) -> tuple[Occasion, Rule]:
    return Occasion(key, name, cultures), rule


_THANKSGIVING = _nth(11, _THURSDAY, 4)

OCCASIONS: tuple[tuple[Occasion, Rule], ...] = (
    _one("new_year", say("New Year's Day"), _BOTH, _on(1, 1)),
    _one("lunar_new_years_eve", say("Lunar New Year's Eve"), _ZH, _after(_lunar(1, 1), -1)),
    _one("spring_festival", say("Spring Festival"), _ZH, _lunar(1, 1)),
    _one("lantern_festival", say("Lantern Festival"), _ZH, _lunar(1, 15)),
    _one("valentines_day", say("Valentine's Day"), _BOTH, _on(2, 14)),
    _one("womens_day", say("Women's Day"), _BOTH, _on(3, 8)),
    _one("good_friday", say("Good Friday"), _EN, _after(easter, -2)),
    _one("easter", say("Easter Sunday"), _EN, easter),
    _one("qingming", say("Qingming Festival"), _ZH, _term("清明")),
    _one("labour_day", say("Labour Day"), _ZH, _on(5, 1)),
    _one("mothers_day", say("Mother's Day"), _BOTH, _nth(5, _SUNDAY, 2)),
    _one("double_520", say("520 day"), _ZH, _on(5, 20)),
    _one("childrens_day", say("Children's Day"), _ZH, _on(6, 1)),
    _one("dragon_boat", say("Dragon Boat Festival"), _ZH, _lunar(5, 5)),
    _one("shopping_618", say("618 sales"), _ZH, _on(6, 18)),
    _one("fathers_day", say("Father's Day"), _BOTH, _nth(6, _SUNDAY, 3)),
    _one("qixi", say("Qixi Festival"), _ZH, _lunar(7, 7)),
    _one("mid_autumn", say("Mid-Autumn Festival"), _ZH, _lunar(8, 15)),
    _one("national_day", say("National Day"), _ZH, _on(10, 1)),
    _one("double_ninth", say("Double Ninth Festival"), _ZH, _lunar(9, 9)),
    _one("halloween", say("Halloween"), _EN, _on(10, 31)),
    _one("double_11", say("Singles' Day sales, 11.11"), _BOTH, _on(11, 11)),
    _one("thanksgiving", say("Thanksgiving"), _EN, _THANKSGIVING),
    _one("black_friday", say("Black Friday"), _EN, _after(_THANKSGIVING, 1)),
    _one("cyber_monday", say("Cyber Monday"), _EN, _after(_THANKSGIVING, 4)),
    _one("double_12", say("12.12 sales"), _ZH, _on(12, 12)),
    _one("christmas_eve", say("Christmas Eve"), _EN, _on(12, 24)),
    _one("christmas", say("Christmas Day"), _BOTH, _on(12, 25)),
    _one("new_years_eve", say("New Year's Eve"), _EN, _on(12, 31)),
)
