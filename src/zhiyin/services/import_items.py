"""Imported items → the dataset ``items``; what a file does not say stays as it was."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pyarrow as pa

from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.services.workspace import Workspace

_KEPT = ("name", "category", "price", "currency", "url", "image_url", "available")


def publish(ws: Workspace, rows: pa.Table) -> int:
    """Add or change items, distinct by id; returns how many were new or changed."""
    lake = ws.lake
    now = ws.now().astimezone(UTC).replace(tzinfo=None)
    wanted = lake.engine.table(rows.select(["item_id"]))
    known = {
        row["item_id"]: row
        for row in lake.collect(lake.items().join(wanted, on="item_id", how="semi")).to_pylist()
    }
    changed = []
    for row in rows.to_pylist():
        before = known.get(row["item_id"], {})
        after = _merged(row, before)
        if any(after[name] != before.get(name) for name in after):
            changed.append({**after, "updated_at": now})
    if changed:
        lake.upsert("items", pa.Table.from_pylist(changed, schema=ITEMS.schema))
    return len(changed)


def _merged(row: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    after = {"item_id": row["item_id"]}
    for name in _KEPT:
        after[name] = row[name] if row[name] is not None else before.get(name)
    after["name"] = after["name"] or row["item_id"]
    if after["available"] is None:
        after["available"] = True
    for name in ("names", "properties"):
        old, new = json.loads(before.get(name) or "{}"), json.loads(row[name])
        after[name] = json.dumps({**old, **new}, ensure_ascii=False, separators=(",", ":"))
    return after
