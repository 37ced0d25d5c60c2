"""Questions: what a recommender is asked with, a history each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, DAY, F32, I8, I32, I64, Bool, strongest
from zhiyin.loop.recommend.log import WEIGHTS

PAUSE = 30 * 60 * 1_000_000  # so long without an event ends a session, where none are given
LATEST = 500  # events of a customer that a question holds: older ones say little and cost as much


@dataclass(frozen=True, slots=True)
class Queries:
    """Questions: a history each, oldest event first; list r is ``item[indptr[r]:indptr[r + 1]]``.

    ``age`` is in days before the question, ``kind`` counts in ``KINDS``; an item in the basket is an event of
    kind ``basket``. ``session_from`` is where in each history the running session begins (its length: there
    is none running). ``context`` is the item being looked at, -1 for none; ``groups`` are the customers', by attribute, each
    numbered as in ``Customers.groups``.
    """

    indptr: I64
    item: I32
    weight: F32
    age: F32
    kind: I8
    rating: F32 | None
    session_from: I32
    context: I32
    now: int
    groups: Mapping[str, I32] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        indptr: Any,
        item: Any,
        *,
        at: Any = None,
        now: int | None = None,
        kind: Any = 0,
        weight: Any = None,
        rating: Any = None,
        session_from: Any = None,
        context: Any = -1,
        groups: Mapping[str, I32] | None = None,
    ) -> Queries:
        """Questions of histories that are in order. Without times, the events are an hour apart, the last now.

        Without ``session_from`` a pause of half an hour parts sessions; without times all is one session.
        """
        starts, items = np.asarray(indptr, dtype=np.int64), np.asarray(item, dtype=np.int32)
        many, size = len(starts) - 1, len(items)
        lengths = np.diff(starts)
        kinds = np.broadcast_to(np.asarray(kind, dtype=np.int8), size)
        if at is None:
            place = np.arange(size) - np.repeat(starts[:-1], lengths)
            age = (np.repeat(lengths, lengths) - 1 - place) / 24
            running = np.zeros(many, dtype=np.int32)
        else:
            moments = np.asarray(at, dtype=np.int64)
            now = int(moments.max(initial=0)) if now is None else now
            age = np.maximum(now - moments, 0) / DAY
            running = _running(starts, moments, now)
        return cls(
            starts,
            items,
            np.asarray(np.broadcast_to(WEIGHTS[kinds] if weight is None else weight, size), dtype=np.float32),
            np.asarray(age, dtype=np.float32),
            kinds,
            None if rating is None else np.asarray(rating, dtype=np.float32),
            running if session_from is None else np.asarray(session_from, dtype=np.int32),
            np.broadcast_to(np.asarray(context, dtype=np.int32), many),
            0 if now is None else now,
            groups or {},
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def block(self, start: int, stop: int) -> Queries:
        """The questions from ``start`` to before ``stop``."""
        stop = min(stop, len(self))
        first, last = self.indptr[start], self.indptr[stop]
        return Queries(
            self.indptr[start : stop + 1] - first,
            self.item[first:last],
            self.weight[first:last],
            self.age[first:last],
            self.kind[first:last],
            None if self.rating is None else self.rating[first:last],
            self.session_from[start:stop],
            self.context[start:stop],
            self.now,
            {name: numbers[start:stop] for name, numbers in self.groups.items()},
        )

    def row_of(self) -> I64:
        """The question of each event."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def looked(self) -> I32:
        """The item being looked at that the history does not end with yet, else -1: no look is two steps."""
        found = self.context.copy()
        filled = np.flatnonzero(np.diff(self.indptr))
        told = self.item[self.indptr[filled + 1] - 1] == found[filled]
        found[filled[told]] = -1
        return found

    def faded(self, half_life: float = np.inf) -> F32:
        """The weight of each event, half after ``half_life`` days before the latest event of its history."""
        if not np.isfinite(half_life) or not len(self.item):
            return self.weight
        newest = np.full(len(self), np.inf, dtype=np.float32)
        np.minimum.at(newest, self.row_of(), self.age)
        fade = np.exp2((newest[self.row_of()] - self.age) / half_life)
        return np.asarray(self.weight * fade, dtype=np.float32)

    def chosen(self, events: Bool) -> CSR:
        """Questions x items, the cells of the events so marked: as a mask of what may not be shown to whom."""
        kept = np.concatenate([[0], np.cumsum(events)])[self.indptr].astype(np.int32)
        items = self.item[events]
        shape = (len(self), int(items.max(initial=-1)) + 1)
        return sparse.csr_array((np.ones(len(items), dtype=np.bool_), items, kept), shape=shape)

    def matrix(self, items: int, half_life: float = np.inf) -> CSR:
        """Questions x ``items``, float32: the strongest event of each item, weights of nothing or less left out."""
        return strongest(self.row_of(), self.item, self.faded(half_life), (len(self), items))


def _running(indptr: I64, at: I64, now: int) -> I32:
    """Where in each history the session begins that still runs ``now``."""
    found = np.diff(indptr).astype(np.int32)
    after = np.full(len(at), now, dtype=np.int64)
    after[:-1] = at[1:]
    ends = indptr[1:][found > 0] - 1
    after[ends] = now
    broken = after - at > PAUSE
    last = np.maximum.accumulate(np.where(broken, np.arange(1, len(at) + 1), 0)) if len(at) else at
    filled = found > 0
    found[filled] = np.maximum(last[ends] - indptr[:-1][filled], 0)
    return found
