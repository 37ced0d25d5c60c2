"""The catalogue: every item of the lake, held in memory until it changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from zhiyin.domain.item import Item
from zhiyin.services.workspace import Workspace

_held: dict[str, tuple[tuple[str, ...], dict[str, Item]]] = {}  # folder -> (files, items)


def items(ws: Workspace, ids: Iterable[str]) -> dict[str, Item]:
    """The items of these ids; unknown ones are left out."""
    known = all_items(ws)
    return {item_id: known[item_id] for item_id in ids if item_id in known}


def all_items(ws: Workspace) -> dict[str, Item]:
    """All items by id, read again only after the lake's items have changed."""
    files = tuple(sorted(ws.lake.files("items")))
    held = _held.get(str(ws.folder))
    if held is None or held[0] != files:
        rows = ws.lake.collect(ws.lake.items()).to_pylist()
        held = files, {row["item_id"]: _item(row) for row in sorted(rows, key=lambda row: row["item_id"])}
        _held[str(ws.folder)] = held
    return held[1]


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        item_id=row["item_id"],
        name=row["name"] or row["item_id"],
        category=row["category"] or "",
        price=row["price"],
        currency=row["currency"] or "",
        url=row["url"] or "",
        image_url=row["image_url"] or "",
        available=row["available"] is not False,
        names=json.loads(row["names"] or "{}"),
        properties={name: _listed(value) for name, value in json.loads(row["properties"] or "{}").items()},
    )


def _listed(value: Any) -> Any:
    """A list that was imported as its text, as a cell of a table is: a list again."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
