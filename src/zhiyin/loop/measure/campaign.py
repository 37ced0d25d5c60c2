"""outcomes of both arms → the effect of a campaign, its verdict, its course, and for whom it worked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from zhiyin.domain.estimate import Estimate
from zhiyin.loop.measure.outcomes import Group
from zhiyin.stats import means, proportions, sequential
from zhiyin.stats.intervals import Interval

MEASURED, NO_EFFECT, NOT_CLEAR = "measured", "no_effect", "not_clear"
MEASURING, NO_HOLDOUT, DRAFT = "measuring", "no_holdout", "draft"
STATES = (MEASURED, NO_EFFECT, NOT_CLEAR, MEASURING, NO_HOLDOUT, DRAFT)
TOO_EARLY = Estimate(None, None, None, note="too_early")

POINTS, MONEY, COUNT = "points", "money", "count"
FEW = 30  # people in an arm below which a part of the audience is not judged
MOST_PARTS = 5


@dataclass(frozen=True, slots=True)
class Effect:
    """One line of the effect: its name, the estimate, and the unit it is in.

    ``points`` are percentage points (1.25 is 1.25 points), ``money`` minor units, ``count`` people.
    ``harm_above`` says that more is worse.
    """

    name: str
    estimate: Estimate
    unit: str
    harm_above: bool = False

    @property
    def meaning(self) -> str:
        """``gain`` or ``harm`` where the interval excludes zero, else ``unclear``."""
        if not self.estimate.excludes_zero or self.estimate.value is None:
            return "unclear"
        return "harm" if (self.estimate.value > 0) is self.harm_above else "gain"


@dataclass(frozen=True, slots=True)
class Part:
    """The effect on one part of the audience, with the size of both arms in it."""

    name: str
    n_message: int
    n_holdout: int
    lift: Estimate


def reach(fraction: float | None, level: float = 0.95) -> float | None:
    """The reach of intervals that must hold at every look; None (one look) once the window has closed.

    ``fraction`` is the share of the window that has passed, None after its end.
    """
    return None if fraction is None else sequential.reach(fraction, level)


def too_early(days: float, message: Group, holdout: Group) -> bool:
    """Whether an open window is too fresh for an interval: its first day is not over, or nobody bought yet.

    Intervals that hold at every look are so wide then that they only puzzle.
    """
    return days < 1 or message.bought + holdout.bought == 0


def withheld(effects: Sequence[Effect]) -> list[Effect]:
    """The lines without figures, while it is too early for them."""
    return [replace(effect, estimate=TOO_EARLY) for effect in effects]


def lift(message: Group, holdout: Group, *, level: float = 0.95, z: float | None = None) -> Estimate:
    """How many points more of the message group bought."""
    return _scaled(_interval(message, holdout, level, z), 100)


def effects(
    message: Group, holdout: Group, *, cost: int, margin: float, z: float | None = None
) -> list[Effect]:
    """The lines of the effect table, gain and harm side by side.

    Everyone counts in the arm they were assigned to by chance, whether or not the message could be sent
    (intention to treat). ``added_orders`` are customers who bought and would not have; totals are the effect
    per person times the message group. ``cost`` is what sending cost, ``margin`` the share of revenue that
    is profit.
    """
    bought = _interval(message, holdout, 0.95, z)
    revenue = means.amounts(message.revenue, holdout.revenue, z=z)
    left = proportions.difference(message.leavers, holdout.leavers, z=z)
    added = _scaled(revenue, message.n)
    return [
        Effect("bought", _scaled(bought, 100), POINTS),
        Effect("revenue_per_customer", _scaled(revenue, 1), MONEY),
        Effect("added_orders", _scaled(bought, message.n), COUNT),
        Effect("added_revenue", added, MONEY),
        Effect("profit", _profit(message, holdout, added, cost, margin, z), MONEY),
        Effect("unsubscribed", _scaled(left, 100), POINTS, harm_above=True),
    ]


def roi(added_revenue: Estimate, *, cost: int, margin: float) -> Estimate:
    """Profit after cost for every unit of cost: 2.0 means that each yuan brought two more than itself.

    Without cost there is no return on it: the note is ``no_cost``.
    """
    if cost <= 0:
        return Estimate(None, None, None, note="no_cost")
    value, low, high = (
        None if figure is None else (figure * margin - cost) / cost
        for figure in (added_revenue.value, added_revenue.low, added_revenue.high)
    )
    return Estimate(value, low, high, None, added_revenue.level, added_revenue.note)


def state(estimate: Estimate, *, open_: bool, held_out: bool, smallest_effect: float) -> str:
    """The verdict on the lift, in points; ``smallest_effect`` is the setting, 0.01 for one point.

    While the window is open there is none, whatever the interval says.
    """
    if not held_out:
        return NO_HOLDOUT
    if open_:
        return MEASURING
    if estimate.excludes_zero:
        return MEASURED
    worth = smallest_effect * 100
    if (
        estimate.low is not None
        and estimate.high is not None
        and -worth <= estimate.low <= estimate.high <= worth
    ):
        return NO_EFFECT
    return NOT_CLEAR


def parts(groups: Mapping[str, tuple[Group, Group]], *, z_fraction: float | None = None) -> list[Part]:
    """The lift in each part of the audience, the five largest parts in the order given.

    The intervals are widened for the number of parts (Bonferroni), so that all of them hold together. A part
    with fewer than 30 people in an arm has no estimate (``too_few``).
    """
    largest = sorted(groups, key=lambda name: -(groups[name][0].n + groups[name][1].n))[:MOST_PARTS]
    judged = [name for name in largest if min(groups[name][0].n, groups[name][1].n) >= FEW]
    level = 1 - 0.05 / max(1, len(judged))
    found = []
    for name in groups:
        if name in largest:
            message, holdout = groups[name]
            estimate = (
                lift(message, holdout, level=level, z=reach(z_fraction, level))
                if name in judged
                else Estimate(None, None, None, level=level, note="too_few")
            )
            found.append(Part(name, message.n, holdout.n, estimate))
    return found


def course(days: Sequence[tuple[Group, Group]], *, z: Sequence[float | None]) -> list[Estimate]:
    """Extra customers who bought, up to the end of each day, with bands."""
    return [
        _scaled(_interval(message, holdout, 0.95, reach), message.n)
        for (message, holdout), reach in zip(days, z, strict=True)
    ]


def _interval(message: Group, holdout: Group, level: float, z: float | None) -> Interval:
    return proportions.difference(message.buyers, holdout.buyers, level, z=z)


def _profit(
    message: Group, holdout: Group, added: Estimate, cost: int, margin: float, z: float | None
) -> Estimate:
    """Added revenue times margin, less cost: the cost is known, so the interval only moves."""
    value, low, high = (
        None if figure is None else figure * margin - cost for figure in (added.value, added.low, added.high)
    )
    if value is None or not message.n:
        return Estimate(None, None, None, note=added.note)
    if margin <= 0:
        return Estimate(value, value, value, 0.0 if cost else None, added.level)
    wanted = cost / margin / message.n  # revenue per person that pays for the sending
    positive = means.chance_above(message.revenue, holdout.revenue, wanted)
    return Estimate(value, low, high, positive, added.level)


def _scaled(interval: Interval, factor: float) -> Estimate:
    value, low, high = (
        None if figure is None else figure * factor
        for figure in (interval.value, interval.low, interval.high)
    )
    return Estimate(value, low, high, interval.probability_positive, interval.level, interval.note)
