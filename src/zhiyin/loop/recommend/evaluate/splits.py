"""all events → what models may learn from, and questions about the rest: by time, last of each, customers held
out, files as given, sessions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np

from zhiyin.domain.errors import Conflict
from zhiyin.domain.text import say
from zhiyin.loop.recommend.data import CSR, I32, I64, NEVER, Bool, Data, Log, Queries
from zhiyin.loop.recommend.evaluate.slices import by_activity, by_segment
from zhiyin.loop.recommend.evaluate.task import ALL, Protocol, RatingTask, Task, digest, pairs

Overlap = Literal["drop", "keep", "refuse"]


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
    return _of_pairs(
        train,
        test,
        before,
        candidates,
        split="time",
        cut=_told(cut),
        until=_told(until),
        kinds=(kind,) if kind else _kinds(data),
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
    return _of_pairs(
        train,
        test,
        train.log.rows(train.log.weight > 0),
        candidates,
        split="last",
        cut="last event of each customer" if hold == 1 else f"event {hold} from the end of each customer",
        kinds=(kind,) if kind else _kinds(data),
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
    return _of_pairs(
        train,
        test,
        folded.log,
        data.catalogue.available & learned(train) if only_learned else data.catalogue.available,
        split="users",
        cut=f"{count} customers held out, {fold_in:g} of the items of each told",
        kinds=_kinds(data),
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
    return _of_pairs(
        train,
        test,
        train.log.rows(train.log.weight > 0),
        candidates,
        split="given",
        cut="as given",
        kinds=_kinds(train),
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
        kinds=_kinds(train),
        mask_seen=False,
        filled=True,
        questions=count,
        users=int(units.max(initial=-1)) + 1,
        items=int(candidates.sum()),
        train_rows=len(train.log),
        test_rows=count,
        overlap=0,
        overlap_rule="keep",
        unknown_items=_unknown(answers, train),
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


def learned(data: Data) -> Bool:
    """The items that somebody took in training."""
    return np.bincount(data.log.item, minlength=data.items) > 0


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


def keys(log: Log, items: int) -> I64:
    """A number for each row that stands for its pair of customer and item, of so many items."""
    return log.user.astype(np.int64) * max(items, 1) + log.item


def replace_log(data: Data, log: Log, *, now: int | None = None) -> Data:
    """The data with another log; the moment stays unless told."""
    catalogue = data.catalogue
    if now is not None:  # when an item will first be seen is not known yet
        catalogue = replace(
            catalogue, seen_first=np.where(catalogue.seen_first < now, catalogue.seen_first, NEVER)
        )
    return Data(
        log=log,
        users=data.users,
        catalogue=catalogue,
        customers=data.customers,
        now=data.now if now is None else now,
        kinds=data.kinds,
        timed=data.timed,
    )


# -- what the splits share --------------------------------------------------------------------------------


def _of_pairs(
    train: Data,
    test: Log,
    before: Log,
    candidates: Bool,
    *,
    split: str,
    cut: str,
    until: str = "",
    kinds: tuple[str, ...],
    repeats: bool,
    overlap: Overlap,
    latest: int,
    asked_at: I64 | int | None = None,
    histories: Data | None = None,
    most: int | None = None,
    rng: np.random.Generator | None = None,
) -> Task:
    """The task of the pairs of ``test``; ``before`` holds what is masked, and counts as overlap."""
    shape = (train.users, train.items)
    wanted, had = pairs(test.user, test.item, shape), pairs(before.user, before.item, shape)
    both = _common(wanted, had)
    overlapping = int(both.sum())
    negotiable = not repeats and split in ("given", "last")
    if overlapping and negotiable and overlap == "refuse":
        raise Conflict(
            say("Training and test overlap."),
            why=say("{n} pairs of customer and item are in both.", n=overlapping),
            fix=say("Split again, or choose --overlap drop or keep."),
        )
    drop = not repeats and (overlap == "drop" or not negotiable)
    if drop and overlapping:
        wanted = _without(wanted, both)
    users = np.flatnonzero(np.diff(wanted.indptr))
    if most is not None and len(users) > most:
        assert rng is not None
        users = users[np.sort(rng.choice(len(users), most, replace=False))]
    targets = wanted[users]
    nothing = pairs([], np.array([], dtype=np.int64), (len(users), train.items))
    masked = nothing if repeats else had[users]
    source = histories or train
    moments = (
        None
        if asked_at is None
        else np.broadcast_to(np.asarray(asked_at, dtype=np.int64), train.users)[users]
    )
    asked = _asked(source, users, moments, latest)
    protocol = Protocol(
        split=split,
        cut=cut,
        until=until,
        kinds=kinds,
        mask_seen=not repeats,
        filled=True,
        questions=len(users),
        users=len(users),
        items=int(candidates.sum()),
        train_rows=len(train.log),
        test_rows=len(test),
        overlap=overlapping,
        overlap_rule="keep" if repeats or not drop else "drop",
        unknown_items=_unknown(test.item, train),
        digest=digest(train, targets),
    )
    slices = {"activity": by_activity(np.diff(asked.indptr))} if len(users) else {}
    if (segments := by_segment(asked.segment)) is not None:
        slices["segment"] = segments
    return Task(
        train, asked, targets, masked, candidates, protocol, users.astype(np.int32), moments, slices=slices
    )


def _asked(source: Data, users: Any, moments: I64 | None, latest: int) -> Queries:
    """The histories of customers, each asked at its own moment: ages count back from there."""
    if moments is None or not source.timed or (len(moments) and (moments == source.now).all()):
        return source.queries(users, latest=latest)
    late = np.full(source.users, 0, dtype=np.int64)
    late[users] = source.now - moments
    log = source.log
    # everything of a customer is moved by the same time, so the order within each stays
    moved = Log(
        log.user, log.item, log.at + late[log.user], log.kind, log.weight, log.session, log.basket, log.rating
    )
    return replace_log(source, moved).queries(users, latest=latest)


def _common(wanted: CSR, had: CSR) -> Bool:
    """Which cells of ``wanted`` are in ``had``."""
    return np.isin(_cells(wanted), _cells(had), assume_unique=True)


def _cells(matrix: CSR) -> I64:
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return np.asarray(rows * max(matrix.shape[1], 1) + matrix.indices, dtype=np.int64)


def _without(matrix: CSR, gone: Bool) -> CSR:
    rows, columns = np.divmod(_cells(matrix)[~gone], max(matrix.shape[1], 1))
    return pairs(rows, columns, matrix.shape)


def _unknown(items: I32, train: Data) -> int:
    known = learned(train)
    return int((~known[np.unique(items)]).sum())


def _kinds(data: Data) -> tuple[str, ...]:
    found = np.unique(data.log.kind)
    return tuple(data.kinds[number] for number in found.tolist())


def _told(at: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()
    except OverflowError:
        return str(at)
