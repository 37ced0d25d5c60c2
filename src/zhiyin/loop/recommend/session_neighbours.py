"""What was done in the past sessions that resemble the one running.

STAN (Garg et al., Sequence and time aware neighborhood for session-based recommendations, SIGIR 2019):
``sim(v) = Σ_{i in both} e^(-steps back of i / recency) / √l_v · e^(-age of v / memory)``, then each item j of
the ``k`` most similar sessions scores ``Σ_v sim(v) · e^(-|place of j - place of the last shared item| / spread)``.
The paper's √l of the running session's length is the same for all items, and left out.

With ``weights="linear"`` and endless ``memory`` and ``spread`` it is V-SkNN (Ludewig & Jannach, Evaluation of
session-based recommendation algorithms, User Modeling and User-Adapted Interaction, 2018).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64, U8, Bool
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.markov import causes
from zhiyin.loop.recommend.queries import LATEST, Queries

_NAMES = ("k", "weights", "recency", "memory", "spread", "own", "candidates")
_ROWS = 64  # questions answered at a time: their neighbours' items lie side by side in memory
_NONE = -(10**6)


class SessionNeighbours(Recommender):
    """Items of the past sessions most like the running one; of what was done last, where none is running.

    ``recency`` is in steps, ``spread`` in places, ``memory`` a share of all sessions: one that many sessions ago
    counts 1/e. ``own`` is what an item scores that is in the session already, next to others (1: the same; 0:
    not at all). Of each item the latest ``candidates`` sessions are looked at. Kept sessions know their customer
    by a keyed digest, to be forgotten on demand.
    """

    PARAMETERS: ClassVar[Space] = {
        "k": (500, 1500, 100),
        "recency": (2.0, 1.0, 4.0),
        "memory": (0.3, np.inf, 0.1),
        "spread": (3.0, 1.5, np.inf),
        "own": (1.0, 0.5),
        "weights": ("exponential", "linear"),
        "candidates": (5000,),
    }
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"sessions"})
    LINEAR: ClassVar[bool] = True

    def __init__(
        self,
        k: int = 500,
        weights: Literal["exponential", "linear"] = "exponential",
        recency: float = 2.0,
        memory: float = 0.3,
        spread: float = 3.0,
        own: float = 1.0,
        candidates: int = 5000,
    ) -> None:
        self.k = k
        self.weights = weights
        self.recency = recency
        self.memory = memory
        self.spread = spread
        self.own = own
        self.candidates = candidates

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        sessions = data.sessions()
        indptr, items, places = distinct(sessions.indptr, sessions.items, LATEST)
        digests = np.empty((0, 16), dtype=np.uint8)
        if data.customers.digests is not None:
            first = sessions.rows[sessions.indptr[:-1]]  # no session is empty, and each is of one customer
            digests = data.customers.digests[data.log.user[first]]
        return self._ready(indptr, items, places, digests, data.items)

    def score(self, asked: Queries) -> F32:
        scores = np.full((len(asked), self.items_), -np.inf, dtype=np.float32)
        for start in range(0, len(asked), _ROWS):
            part = asked.block(start, start + _ROWS)
            running = self._running(part)
            near = self._near(running.steps)
            here = running.steps.astype(np.bool_).toarray()
            entry = self._entries(near, here)
            worth = near.likeness[entry.neighbour] * self._closeness(entry.distance)
            shape = (len(part), self.items_)
            counted = np.bincount(
                near.row[entry.neighbour] * self.items_ + entry.item, worth, shape[0] * shape[1]
            )
            found = counted.astype(np.float64).reshape(shape)  # NumPy gives integers where nobody is near
            found[here] *= self.own
            known = found > 0
            scores[start : start + len(part)][known] = found[known]
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        running = self._running(asked.block(row, row + 1))
        near = self._near(running.steps)
        here = running.steps.astype(np.bool_).toarray()
        entry = self._entries(near, here)
        close = sparse.csr_array(
            (self._closeness(entry.distance), (entry.neighbour, entry.item)),
            shape=(len(near.session), self.items_),
        )[:, items].toarray()
        parts = (self._sessions[running.item][:, near.session] @ close) * running.weight[:, None]
        parts *= np.where(here[0, items], self.own, 1.0)
        return [
            [(int(running.place[at]), part) for at, part in causes(column) if running.place[at] >= 0]
            for column in parts.T
        ]

    def forget(self, digests: U8) -> Self:
        """Without the sessions of the customers with these digests."""
        if not len(self.digests_) or not len(digests):
            return self
        gone = {bytes(one) for one in np.asarray(digests, dtype=np.uint8)}
        kept = np.array([bytes(one) not in gone for one in self.digests_])
        lengths = np.diff(self.indptr_)
        entries = np.repeat(kept, lengths)
        indptr = np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64)
        other = type(self)(**{name: getattr(self, name) for name in _NAMES})
        return other._ready(
            indptr, self.item_[entries], self.place_[entries], self.digests_[kept], self.items_
        )

    def to_arrays(self) -> Arrays:
        return {
            **{name: np.array(getattr(self, name)) for name in _NAMES},
            "items": np.array(self.items_),
            "indptr": self.indptr_,
            "item": self.item_,
            "place": self.place_,
            "digests": self.digests_,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(**{name: arrays[name].item() for name in _NAMES})
        return self._ready(
            arrays["indptr"], arrays["item"], arrays["place"], arrays["digests"], arrays["items"].item()
        )

    def _ready(self, indptr: I64, item: I32, place: I32, digests: U8, items: int) -> Self:
        self.indptr_ = indptr
        self.item_ = item
        self.place_ = place
        self.digests_ = digests
        self.items_ = items
        many = len(indptr) - 1
        age = np.arange(many, 0, -1) - 1.0
        self.pull_ = np.exp(-age / (self.memory * max(many, 1))) / np.sqrt(np.maximum(np.diff(indptr), 1))
        self._sessions = self._index(items)
        return self

    def _index(self, items: int) -> CSR:
        """Items x sessions: what a session that holds the item counts, the latest ``candidates`` of each item."""
        session = np.repeat(np.arange(len(self.indptr_) - 1), np.diff(self.indptr_))
        order = np.argsort(self.item_, kind="stable")  # by item, then by the age of the session
        held = np.bincount(self.item_, minlength=items)
        left = np.repeat(np.cumsum(held), held) - np.arange(len(order))
        order = order[left <= self.candidates]
        indptr = np.concatenate([[0], np.cumsum(np.minimum(held, self.candidates))])
        chosen = session[order]
        return sparse.csr_array(
            (self.pull_[chosen], chosen.astype(np.int32), indptr), shape=(items, len(self.indptr_) - 1)
        )

    def _running(self, asked: Queries) -> _Running:
        """The sessions that are running, as weights by item."""
        lengths = np.diff(asked.indptr)
        runs = np.where(asked.session_from < lengths, lengths - asked.session_from, lengths)
        row = asked.row_of()
        back = np.repeat(asked.indptr[1:], lengths) - 1 - np.arange(len(asked.item))
        kept = np.flatnonzero(back < np.minimum(runs, LATEST)[row])
        row, item, back = row[kept], asked.item[kept], back[kept]
        looked = asked.looked()
        more = np.flatnonzero(looked >= 0)
        if len(more):
            back = back + (looked >= 0)[row]
            row, item = np.append(row, more), np.append(item, looked[more])
            back, kept = (
                np.append(back, np.zeros(len(more), dtype=back.dtype)),
                np.append(kept, more * 0 - 1),
            )
        order = np.lexsort((back, item, row))
        last = np.ones(len(order), dtype=np.bool_)
        last[1:] = (np.diff(row[order]) != 0) | (np.diff(item[order]) != 0)
        order = order[last]
        row, item, back = row[order], item[order], back[order]
        if self.weights == "linear":
            whole = np.minimum(runs, LATEST)[row] + (looked >= 0)[row]
            weight = (whole - back) / whole
        else:
            weight = np.exp(-back / self.recency)
        size = np.bincount(row, minlength=len(asked))
        steps = sparse.csr_array(
            (weight, item, np.concatenate([[0], np.cumsum(size)])), shape=(len(asked), self.items_)
        )
        place = np.where(kept[order] >= 0, kept[order] - asked.indptr[row], -1)
        return _Running(steps, item, weight, place)

    def _near(self, steps: CSR) -> _Near:
        """The most similar sessions of each question, the later of equals."""
        found = sparse.csr_array(steps @ self._sessions)
        row = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        session, likeness = found.indices, found.data
        if np.diff(found.indptr).max(initial=0) > self.k:
            order = np.lexsort((-session, -likeness, row))
            kept = order[np.arange(len(order)) - found.indptr[row] < self.k]
            row, session, likeness = row[kept], session[kept], likeness[kept]
        return _Near(row, session, likeness)

    def _entries(self, near: _Near, here: Bool) -> _Entries:
        """The items of the neighbours, each with its distance from the last item shared with the question."""
        lengths = np.diff(self.indptr_)[near.session]
        starts = np.cumsum(lengths) - lengths
        neighbour = np.repeat(np.arange(len(near.session)), lengths)
        taken = np.arange(len(neighbour)) - np.repeat(starts - self.indptr_[near.session], lengths)
        item, place = self.item_[taken], self.place_[taken]
        shared = np.where(here[near.row[neighbour], item], place, _NONE)
        last = np.maximum.reduceat(shared, starts) if len(starts) else shared
        return _Entries(neighbour, item, np.abs(place - last[neighbour]))

    def _closeness(self, distance: Any) -> Any:
        return np.exp(-np.arange(distance.max(initial=0) + 1) / self.spread)[distance]


class _Running(NamedTuple):
    """The running sessions: questions x items, and the same entry by entry with its place in the history."""

    steps: CSR
    item: Any
    weight: Any
    place: Any


class _Near(NamedTuple):
    """Neighbours: of which question, which session, how similar."""

    row: Any
    session: Any
    likeness: Any


class _Entries(NamedTuple):
    """The items of neighbours, by the number of the neighbour."""

    neighbour: Any
    item: Any
    distance: Any


def distinct(indptr: I64, items: I32, longest: int) -> tuple[I64, I32, I32]:
    """Each list with every item once, at its last place, of the ``longest`` latest entries; ordered by item."""
    lengths = np.diff(indptr)
    session = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(items)) - np.repeat(indptr[:-1], lengths)
    kept = np.flatnonzero(place >= (lengths - longest)[session])
    session, item, place = session[kept], items[kept], place[kept]
    order = np.lexsort((-place, item, session))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(session[order]) != 0) | (np.diff(item[order]) != 0)
    order = order[first]
    counts = np.bincount(session[order], minlength=len(lengths))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return starts, item[order].astype(np.int32), place[order].astype(np.int32)
