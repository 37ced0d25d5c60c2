"""Teaching a network what comes next, with PyTorch: the only file that imports it together with ``ncf``."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from zhiyin.domain.errors import MissingExtra
from zhiyin.loop.recommend.data import I32, I64, Data
from zhiyin.loop.recommend.deep.layers import steps
from zhiyin.loop.recommend.interface import Arrays

if TYPE_CHECKING:
    from zhiyin.loop.recommend.deep.sequential import Sequential

try:
    import torch
    from torch.nn import functional
except ImportError as error:
    raise MissingExtra.of("deep", "a neural recommender") from error

_HELD_OUT = (
    200,
    2_000,
)  # histories by whose last step is judged when to end: a tenth, yet so many if there are
_BEST = 10
_LESSONS = 20  # batches of an epoch at least: of few histories it has several rounds
_SHORTEST = 3  # items of a history whose last one may be held out


def taught(model: Sequential, data: Data, rng: np.random.Generator) -> Arrays:
    """The weights after teaching; of data with no two steps in a row only the vectors, all zero."""
    indptr, items = sequences(data)
    none = data.items
    if not (np.diff(indptr) > 1).any():
        return {"items.weight": np.zeros((none + 1, model.size), dtype=np.float32)}
    torch.manual_seed(int(rng.integers(2**31)))
    network = model.network(none)
    best, optimum = network.state_dict(), torch.optim.Adam(network.parameters(), lr=model.rate)
    long = np.flatnonzero(np.diff(indptr) >= _SHORTEST)
    few, many = _HELD_OUT
    judges = min(max(len(long) // 10, few), many, len(long))
    held = np.sort(rng.choice(long, judges, replace=False))
    stop = indptr[1:].copy()
    stop[held] -= 1  # while judging when to end, what they did last is not learned
    windows = _windows(indptr[:-1], stop, model.length)
    record, worse = -1.0, 0
    for _ in range(model.epochs):
        network.train()
        rounds = -(-_LESSONS * model.batch // max(len(windows), model.batch))
        for chosen in chain.from_iterable(_batches(windows, model.batch, rng) for _ in range(rounds)):
            seen, wanted = _padded(items, chosen, model.length, none)
            loss = _loss(network, seen, wanted, model.negatives, none, rng)
            optimum.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimum.step()
        if len(held):
            reached = _judged(network, items, indptr, held, model.length, none)
            worse = 0 if reached > record else worse + 1
            if reached >= record:  # of equals the latest: it learned longer
                record = reached
                best = {name: value.clone() for name, value in network.state_dict().items()}
            if worse >= model.patience:
                break
    return numbers(best if len(held) else network.state_dict())


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
    network.eval()
    gained = 0.0
    with torch.no_grad():
        for start in range(0, len(held), 256):
            rows = held[start : start + 256]
            windows = np.stack([np.maximum(indptr[rows], indptr[rows + 1] - 1 - length), indptr[rows + 1]], 1)
            seen, wanted = _padded(items, windows, length, none)
            scores = network(seen)[:, -1] @ network.items.weight.T
            own = scores.gather(1, wanted[:, -1:])
            scores[:, none] = float("-inf")
            rank = (scores.scatter(1, seen, float("-inf")) > own).sum(dim=1)
            gained += float((1 / torch.log2(rank + 2.0))[rank < _BEST].sum())
    return gained / len(held)
