"""What tends to come next: a chain over items that also looks over gaps, and both ways in time.

T_ij sums, over everybody who took item j some g ≤ ``gaps`` steps after item i, 1/g, plus ``backward`` times the
same for j before i. A history scores ``Σ_p fade^p W_{item p}`` from its latest item (p = 0) back, where
``W = D_r^-a T D_c^-b`` tempers items that lead to much (``rows``, a) and that much leads to (``columns``, b).

The chain is that of Rendle, Freudenthaler & Schmidt-Thieme (Factorizing personalized Markov chains for
next-basket recommendation, WWW 2010) without its factors; gaps, the way back and the two powers are ours.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.data import CSR, F32, F64, I32, Data, Queries, Ragged
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.packing import packed, unpacked

_NAMES = ("gaps", "backward", "fade", "rows", "columns", "memory", "half_life", "k")


class Markov(Recommender):
    """Items by what people took soon after, and soon before, what was taken last.

    ``gaps`` is how many steps apart two items may lie, ``backward`` what the way back counts next to the way on,
    ``fade`` what a step further back in the history counts next to the one after it. ``rows`` and ``columns`` are
    the powers of the formula above. ``memory`` is a share of the log: what was learned so long before its end
    counts 1/e. ``half_life`` in days fades the history asked about. Each target keeps its ``k`` strongest sources.
    """

    PARAMETERS: ClassVar[Space] = {
        "gaps": (10, 5, 3, 1),
        "backward": (0.5, 1.0, 0.0),
        "fade": (0.8, 0.9, 0.6),
        "rows": (0.5, 0.3, 0.8),
        "columns": (0.5, 0.3, 0.0),
        "memory": (np.inf, 1.0, 0.3),
        "half_life": (np.inf, 30.0, 7.0),
        "k": (500,),
    }
    REASON: ClassVar[str] = "because_sequence"
    LINEAR: ClassVar[bool] = True

    def __init__(
        self,
        gaps: int = 10,
        backward: float = 0.5,
        fade: float = 0.8,
        rows: float = 0.5,
        columns: float = 0.5,
        memory: float = np.inf,
        half_life: float = np.inf,
        k: int = 500,
    ) -> None:
        self.gaps = gaps
        self.backward = backward
        self.fade = fade
        self.rows = rows
        self.columns = columns
        self.memory = memory
        self.half_life = half_life
        self.k = k

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        empty = sparse.csr_array((data.items, data.items), dtype=np.float32)
        return self._learnt(empty, np.zeros((2, data.items)), 0, data)

    def partial_fit(self, data: Data) -> Self:
        """Add the pairs within the new events; a pair of an old and a new event is not seen."""
        grown = data.items - len(self.masses_[0])
        pairs = sparse.csr_array(self.pairs_, copy=True)
        pairs.resize((data.items, data.items))
        return self._learnt(pairs, np.pad(self.masses_, ((0, 0), (0, grown))), self.events_, data)

    def score(self, asked: Queries) -> F32:
        steps = sparse.csr_array(
            (self._weights(asked) * self._out[asked.item], asked.item, asked.indptr),
            shape=(len(asked), len(self._out)),
        )
        looked = np.flatnonzero(asked.context >= 0)
        if len(looked):
            place = asked.context[looked]
            steps = steps + sparse.csr_array(
                (self._out[place], (looked, place)), shape=steps.shape, dtype=np.float32
            )
        found = sparse.csr_array(steps @ self.pairs_)
        scores = np.full(found.shape, -np.inf, dtype=np.float32)
        row = np.repeat(np.arange(len(asked)), np.diff(found.indptr))
        scores[row, found.indices] = found.data * self._in[found.indices]
        scores[scores <= 0] = -np.inf
        return scores

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        weights = self._weights(one) * self._out[one.item]
        parts = self.pairs_[one.item][:, items].toarray() * weights[:, None] * self._in[items]
        return [causes(column) for column in parts.T]

    def to_arrays(self) -> Arrays:
        return {
            **{name: np.array(getattr(self, name)) for name in _NAMES},
            "events": np.array(self.events_),
            "masses": self.masses_,
            **packed("pairs", self.pairs_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(**{name: arrays[name].item() for name in _NAMES})
        return self._ready(unpacked("pairs", arrays), arrays["masses"], arrays["events"].item())

    def _learnt(self, pairs: CSR, masses: F64, events: int, data: Data) -> Self:
        """With the pairs of ``data`` added to those of ``events`` older ones."""
        log = data.log
        total = events + len(log)
        new = transitions(
            data.sequences(),
            data.items,
            gaps=self.gaps,
            backward=self.backward,
            weight=_remembered(np.arange(events, total), total, self.memory),
        )
        old = np.float32(_remembered(np.array([events]), total, self.memory)[0])
        pairs = sparse.csr_array(pairs * old + new)
        masses = masses * old + np.stack([new.sum(axis=1), new.sum(axis=0)])
        pairs = pruned(pairs, _power(masses[0], self.rows), self.k)
        return self._ready(pairs, masses, total)

    def _ready(self, pairs: CSR, masses: F64, events: int) -> Self:
        self.pairs_ = pairs
        self.masses_ = masses
        self.events_ = events
        self._out = _power(masses[0], self.rows)
        self._in = _power(masses[1], self.columns)
        return self

    def _weights(self, asked: Queries) -> F32:
        """What each event counts; an item that is being looked at comes after all of them."""
        lengths = np.diff(asked.indptr)
        back = np.repeat(asked.indptr[1:], lengths) - 1 - np.arange(len(asked.item))
        back += np.repeat(asked.context >= 0, lengths)
        return (asked.faded(self.half_life) * np.float32(self.fade) ** back).astype(np.float32)


def transitions(sequences: Ragged, size: int, *, gaps: int, backward: float, weight: F32) -> CSR:
    """T, from item x to item, float32. ``weight`` is that of each event of the log as the later of a pair."""
    items = sequences.items
    owner = np.repeat(np.arange(len(sequences)), np.diff(sequences.indptr))
    later = weight[sequences.rows]
    on = sparse.csr_array((size, size), dtype=np.float32)
    for gap in range(1, gaps + 1):
        pair = np.flatnonzero(owner[gap:] == owner[:-gap])
        if not len(pair):
            break
        worth = later[pair + gap] / np.float32(gap)
        on = on + sparse.csr_array((worth, (items[pair], items[pair + gap])), shape=(size, size))
    both = sparse.csr_array(on + np.float32(backward) * on.T) if backward else on
    both.sort_indices()
    return both


def pruned(weights: CSR, lifts: F32, k: int) -> CSR:
    """The matrix with at most ``k`` sources (rows) for each target, the strongest after their ``lifts``."""
    columns = np.bincount(weights.indices, minlength=weights.shape[1])
    if columns.max(initial=0) <= k:
        return weights
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    strength = weights.data * lifts[row]
    order = np.lexsort((row, -strength, weights.indices))
    starts = np.cumsum(columns) - columns
    place = np.arange(len(order)) - starts[weights.indices[order]]
    kept = np.sort(order[place < k])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=weights.shape[0]))])
    return sparse.csr_array((weights.data[kept], weights.indices[kept], indptr), shape=weights.shape)


def causes(parts: F32) -> Causes:
    """The positive parts of a score by their places in the history, the largest first."""
    places = np.flatnonzero(parts > 0)
    ordered = places[np.argsort(-parts[places], kind="stable")]
    return [(int(place), float(parts[place])) for place in ordered]


def _remembered(place: Any, total: int, memory: float) -> F32:
    """What an event counts by its place in a log of ``total``."""
    return np.exp((place / max(total, 1) - 1) / memory).astype(np.float32)


def _power(mass: F64, power: float) -> F32:
    """1 / mass^power, 0 where there is no mass."""
    found = np.zeros(len(mass), dtype=np.float32)
    np.divide(1.0, np.maximum(mass, 1e-12) ** power, out=found, where=mass > 0, casting="unsafe")
    return found
