"""Segments of a workspace: create, count with a cascade, list, export, and why."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.prepared import once

from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Consent, Customer
from zhiyin.domain.errors import BadRule, Conflict, NotFound
from zhiyin.domain.event import ORDER_COMPLETED, Event, Line
from zhiyin.rule import trait
from zhiyin.services import profiles, segments
from zhiyin.services.workspace import Workspace

LOYAL_LOST = (
    f'did("{ORDER_COMPLETED}", at_least=2, where=[category == "Tea"]) '
    f'and not did("{ORDER_COMPLETED}", within="45d")'
)


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Ann bought tea twice, long ago; Bob twice, lately; Cho never; Dan once, a cup."""
    once(workspace, _shop)
    return workspace


def _shop(workspace: Workspace) -> None:
    now = workspace.now()
    Customer.objects.bulk_create(
        Customer(customer_id=i, email=f"{i}@example.com", name=name, traits={"city": city})
        for i, name, city in (
            ("ann", "=Ann()", "上海"),
            ("bob", "Bob", "上海"),
            ("cho", "Cho", "苏州"),
            ("dan", "Dan", ""),
        )
    )
    orders = (
        ("ann", 100, "Tea"),
        ("ann", 90, "Tea"),
        ("bob", 9, "Tea"),
        ("bob", 3, "Tea"),
        ("dan", 60, "Cups"),
    )
    events = [
        Event(
            f"o{i}", "track", ORDER_COMPLETED, now - timedelta(days=days), customer, amount=100,
            products=(Line("x", 1, 100, category),),
        )
        for i, (customer, days, category) in enumerate(orders)
    ]  # fmt: skip
    table = events_to_table(events, timezone=workspace.timezone, received_at=now)
    workspace.lake.append("events", table, app_id="test", version=1)
    Consent.objects.bulk_create(
        Consent(customer_id=who, channel=channel, purpose=purpose, granted=granted, at=now)
        for who, channel, purpose, granted in (
            ("ann", "email", "marketing", True),
            ("ann", "sms", "orders", False),
            ("bob", "sms", "orders", False),
            ("bob", "email", "marketing", False),
        )
    )
    profiles.run(workspace)


def test_count_shows_who_is_left_after_each_condition(shop: Workspace) -> None:
    found = segments.count(shop, f"orders >= 1 and {LOYAL_LOST}")
    assert (found.count, found.total) == (1, 4)
    assert [left for _, left in found.steps] == [3, 2, 1]
    assert found.steps[0][0] == {"trait": "orders", "at_least": 1}


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        ("everyone", ["ann", "bob", "cho", "dan"]),
        ("nobody", []),
        ('city == "上海"', ["ann", "bob"]),
        ('not city == "上海"', ["cho", "dan"]),
        ('city != "上海"', ["cho"]),
        ("city.missing()", ["dan"]),
        ('lifecycle == "lead" or orders == 1', ["cho", "dan"]),
        ('email.contains("@example")', ["ann", "bob", "cho", "dan"]),
        ('email.starts("b") or name.ends("o")', ["bob", "cho"]),
        ('last_order_at.within("45d")', ["bob"]),
        (f'did("{ORDER_COMPLETED}", within="95d", before="30d")', ["ann", "dan"]),
        (f'did("{ORDER_COMPLETED}", at_most=1)', ["dan"]),
        (f'did("{ORDER_COMPLETED}", where=[category in ["Cups", "Pots"], amount < 101])', ["dan"]),
        (trait("orders") >= 2, ["ann", "bob"]),
        ('nearest(1, by="last_order_at")', ["bob"]),
        ('nearest(2, by="orders")', ["ann", "bob"]),
        ('nearest(3, by="orders") and not nearest(2, by="orders")', ["dan"]),
        ("sample(100)", ["ann", "bob", "cho", "dan"]),
        ('consents("email")', ["ann"]),
        ('consents("sms", purpose="orders", granted=False)', ["ann", "bob"]),
        (LOYAL_LOST, ["ann"]),
    ],
)
def test_members_are_those_for_whom_the_rule_holds(
    shop: Workspace, rule: segments.AnyRule, ids: list[str]
) -> None:
    assert segments.members(shop, rule) == ids
    assert segments.count(shop, rule).count == len(ids)
    assert [
        i for i in ("ann", "bob", "cho", "dan") if segments.why(shop, segments.rule_of(rule), i).inside
    ] == ids


def test_members_come_in_pages(shop: Workspace) -> None:
    assert segments.members(shop, "everyone", limit=2, offset=1) == ["bob", "cho"]


def test_a_sample_is_the_same_for_the_same_seed(shop: Workspace) -> None:
    first = [c.customer_id for c in segments.sample(shop, "everyone", n=2, seed=4)]
    assert first == [c.customer_id for c in segments.sample(shop, "everyone", n=2, seed=4)]
    assert len(set(first)) == 2


def test_why_gives_facts_with_figures(shop: Workspace) -> None:
    segments.create(shop, "lost", "Lost", LOYAL_LOST)
    why = segments.why(shop, "lost", "bob")
    assert not why.inside
    did, never = why.facts
    assert (did.code, did.holds, did.detail["found"], did.detail["needs"]) == ("did", True, 2, 2)
    assert did.detail["where"] == [{"property": "category", "is": "Tea"}]
    assert (never.code, never.holds, never.detail["found"]) == ("did_not", False, 2)
    assert never.detail["condition"] == {"did": ORDER_COMPLETED, "within": "45d"}
    since = datetime.fromisoformat(str(never.detail["since"]))
    assert since.date() == (shop.now() - timedelta(days=45)).date()


def test_a_draw_of_the_lake_is_the_draw_of_one_customer(shop: Workspace) -> None:
    ids = segments.members(shop, 'sample(50, seed="b")')
    assert 0 < len(ids) < 4
    for who in ("ann", "bob", "cho", "dan"):
        found = segments.why(shop, segments.rule_of('sample(50, seed="b")'), who)
        assert found.inside is (who in ids)
        assert found.facts[0].detail["found"] is (who in ids)


def test_why_of_the_nearest_tells_where_they_end(shop: Workspace) -> None:
    found = segments.why(shop, segments.rule_of('nearest(2, by="orders")'), "dan")
    (fact,) = found.facts
    assert (found.inside, fact.detail["found"], fact.detail["last"], fact.detail["needs"]) == (False, 1, 2, 2)


def test_a_customer_without_a_profile_is_named(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="no profile"):
        segments.why(shop, "everyone", "eve")


def test_another_rule_is_another_version_and_another_name_is_not(shop: Workspace) -> None:
    segments.create(shop, "tea", "Tea", "orders >= 1")
    assert segments.refresh(shop, "tea").count == 3
    assert segments.get(shop, "tea").count == 3
    assert segments.update(shop, "tea", name="Tea people").version == 1
    changed = segments.update(shop, "tea", rule="orders >= 2")
    assert (changed.version, changed.count) == (2, None)


def test_an_archived_segment_leaves_the_list(shop: Workspace) -> None:
    segments.create(shop, "a", "A", "everyone")
    segments.create(shop, "b", "B", "everyone")
    segments.archive(shop, "a")
    assert [s.key for s in segments.list_(shop)] == ["b"]
    assert [s.key for s in segments.archived(shop)] == ["a"]
    segments.restore(shop, "a")
    assert [s.key for s in segments.list_(shop)] == ["a", "b"]


def test_bad_keys_taken_keys_and_unknown_keys_are_told(workspace: Workspace) -> None:
    segments.create(workspace, "a", "A", "everyone")
    with pytest.raises(Conflict, match="already"):
        segments.create(workspace, "a", "A", "everyone")
    with pytest.raises(BadRule, match="cannot be a key"):
        segments.create(workspace, "No spaces", "A", "everyone")
    with pytest.raises(NotFound, match=r"Known: a\."):
        segments.get(workspace, "b")


def test_export_escapes_formulas(shop: Workspace, tmp_path: Path) -> None:
    segments.create(shop, "tea", "Tea", "orders >= 2")
    assert segments.export(shop, "tea", tmp_path / "out.csv") == 2
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["customer_id"], row["name"], row["orders"]) for row in rows] == [
        ("ann", "'=Ann()", "2"),
        ("bob", "Bob", "2"),
    ]


def test_before_the_first_profiling_nobody_is_counted(workspace: Workspace) -> None:
    found = segments.count(workspace, "orders >= 1 and everyone")
    assert (found.count, found.total, [left for _, left in found.steps]) == (0, 0, [0, 0])
    assert segments.members(workspace, "everyone") == []


def test_a_segment_may_name_others_and_follows_their_changes(shop: Workspace) -> None:
    segments.create(shop, "buyers", "Buyers", "orders >= 1")
    segments.create(
        shop, "quiet", "Quiet", f'in_segment("buyers") and not did("{ORDER_COMPLETED}", within="45d")'
    )
    assert segments.members(shop, 'in_segment("quiet")') == ["ann", "dan"]
    found = segments.count(shop, segments.get(shop, "quiet").rule)
    assert [left for _, left in found.steps] == [3, 2]
    assert found.steps[0][0] == {"in_segment": "buyers"}
    assert [fact.code for fact in segments.why(shop, "quiet", "bob").facts] == ["trait", "did_not"]
    segments.update(shop, "buyers", rule="orders >= 2")
    assert segments.members(shop, 'in_segment("quiet")') == ["ann"]


def test_segments_in_a_circle_are_refused(shop: Workspace) -> None:
    segments.create(shop, "a", "A", "orders >= 1")
    segments.create(shop, "b", "B", 'in_segment("a")')
    with pytest.raises(BadRule, match="a → b → a"):
        segments.update(shop, "a", rule='in_segment("b") or orders >= 2')
    with pytest.raises(NotFound, match="no segment 'c'"):
        segments.create(shop, "d", "D", 'not in_segment("c")')


def test_a_day_in_a_rule_is_a_day_of_the_shop(shop: Workspace) -> None:
    segments.create(shop, "since", "Since", f'did("{ORDER_COMPLETED}", since="2026-01-01")')
    midnight = datetime(2026, 1, 1, tzinfo=shop.timezone).astimezone(UTC)
    assert segments.get(shop, "since").rule["since"] == midnight.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("rule", ["everyone", "nobody", 'city == "上海"', f"orders >= 1 and {LOYAL_LOST}"])
def test_one_look_tells_what_count_and_sample_tell(shop: Workspace, rule: str) -> None:
    found = segments.look(shop, rule, 'consents("email") and orders >= 1', n=2)
    both = segments.count(shop, f'({rule}) and (consents("email") and orders >= 1)')
    assert found.count == segments.count(shop, rule)
    assert found.narrower == both.count
    assert list(found.sample) == segments.sample(shop, rule, n=2)
