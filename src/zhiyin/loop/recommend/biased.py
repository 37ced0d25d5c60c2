"""ratings → biases and factors by alternating least squares, each row shrunk by how often it was rated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhiyin.loop.recommend.arrays import F64
from zhiyin.loop.recommend.rated import Ratings
from zhiyin.loop.recommend.systems import Batch, batches

_START = 0.1


class Side(NamedTuple):
    """The biases of the customers or of the items, and their vectors."""

    bias: F64
    vectors: F64

    def widened(self) -> F64:
        """(1, vector): what the other side's bias and vector are multiplied with."""
        return np.column_stack([np.ones(len(self.bias)), self.vectors])


def alternating(
    by_user: Ratings, by_item: Ratings, *, factors: int, sweeps: int, penalty: float, rng: np.random.Generator
) -> Side:
    """The items' side of what makes ``objective`` small. Ratings are less their mean."""
    items = Side(
        np.zeros(len(by_item.indptr) - 1),
        rng.standard_normal((len(by_item.indptr) - 1, factors)) * _START,
    )
    of_users, of_items = (list(batches(side.indptr, factors + 1)) for side in (by_user, by_item))
    for _ in range(sweeps):
        users = half_step(by_user, items, of_users, penalty)
        items = half_step(by_item, users, of_items, penalty)
    return items


def half_step(ratings: Ratings, others: Side, parts: list[Batch], penalty: float) -> Side:
    """The best side given the other one: a ridge regression for each row; zero where nobody rated."""
    wide = others.widened()
    size = wide.shape[1]
    found = np.zeros((len(ratings.indptr) - 1, size))
    for rows, places, held in parts:
        other = ratings.others[places]
        near = wide[other] * held[:, :, None]
        across = near.swapaxes(1, 2)
        system = across @ near
        system[:, np.arange(size), np.arange(size)] += penalty * held.sum(axis=1)[:, None]
        left = (ratings.values[places] - others.bias[other])[:, :, None]
        found[rows] = np.linalg.solve(system, across @ left)[:, :, 0]
    return Side(found[:, 0], found[:, 1:])


def objective(by_user: Ratings, users: Side, items: Side, penalty: float) -> float:
    """``Σ (r − b_u − b_i − p·q)² + λ (Σ_u n_u (b_u² + |p_u|²) + Σ_i n_i (b_i² + |q_i|²))``."""
    user, item = by_user.rows(), by_user.others
    errors = by_user.values - users.bias[user] - items.bias[item]
    errors = errors - np.einsum("nd,nd->n", users.vectors[user], items.vectors[item])
    size = sum(
        (side.bias[row] ** 2 + (side.vectors[row] ** 2).sum(axis=1)).sum()
        for side, row in ((users, user), (items, item))
    )
    return float(errors @ errors + penalty * size)
