"""foretold ratings of several models → RMSE and MAE, with intervals over customers and paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zhiyin.domain.estimate import Estimate
from zhiyin.loop.recommend.arrays import F32, F64
from zhiyin.loop.recommend.evaluate.metrics import errors
from zhiyin.loop.recommend.evaluate.task import RatingTask
from zhiyin.stats import bootstrap

MEAN = "mean_rating"  # the floor: everybody gives everything the mean of training


@dataclass(frozen=True, slots=True)
class Rated:
    """One model's errors; ``better`` is by how much its RMSE is below that of always foretelling the mean."""

    rmse: Estimate
    mae: Estimate
    better: Estimate


def compare_ratings(
    task: RatingTask, foretold: Mapping[str, F32], rng: np.random.Generator
) -> dict[str, Rated]:
    """The errors of several models on the same ratings; customers are drawn as a whole."""
    known = task.data.log.rating
    assert known is not None
    mean = float(known[np.isfinite(known)].mean()) if np.isfinite(known).any() else 0.0
    models = {MEAN: np.full(len(task.ratings), mean, dtype=np.float32), **foretold}
    customers, unit = np.unique(task.users, return_inverse=True)
    size = np.bincount(unit, minlength=len(customers)).astype(np.float64)
    sums: list[F64] = []
    for values in models.values():
        squared, absolute = errors(values.astype(np.float64), task.ratings.astype(np.float64))
        sums += [
            np.asarray(np.bincount(unit, part, minlength=len(customers)), dtype=np.float64)
            for part in (squared, absolute)
        ]
    drawn = bootstrap.ratios(np.column_stack(sums), np.repeat(size[:, None], len(sums), axis=1), rng)
    roots = bootstrap.Draws(np.sqrt(drawn.values), np.sqrt(drawn.resampled), drawn.units)
    found = {}
    for place, name in enumerate(models):
        rmse, mae, better = (
            roots.estimate(2 * place),
            drawn.estimate(2 * place + 1),
            roots.estimate(0, less=2 * place),
        )
        found[name] = Rated(*(_estimate(one) for one in (rmse, mae, better)))
    return found


def _estimate(found: bootstrap.Bootstrap) -> Estimate:
    note = "too_few" if found.low is None else ""
    return Estimate(found.value, found.low, found.high, found.positive, found.level, note)
