"""What the worker makes of a batch: events in the lake, people and counts in the records, each once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from zhiyin.adapters.records.models import Consent, Customer, Identity, Tally
from zhiyin.domain.consent import TRACKING
from zhiyin.domain.event import Event
from zhiyin.services import customers, ingest, live, profiles
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def send(ws: Workspace, *payloads: dict[str, Any], at: datetime = AT) -> int:
    """A request with these payloads, moved."""
    body = {"batch": [{"timestamp": at.isoformat(), **payload} for payload in payloads]}
    entry = {"receivedAt": at, "source": "web", "sentAt": None, "kind": "batch", "body": body}
    ws.spool.append([msgspec.json.encode(entry)])
    ws.spool.close()
    return ingest.drain(ws)


def order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "track", "event": "Order Completed", "messageId": f"m{number}", "userId": "ann",
        "properties": {"order_id": f"o{number}", "total": 10}, **more,
    }  # fmt: skip


def tallies() -> Counter[str]:
    counts: Counter[str] = Counter()
    for outcome, events in Tally.objects.values_list("outcome", "events"):
        counts[outcome] += events
    return counts


def test_what_comes_in_is_kept_refused_or_known_already_and_the_counts_balance(workspace: Workspace) -> None:
    good = [order(n) for n in range(98)]
    assert send(workspace, *good, good[0], {"type": "vote", "userId": "ann"}) == 100
    assert send(workspace, good[1]) == 1  # a client's retry
    assert workspace.lake.count("events") == 98
    assert workspace.lake.count("rejects") == 1
    counts = tallies()
    assert counts["received"] == 101
    assert counts["received"] == sum(n for outcome, n in counts.items() if outcome != "received")
    assert (counts["kept"], counts["duplicate"]) == (98, 2)


def test_a_customers_row_is_right_at_once_and_profiling_finds_the_same(workspace: Workspace) -> None:
    send(workspace, order(1), order(2), order(1))
    send(workspace, order(3, event="Order Refunded"), at=AT + timedelta(hours=1))
    ann = Customer.objects.get(pk="ann")
    assert (ann.orders, ann.revenue, ann.average_order_value) == (2, 1000, 500)
    assert (ann.first_order_at, ann.last_seen) == (AT, AT + timedelta(hours=1))
    before = {
        name: getattr(ann, name) for name in ("orders", "revenue", "first_seen", "last_seen", "last_order_at")
    }
    profiles.run(workspace)
    ann.refresh_from_db()
    assert before == {name: getattr(ann, name) for name in before}


def test_what_a_visitor_did_belongs_to_the_customer_that_she_turned_out_to_be(workspace: Workspace) -> None:
    def view(n: int, **who: str) -> dict[str, Any]:
        return {"type": "track", "event": f"Viewed {n}", "messageId": f"v{n}", **who}

    send(workspace, view(1, anonymousId="visitor"))
    send(workspace, {"type": "identify", "userId": "ann", "anonymousId": "visitor", "messageId": "i"})
    send(workspace, view(2, anonymousId="visitor"))
    assert Identity.objects.get().customer_id == "ann"
    events = workspace.lake.collect(workspace.lake.events()).to_pylist()
    assert {row["event"]: row["customer_id"] for row in events}["Viewed 2"] == "ann"
    names = [entry.event.name for entry in customers.timeline(workspace, "ann").entries if entry.event]
    assert {"Viewed 1", "Viewed 2"} <= set(names)


def test_an_event_knows_when_it_was_received(workspace: Workspace) -> None:
    for minute in (1, 2):
        body = {"batch": [order(minute), order(minute + 10)]}
        line = {"receivedAt": AT + timedelta(minutes=minute), "kind": "batch", "body": body}
        workspace.spool.append([msgspec.json.encode(line)])
    workspace.spool.close()
    ingest.drain(workspace)
    rows = workspace.lake.collect(workspace.lake.events()).to_pylist()
    received = {row["order_id"]: row["received_at"].replace(tzinfo=UTC) - AT for row in rows}
    one, two = timedelta(minutes=1), timedelta(minutes=2)
    assert received == {"o1": one, "o11": one, "o2": two, "o12": two}


def test_who_does_not_want_to_be_tracked_leaves_nothing_but_a_number(workspace: Workspace) -> None:
    Customer.objects.create(customer_id="ann")
    Consent.objects.create(customer_id="ann", channel="web", purpose=TRACKING, granted=False, at=AT)
    send(workspace, order(1), order(2, userId="bob"), {"type": "vote", "userId": "ann", "secret": "tea"})
    assert workspace.lake.count("events") == 1
    rejects = workspace.lake.collect(workspace.lake.frame("rejects")).to_pylist()
    assert [(row["reason"], row["raw"], row["customer_id"]) for row in rejects] == [
        ("no_consent", "", None)
    ] * 2


def test_a_line_damaged_on_the_disk_is_a_reject_and_stops_nothing(workspace: Workspace) -> None:
    for n in (1, 2):
        body = {"receivedAt": AT, "source": "web", "kind": "track", "body": order(n)}
        workspace.spool.append([msgspec.json.encode(body)])
    workspace.spool.close()
    (segment,) = workspace.spool.ready()
    segment.write_bytes(segment.read_bytes().replace(b'"m1"', b'"x1"'))
    assert ingest.drain(workspace) == 2
    assert workspace.lake.count("events") == 1
    (reject,) = workspace.lake.collect(workspace.lake.frame("rejects")).to_pylist()
    assert '"x1"' in reject["raw"]


def test_a_lost_memory_does_not_make_a_batch_look_known(workspace: Workspace) -> None:
    send(workspace, order(1))
    for path in workspace.spool.folder.glob("memory.sqlite3*"):
        path.unlink()
    send(workspace, order(2))
    assert workspace.lake.count("events") == 2
    assert Customer.objects.get(pk="ann").orders == 2


def test_our_own_events_come_the_same_way_and_count_once(workspace: Workspace) -> None:
    own = Event("opened:1", "track", "Email Opened", AT, "ann", source="zhiyin")
    for _ in range(2):
        ingest.record(workspace, [own])
        workspace.spool.close()
        ingest.drain(workspace)
    assert ingest.counts(workspace) == {"Email Opened": 1}


@pytest.mark.parametrize("times", [1, 3])
def test_the_live_stream_shows_the_last_outcomes_newest_first(workspace: Workspace, times: int) -> None:
    for n in range(times):
        send(workspace, order(n), {"type": "vote", "userId": "bob"}, at=AT + timedelta(seconds=n))
    shown = live.latest(workspace)
    assert len(shown) == 2 * times
    assert [one.at for one in shown] == sorted((one.at for one in shown), reverse=True)
    assert {one.reason for one in shown} == {"", "unknown_type"}
    live.forget(workspace, ["ann"])
    assert {one.customer_id for one in live.latest(workspace)} == {"bob"}


def test_the_live_stream_names_what_was_refused_in_the_order_it_came(workspace: Workspace) -> None:
    bad = order(1) | {"messageId": "bad", "properties": {"order_id": "9", "total": "much"}}
    send(workspace, order(2), bad, order(3), {"type": "page", "event": 7, "userId": " "}, {"type": ["x"]})
    shown = [(one.name, bool(one.reason)) for one in live.latest(workspace)]
    bought = ("Order Completed", False)
    assert shown == [("", True), ("page", True), bought, ("Order Completed", True), bought]
