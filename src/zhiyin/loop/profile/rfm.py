"""RFM: how recently, how often and for how much each buyer buys, in fifths of all buyers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from zhiyin.domain.rfm import RfmGroup

_C, _L, _P, _N, _PR = (
    RfmGroup.CHAMPIONS,
    RfmGroup.LOYAL,
    RfmGroup.POTENTIAL,
    RfmGroup.NEW,
    RfmGroup.PROMISING,
)
_A, _S, _R, _X, _H, _O = (
    RfmGroup.NEED_ATTENTION,
    RfmGroup.ABOUT_TO_SLEEP,
    RfmGroup.AT_RISK,
    RfmGroup.CANNOT_LOSE,
    RfmGroup.HIBERNATING,
    RfmGroup.LOST,
)

# R -> the groups of FM 1, 2, 3, 4, 5, where FM is the mean of F and M, halves rounded up.
GROUPS: Mapping[int, tuple[RfmGroup, ...]] = {
    5: (_N, _N, _P, _C, _C),
    4: (_PR, _PR, _P, _L, _C),
    3: (_S, _S, _A, _L, _L),
    2: (_H, _H, _R, _R, _X),
    1: (_O, _O, _H, _R, _X),
}


def rfm(traits: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The frame with columns ``r``, ``f``, ``m`` (1 to 5, 5 = best) and ``rfm_group``; null for non-buyers.

    A score is the fifth in which a buyer stands among all buyers: with ``below`` buyers of a worse value and
    ``equal`` of the same (themselves included), it is ``1 + floor(5 (below + equal / 2) / buyers)``. Equal
    values thus get equal scores, distinct values exact fifths, and a shop whose buyers are all alike threes.
    Values are ``recency_days`` (fewer is better), ``orders`` and ``revenue``.
    """
    buyer = nw.col("orders") > 0
    frame = traits.with_columns(
        recency=nw.when(buyer).then(nw.lit(0) - nw.col("recency_days")),
        frequency=nw.when(buyer).then(nw.col("orders")),
        money=nw.when(buyer).then(nw.col("revenue")),
    )
    scored = frame
    for value, score in (("recency", "r"), ("frequency", "f"), ("money", "m")):
        scored = scored.join(_scores(frame, value, score), on=value, how="left")
    return scored.with_columns(rfm_group=_group()).drop("recency", "frequency", "money")


def _scores(frame: nw.LazyFrame[Any], value: str, score: str) -> nw.LazyFrame[Any]:
    """Each value with its score. Values are counted first: they are far fewer than buyers, or narrow at least."""
    counted = frame.filter(~nw.col(value).is_null()).group_by(value).agg(equal=nw.len())
    placed = counted.with_columns(
        equal=nw.col("equal").cast(nw.Int64),
        up_to=nw.col("equal").cast(nw.Int64).cum_sum().over(order_by=value).cast(nw.Int64),
        twice_buyers=(nw.col("equal").sum() * 2).cast(nw.Int64),
    ).with_columns(points=(nw.col("up_to") * 2 - nw.col("equal")) * 5)
    fifth = (nw.col("points") / nw.col("twice_buyers")).floor().cast(nw.Int64)
    return placed.select(value, (fifth + 1).alias(score))


def _group() -> nw.Expr:
    """The table as one expression; twice FM, to stay with whole numbers."""
    total = nw.col("f") + nw.col("m")
    expression: nw.Expr = nw.lit(None, nw.String)
    for r, names in GROUPS.items():
        for fm, name in enumerate(names, 1):
            here = (nw.col("r") == r) & (total >= 2 * fm - 1) & (total <= 2 * fm)
            expression = nw.when(here).then(nw.lit(name.value)).otherwise(expression)
    return expression
