"""What customers bought, added and viewed, read from the lake: of everybody to learn, of some to serve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import narwhals as nw

from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

HISTORY_DAYS = 365  # how far back a customer's steps are read to serve them


def everybodys(ws: Workspace, *, since: datetime | None = None, until: datetime) -> pa.Table:
    """Everybody's steps, as the engine finds them."""
    from zhiyin.loop.recommend.steps import between, steps

    return ws.lake.collect(steps(between(ws.lake.events(), _plain(since), _plain(until))))


def of_customers(ws: Workspace, customer_ids: Sequence[str], now: datetime) -> pa.Table:
    """The steps of some customers in the last ``HISTORY_DAYS``, read in one plain query."""
    from zhiyin.loop.recommend.at_once import at_once
    from zhiyin.loop.recommend.steps import between, relevant

    since, until = now - timedelta(days=HISTORY_DAYS), now + timedelta(microseconds=1)
    events = between(ws.lake.events(), _plain(since), _plain(until))
    events = events.filter(nw.col("customer_id").is_in(list(customer_ids)))
    return at_once(ws.lake.collect(relevant(events)))


def span(ws: Workspace, now: datetime) -> tuple[datetime, datetime] | None:
    """The times of the first and the last step of anybody known."""
    from zhiyin.loop.recommend.steps import KINDS, between

    events = between(ws.lake.events(), None, _plain(now + timedelta(microseconds=1)))
    events = events.filter(nw.col("event").is_in(list(KINDS)), ~nw.col("customer_id").is_null())
    at = nw.col("timestamp")
    (row,) = ws.lake.collect(events.select(at.min().alias("first"), at.max().alias("last"))).to_pylist()
    if row["first"] is None:
        return None
    return row["first"].replace(tzinfo=UTC), row["last"].replace(tzinfo=UTC)


def _plain(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
