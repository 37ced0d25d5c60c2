"""profiles at a moment → what their days say at a later one, without going through the events again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import narwhals as nw

from zhiyin.domain.lifecycle import STAGE_RULES, Lifecycle, StageRules
from zhiyin.loop.profile.features.whole import DAY, plain, seconds, seconds_of, share

NEEDS = ("orders", "first_seen", "first_order_at", "last_order_at", "lifecycle", "personal_gap_days")
GIVES = ("recency_days", "tenure_days", "lifecycle")


def present(
    profiles: nw.LazyFrame[Any], now: datetime, gap_days: int, rules: StageRules = STAGE_RULES
) -> nw.LazyFrame[Any]:
    """The profiles with ``recency_days``, ``tenure_days`` and ``lifecycle`` as they are at ``now``.

    Needs the columns of ``NEEDS``; ``gap_days`` is the shop's usual gap, as last found. As long as nobody orders,
    it gives what profiling at ``now`` would: who was won back is so until they are at risk again.
    """
    gap = nw.lit(gap_days)
    if rules.personal:
        gap = nw.col("personal_gap_days").fill_null(gap_days)
    at = nw.lit(seconds_of(plain(now)))
    times = ("first_seen", "first_order_at", "last_order_at")
    frame = profiles.with_columns(**{f"{name}_seconds": seconds(name) for name in times})
    recency = share(at - nw.col("last_order_at_seconds"), DAY)
    age = share(at - nw.col("first_order_at_seconds"), DAY)
    frame = frame.with_columns(
        recency_days=recency, tenure_days=share(at - nw.col("first_seen_seconds"), DAY), age_days=age
    )
    buyer = (nw.col("orders") > 0).fill_null(False) & ~nw.col("age_days").is_null()
    silence = nw.col("recency_days") * 100
    recent = silence <= gap * rules.active
    cases = (
        (~buyer, Lifecycle.LEAD),
        (nw.col("age_days") * 100 <= gap * rules.new, Lifecycle.NEW),
        (recent & (nw.col("lifecycle") == Lifecycle.WON_BACK.value), Lifecycle.WON_BACK),
        (recent, Lifecycle.ACTIVE),
        (silence <= gap * rules.lapsed, Lifecycle.AT_RISK),
    )
    stage: nw.Expr = nw.lit(Lifecycle.LAPSED.value)
    for holds, name in reversed(cases):
        stage = nw.when(holds).then(nw.lit(name.value)).otherwise(stage)
    return frame.with_columns(lifecycle=stage).drop("age_days", *(f"{name}_seconds" for name in times))
