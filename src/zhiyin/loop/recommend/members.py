"""Recommenders within a recommender: made, taught and kept by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from zhiyin.loop.recommend import RECOMMENDERS
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Priced, Recommender

Settings = Mapping[str, Mapping[str, Any]]  # name -> parameters
_MEMBER = "member."


def member(name: str) -> type[Recommender]:
    """The recommender of this name of the registry."""
    module, _, kind = RECOMMENDERS[name].partition(":")
    found: type[Recommender] = getattr(import_module(module), kind)
    return found


def taught(
    names: Sequence[str], settings: Settings | None, data: Data, rng: np.random.Generator
) -> list[Recommender]:
    """The recommenders of these names after learning from the same data, one after another."""
    return [member(name)(**(settings or {}).get(name, {})).fit(data, rng) for name in names]


def expected(names: Sequence[str], data: Data) -> float:
    """CPU-seconds that these recommenders are expected to take to learn, as far as they know."""
    priced: list[Any] = [found for name in names if isinstance(found := member(name), Priced)]
    return float(sum(found.cost(data) for found in priced))


def kept(names: Sequence[str], models: Sequence[Recommender]) -> Arrays:
    """What all of them learned, under their names."""
    return {
        f"{_MEMBER}{name}.{key}": array
        for name, model in zip(names, models, strict=True)
        for key, array in model.to_arrays().items()
    }


def restored(names: Sequence[str], arrays: Arrays) -> list[Recommender]:
    """The recommenders of ``kept``."""
    return [member(name).from_arrays(under(f"{_MEMBER}{name}.", arrays)) for name in names]


def under(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays whose names begin so, by the rest of their names."""
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
