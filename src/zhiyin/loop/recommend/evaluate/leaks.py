"""What would make a figure too good: answers that a model could learn, or read in the history it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhiyin.loop.recommend.arrays import F64, I32, I64
from zhiyin.loop.recommend.evaluate.measure import found
from zhiyin.loop.recommend.evaluate.task import Task, pairs


@dataclass(frozen=True, slots=True)
class Leak:
    """One leak: a code, and how many rows or questions it touches."""

    code: str
    count: int


def look(task: Task) -> list[Leak]:
    """Every leak in a task; none is how it must be."""
    counted = [Leak(check.__name__, check(task)) for check in CHECKS]
    return [leak for leak in counted if leak.count]


def learned_after_the_cut(task: Task) -> int:
    """Events in training that did not lie before the question, for splits by time."""
    if task.protocol.split != "time" or task.asked_at is None or not len(task):
        return 0
    return int((task.data.log.at >= task.asked_at.min()).sum())


def answers_learned(task: Task) -> int:
    """Right answers that training holds for that customer, where only new items count."""
    if not task.protocol.mask_seen or task.protocol.overlap_rule == "keep":
        return 0
    return _shared(task, task.users, task.data.log.user, task.data.log.item)


def answers_told(task: Task) -> int:
    """Right answers that stand in the history of their own question, where only new items count."""
    if not task.protocol.mask_seen or task.protocol.overlap_rule == "keep":
        return 0
    questions = np.arange(len(task), dtype=np.int32)
    return _shared(task, questions, task.asked.row_of(), task.asked.item)


def answers_masked(task: Task) -> int:
    """Right answers that cannot be shown, so that every model must miss them."""
    if task.protocol.overlap_rule == "keep":
        return 0
    rows = np.repeat(np.arange(len(task)), np.diff(task.masked.indptr))
    return _shared(task, np.arange(len(task), dtype=np.int32), rows, task.masked.indices)


def told_too_late(task: Task) -> int:
    """Questions that are told more events than their customer had before they were asked."""
    if task.asked_at is None or task.protocol.split not in ("time", "last"):
        return 0
    log, size = task.data.log, task.data.users
    moment = np.full(size, np.iinfo(np.int64).min)
    moment[task.users] = task.asked_at
    # the last event may share its moment with the one before it; a cut is shared by nothing that was learned
    late = (log.at >= moment[log.user]) if task.protocol.split == "time" else (log.at > moment[log.user])
    late &= moment[log.user] > np.iinfo(np.int64).min
    return int(np.isin(task.users, log.user[late]).sum())


CHECKS: tuple[Callable[[Task], int], ...] = (
    learned_after_the_cut,
    answers_learned,
    answers_told,
    answers_masked,
    told_too_late,
)


def canary(ranked: I32, task: Task, rng: np.random.Generator) -> F64:
    """Recall of each question where the right answers have been swapped between questions.

    Nobody can foresee these: a model that finds more of them than popularity does reads what it should not.
    """
    rows = np.repeat(np.arange(len(task)), np.diff(task.targets.indptr))
    swapped = pairs(rng.permutation(len(task))[rows], task.targets.indices, task.targets.shape)
    return np.asarray(
        found(ranked, swapped).sum(axis=1) / np.maximum(np.diff(swapped.indptr), 1), dtype=np.float64
    )


def _shared(task: Task, owners: I32, rows: I32 | I64, items: I32) -> int:
    """How many right answers are among the pairs of ``rows`` and ``items``; ``owners`` is the row of a question."""
    if not len(task) or (owners < 0).all():
        return 0
    size = max(task.data.items, 1)
    question = np.repeat(np.arange(len(task)), np.diff(task.targets.indptr))
    wanted = owners[question].astype(np.int64) * size + task.targets.indices
    return int(np.isin(wanted, rows.astype(np.int64) * size + items).sum())
