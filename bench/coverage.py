"""How often the 95 % intervals of a report hold the truth, which the market's response model knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyin.loop.measure import campaign as measure
from zhiyin.loop.measure.outcomes import Group
from zhiyin.simulate import response
from zhiyin.stats.means import Mean

EXPERIMENTS = 1_500  # for each size and baseline
SIZES = (500, 2_000, 5_000)
BASELINES = (0.03, 0.08, 0.15)
HOLDOUT = 0.1
BAR = "93.5 to 96.5"


def main(experiments: int = EXPERIMENTS) -> list[dict[str, object]]:
    """Per cent of experiments whose interval of the lift, and of revenue per customer, holds the truth."""
    rng = np.random.default_rng(20260301)
    rows: list[dict[str, object]] = []
    total = np.zeros(3)
    for size in SIZES:
        held = sum(simulate(rng, size, baseline, experiments) for baseline in BASELINES)
        held = np.append(held, experiments * len(BASELINES))
        total += held
        rows += _rows(f"{size:,} people", held)
    return rows + _rows("all sizes", total)


def simulate(rng: np.random.Generator, size: int, baseline: float, experiments: int) -> Any:
    """How many intervals of the lift and of revenue hold the true effect on the people of the experiment.

    People are drawn anew each time: persuadables, sure things, lost causes and annoyed, with chances to buy
    that differ from person to person around ``baseline``.
    """
    held = np.zeros(2)
    for _ in range(experiments):
        people = response.draw(rng, size, baseline=rng.beta(1.1, 1.1 * (1 - baseline) / baseline, size))
        mailed = rng.random(size) >= HOLDOUT
        amounts = people.amounts(rng, mailed)
        lift, revenue, *_ = measure.effects(
            _group(amounts[mailed]), _group(amounts[~mailed]), cost=0, margin=1
        )
        held += (
            _holds(lift.estimate, people.effect() * 100),
            _holds(revenue.estimate, people.revenue_effect()),
        )
    return held


def _group(amounts: Any) -> Group:
    spent = amounts.astype(float)
    n = len(amounts)
    return Group(n, int((amounts > 0).sum()), Mean(n, float(spent.sum()), float((spent**2).sum())), 0)


def _holds(estimate: Any, truth: float) -> bool:
    return bool(estimate.low <= truth <= estimate.high)


def _rows(what: str, held: Any) -> list[dict[str, object]]:
    lift, revenue, n = held
    return [
        {"what": f"coverage of the 95 % interval of {name}, {what}, {int(n):,} experiments",
         "value": round(100 * hits / n, 1), "unit": "%", "bar": BAR}
        for name, hits in (("the lift", lift), ("revenue per customer", revenue))
    ]  # fmt: skip
