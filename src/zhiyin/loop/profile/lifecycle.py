"""Lifecycle: which stage of a customer's life with the shop they are in."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from zhiyin.domain.lifecycle import STAGE_RULES, Lifecycle, StageRules

DEFAULT_GAP_DAYS = 30  # where nobody has ordered twice yet
_DAY = 86_400


def lifecycle(
    traits: nw.LazyFrame[Any],
    gap_days: int = 0,
    rules: StageRules = STAGE_RULES,
) -> nw.LazyFrame[Any]:
    """The frame with columns ``gap_days`` and ``lifecycle``.

    The gap is the shop's usual time between orders: ``gap_days``, or if 0 the median over customers who
    ordered more than once of their average time between orders, in whole days, at least one. The first rule
    that holds decides, all in whole days; the numbers are those of ``rules`` unless a shop has its own:

    1. ``lead``: no order (or all cancelled).
    2. ``new``: the first order is no more than one gap ago.
    3. ``won_back``: the last order is no more than one and a half gaps ago, and the silence before it was
       longer than three gaps.
    4. ``active``: the last order is no more than one and a half gaps ago.
    5. ``at_risk``: the last order is no more than three gaps ago.
    6. ``lapsed``: it is longer ago.
    """
    if gap_days:
        frame = traits.with_columns(gap_days=nw.lit(gap_days).cast(nw.Int64))
    else:
        usual = (nw.col("usual") / _DAY + 0.5).floor().cast(nw.Int64)
        frame = (
            traits.with_columns(usual=nw.col("gap_seconds").median())
            .with_columns(rounded=usual)
            .with_columns(
                gap_days=nw.when(nw.col("rounded") >= 1)
                .then(nw.col("rounded"))
                .otherwise(nw.when(nw.col("rounded") < 1).then(nw.lit(1)).otherwise(nw.lit(DEFAULT_GAP_DAYS)))
                .cast(nw.Int64)
            )
            .drop("usual", "rounded")
        )
    gap, recency = nw.col("gap_days"), nw.col("recency_days") * 100
    recent = recency <= gap * rules.active
    cases = (
        (nw.col("orders") <= 0, Lifecycle.LEAD),
        (nw.col("age_days") * 100 <= gap * rules.new, Lifecycle.NEW),
        (recent & (nw.col("silence_days") * 100 > gap * rules.lapsed).fill_null(False), Lifecycle.WON_BACK),
        (recent, Lifecycle.ACTIVE),
        (recency <= gap * rules.lapsed, Lifecycle.AT_RISK),
    )
    stage: nw.Expr = nw.lit(Lifecycle.LAPSED.value)
    for holds, name in reversed(cases):
        stage = nw.when(holds).then(nw.lit(name.value)).otherwise(stage)
    return frame.with_columns(lifecycle=stage)
