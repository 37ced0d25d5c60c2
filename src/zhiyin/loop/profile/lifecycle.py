"""Lifecycle: which stage of a customer's life with the shop they are in."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from zhiyin.domain.lifecycle import STAGE_RULES, Lifecycle, StageRules
from zhiyin.loop.profile.gap import own_gap

DEFAULT_GAP_DAYS = 30  # where nobody has ordered twice yet
_DAY = 86_400


def lifecycle(
    traits: nw.LazyFrame[Any],
    gap_days: int = 0,
    rules: StageRules = STAGE_RULES,
) -> nw.LazyFrame[Any]:
    """The frame with columns ``gap_days``, of the whole shop, and ``lifecycle``.

    The shop's usual time between orders is ``gap_days``, or if 0 what ``usual_gap`` finds. A stage goes by that,
    or by the customer's own (``own_gap``) where the rules are ``personal``. The first rule that holds decides, all
    in whole days; the numbers are those of ``rules`` unless a shop has its own:

    1. ``lead``: no order (or all cancelled).
    2. ``new``: the first order is no more than one gap ago.
    3. ``won_back``: the last order is no more than one and a half gaps ago, and the silence before it was
       longer than three gaps, as the gap was known in that silence.
    4. ``active``: the last order is no more than one and a half gaps ago.
    5. ``at_risk``: the last order is no more than three gaps ago.
    6. ``lapsed``: it is longer ago.
    """
    if gap_days:
        frame = traits.with_columns(gap_days=nw.lit(gap_days).cast(nw.Int64))
    else:
        usual = nw.col("usual")
        frame = (
            traits.with_columns(usual=nw.col("gap_seconds").median())
            .with_columns(gap_days=nw.when(~usual.is_null()).then(_days(usual)))
            .with_columns(nw.col("gap_days").fill_null(DEFAULT_GAP_DAYS))
            .drop("usual")
        )
    gap, before = _gaps(rules)
    recency = nw.col("recency_days") * 100
    recent = recency <= gap * rules.active
    cases = (
        (nw.col("orders") <= 0, Lifecycle.LEAD),
        (nw.col("age_days") * 100 <= gap * rules.new, Lifecycle.NEW),
        (
            recent & (nw.col("silence_days") * 100 > before * rules.lapsed).fill_null(False),
            Lifecycle.WON_BACK,
        ),
        (recent, Lifecycle.ACTIVE),
        (recency <= gap * rules.lapsed, Lifecycle.AT_RISK),
    )
    stage: nw.Expr = nw.lit(Lifecycle.LAPSED.value)
    for holds, name in reversed(cases):
        stage = nw.when(holds).then(nw.lit(name.value)).otherwise(stage)
    return frame.with_columns(lifecycle=stage)


def usual_gap(traits: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row with ``gap_days``: the median over customers who ordered more than once of their average time between
    orders, in whole days, at least one; null where nobody did."""
    return traits.select(usual=nw.col("gap_seconds").median()).select(
        gap_days=nw.when(~nw.col("usual").is_null()).then(_days(nw.col("usual")))
    )


def _days(seconds: nw.Expr) -> nw.Expr:
    days = (seconds / _DAY + 0.5).floor().cast(nw.Int64)
    return nw.when(days >= 1).then(days).otherwise(nw.lit(1)).cast(nw.Int64)


def _gaps(rules: StageRules) -> tuple[nw.Expr, nw.Expr]:
    """The gap that a stage goes by, now and before the last order."""
    shop = nw.col("gap_days")
    if not rules.personal:
        return shop, shop
    gaps, hours = nw.col("gaps"), nw.col("gap_hours")
    return own_gap(shop, gaps, hours), own_gap(shop, gaps - 1, hours - nw.col("silence_hours"))
