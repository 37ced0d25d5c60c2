"""Rules that are wrong, and shops that are odd, by the command line and the service: a clear word, or a right answer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.cli.test_segments import call
from tests.prepared import once

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer, Segment
from zhiyin.domain.errors import BadRule, NotFound
from zhiyin.domain.event import ORDER_COMPLETED, Event, Line
from zhiyin.services import profiles, segments
from zhiyin.services.workspace import Workspace

TEA = "🍵茶"


def happened(ws: Workspace, events: list[Event], batch: int = 1) -> None:
    table = events_to_table(events, timezone=ws.timezone, received_at=ws.now())
    ws.lake.append("events", table, app_id="test", version=batch)


def ordered(ws: Workspace, customer: str, days: float, number: int = 0, category: str = "Tea") -> Event:
    return Event(
        f"{customer}:{days}:{number}", "track", ORDER_COMPLETED, ws.now() - timedelta(days=days), customer,
        amount=100 + number, products=(Line("x", 1, 100, category),), properties={"note": f"n{number}"},
    )  # fmt: skip


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Ann bought tea of the emoji kind yesterday, Bob plain tea a month ago, Cho is known and never did anything."""
    once(workspace, _shop)
    return workspace


def _shop(workspace: Workspace) -> None:
    Customer.objects.bulk_create(
        Customer(customer_id=i, traits={"city": "上海"}) for i in ("ann", "bob", "cho")
    )
    happened(workspace, [ordered(workspace, "ann", 1, category=TEA), ordered(workspace, "bob", 30)])
    profiles.run(workspace)


def count(ws: Workspace, rule: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(call(ws, "count", rule, "--json"))
    return found


def test_an_unknown_trait_is_warned_about_wherever_it_stands(shop: Workspace) -> None:
    warned = ["No customer has the trait 'ctiy'. Did you mean 'city'?"]
    for rule in ('ctiy == "上海"', 'nearest(3, by="ctiy")', 'not (everyone and ctiy.has("x"))'):
        assert count(shop, rule)["warnings"] == warned
        assert json.loads(call(shop, "members", rule, "--json"))["warnings"] == warned
    assert count(shop, 'not ctiy.exists() and nearest(3, by="orders")')["count"] == 3


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ('orders.contains("3")', "contains does not apply to 'orders', which is a number"),
        ('revenue >= "much"', "needs a number"),
        ("email == 3", "needs a text"),
        ('last_seen == "2026-01-01"', "does not apply to 'last_seen', which is a time"),
        ("email_consent == 1", "needs true or false"),
        ('nearest(3, by="email")', "neither a number nor a time"),
        ("sample(1000)", "percentage from 0.0001 to 100"),
        ('did("A", where=[amount >= "1"])', "needs a number"),
        ('did("A", within="1000y")', "must be a span of time"),
        ('did("A", within="365250d")', "36,500 days"),
        ('did("A", since="0026-01-01")', "must be a date or time"),
        (f"city in {list(range(10_000))}", "It has 10,000"),
        ('did("A", at_least=0)', "whole number from 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(shop: Workspace, rule: str, what: str) -> None:
    for words in (("count", rule), ("members", rule), ("why", rule, "ann"), ("create", "x", "--rule", rule)):
        with pytest.raises(BadRule, match=what) as caught:
            call(shop, *words)
        assert "rule" in caught.value.what
    assert not Segment.objects.exists()


def test_a_circle_of_segments_is_refused_and_nothing_changes(shop: Workspace) -> None:
    call(shop, "create", "a", "--rule", "orders >= 1")
    call(shop, "create", "b", "--rule", 'in_segment("a")')
    for key, rule in (("a", 'in_segment("b") or orders >= 1'), ("b", 'not in_segment("b")')):
        with pytest.raises(BadRule, match="in a circle"):
            call(shop, "update", key, "--rule", rule)
    assert count(shop, "b")["count"] == 2
    with pytest.raises(NotFound, match="no segment 'c'"):
        call(shop, "count", 'in_segment("c")')


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        (f'did("{ORDER_COMPLETED}", within="36500d")', ["ann", "bob"]),
        (f'did("{ORDER_COMPLETED}", since="1026-01-01", until="2999-12-31")', ["ann", "bob"]),
        (f'not did("{ORDER_COMPLETED}", since="1026-01-01", until="1826-01-01")', ["ann", "bob", "cho"]),
        ('last_seen.after("1026-01-01")', ["ann", "bob"]),
        (f'did("{ORDER_COMPLETED}", where=[category == "{TEA}"])', ["ann"]),
        (f'did("{ORDER_COMPLETED}", where=[category in ["{TEA}", "Tea"]])', ["ann", "bob"]),
        (f'did("{ORDER_COMPLETED}", where=[category == "🍵"])', []),
        ('lifecycle == "lead" and orders == 0 and revenue == 0', ["cho"]),
        (f'not did("{ORDER_COMPLETED}") and not last_seen.exists()', ["cho"]),
        (f"city in {[f'c{i}' for i in range(999)] + ['上海']}", ["ann", "bob", "cho"]),
    ],
)
def test_long_windows_emoji_and_customers_without_events(shop: Workspace, rule: str, ids: list[str]) -> None:
    assert json.loads(call(shop, "members", rule, "--json"))["members"] == ids
    for who in ("ann", "bob", "cho"):
        found = json.loads(call(shop, "why", rule, who, "--json"))
        assert found["inside"] is (who in ids)
    call(shop, "create", "kept", "--rule", rule)
    assert count(shop, "kept")["count"] == len(ids)
    assert call(shop, "members", "kept").split() == ids


def test_a_giant_customer_is_counted_and_explained(workspace: Workspace) -> None:
    many = 40_000
    minute = timedelta(minutes=1)
    events = [
        Event(
            f"e{i}", "track", "Product Viewed", workspace.now() - i * minute, "giant",
            products=(Line("x", 1, 100, TEA),), properties={"note": f"n{i % 7}"},
        )
        for i in range(1, many + 1)
    ]  # fmt: skip
    happened(workspace, [*events, ordered(workspace, "small", 1)])
    profiles.run(workspace)
    rule = f'did("Product Viewed", at_least={many}) and did("Product Viewed", at_most=60, within="1h", where=[note != "n0"])'
    assert json.loads(call(workspace, "members", rule, "--json"))["members"] == ["giant"]
    first, second = json.loads(call(workspace, "why", rule, "giant", "--json"))["facts"]
    assert (first["detail"]["found"], second["detail"]["found"]) == (many, 51)


def test_an_event_three_days_late_counts_from_when_it_happened(shop: Workspace) -> None:
    lately, before = (f'did("{ORDER_COMPLETED}", within="{days}d")' for days in (2, 4))
    assert (count(shop, lately)["count"], count(shop, before)["count"]) == (1, 1)
    happened(shop, [ordered(shop, "cho", 3, 1)], batch=2)
    assert (count(shop, lately)["count"], count(shop, before)["count"]) == (1, 2)
    assert json.loads(call(shop, "why", before, "cho", "--json"))["inside"] is True
    profiles.run(shop)
    assert json.loads(call(shop, "members", 'last_seen.within("4d") and orders == 1', "--json"))[
        "members"
    ] == [
        "ann",
        "cho",
    ]
    assert json.loads(call(shop, "members", 'nearest(2, by="last_order_at")', "--json"))["members"] == [
        "ann",
        "cho",
    ]


def test_an_empty_lake_has_answers_to_everything(workspace: Workspace) -> None:
    rules = (
        "everyone",
        'city == "x" and not orders >= 1',
        f'did("{ORDER_COMPLETED}", within="30d", where=[category == "Tea", note == "x"])',
        'nearest(5, by="revenue") or nearest(5, by="age", to=30)',
        'sample(50) and not consents("email")',
    )
    for number, rule in enumerate(rules):
        found = count(workspace, rule)
        assert (found["count"], found["total"]) == (0, 0)
        assert call(workspace, "members", rule).splitlines()[:1] in (
            [],
            *[[w] for w in _warnings(workspace, rule)],
        )
        call(workspace, "create", f"s{number}", "--rule", rule)
        with pytest.raises(NotFound, match="has no profile"):
            call(workspace, "why", f"s{number}", "nobody")
        file = workspace.folder / f"s{number}.csv"
        assert "Wrote 0 customers" in call(workspace, "export", f"s{number}", file)
    assert segments.sample(workspace, "everyone") == []
    assert profiles.run(workspace).customers == 0
    assert count(workspace, "everyone")["count"] == 0


def _warnings(ws: Workspace, rule: str) -> list[str]:
    from zhiyin.services import traits

    return [str(text) for text in traits.warnings(ws, segments.rule_of(rule))]
