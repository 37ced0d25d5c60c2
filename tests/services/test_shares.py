"""Several processes make of a batch exactly what one makes of it; and they end with the worker."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.integration.test_redo import state

from zhiyin.adapters.children import Children, Lost
from zhiyin.adapters.records.erasure import customer_mark
from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.adapters.spool import Batch, Spool, SpoolMemory, keys, visit_rows
from zhiyin.domain.consent import TRACKING
from zhiyin.domain.event import Event
from zhiyin.loop.collect import arrival
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.parts import Part, _visitor
from zhiyin.services import ingest, live
from zhiyin.services.shares import Known, Share, Understood, apart, joined
from zhiyin.services.workspace import Workspace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SHOP = Facts()
VISITORS = ["v0", "v1", "v2", *(f"visitor-of-the-shop-{n}" for n in range(3))]

people = st.fixed_dictionaries(
    {
        "anonymousId": st.sampled_from([*VISITORS, "late:v1", None, "undefined"]),
        "userId": st.sampled_from([None, None, "ann", "bob", "cat", 7]),
    }
)


def of_visitor(message: dict[str, Any]) -> dict[str, Any]:
    """The message; where its order is the visitor's own, others know it by another id."""
    properties = message.get("properties", {})
    if properties.get("order_id") != "own":
        return message
    return message | {"properties": properties | {"order_id": f"{message['anonymousId']}"}}


messages = st.builds(
    lambda who, number, kind, minutes, extra: of_visitor(
        who
        | {
            "messageId": number if number is None else f"m{number}{who['anonymousId'] or ''}",
            "type": kind,
            "timestamp": (AT + timedelta(minutes=minutes)).isoformat(),
        }
        | extra
    ),
    people,
    st.none() | st.integers(0, 30),
    st.sampled_from(["track", "page", "page", "identify", "vote"]),
    st.integers(-120, 0),
    st.sampled_from(
        [
            {"event": "Order Completed", "properties": {"order_id": "1", "total": 10}},
            {"event": "Order Completed", "properties": {"order_id": "own", "total": 10}},
            {"event": "Order Cancelled", "properties": {"order_id": "own", "total": 10}},
            {"event": "Viewed", "context": {"userAgent": "Mozilla/5.0 Chrome/140.0"}},
            {"event": "Viewed", "context": {"consent": {"categoryPreferences": {"analytics": False}}}},
            {"traits": {"city": "Wuxi"}, "name": "Home"},
        ]
    ),
)
others = st.sampled_from(
    [
        {"type": "alias", "previousId": "v1", "userId": "ann", "messageId": "a1"},
        {"type": "alias", "previousId": "v2", "userId": "ann", "anonymousId": "v2", "messageId": "a2"},
        {"type": "alias", "previousId": "v3", "userId": "ann", "anonymousId": "v4", "messageId": "a3"},
        {"type": "page", "anonymousId": "v5", "messageId": "m1"},
        {"type": "page", "properties": {"anonymousId": VISITORS[3]}, "anonymousId": VISITORS[4], "messageId": "n1"},
        {"type": "page", "anonymousId": VISITORS[5] + "\u3000", "messageId": "n2"}, 3, None, [], "text",
    ]
)  # fmt: skip
requests = st.lists(st.lists(messages | others, max_size=6), max_size=8)


def written(folder: Path, bodies: Sequence[list[Any]]) -> Batch:
    """A batch with one request for each body, and an event of our own."""
    spool = Spool(folder)
    lines = [
        {
            "receivedAt": AT + timedelta(seconds=n),
            "source": f"s{n % 2}",
            "kind": "batch",
            "body": {"batch": body},
        }
        for n, body in enumerate(bodies)
    ]
    own = {"event": Event("opened:1", "track", "Email Opened", AT, "ann")}
    spool.append([msgspec.json.encode(line) for line in [*lines, own, own]])
    spool.close()
    seen = keys(["m1", "m20", "m3v0", "m7v2"])
    visits = {"v0": ("s0", AT.timestamp() - 3000, AT.timestamp() - 600, 3), "late:v1": ("s1", 0.0, 0.0, 1)}
    orders = keys(["order:v0", "guest:order:v1"])
    SpoolMemory(folder).commit(6, seen, visit_rows(visits), AT, orders)
    return Batch(7, tuple(spool.ready()))


def known() -> Known:
    facts = Facts(
        identities={"v0": "ann", "v3": "bob"},
        refusing={"bob"},
        erased={"cat": AT + timedelta(seconds=3)},
    )
    return Known(facts, AT, SHANGHAI)


def content(found: Understood) -> dict[str, Any]:
    """What was understood, without order."""
    content = {one.name: getattr(found, one.name) for one in dataclasses.fields(found)}
    for name, key in (("events", "event_id"), ("rejects", "reject_id")):
        content[name] = sorted(content[name].to_pylist(), key=lambda row: row[key])
    return content | {
        "messages": sorted(found.messages.tolist()),
        "orders": sorted(found.orders.tolist()),
        "visits": sorted(found.visits.to_pylist(), key=repr),
        "outcomes": sorted(map(repr, found.outcomes)),
    }


@settings(max_examples=150)
@given(bodies=requests)
def test_shares_together_are_what_one_alone_gives(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[list[Any]]
) -> None:
    batch = written(tmp_path_factory.mktemp("spool"), bodies)
    alone = Share(batch)
    alone.asked()
    wanted = alone.understood(known())
    assert wanted.arrived == sum(map(len, bodies)) + 2
    shares = [Share(batch, Part(number, 3)) for number in range(3)]
    positions = sorted(one.position for share in shares for one in share.arrived)
    assert positions == sorted(one.position for one in alone.arrived)  # each is in exactly one
    asked = [share.asked() for share in shares]
    event(f"apart: {apart(asked)}")
    if apart(asked):
        several = [share.understood(known()) for share in shares]
        assert content(joined(several)) == content(wanted)


def share_of(tmp_path: Path, *body: Any) -> bool:
    batch = written(tmp_path, [list(body)])
    return apart([Share(batch, Part(number, 64)).asked() for number in range(64)])


def test_what_concerns_two_shares_is_not_taken_apart(tmp_path: Path) -> None:
    one, other = ({"type": "page", "anonymousId": who, "messageId": who} for who in ("v1", "v2"))
    assert share_of(tmp_path / "a", one, other, one)
    assert not share_of(tmp_path / "b", one, other | {"messageId": "v1"})
    assert share_of(tmp_path / "c", one, {"type": "alias", "userId": "ann", "previousId": "v1"})
    assert not share_of(tmp_path / "d", one, {"type": "alias", "anonymousId": "v2", "previousId": "v1"})
    order = {"type": "track", "event": "Order Completed", "properties": {"order_id": "T-1001"}}
    assert share_of(tmp_path / "e", one | order, other | order | {"properties": {"order_id": "T-1002"}})
    assert share_of(tmp_path / "f", one | order, other | order | {"event": "Order Refunded"})
    assert not share_of(tmp_path / "g", one | order, other | order)
    assert not share_of(
        tmp_path / "h", one | order, {"userId": "ann", **order, "messageId": "from the server"}
    )


values = st.sampled_from(
    [b'"v1"', b'" v1 "', b'"v\\u00311"', b"12", b"1e3", b"99999999999999999999", b"null", b"true", b'"undefined"',
     b'"a\\u0000b"', b'"\\ud800"', b'"\xff"', b"NaN", b"[1]", b'{"userId": "x"}', b'"late:v1"', b"-", b"1e999"]
)  # fmt: skip
names = st.sampled_from(
    [
        b"anonymousId",
        b"anonymous\\u0049d",
        b"userId",
        b"userId\\u0000",
        b"previousId",
        b"x",
        b"\xff",
        b"\\ud800",
    ]
)


@settings(max_examples=500)
@given(fields=st.lists(st.tuples(names, values), max_size=5), end=st.sampled_from([b"}", b"", b"} x"]))
def test_whose_payload_it_is_is_seen_without_reading_it_all(
    fields: list[tuple[bytes, bytes]], end: bytes
) -> None:
    raw = b"{" + b",".join(b'"%b":%b' % field for field in fields) + end
    payload = arrival.payload_of(raw)
    wanted = raw
    if payload is not arrival.UNREADABLE:
        read = [arrival.person_id(payload.get(name)) for name in ("anonymousId", "previousId", "userId")]
        first = next((who for who in read if who is not None), None)
        wanted = raw if first is None else first.removeprefix("late:").encode()
    assert _visitor(raw) == wanted


def shop(make_workspace: Callable[..., Workspace], name: str) -> Workspace:
    """A shop to which the same came in: visitors who turn out to be customers, retries, refusals."""
    ws = dataclasses.replace(make_workspace(name), now=lambda: AT.replace(hour=13))
    Customer.objects.create(customer_id="bob", created_at=AT)
    Consent.objects.create(customer_id="bob", channel="web", purpose=TRACKING, granted=False, at=AT)
    Suppression.objects.create(
        channel="customer", address=customer_mark("cat"), reason="erased", at=AT + timedelta(minutes=2)
    )
    for minute in range(3):
        at = AT + timedelta(minutes=minute)
        body = []
        for n in range(60):
            who = {"anonymousId": f"visitor-{n}", "messageId": f"{minute}-{n}", "timestamp": at.isoformat()}
            body += [
                who | {"type": "page", "context": {"userAgent": "Mozilla/5.0 Chrome/140.0"}},
                who | {"type": "page"},  # again
                who | {"type": "identify", "userId": f"c{n % 7}", "messageId": f"i{minute}-{n}",
                       "traits": {"city": f"{n}", "email_consent": n % 2 == 0}},
                who | {"type": "track", "event": "Order Completed", "messageId": f"o{minute}-{n}",
                       "userId": ("ann", "bob", "cat")[n % 3] if n % 4 else None,
                       "properties": {"order_id": f"{minute}-{n}", "total": n}},
                who | {"type": "track", "event": "Order Completed", "messageId": f"again{minute}-{n}",
                       "userId": ("ann", "bob", "cat")[n % 3] if n % 4 else None,
                       "properties": {"order_id": f"{max(0, minute - n % 2)}-{n}", "total": n}},
                who | {"type": "vote", "messageId": f"x{minute}-{n}"},
            ]  # fmt: skip
        line = {"receivedAt": at, "source": "web", "kind": "batch", "body": {"batch": body}}
        ws.spool.append([msgspec.json.encode(line)])
        ws.spool.close()
        if minute:  # the first batch is drained by itself, so that the next one finds something remembered
            continue
        ingest.drain(ws)
    return ws


def drained(ws: Workspace) -> dict[str, Any]:
    while ingest.drain(ws):
        pass
    memory = SpoolMemory(ws.spool.folder)
    ids = [f"{kind}{minute}-{n}" for kind in ("", "i", "o", "x") for minute in range(3) for n in range(60)]
    visitors = [f"visitor-{n}" for n in range(60)]
    orders = [
        f"{door}order:{minute}-{n}" for door in ("", "guest:") for minute in range(3) for n in range(60)
    ]
    more = {"seen": memory.known(ids), "visits": memory.visits(visitors), "live": len(live.latest(ws))}
    more["orders"] = memory.known_orders(orders)
    assert len(more["seen"]) > 300
    assert len(more["orders"]) > 60
    assert len(more["visits"]) == 60
    return state(ws) | more


def test_children_leave_the_same_lake_records_and_memory(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCH_BYTES", 1)  # each segment by itself
    wanted = drained(shop(make_workspace, "alone"))
    assert len(wanted["events"]) > 300
    assert {row["reason"] for row in wanted["rejects"]} == {"no_consent", "erased", "unknown_type"}
    taken: list[bool] = []
    real = ingest._apart
    monkeypatch.setattr(ingest, "CORES", 3)
    monkeypatch.setattr(ingest, "LARGE", 0)

    def noted(*args: Any) -> Understood | None:
        found = real(*args)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(ingest, "_apart", noted)
    read: list[int] = []
    ask = Children.ask

    def asking(children: Children, questions: Sequence[Any]) -> None:
        read.extend(one[0].version for one in questions if isinstance(one[0], Batch))
        ask(children, questions)

    monkeypatch.setattr(Children, "ask", asking)
    ws = shop(make_workspace, "together")
    found = drained(ws)
    ws.children.close()
    assert taken == [True, True, True, True]  # what consents made us say comes as a batch of its own
    assert read == [1, 1, 2, 2, 3, 3, 4, 4]  # by two children; nothing is read twice, though it is read ahead
    assert found == wanted


def test_a_batch_is_taken_alone_when_a_child_dies(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "CORES", 2)
    monkeypatch.setattr(ingest, "LARGE", 0)
    for version in range(3):
        body = {"type": "page", "anonymousId": "v", "messageId": f"m{version}"}
        workspace.spool.append([msgspec.json.encode({"receivedAt": AT, "kind": "page", "body": body})])
        workspace.spool.close()
        assert ingest.drain(workspace) == 1
        if version == 0:
            (child,) = workspace.children._running
            child.kill()
            child.wait()
    assert workspace.lake.count("events") == 3
    assert len(workspace.children._running) == 1
    workspace.children.close()


def test_a_failure_in_the_middle_leaves_no_answer_for_a_later_question(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "CORES", 2)
    monkeypatch.setattr(ingest, "LARGE", 0)
    body = {"type": "page", "anonymousId": "v", "messageId": "m"}
    workspace.spool.append([msgspec.json.encode({"receivedAt": AT, "kind": "page", "body": body})])
    workspace.spool.close()

    def fail(*args: Any) -> Share:
        raise OSError("the disk, for a moment")

    with monkeypatch.context() as once:
        once.setattr(ingest, "Share", fail)
        with pytest.raises(OSError, match="for a moment"):
            ingest.drain(workspace)
    assert ingest.drain(workspace) == 1
    assert workspace.lake.count("events") == 1
    workspace.children.close()


def test_a_question_that_breaks_a_child_is_told() -> None:
    children = Children("zhiyin.services.shares")
    children.ask([("no batch", Part(0, 2), SHOP)])
    with pytest.raises(Lost):
        children.answers()
    children.close()


def test_children_end_when_their_parent_is_killed() -> None:
    code = """
import sys
from pathlib import Path
from zhiyin.adapters.children import Children
from zhiyin.adapters.spool import Batch
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.parts import Part
children = Children("zhiyin.services.shares")
children.ask([(Batch(1, (Path("spool/1.spool"),)), Part(0, 2), Facts())])
children.answers()
print("up", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        assert parent.stdout.readline() == b"up\n"
        os.kill(parent.pid, signal.SIGKILL)
        assert parent.stderr.read() == b""  # ends when the last process that could write there has ended
