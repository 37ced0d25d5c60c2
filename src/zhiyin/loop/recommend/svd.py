"""Matrix factorisation of ratings: what a customer would give to an item that they have not rated."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np

from zhiyin.loop.recommend.arrays import F32, F64, I32
from zhiyin.loop.recommend.biased import alternating
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.factored import Factored, Shares
from zhiyin.loop.recommend.gibbs import draws
from zhiyin.loop.recommend.interface import Arrays, Space
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.rated import Ratings, rated, told

_RATING, _ROW = 3e-7, 6e-6  # CPU-seconds of a sweep, as seen on MovieLens


class Svd(Factored):
    """Ratings as ``μ + p·q``: the mean, and a product of the vectors of customer and item.

    ``method="gibbs"`` averages over draws of the factors (Salakhutdinov & Mnih, ICML 2008): ``keep`` draws out
    of ``sweeps`` are served, and nothing is to be tuned but their number. The means of the factors are the
    biases. ``method="als"`` finds one set of factors with explicit biases (Koren, Bell & Volinsky, IEEE
    Computer 2009) by alternating least squares with ``penalty`` times the number of ratings (Zhou et al., AAIM
    2008); with no factors it is the baseline of biases alone. A customer's vector is the mean of what their
    ratings leave possible, found when they ask, so a new rating counts at once.
    """

    PARAMETERS: ClassVar[Space] = {
        "factors": (15, 10, 20),
        "sweeps": (120, 60, 240),
        "method": ("gibbs", "als"),
        "penalty": (0.15, 0.1, 0.2),
    }
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"ratings"})
    LINEAR: ClassVar[bool] = False  # the mean and the prior speak without an event
    # of each kept draw: of an unknown customer the precision and what it pulls to, and the precision of a rating
    precision_: F64  # draws x size x size
    pull_: F64  # draws x size
    noise_: F64
    beside_: F64  # items: what a rating says before the customer is looked at
    scale_: F64  # the mean rating, the lowest, the highest

    def __init__(
        self,
        factors: int = 15,
        sweeps: int = 120,
        method: Literal["gibbs", "als"] = "gibbs",
        penalty: float = 0.15,
        keep: int = 16,
    ) -> None:
        self.factors = factors
        self.sweeps = sweeps
        self.method = method
        self.penalty = penalty
        self.keep = keep

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        by_user, by_item = rated(data)
        values = by_user.values
        self.scale_ = np.array(
            [values.mean(), values.min(), values.max()] if len(values) else [0.0, 0.0, 0.0]
        )
        less = [
            Ratings(side.indptr, side.others, side.values - self.scale_[0]) for side in (by_user, by_item)
        ]
        known = np.diff(by_item.indptr) > 0
        learn = self._gibbs if self.method == "gibbs" else self._als
        items = learn(less[0], less[1], rng)  # items x draws x size
        self.vectors_ = (items.reshape(len(items), self.pull_.size) / len(self.noise_)).astype(np.float32)
        self.offsets_ = np.where(known, self.scale_[0] + self.beside_, -np.inf).astype(np.float32)
        return self

    def rate(self, asked: Queries, items: I32) -> F32:
        """The rating that each question's customer would give to the item beside it, within the scale.

        Whoever rated nothing yet rates as an average customer. Questions that repeat are worked out once.
        """
        tastes = self._possible(asked)
        parts = np.einsum("nd,nd->n", tastes.astype(np.float64), self.vectors_[items].astype(np.float64))
        mean, low, high = self.scale_
        return np.asarray(np.clip(mean + self.beside_[items] + parts, low, high), dtype=np.float32)

    def tastes(self, asked: Queries) -> F32:
        found = self._possible(asked)
        for row in range(len(asked)):
            if not len(told(asked, row)[1]):
                found[row] = 0
        return found

    def shares(self, asked: Queries, row: int) -> Shares:
        places, items, values = told(asked, row)
        near, system = self._system(items)
        left = self.noise_[:, None] * (values - self.scale_[0] - self.beside_[items])
        added = np.linalg.solve(system, near.swapaxes(1, 2) * left[:, None, :])  # draws x size x ratings
        return Shares(
            places, added.transpose(2, 0, 1).reshape(len(items), self.pull_.size).astype(np.float32)
        )

    def to_arrays(self) -> Arrays:
        return {
            "vectors": self.vectors_,
            "offsets": self.offsets_,
            "precision": self.precision_,
            "pull": self.pull_,
            "noise": self.noise_,
            "beside": self.beside_,
            "scale": self.scale_,
            "by_count": np.array(self.method == "als"),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(method="als" if arrays["by_count"] else "gibbs")
        self.vectors_, self.offsets_ = arrays["vectors"], arrays["offsets"]
        self.precision_, self.pull_ = arrays["precision"], arrays["pull"]
        self.noise_, self.beside_, self.scale_ = arrays["noise"], arrays["beside"], arrays["scale"]
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 1 + 120 * (_RATING * len(data.latest) + _ROW * (data.users + data.items))

    def _gibbs(self, by_user: Ratings, by_item: Ratings, rng: np.random.Generator) -> F64:
        found = draws(by_user, by_item, factors=self.factors, sweeps=self.sweeps, keep=self.keep, rng=rng)
        self.precision_ = np.array([draw.customer.precision for draw in found])
        self.pull_ = np.array([draw.customer.precision @ draw.customer.mean for draw in found])
        self.noise_ = np.array([draw.noise for draw in found])
        self.beside_ = np.zeros(len(by_item.indptr) - 1)
        return np.stack([draw.items for draw in found], axis=1)

    def _als(self, by_user: Ratings, by_item: Ratings, rng: np.random.Generator) -> F64:
        items = alternating(
            by_user, by_item, factors=self.factors, sweeps=self.sweeps, penalty=self.penalty, rng=rng
        )
        wide = items.widened()[:, None, :]
        self.precision_ = self.penalty * np.eye(wide.shape[2])[None]  # for each rating
        self.pull_ = np.zeros((1, wide.shape[2]))
        self.noise_ = np.ones(1)
        self.beside_ = items.bias
        return wide

    def _possible(self, asked: Queries) -> F32:
        """The mean of each customer's vector, for each draw beside one another, questions x (draws x size)."""
        draws, size = self.pull_.shape
        found = np.empty((len(asked), draws * size), dtype=np.float32)
        before: tuple[I32, F64] | None = None
        for row in range(len(asked)):
            _, items, values = told(asked, row)
            if before and np.array_equal(before[0], items) and np.array_equal(before[1], values):
                found[row] = found[row - 1]
                continue
            before = items, values
            near, system = self._system(items)
            left = values - self.scale_[0] - self.beside_[items]
            pull = self.pull_ + self.noise_[:, None] * (near.swapaxes(1, 2) @ left)
            found[row] = np.linalg.solve(system, pull[:, :, None]).ravel()
        return found

    def _system(self, items: I32) -> tuple[F64, F64]:
        """The vectors of rated items, draws x items x size, and the precision of their customer's vector."""
        draws, size = self.pull_.shape
        near = self.vectors_[items].astype(np.float64).reshape(len(items), draws, size).swapaxes(0, 1) * draws
        precision = self.precision_ * max(len(items), 1) if self.method == "als" else self.precision_
        return near, precision + self.noise_[:, None, None] * (near.swapaxes(1, 2) @ near)
