"""Where customers stand, drawn: bars of the stages, the heat map of recency and frequency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zhiyin.domain.lifecycle import OF_CUSTOMERS
from zhiyin.entrypoints.console import drawing, words


def bars(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """A row for each stage: its code, count, share of the largest, and colour."""
    shares = drawing.shares(counts.get(stage.value, 0) for stage in OF_CUSTOMERS)
    return [
        {
            "code": stage.value,
            "count": counts.get(stage.value, 0),
            "share": share / 100,
            "fill": words.STAGE_FILLS[stage.value],
        }
        for stage, share in zip(OF_CUSTOMERS, shares, strict=True)
    ]


def heat(cells: Iterable[Mapping[str, int]]) -> list[dict[str, Any]]:
    """Five rows of five cells, the most recent first; nothing where nobody has ordered."""
    counts = {(cell["r"], cell["f"]): cell["customers"] for cell in cells}
    most = max(counts.values(), default=0)
    return [
        {
            "r": r,
            "cells": [
                {"f": f, "count": count, "depth": round(8 + 58 * count / most) if count else 0}
                for f in range(1, 6)
                for count in [counts.get((r, f), 0)]
            ],
        }
        for r in range(5, 0, -1)
        if most
    ]
