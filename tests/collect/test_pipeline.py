"""The pipeline as a whole: whatever comes, nothing is lost, nothing counts twice, nothing raises."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collect.payloads import CHROME, RECEIVED, arrival, browser, event, reason, server, take

from zhiyin.adapters.lake.rows import events_to_table, rejects_to_table
from zhiyin.domain.event import Event, Line
from zhiyin.domain.reject import Reject
from zhiyin.loop.collect.arrival import Arrival, arrivals
from zhiyin.loop.collect.facts import Facts, Memory
from zhiyin.loop.collect.pipeline import PIPELINE, Run, run

text = st.text(max_size=20) | st.sampled_from(
    ["", " ", "null", "N/A", "undefined", "a\x00b", "\ud800", "🛒 加购", "-1", "12,50", "1e400", "x" * 300,
     "1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
     "2026-03-01T10:00:00+08:00", "yesterday", "ann@example.com", "ann@@", "+8613800138000", "203.0.113.7",
     "Order Completed", "Email Opened", "decided:x", CHROME, "Googlebot/2.1", "https://a.example/?utm_source=x"]
)  # fmt: skip
scalar = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=True, allow_infinity=True)
    | text
)
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4), max_leaves=8
)
KNOWN = ["type", "event", "name", "userId", "anonymousId", "previousId", "messageId", "timestamp", "sentAt",
         "originalTimestamp", "properties", "traits", "context", "groupId", "category", "writeKey"]  # fmt: skip
INNER = ["total", "revenue", "currency", "products", "product_id", "quantity", "price", "order_id", "email",
         "phone", "userAgent", "ip", "page", "url", "referrer", "campaign", "library", "name", "consent",
         "categoryPreferences", "analytics", "device", "os", "type", "traits", "locale", "timezone"]  # fmt: skip
inside = st.dictionaries(st.sampled_from(INNER), value, max_size=6)
products = st.lists(st.dictionaries(st.sampled_from(INNER), scalar, max_size=4), max_size=3)
message = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]) | value,
        "event": st.sampled_from(["Order Completed", " Order Cancelled ", "Viewed"]) | value,
        "userId": st.sampled_from(["ann", "bob"]) | value,
        "anonymousId": st.sampled_from(["v1", "v2"]) | value,
        "messageId": st.sampled_from(["m1", "m2", "m3"]) | value,
        "properties": inside
        | st.fixed_dictionaries({"products": products, "total": scalar})
        | st.fixed_dictionaries({"order_id": st.sampled_from(["1", " 1", 1, 1.0, "N/A", "2"]) | value})
        | value,
        "traits": inside | value,
        "context": st.dictionaries(st.sampled_from(INNER), inside | value, max_size=4) | value,
        **dict.fromkeys(("timestamp", "sentAt", "originalTimestamp", "previousId", "name"), value),
    },
)
payload = message | value
kinds = st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "batch", "import"])


def line(kind: str, body: Any) -> bytes:
    """A line of the spool as the tracking API writes it, whatever the body."""
    head = {
        "receivedAt": "2026-03-01T12:00:00Z",
        "source": "web",
        "ip": "203.0.113.7",
        "userAgent": CHROME,
        "kind": kind,
    }
    return json.dumps(head)[:-1].encode() + b', "sentAt": null, "body": ' + json.dumps(body).encode() + b"}"


def balanced(found: list[Arrival], facts: Facts) -> None:
    result = run(found, facts)
    assert len(found) == len(result.events) + len(result.rejects) + len(result.duplicates)
    came = sum(one.event is None for one in found)
    for name, (into, out, refused) in result.stages.items():
        assert (into, into) == (came, out + refused), name
        came = out
    outcomes: Counter[str] = Counter()
    for (_, _, outcome), n in result.tallies.items():
        outcomes[outcome] += n
    assert outcomes.pop("received", 0) == len(found) == sum(outcomes.values())
    assert (outcomes["kept"], outcomes["duplicate"]) == (len(result.events), len(result.duplicates))
    assert len({one.event_id for one in result.events}) == len(result.events)
    table = events_to_table(result.events, timezone=ZoneInfo("Asia/Shanghai"), received_at=RECEIVED)
    assert table.num_rows == len(result.events)
    assert rejects_to_table(result.rejects, rejected_at=RECEIVED).num_rows == len(result.rejects)
    for one in result.events:
        assert one.timestamp <= RECEIVED
        msgspec.json.decode(msgspec.json.encode(one), type=Event)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(kinds, payload | st.fixed_dictionaries({"batch": st.lists(payload, max_size=4)})),
        max_size=4,
    )
)
def test_in_is_out_plus_rejected_for_any_json_and_nothing_raises(requests: list[tuple[str, Any]]) -> None:
    found = [one for n, (kind, body) in enumerate(requests) for one in arrivals(line(kind, body), f"1:{n}")]
    messages, orders, persons, visitors = Run(found).asked()
    assert visitors <= persons
    memory = Memory(seen={"m3"})
    balanced(found, Facts(identities={"v1": "ann"}, refusing={"bob"}, memory=memory))
    assert all(isinstance(one, str) for one in messages | persons)
    assert memory.new_ids.keys() <= messages | orders  # each was looked up


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), kinds)
def test_any_bytes_in_the_spool_become_an_arrival(data: bytes, kind: str) -> None:
    balanced(arrivals(data, "1:0"), Facts())
    balanced(arrivals(data, "1:0", whole=False), Facts())
    found = arrivals(line(kind, 0).replace(b": 0}", b": " + data + b"}"), "1:0")
    assert found or data.strip()
    balanced(found, Facts())


@settings(max_examples=100, deadline=None)
@given(st.lists(message, max_size=6), st.lists(message, max_size=6))
def test_the_same_batch_with_the_same_memory_gives_the_same(first: list[Any], second: list[Any]) -> None:
    def fold() -> tuple[Any, Any]:
        memory = Memory()
        one = run(arrivals(line("batch", {"batch": first}), "1:0"), Facts(memory=memory))
        after = Memory(seen=set(memory.new_ids), visits=memory.new_visits)
        return one, run(
            arrivals(line("batch", {"batch": second}), "2:0"), Facts(identities=memory.links, memory=after)
        )

    assert fold() == fold()


def test_one_bad_payload_among_a_hundred_is_refused_alone() -> None:
    batch: list[Any] = [server(messageId=f"m{n}") for n in range(99)]
    bad = json.dumps(batch).encode()[:-1] + b', {"type": "track", "event": "A", "userId": "ann", "n": 1e999}]'
    entry = line("batch", 0).replace(b": 0}", b': {"batch": ' + bad + b"}}")
    result = run(arrivals(entry, "1:0"), Facts())
    assert (len(result.events), len(result.rejects)) == (100, 0)  # what is no number is left out
    result = run(arrivals(line("batch", {"batch": [*batch, "nonsense"]}), "2:0"), Facts())
    assert (len(result.events), [str(one.reason) for one in result.rejects]) == (99, ["bad_row"])


def test_half_a_character_and_nan_are_mended() -> None:
    entry = line("track", 0).replace(
        b": 0}", rb': {"event":"A","userId":"ann","properties":{"a":"\ud800","b":NaN,"c":"x"}}}'
    )
    (one,) = run(arrivals(entry, "1:0"), Facts()).events
    assert one.properties == {"a": "?", "c": "x"}


def test_a_deep_payload_is_refused_whatever_its_depth() -> None:
    for depth in (40, 500, 5_000, 100_000):
        body = b'{"event":"A","userId":"ann","properties":{"a":' + b"[" * depth + b"]" * depth + b"}}"
        (only,) = run(
            arrivals(line("track", 0).replace(b": 0}", b": " + body + b"}"), "1:0"), Facts()
        ).rejects
        assert str(only.reason) in ("too_large", "not_json")


def test_a_large_payload_is_refused_and_its_beginning_kept() -> None:
    body = {"event": "A", "userId": "ann", "properties": {f"p{n}": n for n in range(100_000)}}
    (only,) = run(arrivals(line("track", body), "1:0"), Facts()).rejects
    assert str(only.reason) == "too_large"
    assert len(only.raw) <= 512 * 1024


def test_a_message_counts_once_also_across_batches() -> None:
    memory = Memory(seen={"m1"})
    assert reason(server(), Facts(memory=memory)) == "duplicate"
    twice = run([arrival(server()), arrival(server(), "1:1")], Facts())
    assert (len(twice.events), len(twice.duplicates)) == (1, 1)
    assert twice.duplicates[0].raw == ""


def test_what_was_refused_can_come_again_under_its_own_id() -> None:
    facts = Facts()
    assert reason(server(timestamp="yesterday"), facts) == "bad_date"
    assert event(server(), facts).event_id == "m1"


def test_a_payload_without_an_id_is_known_by_its_place() -> None:
    payload = server()
    del payload["messageId"]
    assert event(payload, position="7:3:1").event_id == "spool:7:3:1"


def test_a_reject_can_be_sent_again_as_it_stands() -> None:
    entry = {
        "receivedAt": "2026-03-01T12:00:00Z", "source": "web", "sentAt": "2026-03-01T14:00:00Z", "kind": "track",
        "body": {"event": "A", "userId": "ann", "writeKey": "secret", "timestamp": "yesterday"},
    }  # fmt: skip
    (only,) = run(arrivals(json.dumps(entry).encode(), "1:0"), Facts()).rejects
    kept = json.loads(only.raw)
    assert kept == {
        "event": "A", "userId": "ann", "timestamp": "yesterday", "type": "track",
        "messageId": "spool:1:0", "sentAt": "2026-03-01T14:00:00Z",
    }  # fmt: skip
    assert (only.source, only.customer_id, only.received_at) == ("web", "ann", RECEIVED)


def test_a_damaged_line_is_a_reject() -> None:
    (only,) = run(arrivals(line("track", server()), "1:0", whole=False), Facts()).rejects
    assert str(only.reason) == "not_json"


def test_events_of_our_own_pass_once() -> None:
    own = Event("delivered:t", "track", "Email Delivered", RECEIVED, customer_id="ann")
    entry = msgspec.json.encode({"event": own})
    result = run([*arrivals(entry, "1:0"), *arrivals(entry, "1:1")], Facts())
    assert result.events == [own]
    assert len(result.duplicates) == 1


def test_nobody_outside_can_state_what_became_of_a_message() -> None:
    for name in ("Email Opened", " Email Delivered ", "Message Decided", "Unsubscribed"):
        assert reason(server(event=name)) == "reserved_name"
        assert reason(server(type="page", name=name)) == "reserved_name"
    assert reason(server(messageId="delivered:token")) == "reserved_name"


def test_names_may_be_in_any_script() -> None:
    assert event(server(event=" 加入购物车 🛒 ")).name == "加入购物车 🛒"


def test_an_order_is_understood_with_its_lines() -> None:
    found = event(
        server(
            event="Order Completed",
            properties={
                "order_id": 7, "total": "12.50", "coupon": " SPRING ", "note": "N/A",
                "products": [{"product_id": "tea", "quantity": "2", "price": 6.25, "category": "Tea"}, {"sku": 5}, 3],
            },
        )
    )  # fmt: skip
    assert (found.order_id, found.amount, found.currency) == ("7", 1250, "CNY")
    assert found.products == (Line("tea", 2, 625, "Tea"), Line("5"))
    assert found.properties == {"order_id": 7, "total": "12.50", "coupon": "SPRING"}


def test_what_cannot_be_understood_is_refused_with_its_reason() -> None:
    for change, expected in [
        ({"type": "vote"}, "unknown_type"),
        ({"type": ["track"]}, "unknown_type"),
        ({"userId": "undefined", "anonymousId": ""}, "missing_id"),
        ({"userId": True}, "missing_id"),
        ({"messageId": "x" * 201}, "too_large"),
        ({"event": " "}, "missing_field"),
        ({"event": "x" * 201}, "too_large"),
        ({"properties": {"revenue": "much"}}, "bad_number"),
        ({"properties": {"revenue": "1e30"}}, "bad_number"),
        ({"properties": {"revenue": -1}}, "negative_price"),
        ({"properties": {"products": "tea"}}, "bad_number"),
        ({"properties": {"products": [{"product_id": "tea", "quantity": 1e300}]}}, "bad_number"),
        ({"properties": {"products": [{"product_id": "tea", "price": -1}]}}, "negative_price"),
        ({"properties": {"total": 5, "currency": "USD"}}, "bad_currency"),
        ({"properties": ["a"]}, "bad_row"),
        ({"type": "identify", "traits": [1]}, "bad_row"),
        ({"type": "identify", "traits": {"email": "ann@@example.com"}}, "bad_email"),
        ({"context": {"consent": {"categoryPreferences": {"Analytics": False}}}}, "no_consent"),
    ]:
        assert reason(server(**change)) == expected, change


def test_who_does_not_want_to_be_tracked_leaves_nothing() -> None:
    facts = Facts(identities={"visitor": "bob"}, refusing={"bob"})
    for payload in (server(userId="bob"), browser(), server(userId="bob", timestamp="yesterday")):
        found = take(payload, facts)
        assert isinstance(found, Reject)
        assert (str(found.reason), found.detail, found.raw, found.customer_id) == ("no_consent", "", "", None)


def test_what_came_before_an_erasure_is_not_kept() -> None:
    facts = Facts(erased={"ann": datetime(2026, 3, 1, 13, tzinfo=UTC)})
    assert reason(server(), facts) == "erased"
    assert event(server(userId="bob"), facts).customer_id == "bob"
    assert event(server(), Facts(erased={"ann": datetime(2026, 3, 1, 11, tzinfo=UTC)})).customer_id == "ann"


def test_every_step_has_a_name_of_its_own() -> None:
    names = [step.__name__ for step in PIPELINE]
    assert len(set(names)) == len(names)
