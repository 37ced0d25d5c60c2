"""figures on validation → what is tried next, which model answers, and whether it earned its place.

The rules that keep an owner from changing models for noise: questions are paired, a tie keeps the model in use,
else the cheaper one answers, and nobody answers who is worse than popularity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from zhiyin.domain.estimate import Estimate
from zhiyin.loop.recommend.arrays import F64, I32
from zhiyin.stats import bootstrap

Code = Literal["only", "best", "tie_in_use", "tie_cheaper"]
Verdict = Literal["better", "no_better", "worse", "unknown"]
ROUNDS = ((3, 4), (2, 8))  # how many models go on, and how many settings of each have then been tried


@dataclass(frozen=True, slots=True)
class Plan:
    """The models in the order in which they are tried, and those that cost too much, with their seconds."""

    order: tuple[str, ...]
    refused: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that should answer. ``best`` has the highest figure; ``tied`` are those it does not surely beat.

    ``margin`` is what ``name`` has over ``against``: the model in use, or popularity where none is, or it stays.
    """

    name: str
    code: Code
    best: str
    tied: tuple[str, ...]
    against: str = ""
    margin: Estimate | None = None


def plan(costs: Mapping[str, float | None], budget: float) -> Plan:
    """Cheap models first, as long as their seconds add up to no more than ``budget``; those of unknown cost last.

    >>> plan({"slow": 50.0, "unknown": None, "quick": 1.0, "huge": 900.0}, 60.0)
    Plan(order=('quick', 'slow', 'unknown'), refused={'huge': 900.0})
    """
    order: list[str] = []
    refused: dict[str, float] = {}
    spent = 0.0
    priced = {name: cost for name, cost in costs.items() if cost is not None}
    for name in sorted(priced, key=lambda name: priced[name]):
        if order and spent + priced[name] > budget:  # the cheapest takes part in any case
            refused[name] = priced[name]
        else:
            order.append(name)
            spent += priced[name]
    return Plan((*order, *(name for name, cost in costs.items() if cost is None)), refused)


def halve(values: Mapping[str, float], keep: int) -> tuple[str, ...]:
    """The ``keep`` models of the highest figures, the best first; of equals those named first.

    >>> halve({"a": 0.1, "b": 0.3, "c": 0.2}, 2)
    ('b', 'c')
    """
    return tuple(sorted(values, key=lambda name: -values[name])[:keep])


def winner(
    values: Mapping[str, F64],
    costs: Mapping[str, float],
    rng: np.random.Generator,
    *,
    in_use: str = "",
    baseline: str = "popularity",
    units: I32 | None = None,
) -> Choice:
    """Which model should answer, from its figure for each question, the same questions for all.

    The highest mean wins. All whose paired interval with it holds zero are as good: the model in use stays if it
    is one of them, else popularity, else the one that costs least to serve comes in. The intervals are widened
    for the number of models (Bonferroni), since the best of many is partly luck. ``units`` numbers what is
    drawn together when intervals are made, such as the questions of one visit.
    """
    if not values:
        raise ValueError("nobody to choose from")
    means = {name: float(of.mean()) if len(of) else 0.0 for name, of in values.items()}
    best = max(means, key=lambda name: means[name])
    drawn = rng.integers(0, 2**32)  # every pair is resampled alike

    def apart(ours: str, theirs: str, level: float = 0.95) -> Estimate:
        return paired(values[ours], values[theirs], np.random.default_rng(drawn), units, level=level)

    sure = 1 - 0.05 / max(len(values) - 1, 1)
    tied = [name for name in values if name != best and not apart(best, name, sure).excludes_zero]
    alike = (best, *tied)
    name, code = best, cast(Code, "best")
    if len(values) == 1:
        code = "only"
    elif in_use in alike:
        name, code = in_use, "best" if in_use == best else "tie_in_use"
    elif tied:
        # popularity first: nothing is simpler, and what is measured in seconds is never the same twice
        cheapest = min(alike, key=lambda name: (name != baseline, costs.get(name, np.inf), -means[name]))
        name, code = cheapest, "best" if cheapest == best else "tie_cheaper"
    against = in_use if in_use in values and in_use != name else baseline
    compared = against in values and against != name
    return Choice(
        name,
        code,
        best,
        tuple(tied),
        against if compared else "",
        apart(name, against) if compared else None,
    )


def verdict(over_baseline: Estimate | None) -> Verdict:
    """What a model's difference from popularity on the test says; None is popularity itself, or no test."""
    if over_baseline is None or over_baseline.low is None or over_baseline.high is None:
        return "unknown"
    if over_baseline.high < 0:
        return "worse"
    return "better" if over_baseline.low > 0 else "no_better"


def published(name: str, found: Verdict, *, force: bool = False, baseline: str = "popularity") -> str:
    """Who answers after the test: popularity instead of a model that is worse than it, unless forced."""
    return baseline if found == "worse" and not force else name


def paired(
    ours: F64, theirs: F64, rng: np.random.Generator, units: I32 | None = None, *, level: float = 0.95
) -> Estimate:
    """The mean difference over the same questions, with its interval; by unit where questions hang together."""
    difference = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    if units is None:
        found = bootstrap.mean(difference, rng, level=level)
    else:
        many = int(units.max(initial=-1)) + 1
        sums = np.bincount(units, difference, minlength=many)[:, None]
        sizes = np.bincount(units, minlength=many).astype(np.float64)[:, None]
        found = bootstrap.ratios(sums, sizes, rng).estimate(0, level=level)
    note = "too_few" if found.low is None else ""
    return Estimate(found.value, found.low, found.high, found.positive, found.level, note)


def capped(category: Sequence[int], most: int) -> list[int]:
    """The places of a list that stay if a category may stand there ``most`` times; -1, no category, always may.

    >>> capped([1, 1, 1, 2, -1, -1], 1)
    [0, 3, 4, 5]
    """
    seen: dict[int, int] = {}
    kept = []
    for place, of in enumerate(category):
        if of >= 0:
            seen[of] = seen.get(of, 0) + 1
            if seen[of] > most:
                continue
        kept.append(place)
    return kept
