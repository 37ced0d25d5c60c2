"""A space of parameters → settings to try, and validation figures → the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from zhiyin.loop.recommend.interface import Space

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting and what it came to on validation."""

    parameters: Parameters
    value: float


def settings(space: Space, count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """``count`` different settings, the defaults first, then drawn at random, likelier values more often.

    Every model gets the same count, so that none looks better for having been tried more; fewer only where a
    space has no more. The first value of a parameter is its default.

    >>> settings({"k": [100, 200]}, 5, np.random.default_rng(0))
    [{}, {'k': 200}]
    """
    found: list[dict[str, Any]] = [{}]
    count = min(count, prod(len(values) for values in space.values()))
    while len(found) < count:
        drawn = {}
        for name, values in space.items():
            chance = 1.0 / np.arange(1, len(values) + 1)
            place = int(rng.choice(len(values), p=chance / chance.sum()))
            if place:
                drawn[name] = values[place]
        if drawn not in found:
            found.append(drawn)
    return found[:count]


def best(trials: Sequence[Trial]) -> Trial:
    """The trial of the highest value; of equals the first, which is nearest to the defaults."""
    return max(trials, key=lambda trial: trial.value)
