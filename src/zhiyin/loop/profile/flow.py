"""Flow: events → how many people went from which stage to which between two moments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.flow import NOT_YET
from zhiyin.domain.lifecycle import STAGE_RULES, Lifecycle, StageRules
from zhiyin.loop.profile.features.spending import spending
from zhiyin.loop.profile.features.whole import plain
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.loop.profile.visitors import visitors


def flow(
    events: nw.LazyFrame[Any],
    known: nw.LazyFrame[Any],
    first: datetime,
    second: datetime,
    gap_days: int = 0,
    rules: StageRules = STAGE_RULES,
) -> nw.LazyFrame[Any]:
    """People by the place at ``first`` and the stage at ``second``: one row for each pair that occurs.

    ``known`` says of customers since when they are known (``customer_id``, ``created_at``), for those of
    whom there is no event yet; where it says nothing, they always were. Columns: ``start`` (a stage, or
    ``not_yet``), ``end``, ``customers``, and the usual gaps by which they were judged, ``gap_first`` and
    ``gap_second``.

    Each stage is that of ``lifecycle`` over the events up to its moment, so nothing that comes later changes
    an answer. ``anonymous`` are the ``visitors``: whom nobody knows at ``second`` end there, and a customer who at
    ``first`` was nothing but a visitor begins there. ``first`` must not lie after ``second``: nobody who is known
    is forgotten.
    """
    earlier = stages(events, known, first, gap_days, rules)
    later = stages(events, known, second, gap_days, rules)
    earlier = earlier.select("customer_id", start="lifecycle", gap_first="gap_days")
    later = later.select("customer_id", end="lifecycle", gap_second="gap_days")
    # one row a person: a customer, or a visitor of whom nobody knows who it is, who finds no partner in the join
    nobody = nw.when(nw.col("customer_id").is_null()).then(nw.col("anonymous_id"))
    seen = (
        visitors(events, second)
        .with_columns(nobody=nobody)
        .group_by("customer_id", "nobody")
        .agg(since=nw.col("since").min())
    )
    anonymous = nw.lit(Lifecycle.ANONYMOUS.value)
    before = nw.when(nw.col("since") <= plain(first)).then(anonymous).otherwise(nw.lit(NOT_YET))
    return (
        later.join(earlier, on="customer_id", how="left")
        .join(seen, on="customer_id", how="full", suffix="_seen")
        .with_columns(
            start=nw.coalesce(nw.col("start"), before),
            end=nw.coalesce(nw.col("end"), anonymous),
        )
        .group_by("start", "end")
        .agg(
            customers=nw.len(),
            gap_first=nw.col("gap_first").min(),
            gap_second=nw.col("gap_second").min(),
        )
    )


def stages(
    events: nw.LazyFrame[Any],
    known: nw.LazyFrame[Any],
    as_of: datetime,
    gap_days: int = 0,
    rules: StageRules = STAGE_RULES,
) -> nw.LazyFrame[Any]:
    """``customer_id``, ``lifecycle`` and ``gap_days`` of everyone known at a moment; without an event: ``lead``."""
    found = lifecycle(spending(events, as_of), gap_days, rules).select("customer_id", "lifecycle", "gap_days")
    by_then = known.filter((nw.col("created_at") <= plain(as_of)) | nw.col("created_at").is_null())
    both = by_then.select("customer_id").join(found, on="customer_id", how="full", suffix="_seen")
    return both.select(
        nw.coalesce("customer_id", "customer_id_seen").alias("customer_id"),
        nw.col("lifecycle").fill_null(Lifecycle.LEAD.value),
        "gap_days",
    )
