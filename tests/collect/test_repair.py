"""Repairs: what a rule changes, that it changes nothing else, and that doing it again changes nothing more."""

import copy
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.reasons import RejectReason
from zhiyin.loop.collect.arrival import arrivals
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.pipeline import run
from zhiyin.loop.collect.repair import Change, Repair, applies, at, rule
from zhiyin.loop.collect.repair_rules import READY, find, marked, ready

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("type", "event", "name", "userId", "anonymousId", "messageId", "timestamp", "sentAt", "properties",
         "traits", "context", "total", "revenue", "price", "quantity", "products", "product_id", "currency",
         "email", "user_id", "userAgent")  # fmt: skip
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "-12.50", "¥-3", "1,234.5", "2 件", "x", "track", "Order Completed", "Email Opened",
                     "2099-01-01T00:00:00Z", "decided:1", "purchase"]), st.text(max_size=8),
)  # fmt: skip
inner = st.recursive(
    values,
    lambda one: st.dictionaries(st.sampled_from(NAMES), one, max_size=6) | st.lists(one, max_size=3),
    max_leaves=20,
)
payloads = st.dictionaries(st.sampled_from(NAMES), inner, max_size=10)
paths = st.sampled_from(
    ["event", "userId", "properties", "properties.total", "properties.user_id", "traits.email", "type"]
)
ALL = [one for rules in READY.values() for one in rules]


def order(**properties: object) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "c1",
        "messageId": "m1",
        "properties": properties,
    }


def outcome(payload: object) -> str:
    """What the pipeline makes of a payload: its event's name, or the reason of its reject."""
    entry = {"receivedAt": AT.isoformat(), "source": "web", "kind": "batch", "body": {"batch": [payload]}}
    made = run(arrivals(json.dumps(entry).encode(), "1:0"), Facts())
    return made.events[0].name if made.events else str(made.rejects[0].reason)


def repaired(payload: object, name: str, reason: str = "") -> object:
    found = find(name, reason)
    assert found is not None
    return applies(payload, found)


@given(payloads, st.sampled_from(ALL))
def test_what_is_repaired_is_not_repaired_again_and_what_was_given_stays(
    payload: dict[str, object], ready_made: Repair
) -> None:
    before = copy.deepcopy(payload)
    once = applies(payload, ready_made)
    assert payload == before
    if once is not None:
        assert once != payload
        assert applies(once, ready_made) is None


@given(payloads, st.data())
def test_a_rule_of_ones_own_can_be_done_twice(payload: dict[str, object], data: st.DataObject) -> None:
    try:
        own = rule(
            set=data.draw(st.dictionaries(paths, values, max_size=2)),
            copy=data.draw(st.dictionaries(paths, paths, max_size=2)),
            drop=data.draw(st.lists(paths, max_size=2)),
            rename=data.draw(
                st.dictionaries(st.sampled_from(["x", "Order Completed"]), st.just("y"), max_size=2)
            ),
            positive=data.draw(st.booleans()),
        )
    except BadSetting:
        return
    once = applies(payload, own)
    if once is not None:
        assert applies(once, own) is None


@given(payloads, st.sampled_from(ALL))
def test_a_repaired_payload_is_an_event_or_has_a_reason(
    payload: dict[str, object], ready_made: Repair
) -> None:
    once = applies(payload, ready_made)
    if once is not None:
        assert outcome(once)


@pytest.mark.parametrize("payload", [None, [], "text", 5])
def test_what_is_no_object_is_not_repaired(payload: object) -> None:
    assert all(applies(payload, one) is None for one in ALL)


def test_a_negative_amount_becomes_a_refund_of_the_positive_amount() -> None:
    payload = order(
        total="-129.00", currency="CNY", products=[{"product_id": "p", "price": -129, "quantity": 1}]
    )
    assert outcome(payload) == "negative_price"
    assert repaired(payload, "refund") == {
        **payload,
        "event": "Order Refunded",
        "properties": {
            "total": "129.00",
            "currency": "CNY",
            "products": [{"product_id": "p", "price": 129, "quantity": 1}],
        },
    }
    assert outcome(repaired(payload, "refund")) == "Order Refunded"


def test_a_discount_line_and_a_negative_view_are_no_refunds() -> None:
    discount = order(
        total=10, products=[{"product_id": "p", "price": 15}, {"product_id": "off", "price": -5}]
    )
    assert repaired(discount, "refund") is None
    assert repaired({**order(value=-5), "event": "Product Viewed"}, "refund") is None
    assert outcome(repaired(discount, "positive")) == "Order Completed"


def test_a_cancelled_order_keeps_its_name() -> None:
    assert outcome(repaired({**order(total=-5), "event": "Order Cancelled"}, "refund")) == "Order Cancelled"


@pytest.mark.parametrize(
    ("written", "read"),
    [("12.50 元整", "12.50"), ("１２.5块", "12.5"), ("(12.50)", "-12.50")],
)
def test_numbers_as_people_write_them_are_read(written: str, read: str) -> None:
    assert outcome(order(total=written)) == "bad_number"
    assert at(repaired(order(total=written), "numbers"), "properties.total") == read


def test_what_is_no_number_can_be_left_out_and_the_rest_stays() -> None:
    payload = order(
        total="about ten", note="x", products=[{"product_id": "p", "price": 5, "quantity": "many"}]
    )
    assert repaired(payload, "numbers") is None
    left = repaired(payload, "no_numbers")
    assert at(left, "properties") == {"note": "x", "products": [{"product_id": "p", "price": 5}]}
    assert outcome(left) == "Order Completed"


@pytest.mark.parametrize("bad", [{"timestamp": "2099-01-01T00:00:00Z"}, {"originalTimestamp": "yesterday"}])
def test_a_wrong_time_becomes_the_time_of_receipt(bad: dict[str, str]) -> None:
    payload = {**order(), **bad}
    assert outcome(payload) in ("future_date", "bad_date")
    assert repaired(payload, "time_of_receipt") == order()


def test_a_missing_id_is_taken_from_where_it_stands() -> None:
    payload = {**order(user_id="c9"), "userId": "undefined"}
    assert outcome(payload) == "missing_id"
    found = repaired(payload, "userId:properties.user_id")
    assert (at(found, "userId"), outcome(found)) == ("c9", "Order Completed")


def test_a_payload_too_large_loses_its_largest_property_only() -> None:
    payload = order(total=5, blob="x" * 50_000)
    assert outcome(payload) == "too_large"
    assert repaired(payload, "smaller") == order(total=5)


def test_a_payload_too_deep_loses_what_is_deep() -> None:
    deep: object = 1
    for _ in range(60):
        deep = {"a": deep}
    payload = order(total=5, tree=deep, note="longer than the tree" * 100)
    assert outcome(payload) == "too_large"
    assert outcome(repaired(payload, "smaller")) == "Order Completed"
    assert at(repaired(payload, "smaller"), "properties.note")


def test_reserved_names_are_marked_as_external() -> None:
    payload = {**order(), "event": "Email Opened", "messageId": "delivered:7"}
    found = repaired(payload, "external")
    assert (at(found, "event"), at(found, "messageId")) == ("Email Opened (external)", "external:delivered:7")
    assert outcome(found) == "Email Opened (external)"


def test_a_crawler_counts_as_a_person() -> None:
    payload = {**order(), "context": {"userAgent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}}
    assert outcome(payload) == "bot"
    assert outcome(repaired(payload, "person")) == "Order Completed"


def test_an_unknown_type_is_a_track_event_of_that_name() -> None:
    payload = {"type": "purchase", "userId": "c1", "messageId": "m"}
    assert outcome(payload) == "unknown_type"
    assert outcome(repaired(payload, "typed")) == "purchase"


@pytest.mark.parametrize(
    "changes",
    [
        {"set": {"a": 1}, "drop": ["a.b"]},
        {"copy": {"a": "a.b"}},
        {"copy": {"a": "b"}, "set": {"b": 1}},
        {"rename": {"x": "y", "y": "z"}},
        {"set": {"a..b": 1}},
        {"set": {"": 1}},
        {},
    ],
)
def test_rules_that_depend_on_their_order_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadSetting):
        rule(**changes)  # type: ignore[arg-type]


def test_a_rule_that_cannot_be_followed_wholly_is_not_followed_at_all() -> None:
    own = rule(set={"type": "track"}, copy={"userId": "properties.nowhere"})
    assert applies({"type": "x", "properties": {}}, own) is None
    assert applies({"properties": "text"}, rule(set={"properties.total": 5})) is None


def test_a_change_goes_into_objects_that_are_missing() -> None:
    assert applies({}, rule(set={"properties.total": 5})) == {"properties": {"total": 5}}
    assert applies({"event": "buy"}, rule(rename={"buy": "Order Completed"})) == {"event": "Order Completed"}
    assert applies({"event": "sell"}, rule(rename={"buy": "Order Completed"})) is None


def test_every_reason_says_which_field_offends() -> None:
    for reason in RejectReason:
        assert isinstance(marked(reason, order(total=-1)), list)
        assert ready(reason)[-1].name == "as_is"
    assert marked("bad_number", order(products=[{"product_id": "p", "price": "x"}])) == [
        "properties.products.0.price"
    ]
    assert marked("too_large", order(blob="x" * 40_000)) == ["properties.blob"]
    assert marked("not_json", "text") == []


def test_a_rule_is_data() -> None:
    assert Repair("n", "r", (Change("drop", "a"),)) == Repair("n", "r", (Change("drop", "a"),))
