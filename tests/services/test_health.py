"""Health of the data: what was received is accounted for, and how each source stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.adapters.records.models import Tally
from zhiyin.domain.event import EMAIL_OPENED, Event
from zhiyin.domain.reasons import RejectReason
from zhiyin.services import health, imports, ingest, sources, tallies
from zhiyin.services.health import Balance, State
from zhiyin.services.workspace import Workspace

NOW = datetime(2026, 3, 15, 13, 15, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    return replace(workspace, now=lambda: NOW)


def came(ws: Workspace, source: str, at: datetime, *bodies: dict[str, object]) -> None:
    """Payloads of a source, as the tracking API would have kept them, moved by the worker."""
    entry = {"receivedAt": at, "source": source, "kind": "batch", "body": {"batch": bodies}}
    ws.spool.append([msgspec.json.encode(entry)])
    ws.spool.close()
    ingest.drain(ws)


def page(number: int, **fields: object) -> dict[str, object]:
    return {"type": "page", "userId": "ann", "messageId": f"m{number}", **fields}


def tally(source: str, at: datetime, **outcomes: int) -> None:
    for outcome, events in outcomes.items():
        last = at if outcome == "received" else None
        row = {"source": source, "hour": tallies.hour(at), "outcome": outcome}
        Tally.objects.create(**row, events=events, last_at=last)


def test_what_was_received_is_kept_a_duplicate_or_rejected(ws: Workspace) -> None:
    sources.create(ws, "web")
    at = NOW - timedelta(minutes=5)
    came(ws, "web", at, page(1), page(2), page(1), {"type": "vote", "userId": "ann"})
    found = health.get(ws)
    assert found.balance == Balance(received=4, kept=2, duplicates=1, rejected=1)
    assert found.balance.missing == 0
    assert found.reasons == {"unknown_type": 1}
    (web,) = found.sources
    assert (web.name, web.kind, web.state, web.last) == ("web", "web", State.REJECTING, at)
    assert web.by_hour[-1] == 4
    assert sum(web.by_hour) == 4


def test_hours_stand_beside_the_same_hours_last_week(ws: Workspace) -> None:
    sources.create(ws, "web")
    for at, kept in (
        (NOW, 7),
        (NOW - WEEK, 5),
        (NOW - timedelta(hours=23), 3),
        (NOW - timedelta(hours=24), 9),
    ):
        tally("web", at, received=kept, kept=kept)
    found = health.get(ws)
    assert len(found.hours) == 24
    assert (found.hours[-1].kept, found.hours[-1].before) == (7, 5)
    assert (found.hours[0].kept, found.hours[0].at) == (3, datetime(2026, 3, 14, 14, tzinfo=UTC))
    assert found.balance.received == 10


def test_a_missing_event_is_seen(ws: Workspace) -> None:
    sources.create(ws, "web")
    tally("web", NOW, received=10, kept=7, bot=2)
    assert health.get(ws).balance.missing == 1


def test_rows_of_files_are_a_source_and_balance(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("customer_id,email\nc1,a@example.com\nc2,nowhere\n", encoding="utf-8")
    for _ in range(2):
        imports.run(ws, "customers", [file])
    found = health.get(ws)
    assert found.balance == Balance(received=4, kept=1, duplicates=1, rejected=2)
    assert [(one.name, one.source_id) for one in found.sources] == [("files", None)]
    assert found.sources[0].last == NOW


def test_events_of_our_own_are_a_source_of_their_own(ws: Workspace) -> None:
    opened = [
        Event(f"o{n}", "track", EMAIL_OPENED, NOW, "ann", source=s)
        for n, s in enumerate(("zhiyin", "console"))
    ]
    ingest.record(ws, opened)
    ws.spool.close()
    ingest.drain(ws)
    (own,) = health.get(ws).sources
    assert (own.name, own.balance.kept, own.state) == ("zhiyin", 2, State.FINE)


def test_refused_requests_stand_beside_the_balance(ws: Workspace) -> None:
    tallies.refused(ws, {401: 3, 503: 1})
    tallies.refused(ws, {401: 2})
    found = health.get(ws)
    assert found.door == {401: 5, 503: 1}
    assert found.balance == Balance()
    assert found.sources == ()


def test_one_source_is_looked_at_alone(ws: Workspace) -> None:
    for name, events in (("web", 5), ("app", 2)):
        sources.create(ws, name)
        tally(name, NOW, received=events, kept=events)
    found = health.get(ws, source="app")
    assert found.balance.received == 2
    assert [one.name for one in found.sources] == ["app"]


def test_states_of_sources(ws: Workspace) -> None:
    for name in (
        "fine",
        "late",
        "young and late",
        "night shop",
        "rejecting",
        "crawled",
        "silent",
        "new",
        "gone",
    ):
        sources.create(ws, name)
    hours = [NOW - timedelta(hours=back) for back in range(24)]
    for at in hours:
        tally("fine", at, received=100, kept=99, bad_date=1)
        tally("rejecting", at, received=100, kept=98, bad_date=2)
        tally("crawled", at, received=100, kept=10, bot=60, no_consent=30)
        tally("gone", at, received=1, kept=1)
    for at in hours[5:]:
        tally("young and late", at, received=1, kept=1)
    tally("late", NOW - timedelta(hours=9), received=1, kept=1)
    tally("late", NOW - WEEK - timedelta(hours=4), received=1, kept=1)
    tally("night shop", NOW - timedelta(hours=9), received=1, kept=1)
    tally("silent", NOW - timedelta(hours=40), received=1, kept=1)
    sources.revoke(ws, "gone")
    found = health.get(ws)
    assert {one.name: str(one.state) for one in found.sources} == {
        "fine": "fine", "rejecting": "rejecting", "crawled": "fine", "gone": "revoked", "late": "late",
        "young and late": "late", "night shop": "fine", "silent": "silent", "new": "silent",
    }  # fmt: skip
    assert {one.name for one in found.troubled} == {"rejecting", "late", "young and late", "silent"}
    assert found.sources[-1].name == "gone"


def test_a_renamed_source_keeps_its_history(ws: Workspace) -> None:
    sources.create(ws, "old")
    tally("old", NOW, received=4, kept=4)
    sources.rename(ws, "old", "web")
    (web,) = health.get(ws).sources
    assert (web.name, web.balance.kept) == ("web", 4)


@given(
    st.dictionaries(
        st.sampled_from(["kept", "duplicate", *(str(reason) for reason in RejectReason)]),
        st.integers(0, 10**9),
    )
)
def test_sums_by_outcome_balance_with_what_was_received(outcomes: dict[str, int]) -> None:
    balance = health._balance({**outcomes, "received": sum(outcomes.values())})
    assert balance.missing == 0
