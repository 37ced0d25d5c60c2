"""traits → how a person answers a message: the known truth that reports are checked against.

Every person has a chance to buy within the window without a message (``baseline``) and with one
(``treated``), and belongs to one of the four groups of uplift modelling (Radcliffe 2007, "Using control
groups to target on predicted lift"). The group depends on traits that leave a trace in the data, so that a
model can learn it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PERSUADABLE, SURE_THING, LOST_CAUSE, ANNOYED = range(4)
GROUPS = ("persuadable", "sure_thing", "lost_cause", "annoyed")

SPREAD = 0.35  # standard deviation of the logarithm of an order's amount around the expected one

Floats = NDArray[np.float64]
Rows = Any  # what indexes an array: a slice, a mask, or row numbers


@dataclass(frozen=True, slots=True)
class Responses:
    """How each of n people answers a message.

    ``group`` indexes ``GROUPS``; ``baseline`` and ``treated`` are chances to order within the window without
    and with a message; ``spend`` is the expected amount of an order, in minor units.
    """

    group: NDArray[np.int8]
    baseline: Floats
    treated: Floats
    spend: Floats

    def __len__(self) -> int:
        return len(self.group)

    def effect(self, rows: Rows = slice(None)) -> float:
        """The true average effect of a message on the chance to order, over all or some of the people."""
        return float(np.mean(self.treated[rows] - self.baseline[rows]))

    def revenue_effect(self, rows: Rows = slice(None)) -> float:
        """The true average effect on revenue per person, in minor units."""
        return float(np.mean((self.treated[rows] - self.baseline[rows]) * self.spend[rows]))

    def chance(self, mailed: NDArray[np.bool_]) -> Floats:
        """The chance of each to order, given who got a message."""
        return np.where(mailed, self.treated, self.baseline)

    def amounts(self, rng: np.random.Generator, mailed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """One outcome of the window: what each spends, in minor units, 0 for those who do not order."""
        bought = rng.random(len(self)) < self.chance(mailed)
        noise = np.exp(rng.normal(-(SPREAD**2) / 2, SPREAD, len(self)))  # expectation one
        amount = np.maximum(1, np.rint(self.spend * noise)).astype(np.int64)
        return np.where(bought, amount, 0)

    def shares(self, rows: Rows = slice(None)) -> dict[str, float]:
        """The share of each group."""
        counts = np.bincount(self.group[rows], minlength=len(GROUPS))
        return {name: float(count / max(1, counts.sum())) for name, count in zip(GROUPS, counts, strict=True)}


def draw(
    rng: np.random.Generator,
    n: int,
    *,
    baseline: ArrayLike | None = None,
    spend: ArrayLike | None = None,
    thrift: ArrayLike | None = None,
    tenure: ArrayLike | None = None,
) -> Responses:
    """Draw the response of n people; what is not given is drawn too.

    ``baseline`` is the chance to order within the window by oneself; ``spend`` the expected amount of an
    order in minor units; ``thrift`` (how much a person looks at prices) and ``tenure`` (how long they have
    been a customer) are standardised. The thrifty are persuaded more often, the frequent buy anyway, the
    rare buyers are lost causes, the long-standing are annoyed more often.

    >>> truth = draw(np.random.default_rng(7), 100_000)
    >>> round(truth.effect(), 2)
    0.09
    """
    b = np.asarray(rng.beta(1.1, 11.0, n) if baseline is None else baseline, dtype=np.float64)
    amount = np.asarray(np.exp(rng.normal(9.8, 0.5, n)) if spend is None else spend, dtype=np.float64)
    thrifty = np.asarray(rng.standard_normal(n) if thrift is None else thrift, dtype=np.float64)
    long = np.asarray(rng.standard_normal(n) if tenure is None else tenure, dtype=np.float64)

    safe = np.clip(b, 1e-4, 1 - 1e-4)
    often = np.clip((np.log(safe / (1 - safe)) + 2.6) / 1.1, -2.5, 2.5)
    pull = np.stack(
        [
            0.9 + 0.9 * thrifty - 0.2 * often**2,
            -0.3 + 1.0 * often,
            0.3 - 0.9 * often - 0.3 * thrifty,
            -1.3 + 0.6 * long - 0.5 * thrifty,
        ]
    )
    group = np.argmax(pull + rng.gumbel(size=pull.shape), axis=0).astype(np.int8)  # a draw from the softmax
    lift = rng.uniform(0.16, 0.36, n)
    dampening = rng.uniform(0.2, 0.6, n)
    treated = np.where(group == PERSUADABLE, b + (1 - b) * lift, np.where(group == ANNOYED, b * dampening, b))
    return Responses(group, b, treated, amount)
