"""all events → the questions of a placement from a stretch of time: next purchases, next in the visit, the basket.

Everybody learns from what came before the stretch; a question knows the customer's history up to its own moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from zhiyin.domain.placement import Question
from zhiyin.loop.recommend.arrays import DAY, Bool
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.asking import replace_log
from zhiyin.loop.recommend.evaluate.slices import by_activity
from zhiyin.loop.recommend.evaluate.task import Protocol, Task, digest, pairs
from zhiyin.loop.recommend.log import KINDS
from zhiyin.loop.recommend.queries import LATEST, Queries

BOUGHT = "bought"
_LOOKS = ("viewed", "added")
_IN_BASKET = KINDS.index("basket")


def before(data: Data, cut: int) -> Data:
    """What models may learn from for questions from ``cut`` on."""
    return replace_log(data, data.log.rows(data.log.at < cut), now=cut)


def placed(
    data: Data,
    train: Data,
    question: Question,
    cut: int,
    until: int,
    *,
    repeats: bool,
    most: int,
    rng: np.random.Generator,
) -> Task:
    """At most ``most`` questions of a kind from ``cut`` to before ``until``, drawn at random where there are more.

    ``train`` is ``before(data, cut)``, shared by all tasks of the same stretch.
    """
    if question is Question.SESSION:
        return _session(data, train, cut, until, most, rng)
    if question is Question.BASKET:
        return _basket(data, train, cut, until, most, rng)
    found = splits.by_time(data, cut, until, repeats=repeats, kind=BOUGHT, latest=LATEST, most=most, rng=rng)
    return replace(found, data=train)


def _session(data: Data, train: Data, cut: int, until: int, most: int, rng: np.random.Generator) -> Task:
    """Who looked at an item and later in the same visit turned to another: which?"""
    visits, log = data.sessions(), data.log
    kind = log.kind[visits.rows]
    looked = np.isin(kind, [KINDS.index(name) for name in _LOOKS])
    visit = np.repeat(np.arange(len(visits)), np.diff(visits.indptr))
    goes_on = np.zeros(len(kind), dtype=np.bool_)
    goes_on[:-1] = (
        (visit[1:] == visit[:-1])
        & (visits.items[1:] != visits.items[:-1])
        & (visits.at[1:] > visits.at[:-1])  # lines of one order have no order among themselves
        & data.catalogue.available[visits.items[1:]]
    )
    goes_on &= looked & (visits.at >= cut) & (visits.at < until)
    goes_on[:-1] &= visits.at[1:] < until
    places = _drawn(np.flatnonzero(goes_on), most, rng)
    rows = visits.rows[places]
    asked = _histories(data, rows, inclusive=True, now=until, context=log.item[rows])
    answers = visits.items[places + 1] if len(places) else visits.items[:0]
    return _task(
        data,
        train,
        asked,
        users=log.user[rows],
        moments=log.at[rows],
        answers=answers,
        out=[[int(item)] for item in log.item[rows]],
        units=np.unique(visit[places], return_inverse=True)[1].astype(np.int32),
        split="session",
        cut=cut,
        until=until,
        kinds=(*_LOOKS, BOUGHT),
    )


def _basket(data: Data, train: Data, cut: int, until: int, most: int, rng: np.random.Generator) -> Task:
    """Of each order of several items one, drawn at random, is left out: which?

    What the customer did with it in the day before is left out as well: who puts it into the basket tells.
    """
    orders, log = data.baskets(), data.log
    lists = []
    for number in range(len(orders)):
        start, end = orders.indptr[number : number + 2]
        if cut <= orders.at[start] < until:
            items = np.unique(orders.items[start:end])
            on_offer = items[data.catalogue.available[items]]
            if len(items) > 1 and len(on_offer):
                lists.append((int(orders.rows[start]), items, on_offer))
    lists = [lists[place] for place in _drawn(np.arange(len(lists)), most, rng)]
    rows = np.array([row for row, _, _ in lists], dtype=np.int64)
    answers = np.array([rng.choice(on_offer) for _, _, on_offer in lists], dtype=np.int32)
    rest = [items[items != answer] for (_, items, _), answer in zip(lists, answers, strict=True)]
    return _task(
        data,
        train,
        _histories(data, rows, inclusive=False, now=until, baskets=rest, answers=answers),
        users=log.user[rows],
        moments=log.at[rows],
        answers=answers,
        out=[items.tolist() for items in rest],
        units=None,
        split="basket",
        cut=cut,
        until=until,
        kinds=(BOUGHT,),
    )


def _drawn(places: Any, most: int, rng: np.random.Generator) -> Any:
    if len(places) <= most:
        return places
    return np.sort(rng.choice(places, most, replace=False))


def _histories(
    data: Data,
    rows: Any,
    *,
    inclusive: bool,
    now: int,
    context: Any = -1,
    baskets: Sequence[Any] = (),
    answers: Any = (),
) -> Queries:
    """The history of the customer of each row of the log, up to that row, or to before its moment.

    ``baskets`` come after them. Ages count back from the moment of the row. Of the last day nothing is told that
    was done with the item of ``answers``.
    """
    log, all_of = data.log, data.sequences()
    place = np.empty(len(log), dtype=np.int64)
    place[all_of.rows] = np.arange(len(log))
    parts: list[Any] = []
    lengths = []
    for number, row in enumerate(rows.tolist()):
        start = int(all_of.indptr[log.user[row]])
        if inclusive:
            end = int(place[row]) + 1
        else:
            own = all_of.at[start : int(all_of.indptr[log.user[row] + 1])]
            end = start + int(np.searchsorted(own, log.at[row]))
        taken = all_of.rows[max(start, end - LATEST) : end]
        if len(answers):
            taken = taken[(log.item[taken] != answers[number]) | (log.at[taken] < log.at[row] - DAY)]
        extra = baskets[number] if baskets else ()
        later = now - int(log.at[row])
        parts.append((log.item[taken], log.at[taken] + later, log.kind[taken]))
        if len(extra):
            parts.append((extra, np.full(len(extra), now), np.full(len(extra), _IN_BASKET)))
        lengths.append(len(taken) + len(extra))
    items, at, kinds = (
        (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else ([], [], [])
    )
    return Queries.of(
        np.concatenate([[0], np.cumsum(lengths)]),
        items,
        at=np.asarray(at, dtype=np.int64),
        now=now,
        kind=np.asarray(kinds, dtype=np.int8),
        context=context,
        groups=data.customers.of(log.user[rows]),
    )


def _task(
    data: Data,
    train: Data,
    asked: Queries,
    *,
    users: Any,
    moments: Any,
    answers: Any,
    out: Sequence[Sequence[int]],
    units: Any,
    split: str,
    cut: int,
    until: int,
    kinds: tuple[str, ...],
) -> Task:
    count = len(asked)
    shape = (count, data.items)
    targets = pairs(np.arange(count), answers, shape)
    hidden = np.array([item for row in out for item in row], dtype=np.int64)
    masked = pairs(np.repeat(np.arange(count), [len(row) for row in out]), hidden, shape)
    candidates: Bool = data.catalogue.available
    protocol = Protocol(
        split=split,
        cut=_told(cut),
        until=_told(until),
        kinds=kinds,
        mask_seen=False,
        filled=True,
        questions=count,
        users=len(np.unique(users)),
        items=int(candidates.sum()),
        train_rows=len(train.log),
        test_rows=count,
        overlap=0,
        overlap_rule="keep",
        unknown_items=0,
        digest=digest(train, targets),
    )
    slices = {"activity": by_activity(np.diff(asked.indptr))} if count else {}
    return Task(
        train,
        asked,
        targets,
        masked,
        candidates,
        protocol,
        np.asarray(users, dtype=np.int32),
        np.asarray(moments, dtype=np.int64),
        units,
        slices=slices,
    )


def _told(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()
