"""Transitions: a customer's orders → since when they were in which stage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhiyin.domain.lifecycle import STAGE_RULES, Lifecycle, StageRules
from zhiyin.loop.profile.gap import own_gap_of

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Transition:
    """The stage that a customer entered, and when."""

    stage: Lifecycle
    at: datetime


def transitions(
    orders: Iterable[datetime],
    gap_days: int,
    until: datetime,
    *,
    cancelled: Iterable[datetime] = (),
    known_since: datetime | None = None,
    visitor_since: datetime | None = None,
    rules: StageRules = STAGE_RULES,
) -> tuple[Transition, ...]:
    """Every change of stage up to a moment, the oldest first, by the rules of ``loop/profile/lifecycle``.

    ``orders`` and ``cancelled`` are the times of completed and cancelled orders, in any order;
    ``gap_days`` is the shop's usual gap, one for the whole history; ``known_since`` begins a time as lead where it
    lies before the first order, and ``visitor_since`` one as anonymous before everything else. By ``personal`` rules
    each order changes the customer's own gap. A stage ends at the second at which the whole days run over.

    >>> from datetime import UTC
    >>> first = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [(t.stage.value, f"{t.at:%m-%d}") for t in transitions([first], 10, datetime(2026, 3, 1, tzinfo=UTC))]
    [('new', '01-01'), ('active', '01-12'), ('at_risk', '01-17'), ('lapsed', '02-01')]
    """
    bought = sorted(at for at in orders if at <= until)
    back = sorted(at for at in cancelled if at <= until)
    gaps = _gaps(bought, gap_days, rules)
    moments = set(_boundaries(bought, gaps, rules))
    moments.update(bought, back, [known_since] if known_since else [])
    found: list[Transition] = []
    for at in sorted(moment for moment in moments if moment <= until):
        stage = _stage(bought, back, at, gaps, rules)
        if not found or found[-1].stage != stage:
            found.append(Transition(stage, at))
    if visitor_since and visitor_since <= until and (not found or visitor_since < found[0].at):
        found.insert(0, Transition(Lifecycle.ANONYMOUS, visitor_since))
    return tuple(found)


def _gaps(bought: Sequence[datetime], gap_days: int, rules: StageRules) -> list[int]:
    """The gap that stages go by after so many orders."""
    gaps, hours = [gap_days], 0
    for number, at in enumerate(bought):
        hours += (_second(at) - _second(bought[number - 1])) // _HOUR if number else 0
        gaps.append(own_gap_of(gap_days, number, hours) if rules.personal else gap_days)
    return gaps


def _boundaries(bought: Sequence[datetime], gaps: Sequence[int], rules: StageRules) -> Iterator[datetime]:
    """When a stage ends by itself: one day after its last whole day, unless an order comes before."""
    for number, at in enumerate(bought, 1):
        lasting = ((bought[0], rules.new), (at, rules.active), (at, rules.lapsed))
        for begin, hundredths in lasting:
            end = _second(begin) + (rules.days(hundredths, gaps[number]) + 1) * _DAY
            if end >= at and (number == len(bought) or end < bought[number]):
                yield end


def _stage(
    bought: Sequence[datetime], back: Sequence[datetime], at: datetime, gaps: Sequence[int], rules: StageRules
) -> Lifecycle:
    placed = bisect_right(bought, at)
    if placed <= bisect_right(back, at):
        return Lifecycle.LEAD
    last, gap = bought[placed - 1], gaps[placed]
    silence = _days(bought[placed - 2], last) if placed > 1 else 0
    recency = _days(last, at)
    if _days(bought[0], at) <= rules.days(rules.new, gap):
        return Lifecycle.NEW
    if recency <= rules.days(rules.active, gap):
        # as the gap was known in that silence
        lapse = rules.days(rules.lapsed, gaps[placed - 1])
        return Lifecycle.WON_BACK if silence > lapse else Lifecycle.ACTIVE
    return Lifecycle.AT_RISK if recency <= rules.days(rules.lapsed, gap) else Lifecycle.LAPSED


def _days(start: datetime, end: datetime) -> int:
    return (_second(end) - _second(start)) // _DAY


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)  # stages are judged by whole seconds
