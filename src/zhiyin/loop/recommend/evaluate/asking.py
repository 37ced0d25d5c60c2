"""pairs of the test + what training knows → a task: histories told, seen items masked, overlap counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from zhiyin.domain.errors import Conflict
from zhiyin.domain.text import say
from zhiyin.loop.recommend.arrays import CSR, I32, I64, Bool
from zhiyin.loop.recommend.catalogue import NEVER
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate.slices import by_activity, by_segment
from zhiyin.loop.recommend.evaluate.task import Protocol, Task, digest, pairs
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries

Overlap = Literal["drop", "keep", "refuse"]


def of_pairs(
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
        unknown_items=unknown(test.item, train),
        digest=digest(train, targets),
    )
    slices = {"activity": by_activity(np.diff(asked.indptr))} if len(users) else {}
    if (groups := train.customers.groups.get("segment")) is not None:
        slices["segment"] = by_segment(asked.groups["segment"], groups.names)
    return Task(
        train, asked, targets, masked, candidates, protocol, users.astype(np.int32), moments, slices=slices
    )


def learned(data: Data) -> Bool:
    """The items that somebody took in training."""
    return np.bincount(data.log.item, minlength=data.items) > 0


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


def unknown(items: I32, train: Data) -> int:
    """How many of the items nobody took in training."""
    known = learned(train)
    return int((~known[np.unique(items)]).sum())


def kinds_of(data: Data) -> tuple[str, ...]:
    """The kinds of event that the data hold."""
    found = np.unique(data.log.kind)
    return tuple(data.kinds[number] for number in found.tolist())
