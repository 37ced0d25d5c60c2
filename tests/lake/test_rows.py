"""Events as rows of the lake: what every engine can read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.event import Event

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def refused(constant: str) -> NoReturn:
    raise AssertionError(constant)


def test_what_is_no_number_is_null_in_the_lake() -> None:
    given = {"a": float("nan"), "b": [1.5, float("inf")], "c": {"d": float("-inf")}, "e": "NaN"}
    table = events_to_table(
        [Event("1", "track", "Viewed", NOW, properties=given)], timezone=ZoneInfo("UTC"), received_at=NOW
    )
    (text,) = table["properties"].to_pylist()
    kept = json.loads(text, parse_constant=refused)
    assert kept == {"a": None, "b": [1.5, None], "c": {"d": None}, "e": "NaN"}
