"""Visitors: events → whom nobody knew by name at a moment, and who they turned out to be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw

from zhiyin.loop.profile.features.whole import plain

PREVIOUS = "previousId"  # the property of ``alias`` that holds the id until then


def visitors(events: nw.LazyFrame[Any], as_of: datetime) -> nw.LazyFrame[Any]:
    """Everybody who was seen without a name up to a moment: one row an anonymous id.

    Columns: ``anonymous_id``; ``since``, the first event that names no customer; ``customer_id``, who they said
    by then that they are, null as long as nobody knows; ``named_at``, when they said so. The events need a
    text column ``property_previousId``.

    As when events are collected, ``identify`` and ``alias`` tell who a visitor is, and another event that names
    both does not. Where several customers used one device, the visitor before was the first who said so.
    """
    now = plain(as_of)
    found = events.filter(nw.col("timestamp") <= now)
    own = found.filter(
        ~nw.col("anonymous_id").is_null(),
        nw.col("customer_id").is_null() | (nw.col("type") == "identify"),
    ).select("anonymous_id", "customer_id", "timestamp")
    joined = found.filter(
        nw.col("type") == "alias",
        ~nw.col("customer_id").is_null(),
        ~nw.col(f"property_{PREVIOUS}").is_null(),
    ).select(nw.col(f"property_{PREVIOUS}").alias("anonymous_id"), "customer_id", "timestamp")
    unnamed = nw.col("customer_id").is_null()
    pairs = (
        nw.concat([own, joined])
        .filter(unnamed | (nw.col("customer_id") != nw.col("anonymous_id")))
        .group_by("anonymous_id", "customer_id")
        .agg(first=nw.col("timestamp").min())
        .with_columns(
            since=nw.when(unnamed).then(nw.col("first")),
            named_at=nw.when(~unnamed).then(nw.col("first")),
        )
    )
    return (
        pairs.with_columns(earliest=nw.col("named_at").min().over("anonymous_id"))
        .filter(unnamed | (nw.col("named_at") == nw.col("earliest")))
        .group_by("anonymous_id")
        .agg(
            since=nw.col("since").min(),
            customer_id=nw.col("customer_id").min(),
            named_at=nw.col("named_at").min(),
        )
        .filter(~nw.col("since").is_null())
    )
