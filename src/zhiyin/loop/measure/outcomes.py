"""events → who was assigned where, and what each of them did within the window.

Everybody has a clock of their own that starts when the decision was made, held out or not, so that both
groups are watched for equally long. The frames are lazy; only the outcomes, a few per cent of the people,
leave the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from zhiyin.domain.event import (
    MESSAGE_DECIDED,
    ORDER_CANCELLED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    UNSUBSCRIBED,
)
from zhiyin.stats.means import Mean
from zhiyin.stats.proportions import Proportion

OUTCOMES = (ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED, UNSUBSCRIBED)


def decided(events: nw.LazyFrame[Any], campaigns: Sequence[str], as_of: datetime) -> nw.LazyFrame[Any]:
    """One row for everyone a campaign decided about: ``campaign``, ``customer_id``, ``at``, ``assigned``.

    ``events`` must have the column ``property_assigned``. Of several decisions about a
    customer the time of the first counts; the arm is the same in all of them, since it is drawn by a hash.
    """
    return (
        events.filter(
            nw.col("event") == MESSAGE_DECIDED,
            nw.col("campaign").is_in(list(campaigns)),
            nw.col("timestamp") <= _plain(as_of),
            ~nw.col("customer_id").is_null(),
        )
        .group_by("campaign", "customer_id")
        .agg(at=nw.col("timestamp").min(), assigned=nw.col("property_assigned").min())
    )


def outcomes(
    people: nw.LazyFrame[Any], events: nw.LazyFrame[Any], since: datetime, as_of: datetime
) -> nw.LazyFrame[Any]:
    """What the people did within their windows: one row for every order, refund and unsubscription.

    ``people`` are rows of ``decided`` with ``until``, the end of each window; ``since`` is the earliest
    decision, so that older files are not read. Columns: those of ``people``, ``timestamp``, ``event``,
    ``order_id``, ``amount``.
    """
    acts = events.filter(
        nw.col("timestamp") >= _plain(since),
        nw.col("timestamp") <= _plain(as_of),
        nw.col("event").is_in(OUTCOMES),
    ).select("customer_id", "timestamp", "event", "order_id", "amount")
    return people.join(acts, on="customer_id", how="inner").filter(
        nw.col("timestamp") >= nw.col("at"), nw.col("timestamp") < nw.col("until")
    )


@dataclass(frozen=True, slots=True)
class Group:
    """What one arm, or a part of it, did: people, those who bought, their revenue, those who unsubscribed.

    Adds up, so that parts can be counted apart.
    """

    n: int
    bought: int
    revenue: Mean
    unsubscribed: int

    def __add__(self, other: Group) -> Group:
        return Group(
            self.n + other.n,
            self.bought + other.bought,
            self.revenue + other.revenue,
            self.unsubscribed + other.unsubscribed,
        )

    @property
    def buyers(self) -> Proportion:
        """How many bought, of how many."""
        return Proportion(self.bought, self.n)

    @property
    def leavers(self) -> Proportion:
        """How many unsubscribed, of how many."""
        return Proportion(self.unsubscribed, self.n)


@dataclass(frozen=True, slots=True)
class Responses:
    """Outcome rows of one campaign as arrays of equal length.

    ``person`` and ``order`` are codes (``order`` is -1 without an id), ``held`` says whether the person is
    held out, ``elapsed`` is seconds since the decision, ``event`` indexes ``OUTCOMES``, ``amount`` is signed
    minor units.
    """

    person: NDArray[np.int64]
    held: NDArray[np.bool_]
    elapsed: NDArray[np.float64]
    event: NDArray[np.int64]
    order: NDArray[np.int64]
    amount: NDArray[np.float64]

    def where(self, rows: NDArray[np.bool_]) -> Responses:
        """Some of the rows."""
        return Responses(
            self.person[rows], self.held[rows], self.elapsed[rows], self.event[rows], self.order[rows],
            self.amount[rows],
        )  # fmt: skip


def arms(responses: Responses, n_message: int, n_holdout: int) -> tuple[Group, Group]:
    """Message group and holdout, from rows and sizes.

    A person has bought who has an order that was not cancelled in the same rows; refunds and cancellations
    reduce revenue.
    """
    return (
        _group(responses.where(~responses.held), n_message),
        _group(responses.where(responses.held), n_holdout),
    )


def _group(rows: Responses, n: int) -> Group:
    ordered, cancelled = rows.event == 0, rows.event == 2
    gone = rows.order[cancelled & (rows.order >= 0)]
    kept = ordered & ~np.isin(rows.order, gone)
    people, index = np.unique(rows.person, return_inverse=True)
    spent = np.bincount(index, weights=rows.amount, minlength=len(people))
    return Group(
        n,
        len(np.unique(rows.person[kept])),
        Mean(n, float(spent.sum()), float((spent**2).sum())),
        len(np.unique(rows.person[rows.event == 3])),
    )


def _plain(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
