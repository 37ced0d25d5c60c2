"""Every question about profiles and segments has the same answer on DuckDB and on Spark, row for row."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.prepared import once
from tests.profile import test_conditions, test_conditions_chosen, test_segment
from tests.profile.worlds import NOW, World, rules, worlds

from zhiyin.adapters.lake import Lake
from zhiyin.adapters.lake.datasets import ITEMS, PROFILES
from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.adapters.records.models import Customer, ProfileRun
from zhiyin.domain.engagement import RULE
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, Event, Line
from zhiyin.domain.feature import FROM_EVENTS
from zhiyin.domain.interest import InterestKind
from zhiyin.domain.segment import Rule
from zhiyin.services import engagements, flow, interests, profiles, refresh, segments
from zhiyin.services.workspace import Workspace

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(
        shutil.which("java") is None, reason="PySpark needs a Java runtime; none is installed"
    ),
    # PySpark 4 turns Arrow into pandas in ways that pandas 2 calls old
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark"),
    pytest.mark.xdist_group("spark"),
]


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


@pytest.fixture
def shops(workspace: Workspace, spark: Engine) -> tuple[Workspace, Workspace]:
    """One workspace with a small history, opened twice: once for each engine."""
    once(workspace, _history)
    return _twice(workspace, spark)


@pytest.fixture
def profiled_shops(workspace: Workspace, spark: Engine) -> tuple[Workspace, Workspace]:
    """The same, whose customers were profiled by DuckDB."""
    once(workspace, _profiled)
    return _twice(workspace, spark)


def _twice(workspace: Workspace, spark: Engine) -> tuple[Workspace, Workspace]:
    frozen = replace(workspace, now=lambda: NOW)
    other = Lake(workspace.folder / "lake", engine_name="spark")
    other.__dict__["engine"] = spark
    return frozen, replace(frozen, lake=other)


def _profiled(workspace: Workspace) -> None:
    _history(workspace)
    profiles.run(replace(workspace, now=lambda: NOW))


def _history(workspace: Workspace) -> None:
    rng, now = Random(7), NOW
    names = (
        [ORDER_COMPLETED] * 6
        + [ORDER_REFUNDED, ORDER_CANCELLED, "Product Viewed", "Email Opened"]
        + ["page", "Products Searched"] * 3
        + ["Email Delivered", "Email Opened", "Message Opened", "Message Clicked"] * 2
    )
    events = []
    for number in range(600):
        name = rng.choice(names)
        line = Line(rng.choice("xyz"), 1, 500, rng.choice(("Tea", "茶", None)))
        query = rng.choice((" tea ", "茶", "", None))
        events.append(
            Event(
                f"e{number}", "page" if name == "page" else "track", name,
                now - timedelta(seconds=rng.randint(-86_400, 86_400 * 300)),
                rng.choice((None, *(f"c{i}" for i in range(50)))),
                amount=rng.choice((None, 100, 500, 700)) if name.startswith("Order") else None,
                products=(line,) if rng.random() < 0.8 else (),
                properties={
                    "coupon": rng.choice(("SPRING", "12345678.5", 12345678.5, None, 3)),
                    "discount": rng.choice((0, 1.5, "2.25", -1, "x", None)),
                    "query": query,
                    "token": rng.choice(("t1", "t2", None)),
                    "rule": rng.choice((str(RULE), RULE, "1", None)),
                },
                session_id=rng.choice((None, *(f"e{i}" for i in range(0, 600, 5)))),
                context={
                    "device": {"type": rng.choice(("mobile", "desktop", "tv"))},
                    "referrer": {"medium": rng.choice(("direct", "search", "internal"))},
                    **({"utm": {"medium": rng.choice(("CPC", "email"))}} if rng.random() < 0.3 else {}),
                },
            )
        )  # fmt: skip
    table = events_to_table(events, timezone=workspace.timezone, received_at=now)
    workspace.lake.append("events", table, app_id="test", version=1)
    brands = ('{"brand": "Lion"}', '{"品牌": "Moon"}', "{}")
    items = [
        {
            "item_id": item,
            "name": item,
            "category": "Shelf",
            "price": 100 * n,
            "currency": "CNY",
            "properties": brands[n],
        }
        for n, item in enumerate("xyz")
    ]
    workspace.lake.upsert("items", pa.Table.from_pylist(items, schema=ITEMS.schema))
    Customer.objects.bulk_create(
        Customer(customer_id=f"c{i}", name=f"N{i}", traits={"城市": rng.choice(("上海", "苏州")), "size": i})
        for i in range(0, 60, 2)
    )


def profiled(ws: Workspace) -> list[dict[str, Any]]:
    return ws.lake.collect(ws.lake.profiles().sort("customer_id")).to_pylist()


def test_a_whole_run_agrees(shops: tuple[Workspace, Workspace]) -> None:
    snapshots, results, published, found = [], [], [], []
    for ws in shops:
        results.append(replace(profiles.run(ws), seconds=0))
        snapshots.append(profiled(ws))
        published.append(list(Customer.objects.order_by("pk").values()))
        rows = ws.lake.frame("interests").sort("customer_id", "kind", "value")
        found.append(ws.lake.collect(rows).to_pylist())
        assert interests.of(ws, "c7") != {}
    assert results[0] == results[1]
    facts, others = ProfileRun.objects.values_list("facts", flat=True)
    assert facts == others
    assert len(snapshots[0]) == len(snapshots[1]) > 40
    apart = {
        name: [(a[name], b[name]) for a, b in zip(*snapshots, strict=True) if a[name] != b[name]][:5]
        for name in snapshots[0][0]
    }
    assert {name: some for name, some in apart.items() if some} == {}  # by column, so that it can be read
    assert [one.name for one in FROM_EVENTS if all(row[one.name] is None for row in snapshots[0])] == []
    assert published[0] == published[1]
    assert found[0] == found[1]
    assert {row["kind"] for row in found[0]} == {kind.value for kind in InterestKind}


def test_who_opened_and_clicked_agrees(shops: tuple[Workspace, Workspace]) -> None:
    people = [f"c{number}" for number in range(50)]
    first, second = (sorted(engagements.letters(ws, people), key=lambda one: one.token) for ws in shops)
    assert first == second
    assert first[0].touches


def test_some_customers_described_anew_agree_and_are_what_they_are_among_all(
    profiled_shops: tuple[Workspace, Workspace],
) -> None:
    ids = [f"c{i}" for i in range(0, 70, 3)]
    all_rows = profiled(profiled_shops[0])
    others = [row for row in all_rows if row["customer_id"] not in ids]
    for ws in profiled_shops:
        ws.lake.replace("profiles", pa.Table.from_pylist(others, schema=PROFILES.schema))
        assert refresh.refresh(ws, ids).customers == len(all_rows) - len(others) > 10
        assert profiled(ws) == all_rows


def test_the_flow_between_two_days_agrees(shops: tuple[Workspace, Workspace]) -> None:
    ws, rng = shops[0], Random(8)
    visits = [
        Event(
            f"a{number}", kind, kind, NOW - timedelta(days=rng.randint(0, 300 if kind == "page" else 80)),
            rng.choice(("c1", "c70", "c71", "c72", "c73")) if kind != "page" else None, f"v{rng.randint(0, 20)}",
            properties={"previousId": f"v{rng.randint(0, 20)}"} if kind == "alias" else {},
        )
        for number in range(80)
        for kind in [rng.choice(("page", "page", "page", "page", "identify", "alias"))]
    ]  # fmt: skip
    table = events_to_table(visits, timezone=ws.timezone, received_at=NOW)
    ws.lake.append("events", table, app_id="visits", version=1)
    profiles.run(ws)
    first, second = (NOW - timedelta(days=90)).date(), NOW.date()
    found, other = (flow.flow(ws, first, second) for ws in shops)
    assert found == other
    assert len(found.moves) > 5
    assert found.named > 0 < found.visitors
    then = NOW - timedelta(days=150)
    assert flow.visitors(shops[0], then) == flow.visitors(shops[1], then) > 0
    assert flow.history(shops[0], "c70") == flow.history(shops[1], "c70")


RULES = (
    'lifecycle in ["at_risk", "lapsed"] and did("Order Completed", at_least=2, within="200d", where=[category == "Tea"]) '
    'and not (城市 == "上海" or not did("Product Viewed", within="90d"))',
    'r >= 4 and m >= 3 and rfm_group in ["champions", "loyal"]',
    'size >= 10 and size < 40 and 城市.exists() and name.contains("N") and 城市.ends("海")',
    'last_order_at.within("60d") or average_order_value.missing() or last_seen.after("2026-01-01")',
    'did("Order Completed", where=[coupon == 12345678.5]) or did("Order Refunded", where=[coupon.starts("SP")])',
    'did("Order Completed", where=[category in ["茶", "Tea"], item_id == "x", amount > 100]) and email.missing()',
    'did("Order Completed", at_most=2, within="200d", before="30h") or did("Order Completed", since="2026-01-01")',
    'regularity >= 0.1 or next_order_due <= 0 and discount_share >= 50 and main_device in ["mobile", "tv"]',
    'best_weekday == 3 and night_share <= 40 and pages_per_visit >= 1.5 or last_search == "tea"',
    'sample(40, seed="茶") and not sample(30) or nearest(20, by="revenue", to=600)',
    'nearest(10, by="last_order_at") or nearest(7, by="size", to="lowest") or consents("sms", granted=False)',
    'interested("Tea", at_least=40) or interested("Lion", at_least=20, kind="brand") or interested("茶", kind="search")',
    'sum("Order Completed", at_least=500, within="200d") and average("Order Completed", of="discount", at_most=9)',
    'distinct("Product Viewed", of="category", at_least=2) or first("Order Completed", since="2026-01-01")',
    'sequence(["Product Viewed", step("Order Completed", where=[amount > 100])], gap="90d", without=["Order Refunded"])',
    "everyone",
    "nobody",
)


def test_who_is_in_a_segment_agrees_for_every_rule(profiled_shops: tuple[Workspace, Workspace]) -> None:
    numbers = [f"rule_{number}" for number in range(len(RULES))]
    first, second = (
        ws.lake.collect(segments._mark(ws, RULES, NOW).select("customer_id", *numbers).sort("customer_id"))
        for ws in profiled_shops
    )
    assert first.num_rows == second.num_rows > 40
    for rule, number in zip(RULES, numbers, strict=True):
        assert first[number].to_pylist() == second[number].to_pylist(), rule
    none = {rule for rule, number in zip(RULES, numbers, strict=True) if not any(first[number].to_pylist())}
    assert none <= {RULES[0], "nobody"}


# each in a question of its own: conditions on traits and events, those that look at everybody, and nothing
@pytest.mark.parametrize("rule", [RULES[0], RULES[9], RULES[-1]])
def test_segments_agree(profiled_shops: tuple[Workspace, Workspace], rule: str, tmp_path: Path) -> None:
    duckdb, spark = profiled_shops
    assert segments.count(duckdb, rule) == segments.count(spark, rule)
    ids = segments.members(duckdb, rule)
    assert ids == segments.members(spark, rule)
    assert segments.sample(duckdb, rule) == segments.sample(spark, rule)
    assert segments.why(duckdb, segments.rule_of(rule), "c2") == segments.why(
        spark, segments.rule_of(rule), "c2"
    )
    segments.create(duckdb, "a", "A", rule)
    for ws, name in ((duckdb, "duckdb.csv"), (spark, "spark.csv")):
        assert segments.export(ws, "a", tmp_path / name) == len(ids)
    assert (tmp_path / "duckdb.csv").read_bytes() == (tmp_path / "spark.csv").read_bytes()


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
)
@given(world=worlds(customers=12, events=60), several=st.lists(rules(), min_size=15, max_size=15))
def test_random_rules_agree(
    duckdb: Engine, spark: Engine, tmp_path_factory: pytest.TempPathFactory, world: World, several: list[Rule]
) -> None:
    folder = tmp_path_factory.mktemp("world")
    answers = [world.mark(one, folder, several, NOW, wake=True) for one in (duckdb, spark)]
    assert answers[0] == answers[1]


def test_every_comparison_agrees_with_the_single_customer(spark: Engine, tmp_path: Path) -> None:
    test_segment.test_every_value_against_every_comparison(spark, tmp_path)


def test_digests_are_as_published(spark: Engine) -> None:
    test_conditions_chosen.digests_are_as_published(spark)


@pytest.mark.parametrize(
    "world",
    [
        test_conditions.test_amounts_come_to_a_sum_an_average_a_least_and_a_most,
        test_conditions.test_numbers_of_a_property_are_added_up_without_loss,
        test_conditions.test_the_first_of_all_must_lie_in_the_window_and_fit,
        test_conditions.test_different_values_are_counted_once,
        test_conditions.test_a_sequence_is_one_thing_after_another,
        test_conditions.test_a_step_may_be_filtered,
    ],
)
def test_small_worlds_have_the_same_answer(
    spark: Engine, tmp_path: Path, world: Callable[[Engine, Path], None]
) -> None:
    world(spark, tmp_path)
