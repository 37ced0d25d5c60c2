"""RFM: how recently, how often and for how much each buyer buys, in fifths of all buyers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


# Score -> the smallest values that are given 2, 3, 4 and 5; None where none is. No buyers, no borders.
Cuts = Mapping[str, tuple[int | None, ...]]

_VALUES: Mapping[str, nw.Expr] = {
    "r": nw.lit(0) - nw.col("recency_days"),
    "f": nw.col("orders"),
    "m": nw.col("revenue"),
}


def rfm(traits: nw.LazyFrame[Any], cuts: Cuts) -> nw.LazyFrame[Any]:
    """The frame with columns ``r``, ``f``, ``m`` (1 to 5, 5 = best) and ``rfm_group``; null for non-buyers.

    A score is the fifth of all buyers in which a value stands: ``borders`` finds where each begins, and ``cuts``
    makes this of it. Values are ``recency_days`` (fewer is better), ``orders`` and ``revenue``.
    """
    buyer = nw.col("orders") > 0
    scores = {
        score: nw.when(buyer).then(_score(value, cuts[score]))
        for score, value in _VALUES.items()
        if score in cuts
    }
    unknown = {score: nw.lit(None).cast(nw.Int64) for score in _VALUES if score not in cuts}
    return traits.with_columns(**scores, **unknown).with_columns(rfm_group=_group())


def borders(traits: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The fifths of all buyers: ``score``, ``fifth`` and ``least``, the smallest value that stands in it.

    With ``below`` buyers of a worse value and ``equal`` of the same (themselves included), a buyer stands in the
    fifth ``1 + floor(5 (below + equal / 2) / buyers)``. Equal values thus get equal scores, distinct values exact
    fifths, and a shop whose buyers are all alike threes.
    """
    buyers = traits.filter(nw.col("orders") > 0)
    return nw.concat([_fifths(buyers.select(value=value), score) for score, value in _VALUES.items()])


def cuts(rows: Iterable[Mapping[str, Any]]) -> Cuts:
    """What ``rfm`` takes, of the rows of ``borders``.

    >>> cuts([{"score": "f", "fifth": 2, "least": 1}, {"score": "f", "fifth": 4, "least": 3}])
    {'f': (1, 3, 3, None)}
    """
    found: dict[str, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row["score"], {})[row["fifth"]] = row["least"]
    return {
        score: tuple(min((least[at] for at in least if at >= fifth), default=None) for fifth in range(2, 6))
        for score, least in found.items()
    }


def _fifths(values: nw.LazyFrame[Any], score: str) -> nw.LazyFrame[Any]:
    """Values are counted first: they are far fewer than buyers, or narrow at least."""
    placed = (
        values.group_by("value")
        .agg(equal=nw.len())
        .with_columns(
            equal=nw.col("equal").cast(nw.Int64),
            up_to=nw.col("equal").cast(nw.Int64).cum_sum().over(order_by="value").cast(nw.Int64),
            twice_buyers=(nw.col("equal").sum() * 2).cast(nw.Int64),
        )
        .with_columns(points=(nw.col("up_to") * 2 - nw.col("equal")) * 5)
    )
    fifth = (nw.col("points") / nw.col("twice_buyers")).floor().cast(nw.Int64) + 1
    return (
        placed.select("value", fifth=fifth)
        .group_by("fifth")
        .agg(least=nw.col("value").min())
        .select(score=nw.lit(score), fifth="fifth", least="least")
    )


def _score(value: nw.Expr, borders: tuple[int | None, ...]) -> nw.Expr:
    score: nw.Expr = nw.lit(1)
    for fifth, least in enumerate(borders, 2):
        if least is not None:
            score = nw.when(value >= least).then(nw.lit(fifth)).otherwise(score)
    return score.cast(nw.Int64)


def _group() -> nw.Expr:
    """The table as one expression; twice FM, to stay with whole numbers."""
    total = nw.col("f") + nw.col("m")
    expression: nw.Expr = nw.lit(None, nw.String)
    for r, names in GROUPS.items():
        for fm, name in enumerate(names, 1):
            here = (nw.col("r") == r) & (total >= 2 * fm - 1) & (total <= 2 * fm)
            expression = nw.when(here).then(nw.lit(name.value)).otherwise(expression)
    return expression
