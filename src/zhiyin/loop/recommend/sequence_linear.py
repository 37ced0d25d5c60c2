"""What comes next, by linear regression: the chain of ``markov``, with what a history says twice counted once.

Each event of the log is an answer, the events before it its context, faded by ``fade`` a step. With C the contexts
and Y the answers, what comes g steps later counting 1/(g + 1) as well, T = CᵀY, and the weights are

    B = (CᵀC + l2 I)⁻¹ (T + backward · Tᵀ) D^-columns,     D = how often each item was taken.

This is the linear item transition model of Choi et al. (Session-aware linear item-item models for session-based
recommendation, WWW 2021) with whole histories for sessions; the way back and D are ours.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy import linalg, sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32, I64
from zhiyin.loop.recommend.data import Data, Ragged
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.markov import causes, each_event, faded, spoken, stepped
from zhiyin.loop.recommend.packing import packed, unpacked
from zhiyin.loop.recommend.queries import Queries


class SequenceLinear(Recommender):
    """Items by regression of what people took on what they had taken just before.

    ``context`` is how many steps back an event still explains another while learning, ``gaps`` how many steps on
    answers reach, ``backward`` what the way back counts, ``fade`` what a step further back counts next to the one
    after it, in learning and in asking. ``l2`` distrusts what was seen rarely, ``columns`` is the power above. Of
    a large catalogue the ``most`` items taken most take part, since the inverse is dense. Each target keeps ``k``
    sources.
    """

    PARAMETERS: ClassVar[Space] = {
        "gaps": (10, 5, 20),
        "context": (20, 10, 50),
        "backward": (0.5, 1.0, 0.0),
        "fade": (0.85, 0.9, 0.7),
        "l2": (300.0, 100.0, 30.0, 1000.0),
        "columns": (0.15, 0.3, 0.0),
        "most": (6000,),
        "k": (500,),
    }
    REASON: ClassVar[str] = "because_sequence"
    LINEAR: ClassVar[bool] = True

    def __init__(
        self,
        gaps: int = 10,
        context: int = 20,
        backward: float = 0.5,
        fade: float = 0.85,
        l2: float = 300.0,
        columns: float = 0.15,
        most: int = 6000,
        k: int = 500,
    ) -> None:
        self.gaps = gaps
        self.context = context
        self.backward = backward
        self.fade = fade
        self.l2 = l2
        self.columns = columns
        self.most = most
        self.k = k

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        sequences = data.sequences()
        taken = np.bincount(sequences.items, minlength=data.items)
        known = np.flatnonzero(taken)
        if len(known) > self.most:
            known = np.sort(known[np.lexsort((known, -taken[known]))[: self.most]])
        weights = np.zeros((0, 0), dtype=np.float32)
        if len(known):
            before = around(
                sequences, known, [(-step, self.fade ** (step - 1)) for step in _count(self.context)]
            )
            after = around(sequences, known, [(step - 1, 1 / step) for step in _count(self.gaps)])
            gram = (before.T @ before).toarray()
            gram[np.diag_indices_from(gram)] += np.float32(self.l2)
            on = (before.T @ after).toarray()
            on += np.float32(self.backward) * on.T.copy()
            factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
            weights = linalg.cho_solve(factor, on, overwrite_b=True, check_finite=False)
            weights /= taken[known].astype(np.float32) ** np.float32(self.columns)
        self.weights_ = _sparse(weights, known, data.items, self.k)
        return self

    def score(self, asked: Queries) -> F32:
        return spoken(stepped(asked, faded(asked, self.fade), self.weights_.shape[0]) @ self.weights_)

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        parts = each_event(one, faded(one, self.fade), self.weights_.shape[0]) @ self.weights_
        return [causes(column) for column in parts[:, items].toarray().T]

    def to_arrays(self) -> Arrays:
        return {"fade": np.array(self.fade), **packed("weights", self.weights_)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(fade=arrays["fade"].item())
        self.weights_ = unpacked("weights", arrays)
        return self


def around(sequences: Ragged, known: Any, shifts: list[tuple[int, float]]) -> CSR:
    """Events x ``known`` items, float32: for each (steps, worth), what the same customer took so many steps later
    (earlier where negative) than the event."""
    size = len(sequences.items)
    owner = np.repeat(np.arange(len(sequences)), np.diff(sequences.indptr))
    number = np.full(max(sequences.items.max(initial=-1), known.max(initial=-1)) + 1, -1, dtype=np.int64)
    number[known] = np.arange(len(known))
    column = number[sequences.items]
    rows, columns, worths = [], [], []
    for steps, worth in shifts:
        row = np.arange(max(0, -steps), min(size, size - steps))
        row = row[(owner[row] == owner[row + steps]) & (column[row + steps] >= 0)]
        rows.append(row)
        columns.append(column[row + steps])
        worths.append(np.full(len(row), worth, dtype=np.float32))
    cells = np.concatenate(worths), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(cells, shape=(size, len(known)))


def _sparse(weights: F32, known: I64, size: int, k: int) -> CSR:
    """The ``k`` largest of each column, by size, among all items."""
    kept = weights != 0
    if len(known) > k:
        bar = np.partition(np.abs(weights), len(known) - k, axis=0)[len(known) - k]
        kept &= np.abs(weights) >= bar
    row, column = np.nonzero(kept)
    counts = np.zeros(size + 1, dtype=np.int64)
    counts[known + 1] = np.bincount(row, minlength=len(known))
    return sparse.csr_array((weights[kept], known[column], np.cumsum(counts)), shape=(size, size))


def _count(steps: int) -> range:
    return range(1, steps + 1)
