"""The list of segments, and the people in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from zhiyin.entrypoints.console import paging, segment_words
from zhiyin.loop.profile.segment_json import parse
from zhiyin.services.workspace import Workspace


def rows(ws: Workspace, stored: Iterable[Any]) -> list[dict[str, Any]]:
    """The list of segments, each with its rule in words and how many campaigns use it."""
    from django.db.models import Count

    from zhiyin.adapters.records.models import Segment

    uses: Mapping[str, int] = dict(
        Segment.objects.annotate(uses=Count("campaigns")).values_list("key", "uses")
    )
    return [
        {"segment": segment, "sentence": sentence_of(ws, segment), "campaigns": uses.get(segment.key, 0)}
        for segment in stored
    ]


def ordered(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """The rows by a column, ``-count`` for the largest first; those without a figure last, equal ones by name."""
    name = sort.removeprefix("-")
    key = _KEYS.get(name, _KEYS["name"])
    known = [row for row in rows if key(row) is not None]
    found = sorted(known, key=key, reverse=sort.startswith("-"))
    return [*found, *(row for row in rows if key(row) is None)]


_KEYS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "name": lambda row: row["segment"].name.casefold(),
    "count": lambda row: row["segment"].count,
    "counted_at": lambda row: row["segment"].counted_at,
    "campaigns": lambda row: row["campaigns"],
}


def sentence_of(ws: Workspace, segment: Any) -> str:
    """The rule of a stored segment in words."""
    return segment_words.capitalised(ws, parse(segment.rule))


def at_risk(ws: Workspace) -> int:
    """How many customers are at risk, for the first segment."""
    from zhiyin.services import profiles

    return int(profiles.totals(ws)["lifecycle"].get("at_risk", 0))


def people(ws: Workspace, segment: Any, number: int, per_page: int) -> dict[str, Any]:
    """One page of a segment's members, in the order of their ids."""
    from zhiyin.adapters.records.models import Customer
    from zhiyin.services import segments

    rule = parse(segment.rule)
    total = segments.count(ws, rule).count
    ids = segments.members(ws, rule, limit=per_page, offset=(number - 1) * per_page)
    found = Customer.objects.in_bulk(ids)
    return {
        "customers": [found[i] for i in ids if i in found],
        "total": total,
        "page": number,
        "pages": paging.pages(total, per_page),
    }
