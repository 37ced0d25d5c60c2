"""What a recommender learns from and is asked with: everything by number, in arrays.

Customers and items are int32 from here on; ids stay outside, with ``serving``. Times are microseconds UTC, ages
and half-lives days. The same events in any order give the same arrays, to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from zhiyin.domain.interaction import KIND_WEIGHTS
from zhiyin.loop.recommend.groups import Groups

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]
Text = NDArray[np.str_]
CSR = Any  # scipy.sparse.csr_array, which has no types

KINDS = (*KIND_WEIGHTS, "basket", "rated")  # what a kind's number means, while learning and while serving
WEIGHTS = np.array([KIND_WEIGHTS.get(kind, 1.0) for kind in KINDS], dtype=np.float32)
DAY = 86_400_000_000
NEVER = int(np.iinfo(np.int64).max)
PAUSE = 30 * 60 * 1_000_000  # so long without an event ends a session, where none are given
LATEST = 500  # events of a customer that a question holds: older ones say little and cost as much
Counts = Literal["binary", "strongest", "log"]


@dataclass(frozen=True, slots=True)
class Log:
    """Events, one row each, in the order of (at, user, item, kind). Make one with ``Log.of``, which sorts.

    ``at`` is the place in the file where there are no times (``Data.timed`` says so). ``kind`` counts in
    ``Data.kinds``; ``weight`` is what it says about taste, next to a purchase. ``session`` and ``basket`` are
    numbers, -1 for none. ``rating`` is None where nobody rated; it may be negative.
    """

    user: I32
    item: I32
    at: I64
    kind: I8
    weight: F32
    session: I32
    basket: I32
    rating: F32 | None = None

    @classmethod
    def of(
        cls,
        user: Any,
        item: Any,
        at: Any,
        *,
        kind: Any = 0,
        weight: Any = None,
        session: Any = -1,
        basket: Any = -1,
        rating: Any = None,
    ) -> Log:
        """The log of columns in any order; a number stands for a whole column. Weights are those of the kinds.

        >>> Log.of([1, 0], [5, 6], [20, 10]).item.tolist()
        [6, 5]
        """
        size = len(np.atleast_1d(user))

        def column(values: Any, kind: Any) -> Any:
            return np.broadcast_to(np.asarray(values, dtype=kind), size)

        users, items, moments = column(user, np.int32), column(item, np.int32), column(at, np.int64)
        kinds = column(kind, np.int8)
        weights = column(WEIGHTS[kinds] if weight is None else weight, np.float32)
        sessions, baskets = column(session, np.int32), column(basket, np.int32)
        ratings = None if rating is None else column(rating, np.float32)
        last = (baskets, sessions, weights) if ratings is None else (baskets, sessions, ratings, weights)
        order = np.lexsort((*last, kinds, items, users, moments))
        return cls(
            users[order],
            items[order],
            moments[order],
            kinds[order],
            weights[order],
            sessions[order],
            baskets[order],
            None if ratings is None else ratings[order],
        )

    def __len__(self) -> int:
        return len(self.user)

    def rows(self, chosen: Any) -> Log:
        """The log of some rows: a mask, or positions that rise."""
        return Log(
            self.user[chosen],
            self.item[chosen],
            self.at[chosen],
            self.kind[chosen],
            self.weight[chosen],
            self.session[chosen],
            self.basket[chosen],
            None if self.rating is None else self.rating[chosen],
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items: all that are on offer, and all that were ever touched. Make one with ``Catalogue.of``.

    ``available`` marks those that may be recommended. ``text`` is name and description; ``category`` counts in
    ``categories``, -1 for none; ``price`` is NaN where unknown; ``attributes`` is items x values, sparse;
    ``vectors`` holds given embeddings by name, items x size, rows of zeros where none. ``seen_first`` is the
    time of the first event of each item, the largest int64 where there was none.
    """

    item_ids: Text
    available: Bool
    text: Sequence[str]
    category: I32
    categories: Text
    price: F64
    attributes: CSR
    vectors: Mapping[str, F32]
    seen_first: I64

    @classmethod
    def of(
        cls,
        item_ids: Sequence[str],
        *,
        available: Any = True,
        text: Sequence[str] = (),
        category: Any = -1,
        categories: Sequence[str] = (),
        price: Any = np.nan,
        attributes: CSR = None,
        vectors: Mapping[str, F32] | None = None,
        seen_first: Any = NEVER,
    ) -> Catalogue:
        """A catalogue of which nothing need be known but the ids."""
        size = len(item_ids)
        return cls(
            _text(item_ids),
            np.broadcast_to(np.asarray(available, dtype=np.bool_), size).copy(),
            tuple(text) or ("",) * size,
            np.broadcast_to(np.asarray(category, dtype=np.int32), size).copy(),
            _text(categories),
            np.broadcast_to(np.asarray(price, dtype=np.float64), size).copy(),
            sparse.csr_array((size, 0), dtype=np.float32) if attributes is None else attributes,
            dict(vectors or {}),
            np.broadcast_to(np.asarray(seen_first, dtype=np.int64), size).copy(),
        )

    def __len__(self) -> int:
        return len(self.item_ids)


@dataclass(frozen=True, slots=True)
class Customers:
    """What is known of the customers at the cut: columns of features, and groups by attribute.

    ``digests`` is users x 16 bytes, a keyed digest of each id, for the models that keep rows of customers and
    must find them when somebody asks to be erased; None for files, which hold nobody.
    """

    columns: Mapping[str, F32] = field(default_factory=dict)
    groups: Mapping[str, Groups] = field(default_factory=dict)
    digests: U8 | None = None

    def of(self, users: Any) -> dict[str, I32]:
        """The groups that these customers are in, by attribute."""
        return {name: groups.of[users] for name, groups in self.groups.items()}


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of items of different lengths, each in the order of time: list r is ``items[indptr[r]:indptr[r + 1]]``.

    ``rows`` are the rows of the log they come from, which know the customer, the kind, the rating.
    """

    indptr: I64
    items: I32
    at: I64
    rows: I64

    def __len__(self) -> int:
        return len(self.indptr) - 1


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
        return _strongest(self.row_of(), self.item, self.faded(half_life), (len(self), items))


@dataclass(frozen=True)
class Data:
    """Everything a model may learn from, all of it before ``now``. What is asked for twice is worked out once.

    ``users`` counts the customers, of whom some may have no event left; ``timed`` is False where ``Log.at``
    is only an order.
    """

    log: Log
    users: int
    catalogue: Catalogue
    customers: Customers
    now: int
    kinds: tuple[str, ...] = KINDS
    timed: bool = True
    _held: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def items(self) -> int:
        """How many items the catalogue has."""
        return len(self.catalogue)

    @cached_property
    def latest(self) -> Log:
        """The last event of each customer with each item, of each kind."""
        log = self.log
        order = np.lexsort((log.kind, log.item, log.user))  # stable: the latest of each comes last
        last = np.ones(len(order), dtype=np.bool_)
        keys = [column[order] for column in (log.user, log.item, log.kind)]
        last[:-1] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
        return log.rows(np.sort(order[last]))

    @cached_property
    def together(self) -> int:
        """Pairs of items that a customer has, of all customers: what it costs to count which go together."""
        each = np.bincount(_cells(self.log, self.items) // max(self.items, 1), minlength=1)
        return int((each.astype(np.float64) ** 2).sum())

    def age(self, log: Log | None = None) -> F64:
        """Days before ``now`` of the events of the log, or of a part of it."""
        return np.maximum(self.now - (self.log if log is None else log).at, 0) / DAY

    def matrix(self, *, half_life: float = np.inf, cap: int = 500, counts: Counts = "strongest") -> CSR:
        """Customers x items, float32, from events of positive weight.

        ``counts`` says what a cell holds: the ``strongest`` of its events, faded by half every ``half_life``
        days; 1 (``binary``); or log(1 + the sum of all its faded events) (``log``). Of a customer with many
        items the ``cap`` touched last count: a product of columns costs the square of a row's length.
        """
        asked = (half_life, cap, counts)
        if asked not in self._held:
            self._held[asked] = self._matrix(half_life, cap, counts)
        return self._held[asked]

    def capped(self, cap: int = 500) -> int:
        """How many customers have more than ``cap`` items."""
        return len(np.unique(self.log.user[self._beyond(cap)]))

    def sequences(self) -> Ragged:
        """The events of each customer, one list each, in the order of ``users``."""
        if "sequences" not in self._held:
            order = np.argsort(self.log.user, kind="stable")
            indptr = np.concatenate([[0], np.cumsum(np.bincount(self.log.user, minlength=self.users))])
            self._held["sequences"] = self._ragged(indptr, order)
        held: Ragged = self._held["sequences"]
        return held

    def sessions(self) -> Ragged:
        """Sessions as given, else cut where a customer paused for half an hour; in the order of their ends."""
        if "sessions" not in self._held:
            given = self.log.session
            if len(given) and (given >= 0).any():
                self._held["sessions"] = self._grouped(given)
            else:
                all_of = self.sequences()
                new = np.ones(len(all_of.items), dtype=np.bool_)
                new[1:] = np.diff(all_of.at) > PAUSE
                new[all_of.indptr[:-1][np.diff(all_of.indptr) > 0]] = True
                session = np.empty(len(new), dtype=np.int32)
                session[all_of.rows] = np.cumsum(new) - 1
                self._held["sessions"] = self._grouped(session)
        held: Ragged = self._held["sessions"]
        return held

    def baskets(self) -> Ragged:
        """The lines of each order, in the order of time; an item may stand there twice."""
        if "baskets" not in self._held:
            self._held["baskets"] = self._grouped(self.log.basket)
        held: Ragged = self._held["baskets"]
        return held

    def queries(self, users: Any, *, now: int | None = None, latest: int = LATEST) -> Queries:
        """The histories of some customers as questions, asked at ``now`` (default: the end of the data)."""
        chosen, all_of = np.asarray(users, dtype=np.int64), self.sequences()
        ends = all_of.indptr[chosen + 1]
        starts = np.maximum(all_of.indptr[chosen], ends - latest)
        lengths = ends - starts
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        taken = np.arange(indptr[-1]) - np.repeat(indptr[:-1] - starts, lengths)
        rows = all_of.rows[taken]
        log = self.log
        return Queries.of(
            indptr,
            log.item[rows],
            at=log.at[rows] if self.timed else None,
            now=self.now if now is None else now,
            kind=log.kind[rows],
            weight=log.weight[rows],
            rating=None if log.rating is None else log.rating[rows],
            groups=self.customers.of(chosen),
        )

    @cached_property
    def offers(self) -> frozenset[str]:
        """What there is to learn from: ``times``, ``ratings``, ``sessions``, ``baskets``, ``texts``, ``groups``."""
        found = {
            "times": self.timed,
            "ratings": self.log.rating is not None,
            "sessions": self.timed or bool((self.log.session >= 0).any()),
            "baskets": bool((self.log.basket >= 0).any()),
            "texts": any(self.catalogue.text),
            "groups": any(groups.names for groups in self.customers.groups.values()),
        }
        return frozenset(name for name, there in found.items() if there)

    def _matrix(self, half_life: float, cap: int, counts: Counts) -> CSR:
        log = self.log
        shape = (self.users, self.items)
        kept = np.flatnonzero((log.weight > 0) & ~self._beyond(cap))
        user, item = log.user[kept], log.item[kept]
        if counts == "binary":
            return _strongest(user, item, np.ones(len(kept), dtype=np.float32), shape)
        value = log.weight[kept].astype(np.float64)
        if np.isfinite(half_life):
            value = value * 0.5 ** (np.maximum(self.now - log.at[kept], 0) / DAY / half_life)
        if counts == "strongest":
            return _strongest(user, item, value.astype(np.float32), shape)
        found = sparse.csr_array((value, (user, item)), shape=shape)  # adds up what is there twice
        found.sort_indices()
        found.data = np.log1p(found.data)
        return found.astype(np.float32)

    def _beyond(self, cap: int) -> Bool:
        """The events with items that are not among the ``cap`` that their customer touched last."""
        log = self.log
        beyond = np.zeros(len(log), dtype=np.bool_)
        for user in np.flatnonzero(np.bincount(log.user, minlength=self.users) > cap):
            rows = self._rows_of(int(user))
            items, backwards = np.unique(log.item[rows][::-1], return_index=True)
            if len(items) > cap:
                old = items[np.argsort(backwards, kind="stable")[cap:]]
                beyond[rows[np.isin(log.item[rows], old)]] = True
        return beyond

    def _rows_of(self, user: int) -> I64:
        all_of = self.sequences()
        return all_of.rows[all_of.indptr[user] : all_of.indptr[user + 1]]

    def _grouped(self, group: I32) -> Ragged:
        """Rows of the log by their group, the groups in the order of their last events; -1 is no group."""
        rows = np.flatnonzero(group >= 0)
        number = np.unique(group[rows], return_inverse=True)[1]
        ends = np.zeros(number.max(initial=-1) + 1, dtype=np.int64)
        ends[number] = rows  # rows rise with time, so the last stays
        place = np.empty(len(ends), dtype=np.int64)
        place[np.argsort(ends, kind="stable")] = np.arange(len(ends))
        order = np.argsort(place[number], kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(place[number], minlength=len(ends)))])
        return self._ragged(indptr, rows[order])

    def _ragged(self, indptr: Any, rows: Any) -> Ragged:
        return Ragged(indptr.astype(np.int64), self.log.item[rows], self.log.at[rows], rows.astype(np.int64))


def moment(at: datetime) -> int:
    """A time as microseconds UTC."""
    return round(at.timestamp() * 1_000_000)


def _strongest(rows: Any, columns: Any, values: Any, shape: tuple[int, int]) -> CSR:
    """A sparse matrix of the largest positive value of each cell."""
    kept = values > 0
    rows, columns, values = rows[kept], columns[kept], values[kept]
    order = np.lexsort((-values, columns, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[first], minlength=shape[0]))])
    # in order and without doubles already: no conversion from triples
    return sparse.csr_array(
        (values[first], columns[first].astype(np.int32), indptr.astype(np.int32)), shape=shape
    )


def _cells(log: Log, items: int) -> I64:
    """Each pair of customer and item, once, as one number."""
    return np.unique(log.user.astype(np.int64) * max(items, 1) + log.item)


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


def _text(values: Sequence[str]) -> Text:
    return np.array(values, dtype=np.str_) if len(values) else np.empty(0, dtype="<U1")
