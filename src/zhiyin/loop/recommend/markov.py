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

from zhiyin.loop.recommend.arrays import CSR, F32, F64, I32
from zhiyin.loop.recommend.data import Data, Ragged
from zhiyin.loop.recommend.interface import Arrays, Causes, Recommender, Space
from zhiyin.loop.recommend.packing import packed, unpacked
from zhiyin.loop.recommend.queries import Queries

_NAMES = ("gaps", "backward", "fade", "rows", "columns", "further", "memory", "half_life", "k")


class Markov(Recommender):
    """Items by what people took soon after, and soon before, what was taken last.

    ``gaps`` is how many steps apart two items may lie, ``backward`` what the way back counts next to the way on,
    ``fade`` what a step further back in the history counts next to the one after it. ``rows`` and ``columns`` are
    the powers of the formula above. ``further`` is what a second step counts, on from where the first one leads:
    it reaches items that nobody took so soon after. ``memory`` is a share of the log: what was learned so long
    before its end counts 1/e. ``half_life`` in days fades the history asked about. Each target keeps its ``k``
    strongest sources.
    """

    PARAMETERS: ClassVar[Space] = {
        "gaps": (10, 5, 3, 1),
        "backward": (0.5, 1.0, 0.0),
        "fade": (0.8, 0.9, 0.6),
        "rows": (0.5, 0.3, 0.8),
        "columns": (0.3, 0.15, 0.5),
        "further": (0.0, 1.0, 4.0),
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
        columns: float = 0.3,
        further: float = 0.0,
        memory: float = np.inf,
        half_life: float = np.inf,
        k: int = 500,
    ) -> None:
        self.gaps = gaps
        self.backward = backward
        self.fade = fade
        self.rows = rows
        self.columns = columns
        self.further = further
        self.memory = memory
        self.half_life = half_life
        self.k = k

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        empty = sparse.csr_array((data.items, data.items), dtype=np.float32)
        return self._learnt(empty, np.zeros((2, data.items)), 0, data)

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 0.2 + 7e-6 * len(data.log)

    def partial_fit(self, data: Data) -> Self:
        """Add the pairs within the new events; a pair of an old and a new event is not seen."""
        grown = data.items - len(self.masses_[0])
        pairs = sparse.csr_array(self.pairs_, copy=True)
        pairs.resize((data.items, data.items))
        return self._learnt(pairs, np.pad(self.masses_, ((0, 0), (0, grown))), self.events_, data)

    def score(self, asked: Queries) -> F32:
        near = stepped(asked, faded(asked, self.fade, self.half_life), self.chain_.shape[0]) @ self.chain_
        return spoken(self._further(near))

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        one = asked.block(row, row + 1)
        near = each_event(one, faded(one, self.fade, self.half_life), self.chain_.shape[0]) @ self.chain_
        return [causes(column) for column in self._further(near)[:, items].toarray().T]

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
        row = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
        tempered = (
            pairs.data * _power(masses[0], self.rows)[row] * _power(masses[1], self.columns)[pairs.indices]
        )
        self.chain_ = sparse.csr_array((tempered, pairs.indices, pairs.indptr), shape=pairs.shape)
        self._shares = _power(np.asarray(self.chain_.sum(axis=1), dtype=np.float64), 1.0)
        return self

    def _further(self, near: CSR) -> CSR:
        """What one step says, and another step on from there, which says as much in all."""
        if not self.further:
            return near
        again = sparse.csr_array(near, copy=True)
        again.data *= self._shares[again.indices] * np.float32(self.further)
        return sparse.csr_array(near + again @ self.chain_)


def faded(asked: Queries, fade: float, half_life: float = np.inf) -> F32:
    """The weight of each event, ``fade`` of it for each step back; an item being looked at is the latest step."""
    lengths = np.diff(asked.indptr)
    back = np.repeat(asked.indptr[1:], lengths) - 1 - np.arange(len(asked.item))
    back += np.repeat(asked.looked() >= 0, lengths)
    worth: F32 = (asked.faded(half_life) * np.float32(fade) ** back).astype(np.float32)
    return worth


def stepped(asked: Queries, weights: F32, size: int) -> CSR:
    """Questions x items: the weights of the events added up, and 1 for an item being looked at."""
    held = sparse.csr_array((weights, asked.item, asked.indptr), shape=(len(asked), size))
    looked = asked.looked()
    rows = np.flatnonzero(looked >= 0)
    if not len(rows):
        return held
    ones = np.ones(len(rows), dtype=np.float32)
    return held + sparse.csr_array((ones, (rows, looked[rows])), shape=held.shape)


def each_event(one: Queries, weights: F32, size: int) -> CSR:
    """Events x items: the weight of each event of one question at its item."""
    indptr = np.arange(len(one.item) + 1)
    return sparse.csr_array((weights, one.item, indptr), shape=(len(one.item), size))


def spoken(found: CSR) -> F32:
    """Sparse scores as an array, -inf where they are nothing or less."""
    found = sparse.csr_array(found)
    scores = np.full(found.shape, -np.inf, dtype=np.float32)
    speaks = found.data > 0
    row = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
    scores[row[speaks], found.indices[speaks]] = found.data[speaks]
    return scores


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
    """The parts of a score by their places in the history, the largest first."""
    places = np.flatnonzero(parts)
    ordered = places[np.argsort(-parts[places], kind="stable")]
    return [(int(place), float(parts[place])) for place in ordered]


def _remembered(place: Any, total: int, memory: float) -> F32:
    """What an event counts by its place in a log of ``total``."""
    counts: F32 = np.exp((place / max(total, 1) - 1) / memory).astype(np.float32)
    return counts


def _power(mass: F64, power: float) -> F32:
    """1 / mass^power, 0 where there is no mass."""
    found = np.zeros(len(mass), dtype=np.float32)
    np.divide(1.0, np.maximum(mass, 1e-12) ** power, out=found, where=mass > 0, casting="unsafe")
    return found
