"""history x item weights → ranked items with reasons: the serving side that all item-to-item models share.

A new interaction is one more row of weights added to a customer's scores: no training, and new customers
count at once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.recommendation import Recommendation

POPULAR = "popular"
_REASONS = {"bought": "because_bought"}  # every other kind is a look
_LOOKED = "because_viewed"
_BLOCK = 256  # customers scored at a time: 20 MB of scores for 20,000 items
_FLOOR = 1e-6  # popularity breaks ties and fills up; it never overtakes a personal score
_SHARE = 0.25  # an item is named as a cause if it gave this share of the strongest cause
_CAUSES = 3


@dataclass(frozen=True)
class Ranking:
    """What serving needs. ``weights`` is sparse, source item x target item: what having the one says about
    wanting the other; None ranks by popularity alone. ``half_life`` in days fades older interactions."""

    item_ids: np.ndarray[Any, Any]
    available: np.ndarray[Any, Any]
    popularity: np.ndarray[Any, Any]
    kinds: Mapping[str, float]
    half_life: float
    weights: Any = None
    index: dict[str, int] = field(init=False, repr=False)
    by_popularity: list[int] = field(init=False, repr=False)
    _columns: Any = field(init=False, repr=False)
    _sources: dict[int, dict[int, float]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {item_id: i for i, item_id in enumerate(self.item_ids.tolist())})
        by_popularity = np.argsort(-self.popularity, kind="stable")
        object.__setattr__(self, "by_popularity", by_popularity[self.available[by_popularity]].tolist())
        object.__setattr__(self, "_columns", None if self.weights is None else sparse.csc_array(self.weights))

    def rank(
        self,
        histories: Sequence[Sequence[Interaction]],
        n: int,
        exclude: Collection[str] = (),
        excludes: Sequence[Collection[str]] | None = None,
    ) -> list[list[Recommendation]]:
        """At most ``n`` recommendations for each history; fewer only where the catalogue has no more."""
        candidates = self.available.copy()
        candidates[[self.index[item_id] for item_id in exclude if item_id in self.index]] = False
        answers: list[list[Recommendation]] = []
        for start in range(0, len(histories), _BLOCK):
            block = histories[start : start + _BLOCK]
            out = [()] * len(block) if excludes is None else excludes[start : start + _BLOCK]
            answers += self._rank_block(block, max(n, 0), candidates, out)
        return answers

    def to_arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The fields as arrays without Python objects."""
        arrays: dict[str, Any] = {
            "item_ids": self.item_ids,
            "available": self.available,
            "popularity": self.popularity,
            "kinds": np.array(list(self.kinds), dtype=np.str_),
            "kind_weights": np.array(list(self.kinds.values()), dtype=np.float64),
            "half_life": np.array(self.half_life),
        }
        if self.weights is not None:
            arrays |= {
                f"weights_{part}": getattr(self.weights, part) for part in ("data", "indices", "indptr")
            }
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Ranking:
        """The ranking of ``to_arrays``."""
        weights = None
        if "weights_data" in arrays:
            parts = tuple(arrays[f"weights_{part}"] for part in ("data", "indices", "indptr"))
            weights = sparse.csr_array(parts, shape=(len(arrays["item_ids"]),) * 2)
        return cls(
            item_ids=arrays["item_ids"],
            available=arrays["available"],
            popularity=arrays["popularity"],
            kinds=dict(zip(arrays["kinds"].tolist(), arrays["kind_weights"].tolist(), strict=True)),
            half_life=float(arrays["half_life"]),
            weights=weights,
        )

    # -- one block ----------------------------------------------------------------------------------------

    def _rank_block(
        self,
        histories: Sequence[Sequence[Interaction]],
        n: int,
        candidates: np.ndarray[Any, Any],
        excludes: Sequence[Collection[str]],
    ) -> list[list[Recommendation]]:
        tastes = [self._taste(history) for history in histories]
        scores = self._scores(tastes)
        answers = []
        for row, (taste, out) in enumerate(zip(tastes, excludes, strict=True)):
            banned = {self.index[item_id] for item_id in out if item_id in self.index}
            start, end = scores.indptr[row : row + 2]
            best = self._personal(scores.indices[start:end], scores.data[start:end], n, candidates, banned)
            chosen = dict(best)
            for column in self.by_popularity:
                if len(chosen) >= n:
                    break
                if candidates[column] and column not in banned and column not in chosen:
                    chosen[column] = _FLOOR * float(self.popularity[column])
            answers.append([self._explain(column, score, taste) for column, score in chosen.items()])
        return answers

    def _personal(
        self,
        columns: np.ndarray[Any, Any],
        values: np.ndarray[Any, Any],
        n: int,
        candidates: np.ndarray[Any, Any],
        banned: Collection[int],
    ) -> list[tuple[int, float]]:
        """The ``n`` best items that the history speaks for, ties by popularity, then by column."""
        kept = (values > 0) & candidates[columns]
        if banned:
            kept &= ~np.isin(columns, np.fromiter(banned, dtype=columns.dtype))
        columns, values = columns[kept], values[kept] + _FLOOR * self.popularity[columns[kept]]
        if n < len(values):
            bar = np.partition(values, len(values) - n)[len(values) - n] if n else np.inf
            columns, values = columns[values >= bar], values[values >= bar]
        values = values + _FLOOR  # above everything that is popular only
        order = np.lexsort((columns, -values))[:n]
        return list(zip(columns[order].tolist(), values[order].tolist(), strict=True))

    def _taste(self, history: Sequence[Interaction]) -> dict[int, tuple[float, str]]:
        """Item index -> (weight, kind) of its strongest interaction, faded by its age at the latest one."""
        if self.weights is None:
            return {}
        known = [
            (self.index[i.item_id], i) for i in history if i.item_id in self.index and i.kind in self.kinds
        ]
        if not known:
            return {}
        latest = max(i.at.timestamp() for _, i in known)
        fade = -math.log(2) / (self.half_life * 86_400)
        taste: dict[int, tuple[float, str]] = {}
        for position, i in known:
            weight = self.kinds[i.kind] * math.exp(fade * (latest - i.at.timestamp()))
            if position not in taste or weight > taste[position][0]:
                taste[position] = (weight, i.kind)
        return dict(sorted(taste.items()))  # sums do not depend on the order of the history

    def _scores(self, tastes: Sequence[Mapping[int, tuple[float, str]]]) -> Any:
        """Sparse, customer x item; empty rows where nothing is known."""
        shape = (len(tastes), len(self.item_ids))
        if self.weights is None:
            return sparse.csr_array(shape, dtype=np.float64)
        indptr = np.cumsum([0, *(len(taste) for taste in tastes)])
        columns = np.array([column for taste in tastes for column in taste], dtype=np.int64)
        values = np.array([weight for taste in tastes for weight, _ in taste.values()], dtype=np.float64)
        scores = sparse.csr_array((values, columns, indptr), shape=shape) @ self.weights
        return scores

    def _explain(self, column: int, score: float, taste: Mapping[int, tuple[float, str]]) -> Recommendation:
        item_id = str(self.item_ids[column])
        causes = self._causes(column, taste)
        if score <= _FLOOR or not causes:
            return Recommendation(item_id, score, POPULAR)
        strongest, _, kind = causes[0]
        reason = _REASONS.get(kind, _LOOKED)
        named = [
            str(self.item_ids[source])
            for part, source, other in causes
            if part >= _SHARE * strongest and _REASONS.get(other, _LOOKED) == reason
        ]
        return Recommendation(item_id, score, reason, tuple(named[:_CAUSES]))

    def _causes(self, column: int, taste: Mapping[int, tuple[float, str]]) -> list[tuple[float, int, str]]:
        """The positive terms of a score, which is a plain sum over the history: (part, source, kind)."""
        if self._columns is None:
            return []
        weights = self._column(column)
        if len(weights) < len(taste):
            shared = [source for source in weights if source in taste]
        else:
            shared = [source for source in taste if source in weights]
        parts = [(taste[source][0] * weights[source], source, taste[source][1]) for source in shared]
        return sorted(parts, key=lambda part: (-part[0], part[1]))

    def _column(self, column: int) -> dict[int, float]:
        """The positive weights of a target by source, kept since the same targets win again and again."""
        held = self._sources.get(column)
        if held is None:
            start, end = self._columns.indptr[column : column + 2]
            sources, weights = self._columns.indices[start:end], self._columns.data[start:end]
            positive = (weights > 0) & (sources != column)
            held = dict(zip(sources[positive].tolist(), weights[positive].tolist(), strict=True))
            self._sources[column] = held
        return held
