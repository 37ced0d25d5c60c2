"""all events → what a ranker learns from: the questions of the last days, what members named, and what was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyin.domain.placement import Question
from zhiyin.loop.recommend.arrays import CSR, DAY, F32, I64, Bool
from zhiyin.loop.recommend.candidates import Candidates
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate import placed, splits
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.log import KINDS
from zhiyin.loop.recommend.queries import LATEST, Queries

NEXT, SESSION, BASKET = (question.value for question in Question)
_ASKED: Mapping[str, int] = {NEXT: 3_000, SESSION: 1_500, BASKET: 1_500}  # more are slower, hardly better
_FEWEST = 20  # questions with an answer among the candidates; fewer teach nothing
_IN_BASKET = KINDS.index("basket")


@dataclass(frozen=True, slots=True)
class Lesson:
    """Candidates of many questions: their numbers, where each question's begin, and 1 for what was taken."""

    features: F32
    starts: I64
    gains: F32


def cut(data: Data, window: float) -> int | None:
    """When the last ``window`` days began, at most a fifth of all the time; None without events."""
    log = data.log
    if not len(log):
        return None
    last, first = int(log.at[-1]), int(log.at[0])
    return data.now - min(int(window * DAY), data.now - last + (last - first) // 5)


def before(data: Data, cut: int) -> Data:
    """What was known then."""
    return placed.before(data, cut)


def tasks(data: Data, before: Data, cut: int, rng: np.random.Generator) -> dict[str, Task]:
    """The questions of the days since ``cut``, of each kind that there are any of, the same as placements ask."""
    bought = data.log.kind == data.kinds.index(placed.BOUGHT)
    kind = placed.BOUGHT if bought[data.log.at >= cut].any() else None
    found = {
        NEXT: splits.by_time(
            data, cut, data.now, repeats=True, kind=kind, latest=LATEST, most=_ASKED[NEXT], rng=rng
        )
    }
    for question in (Question.SESSION, Question.BASKET):
        found[question.value] = placed.placed(
            data, before, question, cut, data.now, repeats=True, most=_ASKED[question.value], rng=rng
        )
    return {which: task for which, task in found.items() if len(task)}


def visited(data: Data) -> bool:
    """Whether anybody was seen to do more than buy."""
    log = data.log
    return bool((log.session >= 0).any() or (log.kind != data.kinds.index(placed.BOUGHT)).any())


def which(asked: Queries) -> dict[str, Bool]:
    """Of which kind each question is: it knows an item that is being looked at, or a basket, or neither."""
    session = asked.context >= 0
    basket = np.zeros(len(asked), dtype=np.bool_)
    basket[asked.row_of()[asked.kind == _IN_BASKET]] = True
    return {SESSION: session, BASKET: basket & ~session, NEXT: ~session & ~basket}


def lesson(parts: Sequence[tuple[Candidates, CSR]], *, new: bool = False) -> Lesson | None:
    """Of the questions that have an answer among the candidates, all of these, or those ``new`` to the customer.

    Each part is a block of questions: its candidates, and the right answers, questions x items. None where they
    are too few to learn from.
    """
    rows, features, gains = [], [], []
    size = 0
    for found, answers in parts:
        gained = answers.toarray()[found.row, found.item]
        wanted = ~found.own if new else np.ones(len(found.row), dtype=np.bool_)
        answered = np.zeros(answers.shape[0], dtype=np.bool_)
        answered[found.row[wanted & (gained > 0)]] = True
        wanted &= answered[found.row]
        rows.append(size + found.row[wanted])
        features.append(found.features[wanted])
        gains.append(gained[wanted])
        size += answers.shape[0]
    row = np.concatenate(rows)
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    if len(starts) < _FEWEST:
        return None
    return Lesson(np.concatenate(features), starts, np.concatenate(gains).astype(np.float32))
