"""ratings → draws from what the factors may be: a Bayesian factorisation by Gibbs sampling.

``r = μ + p·q + noise``, with p ~ N(μ_U, Λ_U⁻¹), q ~ N(μ_V, Λ_V⁻¹), both pairs Gaussian-Wishart, and the noise of
precision α ~ Gamma: Salakhutdinov & Mnih, ICML 2008, who hold α fixed. How far to shrink is learned with the
rest, and averages over draws do not follow one set of factors into the noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zhiyin.loop.recommend.arrays import F64
from zhiyin.loop.recommend.rated import Ratings
from zhiyin.loop.recommend.systems import Batch, batches

_BELIEF = 2.0  # how many rows the prior mean of the factors counts for
_START = 0.1


class Prior(NamedTuple):
    """Where the vectors of one side lie: mean and precision."""

    mean: F64
    precision: F64


class Draw(NamedTuple):
    """The vectors of the items, what is believed of a customer nobody knows, and the precision of a rating."""

    items: F64
    customer: Prior
    noise: float


def draws(
    by_user: Ratings,
    by_item: Ratings,
    *,
    factors: int,
    sweeps: int,
    keep: int,
    rng: np.random.Generator,
) -> list[Draw]:
    """``keep`` draws, evenly from the last two thirds of the sweeps. Ratings are less their mean.

    An item that nobody rated has the mean of the items, not a draw around it.
    """
    users = rng.standard_normal((len(by_user.indptr) - 1, factors)) * _START
    items = rng.standard_normal((len(by_item.indptr) - 1, factors)) * _START
    rated, rating = np.diff(by_item.indptr) > 0, np.diff(by_user.indptr) > 0
    of_users, of_items = (list(batches(side.indptr, factors)) for side in (by_user, by_item))
    user_of = by_user.rows()
    kept = set(np.linspace(sweeps // 3 + 1, sweeps, keep).round().astype(int).tolist())
    noise = 1.0
    found = []
    for sweep in range(1, sweeps + 1):
        customer, item = hyper(users[rating], rng), hyper(items[rated], rng)
        users = vectors(by_user, items, of_users, customer, noise, rng)
        items = vectors(by_item, users, of_items, item, noise, rng)
        errors = by_user.values - np.einsum("nd,nd->n", users[user_of], items[by_user.others])
        noise = rng.gamma(1 + len(errors) / 2, 1 / (1 + errors @ errors / 2))
        if sweep in kept:
            found.append(Draw(np.where(rated[:, None], items, item.mean), customer, noise))
    return found


def hyper(rows: F64, rng: np.random.Generator) -> Prior:
    """A draw of mean and precision of the rows; the prior is N(0, (2Λ)⁻¹), Wishart(1, number of factors)."""
    many, size = rows.shape
    mean = rows.mean(axis=0) if many else np.zeros(size)
    around = rows - mean
    scale = np.eye(size) + around.T @ around + _BELIEF * many / (_BELIEF + many) * np.outer(mean, mean)
    precision = wishart(np.linalg.inv(scale), size + many, rng)
    spread = np.linalg.cholesky(np.linalg.inv(precision * (_BELIEF + many)))
    return Prior(many / (_BELIEF + many) * mean + spread @ rng.standard_normal(size), precision)


def wishart(scale: F64, freedom: float, rng: np.random.Generator) -> F64:
    """A draw of Wishart(scale, freedom), by Bartlett's decomposition; its mean is ``freedom · scale``."""
    size = len(scale)
    lower = np.tril(rng.standard_normal((size, size)), -1)
    lower[np.diag_indices(size)] = np.sqrt(rng.chisquare(freedom - np.arange(size)))
    root = np.linalg.cholesky((scale + scale.T) / 2) @ lower
    return np.asarray(root @ root.T)


def vectors(
    ratings: Ratings, others: F64, parts: list[Batch], prior: Prior, noise: float, rng: np.random.Generator
) -> F64:
    """A draw of the vectors of one side given those of the other: N(Λ*⁻¹(Λμ + α Σ r q), Λ*⁻¹), Λ* = Λ + α Σ q qᵀ."""
    count, size = len(ratings.indptr) - 1, len(prior.mean)
    precision = np.tile(prior.precision, (count, 1, 1))
    pull = np.tile(prior.precision @ prior.mean, (count, 1))
    for rows, places, held in parts:
        near = others[ratings.others[places]] * held[:, :, None]
        across = near.swapaxes(1, 2)
        precision[rows] += noise * (across @ near)
        pull[rows] += noise * (across @ ratings.values[places][:, :, None])[:, :, 0]
    # Λ*⁻¹ (pull + L z) with L Lᵀ = Λ* has the mean Λ*⁻¹ pull and the covariance Λ*⁻¹
    root = np.linalg.cholesky(precision)
    chance = rng.standard_normal((count, size, 1))
    return np.asarray(np.linalg.solve(precision, pull[:, :, None] + root @ chance)[:, :, 0])
