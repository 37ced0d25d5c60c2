"""Events as rows of the lake: what every engine can read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.adapters.lake.datasets import EVENTS, REJECTS
from zhiyin.adapters.lake.rows import event_of, events_of, events_to_table, rejects_to_table
from zhiyin.domain.event import Event, Line
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import load, say

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


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
lines = st.builds(Line, texts, st.integers(-5, 5), st.none() | st.integers(0, 10**9), st.none() | texts)
values = st.dictionaries(
    texts, texts | st.integers(-(2**60), 2**60) | st.booleans() | st.lists(texts), max_size=4
)
events = st.builds(
    Event,
    event_id=texts,
    type=st.just("track"),
    name=texts,
    timestamp=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    customer_id=st.none() | texts,
    anonymous_id=st.none() | texts,
    source=texts,
    order_id=st.none() | texts,
    amount=st.none() | st.integers(-(10**12), 10**12),
    currency=st.none() | texts,
    campaign=st.none() | texts,
    products=st.lists(lines, max_size=3).map(tuple),
    properties=values,
    session_id=st.none() | texts,
    context=values,
)


@given(
    st.lists(events, max_size=6),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin"]),
)
def test_an_event_comes_back_from_the_lake_as_it_was(stated: list[Event], zone: str) -> None:
    table = events_to_table(stated, timezone=ZoneInfo(zone), received_at=NOW)
    assert table.schema == EVENTS.schema
    rows = table.to_pylist()
    assert [event_of(row) for row in rows] == stated
    assert list(events_of(table)) == stated
    few = table.select(["event_id", "type", "event", "timestamp"]).slice(1)
    assert [(one.event_id, one.timestamp, one.products) for one in events_of(few)] == [
        (one.event_id, one.timestamp, ()) for one in stated[1:]
    ]
    bare = list(events_of(table.select(["event", "timestamp"])))
    assert [(one.name, one.timestamp, one.source, one.properties) for one in bare] == [
        (one.name, one.timestamp, "", {}) for one in stated
    ]
    for row, event in zip(rows, stated, strict=True):
        assert row["date"] == event.timestamp.date()
        assert row["local_date"] == event.timestamp.astimezone(ZoneInfo(zone)).date()
        assert row["month"] == f"{event.timestamp:%Y-%m}"
        assert row["received_at"].replace(tzinfo=UTC) == NOW


def test_a_rejected_payload_keeps_its_reason_place_and_source() -> None:
    sentence = say("timestamp {value} lies in the future", value="2099")
    known = Reject(0, RejectReason.FUTURE_DATE, sentence, "{}", "7:1", "web", NOW, "ann")
    nobody = Reject(0, RejectReason.NO_CONSENT, "", "", "7:2", "web")
    first, second = rejects_to_table([known, nobody], rejected_at=NOW).to_pylist()
    assert (first["reject_id"], first["reason"], first["source"]) == ("spool:7:1", "future_date", "web")
    assert (first["customer_id"], first["received_at"].replace(tzinfo=UTC)) == ("ann", NOW)
    assert load(first["detail"]) == sentence
    assert (second["customer_id"], second["received_at"], second["raw"]) == (None, None, "")
    assert rejects_to_table([], rejected_at=NOW).schema == REJECTS.schema
