"""What a recommender learns from: everything by number, in arrays.

Customers and items are int32 from here on; ids stay outside, with ``serving``. Times are microseconds UTC, ages
and half-lives days. The same events in any order give the same arrays, to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, DAY, F32, F64, I32, I64, U8, Bool, strongest
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.groups import Groups
from zhiyin.loop.recommend.log import KINDS, Log
from zhiyin.loop.recommend.queries import LATEST, PAUSE, Queries

Counts = Literal["binary", "strongest", "log"]


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
            return strongest(user, item, np.ones(len(kept), dtype=np.float32), shape)
        value = log.weight[kept].astype(np.float64)
        if np.isfinite(half_life):
            value = value * 0.5 ** (np.maximum(self.now - log.at[kept], 0) / DAY / half_life)
        if counts == "strongest":
            return strongest(user, item, value.astype(np.float32), shape)
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


def _cells(log: Log, items: int) -> I64:
    """Each pair of customer and item, once, as one number."""
    return np.unique(log.user.astype(np.int64) * max(items, 1) + log.item)
