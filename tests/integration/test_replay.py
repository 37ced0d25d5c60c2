"""A small day lived through event by event ends where batch arrives with all facts at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bench.replay import replayed


def test_a_day_that_was_lived_ends_where_batch_arrives(tmp_path: Path) -> None:
    found = replayed(tmp_path, events=600, customers=40, every=timedelta(minutes=150), segments=20)
    assert found["different"] == []
    assert found["events"] == 600
    assert found["compared"] == 20 * 40
    assert found["transitions"] > found["members"] / 2 > 50
