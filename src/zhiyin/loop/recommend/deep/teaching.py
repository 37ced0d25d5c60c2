"""Teaching networks with PyTorch: when it ends, and what comes next in a history. Tells what to install without it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from zhiyin.domain.errors import MissingExtra
from zhiyin.loop.recommend.arrays import I32, I64
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.deep.layers import steps
from zhiyin.loop.recommend.interface import Arrays

if TYPE_CHECKING:
    from zhiyin.loop.recommend.deep.sequential import Sequential

try:
    import torch
    from torch.nn import functional
except ImportError as error:
    raise MissingExtra.of("deep", "a neural recommender") from error

LESSONS = 20  # batches of an epoch at least: of few histories it has several rounds
_HELD_OUT = (
    200,
    2_000,
)  # histories by whose last step is judged when to end: a tenth, yet so many if there are
_BEST = 10
_SHORTEST = 3  # items of a history whose last one may be held out


class Teaching(Protocol):
    """A network, how it is taught for a round, and how well it does with what is ``held`` out."""

    @property
    def network(self) -> torch.nn.Module: ...
    @property
    def held(self) -> I64: ...

    def round(self) -> None:
        """One epoch."""

    def judged(self) -> float:
        """A figure that is higher the better it does."""


def schooled(school: Teaching, epochs: int, patience: int) -> Arrays:
    """The weights after at most ``epochs`` rounds: the best ones, once ``patience`` rounds were no better.

    Where nothing is held out, those after all rounds.
    """
    network = school.network
    best, record, worse = network.state_dict(), -1.0, 0
    for _ in range(epochs):
        network.train()
        school.round()
        if not len(school.held):
            continue
        network.eval()
        with torch.no_grad():
            reached = school.judged()
        worse = 0 if reached > record else worse + 1
        if reached >= record:  # of equals the latest: it learned longer
            record = reached
            best = {name: value.clone() for name, value in network.state_dict().items()}
        if worse >= patience:
            break
    return numbers(best if len(school.held) else network.state_dict())


def taught(model: Sequential, data: Data, rng: np.random.Generator) -> Arrays:
    """The weights after teaching; of data with no two steps in a row only the vectors, all zero."""
    indptr, items = sequences(data)
    if not (np.diff(indptr) > 1).any():
        return {"items.weight": np.zeros((data.items + 1, model.size), dtype=np.float32)}
    return schooled(_Reading(model, data.items, indptr, items, rng), model.epochs, model.patience)


class _Reading:
    """Batches of histories; each step is foretold from those before it."""

    def __init__(
        self, model: Sequential, none: int, indptr: I64, items: I32, rng: np.random.Generator
    ) -> None:
        self.model, self.none, self.indptr, self.items, self.rng = model, none, indptr, items, rng
        torch.manual_seed(int(rng.integers(2**31)))
        self.network = model.network(none)
        self.optimum = torch.optim.Adam(self.network.parameters(), lr=model.rate)
        # small steps at the end: without, figures rise and fall by a twentieth from one epoch to the next
        self.fall = torch.optim.lr_scheduler.LinearLR(self.optimum, 1.0, 0.0, total_iters=model.epochs)
        self.held = held_out(np.diff(indptr), rng) if model.patience else np.empty(0, dtype=np.int64)
        stop = indptr[1:].copy()
        stop[self.held] -= 1  # while judging when to end, what they did last is not learned
        self.part = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)) * 2
        self.part[stop[self.held]] += 1
        self.windows = _windows(indptr[:-1], stop, model.length)

    def round(self) -> None:
        model, windows = self.model, self.windows
        rounds = -(-LESSONS * model.batch // max(len(windows), model.batch))
        items = self._moved()
        for chosen in chain.from_iterable(_batches(windows, model.batch, self.rng) for _ in range(rounds)):
            seen, wanted = _padded(items, chosen, model.length, self.none)
            loss = _loss(self.network, seen, wanted, model.negatives, self.none, self.rng)
            self.optimum.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # PyTorch leaves it without types
            self.optimum.step()
        self.fall.step()

    def _moved(self) -> I32:
        """The steps of each history, some before those that they came after."""
        if not self.model.jitter:
            return self.items
        place = np.arange(len(self.items)) + self.rng.random(len(self.items)) * self.model.jitter
        return self.items[np.lexsort((place, self.part))]

    def judged(self) -> float:
        return _judged(self.network, self.items, self.indptr, self.held, self.model.length, self.none)


def held_out(lengths: I64, rng: np.random.Generator, most: int = _HELD_OUT[1]) -> I64:
    """The histories by whose last step is judged when to end."""
    long = np.flatnonzero(lengths >= _SHORTEST)
    judges = min(max(len(long) // 10, _HELD_OUT[0]), most, len(long))
    return np.sort(rng.choice(long, judges, replace=False))


def gain(rank: torch.Tensor) -> float:
    """The sum of what right answers at these places, counted from 0, add to NDCG."""
    return float((1 / torch.log2(rank + 2.0))[rank < _BEST].sum())


def sequences(data: Data) -> tuple[I64, I32]:
    """Each customer's steps, one after another: where they begin and end, and the items."""
    told = data.sequences()
    kinds, weights = data.log.kind[told.rows], data.log.weight[told.rows]
    kept = steps(told.items, kinds) & (weights > 0)
    first = told.indptr[:-1][np.diff(told.indptr) > 0]
    kept[first] = weights[first] > 0  # the first of a history follows nobody else's last
    row = np.repeat(np.arange(len(told)), np.diff(told.indptr))[kept]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(told)))])
    return indptr.astype(np.int64), told.items[kept]


def numbers(state: dict[str, Any]) -> Arrays:
    """The weights of a network as arrays."""
    return {name: value.detach().numpy().copy() for name, value in state.items()}


def _windows(start: I64, stop: I64, length: int) -> I64:
    """Pieces of ``length`` steps and the one that follows, from the end of each history backwards."""
    pieces = []
    for begin, end in zip(start.tolist(), stop.tolist(), strict=True):
        while end - begin > 1:
            pieces.append((max(begin, end - length - 1), end))
            end -= length
    return np.array(pieces, dtype=np.int64).reshape(-1, 2)


def _batches(windows: I64, size: int, rng: np.random.Generator) -> list[I64]:
    """In any order, yet with others of about the same length, so that little is filled up."""
    order = rng.permutation(len(windows))
    order = order[np.argsort((windows[order, 1] - windows[order, 0]) // 8, kind="stable")]
    groups = [windows[order[n : n + size]] for n in range(0, len(order), size)]
    rng.shuffle(groups)
    return groups


def _padded(items: I32, windows: I64, length: int, none: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What is seen, and what comes next after each step, both filled up with ``none`` from the left."""
    longest = min(int((windows[:, 1] - windows[:, 0]).max()) - 1, length)
    seen = np.full((len(windows), longest), none, dtype=np.int64)
    wanted = np.full((len(windows), longest), none, dtype=np.int64)
    for row, (begin, end) in enumerate(windows.tolist()):
        piece = items[begin:end]
        seen[row, longest - len(piece) + 1 :] = piece[:-1]
        wanted[row, longest - len(piece) + 1 :] = piece[1:]
    return torch.from_numpy(seen), torch.from_numpy(wanted)


def _loss(
    network: Any,
    seen: torch.Tensor,
    wanted: torch.Tensor,
    negatives: int,
    none: int,
    rng: np.random.Generator,
) -> torch.Tensor:
    """Cross-entropy of the next item among all, or among ``negatives`` others drawn for the whole batch."""
    there = wanted != none
    vectors, targets = network(seen)[there], wanted[there]
    if not negatives or negatives >= none:
        return functional.cross_entropy(vectors @ network.items.weight[:none].T, targets)
    others = torch.from_numpy(rng.integers(0, none, negatives))
    own = (vectors * network.items(targets)).sum(dim=1, keepdim=True)
    against = vectors @ network.items(others).T
    against = against.masked_fill(targets[:, None] == others[None, :], float("-inf"))
    # each of the others stands for many: their share is put right (Bengio & Senecal 2008; all drawn alike here)
    against = against + float(np.log(none / negatives))
    answer = torch.zeros(len(targets), dtype=torch.int64)
    return functional.cross_entropy(torch.cat([own, against], dim=1), answer)


def _judged(network: Any, items: I32, indptr: I64, held: I64, length: int, none: int) -> float:
    """NDCG of the last step of held-out histories among their best ``_BEST``, items seen before left out."""
    gained = 0.0
    for start in range(0, len(held), 256):
        rows = held[start : start + 256]
        windows = np.stack([np.maximum(indptr[rows], indptr[rows + 1] - 1 - length), indptr[rows + 1]], 1)
        seen, wanted = _padded(items, windows, length, none)
        scores = network(seen)[:, -1] @ network.items.weight.T
        own = scores.gather(1, wanted[:, -1:])
        scores[:, none] = float("-inf")
        gained += gain((scores.scatter(1, seen, float("-inf")) > own).sum(dim=1))
    return gained / len(held)
