"""What takes all customers to know and a single customer's features depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from zhiyin.loop.profile.lifecycle import DEFAULT_GAP_DAYS, usual_gap
from zhiyin.loop.profile.rfm import Cuts, borders, cuts
from zhiyin.loop.profile.stated import Learnt

_GAP = "gap"


@dataclass(frozen=True, slots=True)
class Facts:
    """Found by a run over all customers and used unchanged until the next one, so that describing some of them
    anew says what a run over all with the same facts would say.

    ``measured`` are the usual days between orders, None where nobody ordered twice; ``cuts`` are the borders of
    the fifths of ``rfm``, ``stated`` what is assumed of who did not state an attribute.
    """

    measured: int | None = None
    cuts: Cuts = field(default_factory=dict)
    stated: Learnt = field(default_factory=Learnt)

    @property
    def gap_days(self) -> int:
        """The usual days between orders, or what stands in for them."""
        return self.measured or DEFAULT_GAP_DAYS

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        cuts = {score: list(least) for score, least in self.cuts.items()}
        return {"gap_days": self.measured, "cuts": cuts, "stated": self.stated.dump()}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Facts:
        """Of JSON; what an older run did not find is as if there had been nobody.

        >>> Facts.load(Facts(31, {"f": (2, 3, None, None)}).dump()) == Facts(31, {"f": (2, 3, None, None)})
        True
        """
        found = data.get("cuts", {})
        cuts = {score: tuple(least) for score, least in found.items()}
        return cls(data.get("gap_days"), cuts, Learnt.load(data.get("stated", {})))


def measured(kept: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """A few rows that tell the facts, of the features' ``summed``: for ``facts``."""
    gap = usual_gap(kept).select(score=nw.lit(_GAP), fifth=nw.lit(0).cast(nw.Int64), least="gap_days")
    return nw.concat([borders(kept), gap])


def facts(rows: Iterable[Mapping[str, Any]], gap_days: int = 0) -> Facts:
    """The facts of the rows of ``measured``; ``gap_days`` are the shop's own choice, 0 for what was measured."""
    told = list(rows)
    usual = next((row["least"] for row in told if row["score"] == _GAP), None)
    return Facts(gap_days or usual, cuts(row for row in told if row["score"] != _GAP))
