"""all events → what models may learn from, and questions about the rest: by time, last of each, customers held
out, files as given, sessions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from zhiyin.loop.recommend.arrays import I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate.asking import (
    Overlap,
    kinds_of,
    learned,
    of_pairs,
    replace_log,
    unknown,
)
from zhiyin.loop.recommend.evaluate.slices import by_activity
from zhiyin.loop.recommend.evaluate.task import ALL, Protocol, RatingTask, Task, digest, pairs
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries


def by_time(
    data: Data,
    cut: int,
    until: int,
    *,
    repeats: bool = False,
    kind: str | None = None,
    only_learned: bool = False,
    latest: int = ALL,
    most: int | None = None,
    rng: np.random.Generator,
) -> Task:
    """Customers known before ``cut``, asked then what they will take from ``cut`` to before ``until``.

    Right answers are items on offer, of events of ``kind`` (any kind by default), and without ``repeats`` only
    items new to the customer: those taken before are not shown. ``only_learned`` offers only items that somebody
    had before the cut. ``latest`` events of each history are told, ``most`` customers asked, drawn at random.
    """
    log = data.log
    wanted = np.ones(len(log), dtype=np.bool_) if kind is None else log.kind == data.kinds.index(kind)
    wanted &= log.weight > 0
    train = replace_log(data, log.rows(log.at < cut), now=cut)
    test = log.rows(wanted & (log.at >= cut) & (log.at < until))
    candidates = data.catalogue.available
    if only_learned:
        candidates = candidates & learned(train)
    known = np.bincount(train.log.user, minlength=data.users) > 0
    test = test.rows(known[test.user] & data.catalogue.available[test.item])
    before = log.rows(wanted & (log.at < cut))
    return of_pairs(
        train,
        test,
        before,
        candidates,
        split="time",
        cut=_told(cut),
        until=_told(until),
        kinds=(kind,) if kind else kinds_of(data),
        repeats=repeats,
        overlap="drop",
        latest=latest,
        asked_at=cut,
        most=most,
        rng=rng,
    )


def leave_last(
    data: Data,
    *,
    hold: int = 1,
    repeats: bool = False,
    kind: str | None = None,
    overlap: Overlap = "drop",
    only_learned: bool = False,
    latest: int = ALL,
    most: int | None = None,
    rng: np.random.Generator | None = None,
) -> Task:
    """Everybody's last event is the answer, all before it the history; ``hold=2`` holds the last out unseen
    and asks for the one before it, which is how to choose parameters.

    Each question is asked at the moment of its answer. Other customers' later events are learned from, as in the
    tables of the sequence papers: compare models with it, do not promise its figures to a shop.
    """
    log = data.log
    order = np.argsort(log.user, kind="stable")
    counts = np.bincount(log.user, minlength=data.users)
    ends = np.cumsum(counts)
    asked = counts > hold
    if kind is not None:
        asked[asked] &= log.kind[order[ends[asked] - hold]] == data.kinds.index(kind)
    gone = np.zeros(len(log), dtype=np.bool_)
    for back in range(1, hold + 1):
        gone[order[ends[counts > back] - back]] = True
    train = replace_log(data, log.rows(~gone))
    answers = np.sort(order[ends[asked] - hold])
    test = log.rows(answers)
    candidates = data.catalogue.available & learned(train) if only_learned else data.catalogue.available
    moments = np.full(data.users, data.now, dtype=np.int64)
    moments[test.user] = test.at
    return of_pairs(
        train,
        test,
        train.log.rows(train.log.weight > 0),
        candidates,
        split="last",
        cut="last event of each customer" if hold == 1 else f"event {hold} from the end of each customer",
        kinds=(kind,) if kind else kinds_of(data),
        repeats=repeats,
        overlap=overlap,
        latest=latest,
        asked_at=moments if data.timed else None,
        most=most,
        rng=rng,
    )


def held_out_users(
    data: Data,
    share: float,
    rng: np.random.Generator,
    *,
    fold_in: float = 0.8,
    only_learned: bool = False,
) -> Task:
    """Strong generalisation (Liang et al. 2018): a ``share`` of the customers is never learned from; of each, a
    part ``fold_in`` of the items, drawn at random, is told, and the rest are the answers.
    """
    log = data.log.rows(data.log.weight > 0)
    have = pairs(log.user, log.item, (data.users, data.items))
    able = np.flatnonzero(np.diff(have.indptr) > 1)
    count = min(len(able), max(1, round(len(able) * share)))
    held = np.sort(rng.choice(able, count, replace=False)) if count else able
    out = np.zeros(data.users, dtype=np.bool_)
    out[held] = True
    told = np.zeros(have.nnz, dtype=np.bool_)
    for user in held:
        start, end = have.indptr[user : user + 2]
        keep = min(max(1, int((end - start) * fold_in)), end - start - 1)
        told[start + rng.permutation(end - start)[:keep]] = True
    # (user, item) → whether it is told, looked up in the sorted cells
    cells = np.repeat(np.arange(data.users), np.diff(have.indptr)) * max(data.items, 1) + have.indices
    place = np.searchsorted(cells, log.user.astype(np.int64) * max(data.items, 1) + log.item)
    known, theirs = told[place], out[log.user]
    train = replace_log(data, data.log.rows(~out[data.log.user]))
    folded = replace_log(data, log.rows(theirs & known))
    test = log.rows(theirs & ~known)
    return of_pairs(
        train,
        test,
        folded.log,
        data.catalogue.available & learned(train) if only_learned else data.catalogue.available,
        split="users",
        cut=f"{count} customers held out, {fold_in:g} of the items of each told",
        kinds=kinds_of(data),
        repeats=False,
        overlap="drop",
        latest=ALL,
        histories=folded,
    )


def given(
    train: Data,
    test: Log,
    *,
    mask_seen: bool = True,
    overlap: Overlap = "drop",
    only_learned: bool = True,
    latest: int = ALL,
) -> Task:
    """Training and test as somebody else split them. Everybody in the test is asked, new customers too.

    ``test`` counts customers and items as ``train`` does. Where seen items are masked, a pair in both files
    cannot be found: it is dropped, kept as a miss, or refused (``Conflict``), as ``overlap`` says.
    """
    test = test.rows(test.weight > 0)
    candidates = train.catalogue.available & learned(train) if only_learned else train.catalogue.available
    return of_pairs(
        train,
        test,
        train.log.rows(train.log.weight > 0),
        candidates,
        split="given",
        cut="as given",
        kinds=kinds_of(train),
        repeats=not mask_seen,
        overlap=overlap,
        latest=latest,
    )


def sessions(train: Data, prefixes: Queries, answers: I32, *, only_learned: bool = True) -> Task:
    """The next item of each running session. Items may repeat, and do: nothing is masked.

    Prefixes of one session, each an item longer or shorter than the one before, are drawn together when
    intervals are made, since they are not independent.
    """
    count = len(prefixes)
    targets = pairs(np.arange(count), answers, (count, train.items))
    candidates = train.catalogue.available & learned(train) if only_learned else train.catalogue.available
    units = nested(prefixes, answers)
    nobody = np.full(count, -1, dtype=np.int32)
    protocol = Protocol(
        split="sessions",
        cut="as given",
        until="",
        kinds=kinds_of(train),
        mask_seen=False,
        filled=True,
        questions=count,
        users=int(units.max(initial=-1)) + 1,
        items=int(candidates.sum()),
        train_rows=len(train.log),
        test_rows=count,
        overlap=0,
        overlap_rule="keep",
        unknown_items=unknown(answers, train),
        digest=digest(train, targets),
    )
    nothing = pairs([], np.array([], dtype=np.int64), (count, train.items))
    found = Task(train, prefixes, targets, nothing, candidates, protocol, nobody, units=units)
    return replace(found, slices={"activity": by_activity(np.diff(prefixes.indptr))}) if count else found


def ratings(train: Data, test: Log) -> RatingTask | None:
    """The ratings of the test by customers and of items that training knows or not; None where nobody rated."""
    if train.log.rating is None or test.rating is None:
        return None
    order = np.lexsort((test.item, test.user))
    rated = order[np.isfinite(test.rating[order])]
    return RatingTask(train, test.user[rated], test.item[rated], test.rating[rated])


def nested(prefixes: Queries, answers: I32) -> I32:
    """The session of each question: numbers that go on while one prefix and its answer make up the next one,
    or the one before it.
    """
    session = np.zeros(len(prefixes), dtype=np.int32)
    starts, items = prefixes.indptr.tolist(), prefixes.item.tolist()
    before: list[int] = []
    before_whole: list[int] = []
    number = -1
    for place, answer in enumerate(answers.tolist()):
        prefix = items[starts[place] : starts[place + 1]]
        whole = [*prefix, answer]
        if not place or (whole != before and prefix != before_whole):
            number += 1
        session[place] = number
        before, before_whole = prefix, whole
    return session


def _told(at: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()
    except OverflowError:
        return str(at)
