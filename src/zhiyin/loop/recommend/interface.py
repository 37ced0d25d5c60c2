"""What a recommender is: arithmetic on arrays, five methods.

Ids, masks, ties, filling up and reasons are written once, in ``serving``. To add a recommender: one file, one
line in the registry, one inherited contract test, one page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from zhiyin.loop.recommend.arrays import F32, I32, U8
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.queries import Queries

Arrays = Mapping[str, np.ndarray[Any, Any]]
Space = Mapping[str, Sequence[Any]]  # parameter -> values to try, the default first, then the likeliest
Causes = list[tuple[int, float]]  # (place in the history, what it adds to the score), the largest first


class Recommender(Protocol):
    """Learns from everybody's events; scores all items for anybody from their latest ones. Inherit from it.

    The constructor only stores parameters and has defaults for all. What is learned ends in ``_`` and holds no
    vector of a customer: a customer is their history, so new ones count at once and an erased one is nowhere.
    """

    PARAMETERS: ClassVar[Space] = {}
    #: what ``Data.offers`` must hold (``times``, ``ratings``, ``sessions``, ``baskets``, ``texts``, ``groups``), or an
    #: extra to be installed (``extra:deep``); where it is missing the model is skipped with that reason
    REQUIRES: ClassVar[frozenset[str]] = frozenset()
    #: the reason shown: "" tells it by the kind of the strongest cause, ``because_bought`` or ``because_viewed``
    REASON: ClassVar[str] = ""
    #: whether a score is the sum of what ``explain`` says
    LINEAR: ClassVar[bool] = False

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        """Learn; returns itself. Data without events or without items must do. Same data, same bits."""
        ...

    def score(self, asked: Queries) -> F32:
        """A new array, questions x items: any scale, higher is better, -inf where it has nothing to say, no NaN.

        A question answered alone and among others gets the same. What may not be shown is left out later.
        """
        ...

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        """For each of ``items``, the events of question ``row`` that speak for it; [] where it claims none.

        Places count from the beginning of that history. Only positive parts are named unless ``LINEAR``.
        """
        return [[] for _ in items]

    def to_arrays(self) -> Arrays:
        """What was learned, and the parameters that serving needs, without Python objects."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The recommender of ``to_arrays``, giving exactly the same scores. The arrays may be read-only."""
        ...


@runtime_checkable
class Folding(Protocol):
    """A recommender that takes in more events without learning all anew."""

    def partial_fit(self, data: Data) -> Self:
        """Learn from events that it has not seen; the items keep their numbers, new ones come after them."""
        ...


@runtime_checkable
class Rates(Protocol):
    """A recommender that foretells ratings."""

    def rate(self, asked: Queries, items: I32) -> F32:
        """The rating that each question's customer would give to the item beside it."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A recommender that keeps rows of customers, each under the keyed digest of ``Customers.digests``."""

    def forget(self, digests: U8) -> Self:
        """Itself without the rows of these digests (n x 16 bytes)."""
        ...


@runtime_checkable
class Priced(Protocol):
    """A recommender that knows beforehand what learning costs."""

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take with default parameters."""
        ...


def lacking(recommender: type[Recommender], data: Data) -> tuple[str, ...]:
    """What a recommender needs and the data do not have; extras are not looked at."""
    needs = {need for need in recommender.REQUIRES if not need.startswith("extra:")}
    return tuple(sorted(needs - data.offers))
