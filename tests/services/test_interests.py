"""Interests of a workspace: computed with every profiling, fading by themselves, erased with the customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa

from zhiyin.adapters.lake.datasets import ITEMS
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_VIEWED, PRODUCTS_SEARCHED, Event, Line
from zhiyin.domain.interest import InterestKind
from zhiyin.services import interests, privacy, profiles
from zhiyin.services.workspace import Workspace


def shop(ws: Workspace) -> None:
    now = ws.now()
    items = [
        {"item_id": "tea", "name": "Tea", "category": "Tea", "price": 100, "currency": "CNY",
         "properties": '{"品牌": "Lion"}'},
        {"item_id": "cup", "name": "Cup", "category": "Cups", "price": 50, "currency": "CNY", "properties": "{}"},
    ]  # fmt: skip
    ws.lake.upsert("items", pa.Table.from_pylist(items, schema=ITEMS.schema))
    done = [
        Event("1", "track", ORDER_COMPLETED, now - timedelta(minutes=1), "ann", products=(Line("tea"),)),
        Event("2", "track", PRODUCT_VIEWED, now - timedelta(minutes=2), "ann", products=(Line("cup"),)),
        Event("3", "track", PRODUCTS_SEARCHED, now - timedelta(minutes=3), "bob", properties={"query": "Tea"}),
    ]  # fmt: skip
    ws.lake.append(
        "events", events_to_table(done, timezone=ws.timezone, received_at=now), app_id="t", version=1
    )


def scores(ws: Workspace, who: str) -> dict[tuple[str, str], int]:
    return {
        (k.value, one.value): one.score for k, several in interests.of(ws, who).items() for one in several
    }


def test_profiling_finds_interests_and_they_fade_by_themselves(workspace: Workspace) -> None:
    now = workspace.now()
    ws = replace(workspace, now=lambda: now)
    shop(ws)
    assert interests.of(ws, "ann") == {}
    profiles.run(ws)
    # 5 of 6 views and the ground of 5
    assert scores(ws, "ann") == {
        ("category", "Tea"): 45, ("category", "Cups"): 9, ("brand", "Lion"): 50, ("price_band", "mid"): 55,
    }  # fmt: skip
    assert scores(ws, "bob") == {("search", "tea"): 17}
    assert next(iter(interests.of(ws, "ann"))) is InterestKind.CATEGORY
    later = replace(ws, now=lambda: now + timedelta(days=30))
    assert scores(later, "ann")["brand", "Lion"] == 33
    profiles.run(later)
    assert scores(later, "ann")["brand", "Lion"] == 33


def test_who_is_erased_has_no_interests(workspace: Workspace) -> None:
    shop(workspace)
    profiles.run(workspace)
    assert privacy.erase(workspace, "ann").lake["interests"] == 4
    assert interests.of(workspace, "ann") == {}
    assert list(scores(workspace, "bob")) == [("search", "tea")]
