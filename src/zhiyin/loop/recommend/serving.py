"""A fitted recommender + a customer's history → ranked items with reasons: written once, for all of them.

Here ids meet numbers; here is decided what may be shown, how ties fall, what fills up a short list and which
reason is told. A new event is one more row of a question: no training, and new customers count at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from zhiyin.domain.interaction import Interaction
from zhiyin.domain.recommendation import Recommendation
from zhiyin.loop.recommend.arrays import CSR, F32, I32, Bool, Text
from zhiyin.loop.recommend.data import Data, moment
from zhiyin.loop.recommend.groups import Groups
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender
from zhiyin.loop.recommend.log import KINDS
from zhiyin.loop.recommend.queries import LATEST, Queries
from zhiyin.loop.recommend.topk import Top, ties, top

POPULAR = "popular"
FOR_YOU = "for_you"  # a model's own choice that it cannot give a cause for
_REASONS = {"bought": "because_bought", "basket": "because_together"}  # every other kind is a look
_LOOKED = "because_viewed"
_BLOCK = 128  # questions scored at a time: 10 MB of scores for 20,000 items
_FLOOR = 1e-6  # what fills up comes after everything that the model says
_SHARE = 0.25  # an item is named as a cause if it gave this share of the strongest cause
_CAUSES = 3
_NUMBER = {kind: number for number, kind in enumerate(KINDS)}
_MODEL, _GROUPS = "model_", "groups_"


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the moment: the item being looked at, what lies in the basket, the customer's groups by
    attribute, such as ``{"country": "FR"}``.

    ``now`` is when the question is asked; without it, at the latest event of the history.
    """

    item_id: str = ""
    basket: tuple[str, ...] = ()
    now: datetime | None = None
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shelf:
    """The items by number: their ids, which may be recommended; and the groups of customers by number."""

    item_ids: Text
    available: Bool
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Data) -> Self:
        """The items and groups of what was learned from."""
        groups = {name: groups.names for name, groups in data.customers.groups.items()}
        return cls(data.catalogue.item_ids, data.catalogue.available, groups)

    def numbered(self, values: Mapping[str, Sequence[str | None]]) -> dict[str, I32]:
        """Customers' values by attribute → the numbers of their groups, -1 for what nobody had while learning."""
        return {
            name: Groups.told(values[name], known).of for name, known in self.groups.items() if name in values
        }

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Item id -> number."""
        return {item_id: number for number, item_id in enumerate(self.item_ids.tolist())}


@dataclass(frozen=True, slots=True)
class Part:
    """One event that speaks for an item, or against it: what it adds, and its share of all that was added."""

    item_id: str
    kind: str
    part: float
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item has its score for a history; None and no parts where the model says nothing about it.

    ``exact`` says that the parts add up to the score.
    """

    item_id: str
    score: float | None
    parts: tuple[Part, ...]
    exact: bool


class Served:
    """A fitted recommender with the items it speaks of; ``fill`` is their popularity, 0 to 1, for short lists."""

    def __init__(self, name: str, model: Recommender, catalogue: Shelf, fill: F32) -> None:
        self.name = name
        self.model = model
        self.shelf = catalogue
        self.fill = fill
        self._tie = ties(catalogue.item_ids, fill)
        self._order = np.argsort(self._tie).astype(np.int32)

    def recommend(
        self,
        history: Sequence[Interaction],
        n: int,
        context: Context = Context(),
        exclude: Collection[str] = (),
    ) -> list[Recommendation]:
        """At most ``n`` items for a person with this history, best first; any order of history will do."""
        return self.recommend_many([history], n, [context], exclude)[0]

    def recommend_many(
        self,
        histories: Sequence[Sequence[Interaction]],
        n: int,
        contexts: Sequence[Context] | None = None,
        exclude: Collection[str] = (),
        excludes: Sequence[Collection[str]] | None = None,
    ) -> list[list[Recommendation]]:
        """The same for many at once: ``exclude`` holds for all of them, ``excludes`` for one each."""
        masked = None if excludes is None else self.masked(excludes)
        return self.answer(self.asked(histories, contexts), n, exclude, masked)

    def answer(
        self, asked: Queries, n: int, exclude: Collection[str] = (), masked: CSR = None
    ) -> list[list[Recommendation]]:
        """At most ``n`` recommendations for each question; fewer only where the catalogue has no more.

        ``masked`` is sparse, questions x items: what may not be shown to whom.
        """
        return [
            self._told(block, row, best)
            for block, best in self._blocks(asked, n, exclude, masked)
            for row in range(len(block))
        ]

    def best(self, asked: Queries, n: int, exclude: Collection[str] = (), masked: CSR = None) -> Top:
        """The same in numbers, without reasons."""
        found = [best for _, best in self._blocks(asked, n, exclude, masked)]
        if not found:
            return Top(
                np.empty((0, n), dtype=np.int32),
                np.empty((0, n), dtype=np.float32),
                np.empty(0, dtype=np.int32),
            )
        return Top(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def explain(
        self, history: Sequence[Interaction], item_id: str, context: Context = Context()
    ) -> Explanation:
        """What of the history speaks for an item, the strongest first."""
        asked, item = self.asked([history], [context]), self.shelf.index.get(item_id)
        if item is None:
            return Explanation(item_id, None, (), False)
        score = float(self.model.score(asked)[0, item])
        if score == -np.inf:
            return Explanation(item_id, None, (), False)
        (causes,) = self.model.explain(asked, 0, np.array([item], dtype=np.int32))
        total = sum(abs(part) for _, part in causes) or 1.0
        parts = tuple(
            Part(str(self.shelf.item_ids[asked.item[place]]), KINDS[asked.kind[place]], part, part / total)
            for place, part in causes
        )
        return Explanation(item_id, score, parts, self.model.LINEAR)

    def asked(
        self, histories: Sequence[Sequence[Interaction]], contexts: Sequence[Context] | None = None
    ) -> Queries:
        """Histories as questions. Unknown items and kinds are left out, and all but the latest events."""
        index = self.shelf.index
        about = [Context()] * len(histories) if contexts is None else contexts
        rows: list[tuple[int, int, int, int]] = []  # (question, time, item, kind)
        lengths, nows = [], []
        for number, (history, context) in enumerate(zip(histories, about, strict=True)):
            known = [
                (number, moment(event.at), index[event.item_id], _NUMBER[event.kind])
                for event in history
                if event.item_id in index and event.kind in _NUMBER
            ]
            now = moment(context.now) if context.now else max((row[1] for row in known), default=0)
            known += [
                (number, now, index[item_id], _NUMBER["basket"])
                for item_id in context.basket
                if item_id in index
            ]
            known = sorted(known)[-LATEST:]
            rows += known
            lengths.append(len(known))
            nows.append(now)
        _, at, item, kind = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        moments = np.array(nows, dtype=np.int64)
        latest = int(moments.max(initial=0))
        return Queries.of(
            np.concatenate([[0], np.cumsum(lengths)]),
            item,
            at=at + np.repeat(latest - moments, lengths),  # each history as old as at its own question
            now=latest,
            kind=kind,
            context=[index.get(context.item_id, -1) for context in about],
            groups=self.shelf.numbered(
                {name: [context.groups.get(name) for context in about] for name in self.shelf.groups}
            ),
        )

    def masked(self, excludes: Sequence[Collection[str]]) -> CSR:
        """What may not be shown to whom, as ``answer`` wants it."""
        index = self.shelf.index
        items = [[index[item_id] for item_id in out if item_id in index] for out in excludes]
        indptr = np.concatenate([[0], np.cumsum([len(out) for out in items])]).astype(np.int32)
        columns = np.array([item for out in items for item in out], dtype=np.int32)
        return sparse.csr_array(
            (np.ones(len(columns), dtype=np.bool_), columns, indptr), shape=(len(items), len(index))
        )

    def to_arrays(self) -> Arrays:
        """Model and shelf as arrays without Python objects."""
        model = {f"{_MODEL}{name}": array for name, array in self.model.to_arrays().items()}
        return {
            "item_ids": self.shelf.item_ids,
            "available": self.shelf.available,
            "fill": self.fill,
            **{
                f"{_GROUPS}{name}": np.array(names, dtype=np.str_)
                for name, names in self.shelf.groups.items()
            },
            **model,
        }

    @classmethod
    def from_arrays(cls, name: str, factory: type[Recommender], arrays: Arrays) -> Self:
        """What ``to_arrays`` gave, for a recommender of that class."""
        own = {key.removeprefix(_MODEL): array for key, array in arrays.items() if key.startswith(_MODEL)}
        groups = {
            key.removeprefix(_GROUPS): tuple(array.tolist())
            for key, array in arrays.items()
            if key.startswith(_GROUPS)
        }
        shelf = Shelf(arrays["item_ids"], arrays["available"], groups)
        return cls(name, factory.from_arrays(own), shelf, arrays["fill"])

    # -- one block ----------------------------------------------------------------------------------------

    def _blocks(
        self, asked: Queries, n: int, exclude: Collection[str], masked: CSR
    ) -> Iterator[tuple[Queries, Top]]:
        index = self.shelf.index
        allowed = self.shelf.available.copy()
        allowed[[index[item_id] for item_id in exclude if item_id in index]] = False
        for start in range(0, len(asked), _BLOCK):
            block = asked.block(start, start + _BLOCK)
            out = None if masked is None else masked[start : start + _BLOCK]
            scores = self.model.score(block)
            yield (
                block,
                top(scores, max(n, 0), self._tie, allowed=allowed, masked=out, fill=self._order),
            )

    def _told(self, asked: Queries, row: int, best: Top) -> list[Recommendation]:
        own = int(best.own[row])
        items = best.items[row]
        scores = best.scores[row, :own].tolist()
        causes = self.model.explain(asked, row, items[:own]) if own else []
        told = [
            self._reasoned(asked, row, item, score, cause)
            for item, score, cause in zip(items[:own].tolist(), scores, causes, strict=True)
        ]
        floor = min(scores[-1], 0.0) if scores else 0.0
        return told + [
            Recommendation(
                str(self.shelf.item_ids[item]), floor + _FLOOR * (float(self.fill[item]) - 1), POPULAR
            )
            for item in items[own:].tolist()
            if item >= 0
        ]

    def _reasoned(self, asked: Queries, row: int, item: int, score: float, causes: Causes) -> Recommendation:
        item_id = str(self.shelf.item_ids[item])
        start = int(asked.indptr[row])
        named: list[str] = []
        reason, least = self.model.REASON, 0.0
        for place, part in causes:
            source = int(asked.item[start + place])
            if part <= 0 or part < least or len(named) == _CAUSES:
                break
            if source == item:
                continue
            told = self.model.REASON or _REASONS.get(KINDS[asked.kind[start + place]], _LOOKED)
            if not named:
                reason, least = told, _SHARE * part
            cause = str(self.shelf.item_ids[source])
            if told == reason and cause not in named:
                named.append(cause)
        return Recommendation(item_id, score, reason or FOR_YOU, tuple(named))
