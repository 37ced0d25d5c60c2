"""Teaching a network which items go with a taste: each item of a customer is to be told from drawn ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from zhiyin.loop.recommend.arrays import I32, I64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.deep.networks import Tastes
from zhiyin.loop.recommend.deep.teaching import LESSONS, gain, held_out, sequences

if TYPE_CHECKING:
    from zhiyin.loop.recommend.deep.ncf import Ncf

_JUDGES = 500  # at most: each is asked about all items
_TOGETHER = 16  # of whom at once: layers over all items take room


class Tasting:
    """Batches of customers; each of their items is foretold from the others."""

    def __init__(self, model: Ncf, data: Data, rng: np.random.Generator) -> None:
        self.model, self.rng, self.items = model, rng, data.items
        self.indptr, self.taken = _different(*sequences(data), data.items)
        torch.manual_seed(int(rng.integers(2**31)))
        self.network = Tastes(data.items, model.size, model.dropout)
        self.optimum = torch.optim.Adam(self.network.parameters(), lr=model.rate)
        self.held = held_out(np.diff(self.indptr), rng, _JUDGES) if model.patience else np.empty(0, np.int64)
        self.stop = self.indptr[1:].copy()
        self.stop[self.held] -= 1
        self.able = np.flatnonzero(self.stop - self.indptr[:-1] > 1)

    def round(self) -> None:
        """One epoch."""
        batch = self.model.batch
        rounds = -(-LESSONS * batch // max(len(self.able), batch))
        for _ in range(rounds):
            order = self.rng.permutation(self.able)
            for start in range(0, len(order), batch):
                self._lesson(order[start : start + batch])

    def judged(self) -> float:
        """NDCG of the last item of held-out customers, items had before left out."""
        gained = 0.0
        everything = torch.arange(self.items)
        for start in range(0, len(self.held), _TOGETHER):
            rows = self.held[start : start + _TOGETHER]
            row, item, many = self._cells(rows)
            tastes = self._tastes(row, item, len(rows)) / torch.from_numpy(many).sqrt()[:, None]
            scores = self.network(tastes[:, None], everything[None])
            wanted = torch.from_numpy(self.taken[self.stop[rows]].astype(np.int64))[:, None]
            own = scores.gather(1, wanted)
            scores[row, item] = float("-inf")
            gained += gain((scores > own).sum(dim=1))
        return gained / len(self.held)

    def _lesson(self, rows: I64) -> None:
        row, item, many = self._cells(rows)
        own = self.network.taken(item)
        # the item itself is not part of the taste that it is foretold from
        rest = torch.from_numpy(np.maximum(many - 1, 1)).sqrt()[row][:, None]
        tastes = (self._tastes(row, item, len(rows))[row] - own) / rest
        drawn = torch.from_numpy(self.rng.integers(0, self.items, (len(item), self.model.negatives)))
        asked = torch.cat([item[:, None], drawn], dim=1)
        scores = self.network(tastes[:, None], asked)
        wanted = torch.zeros_like(scores)
        wanted[:, 0] = 1
        # drawn by chance, though it is the very one
        weight = (asked != item[:, None]).float()
        weight[:, 0] = 1
        loss = functional.binary_cross_entropy_with_logits(scores, wanted, weight)
        self.optimum.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # PyTorch leaves it without types
        self.optimum.step()

    def _tastes(self, row: torch.Tensor, item: torch.Tensor, size: int) -> torch.Tensor:
        vectors = self.network.taken(item)
        return torch.zeros(size, vectors.shape[1]).index_add(0, row, vectors)

    def _cells(self, rows: I64) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
        """Row and item of everything these customers took lately, and how much it is."""
        begin = np.maximum(self.indptr[rows], self.stop[rows] - self.model.length)
        many = self.stop[rows] - begin
        row = np.repeat(np.arange(len(rows)), many)
        at = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(begin, many)
        return (
            torch.from_numpy(row),
            torch.from_numpy(self.taken[at].astype(np.int64)),
            many.astype(np.float32),
        )


def _different(indptr: I64, items: I32, size: int) -> tuple[I64, I32]:
    """Each customer's different items, in the order of their last steps."""
    row = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    _, backwards = np.unique((row * max(size, 1) + items)[::-1], return_index=True)
    kept = np.sort(len(items) - 1 - backwards)
    lengths = np.bincount(row[kept], minlength=len(indptr) - 1)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), items[kept]
