"""Interests in worlds that are counted by hand beside: the same sums, nothing later, and they fade."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law

from zhiyin.adapters.lake.datasets import EVENTS, INTERESTS, ITEMS
from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.event import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED, PRODUCTS_SEARCHED, Event, Line
from zhiyin.domain.interest import KEPT, UNIT, WEIGHTS, Fading, words_searched
from zhiyin.loop.profile import interests as verb

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 1)
FADING = Fading(TODAY, 30)
# item, category, brand, price
ITEMS_SOLD = (
    ("longjing", "Tea", "Lion", 100),
    ("biluochun", "Tea", "Lion", 200),
    ("keemun", "Tea", "Moon", 300),
    ("cup", "Cups 🍵", None, 50),
    ("box", None, "Moon", None),
)
Rows = dict[tuple[str, str, str], dict[str, object]]


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def shelf() -> pa.Table:
    rows = [
        {"item_id": item, "category": category, "price": price, "currency": "CNY", "brand": brand}
        for item, category, brand, price in ITEMS_SOLD
    ]
    schema = pa.schema([*(ITEMS.schema.field(name) for name in ("item_id", "category", "price", "currency")),
                        *((name, pa.string()) for name in verb.ITEM_COLUMNS)])  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)


def found(on: Engine, events: Sequence[Event], as_of: datetime = NOW, fading: Fading = FADING) -> Rows:
    """The interests of everyone, by customer, kind and value."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "events.parquet"
        pq.write_table(events_to_table(events, timezone=SHANGHAI, received_at=NOW), file)
        frame = on.scan([str(file)], EVENTS.schema, verb.EVENT_COLUMNS, {})
        weights = on.table(verb.days(fading, as_of.astimezone(SHANGHAI).date()))
        start = verb.days(fading, fading.landmark)["local_date"][0].as_py()
        seen = stack.enter_context(on.kept(verb.lines(frame, weights, as_of, start)))
        words = stack.enter_context(on.kept(verb.searches(frame, weights, as_of, start)))
        made = verb.interests(seen, words, on.table(verb.catalogue(shelf())), fading)
        rows = on.collect(made.select(*INTERESTS.schema.names)).to_pylist()
    assert len(rows) == len({(row["customer_id"], row["kind"], row["value"]) for row in rows})
    return {(row["customer_id"], row["kind"], row["value"]): row for row in rows}


def counted(events: Sequence[Event], as_of: datetime, fading: Fading) -> dict[tuple[str, str, str], int]:
    """The weights, one event after another."""
    bands = {"longjing": "low", "biluochun": "mid", "keemun": "high", "cup": "mid"}
    sold = {item: (category, brand) for item, category, brand, _ in ITEMS_SOLD}
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for event in events:
        if event.customer_id is None or event.timestamp > as_of or event.name not in WEIGHTS:
            continue
        gain = WEIGHTS[event.name] * fading.weight(event.timestamp.astimezone(SHANGHAI).date())
        if event.name == PRODUCTS_SEARCHED:
            query = event.properties.get("query")
            named = [("search", words_searched(str(query)))] if query else []
        else:
            named = []
            for line in event.products:
                category, brand = sold.get(line.item_id, (None, None))
                named += [
                    ("category", line.category or category),
                    ("brand", brand),
                    ("price_band", bands.get(line.item_id)),
                ]
        for kind, value in named:
            if value and gain:
                sums[event.customer_id, kind, value] += gain
    return dict(sums)


def event(name: str, days: float, who: str | None, *items: str, category: str = "", query: str = "") -> Event:
    at = NOW - timedelta(days=days)
    return Event(
        f"{name}:{days}:{who}:{items}:{category}:{query}", "track", name, at, who,
        products=tuple(Line(item, category=category or None) for item in items),
        properties={"query": query} if query else {},
    )  # fmt: skip


EVENTS_DRAWN = st.lists(
    st.builds(
        event,
        st.sampled_from((*WEIGHTS, "Page Viewed")),
        st.one_of(st.sampled_from((-3, -0.1, 0, 0.51, 30, 599.9, 600.6, 700)), st.floats(-5, 800)),
        st.sampled_from(("ann", "bob", None)),
        st.sampled_from([item for item, *_ in ITEMS_SOLD] + ["unknown"]),
        category=st.sampled_from(("", "", "Gifts", "Tea")),
        query=st.sampled_from(("", "Oolong", " oolong ", "乌龙 Tea", "ΣΊΤΟΣ")),
    ),
    max_size=30,
    unique_by=lambda one: one.event_id,
)


@slow_law(10)
@given(events=EVENTS_DRAWN, half_life=st.sampled_from((1, 30, 365)), ahead=st.integers(-3, 3))
def test_weights_are_what_counting_gives(
    duckdb: Engine, events: list[Event], half_life: int, ahead: int
) -> None:
    fading = Fading(TODAY + timedelta(days=ahead), half_life)
    rows, wanted = found(duckdb, events, fading=fading), counted(events, NOW, fading)
    assert {key: row["weight"] for key, row in rows.items()} == wanted
    for (who, kind, _), row in rows.items():
        assert row["total"] == sum(n for key, n in wanted.items() if key[:2] == (who, kind))
        assert (row["landmark"], row["half_life"]) == (fading.landmark, half_life)


@slow_law(6)
@given(events=EVENTS_DRAWN, days=st.sampled_from((0, 0.05, 0.52, 3, 30)))
def test_nothing_later_counts(duckdb: Engine, events: list[Event], days: float) -> None:
    then = NOW - timedelta(days=days)
    fading = Fading(then.astimezone(SHANGHAI).date())
    known = [one for one in events if one.timestamp <= then]
    assert found(duckdb, events, then, fading) == found(duckdb, known, then, fading)


@slow_law(4)
@given(events=EVENTS_DRAWN)
def test_some_customers_alone_have_what_they_have_among_all(duckdb: Engine, events: list[Event]) -> None:
    every = found(duckdb, events)
    alone = found(duckdb, [one for one in events if one.customer_id == "ann"])
    assert alone == {key: row for key, row in every.items() if key[0] == "ann"}


def test_an_order_weighs_five_views(duckdb: Engine) -> None:
    rows = found(
        duckdb,
        [
            event(ORDER_COMPLETED, 0, "ann", "longjing"),
            event(PRODUCT_VIEWED, 0, "ann", "cup"),
            event(PRODUCT_ADDED, 30, "ann", "cup"),
        ],
    )
    weights = {key[1:]: row["weight"] for key, row in rows.items()}
    assert weights == {
        ("category", "Tea"): 5 * UNIT,
        ("category", "Cups 🍵"): UNIT + 3 * UNIT // 2,
        ("brand", "Lion"): 5 * UNIT,
        ("price_band", "low"): 5 * UNIT,
        ("price_band", "mid"): UNIT + 3 * UNIT // 2,
    }


def test_only_the_heaviest_are_kept_and_the_total_is_of_all(duckdb: Engine) -> None:
    searched = [event(PRODUCTS_SEARCHED, n, "ann", query=f"word {n:02}") for n in range(KEPT + 5)]
    rows = found(duckdb, searched)
    assert sorted(value for _, _, value in rows) == [f"word {n:02}" for n in range(KEPT)]
    assert {row["total"] for row in rows.values()} == {
        sum(FADING.weight(TODAY - timedelta(days=n)) for n in range(KEPT + 5))
    }


def test_price_bands_are_thirds_of_the_category() -> None:
    prices = {"a": (1, 1, 1), "b": (5,), "c": (1, 2), "d": (1, 2, 2, 9), "e": (None, 3, 2, 1)}
    rows = [
        {"item_id": f"{name}{n}", "category": name, "price": price, "currency": "CNY"}
        for name, several in prices.items()
        for n, price in enumerate(several)
    ]
    rows.append({"item_id": "dear", "category": "c", "price": 900, "currency": "JPY"})
    table = verb.catalogue(pa.Table.from_pylist(rows, schema=shelf().schema))
    bands = dict(zip(table["item_id"].to_pylist(), table["price_band"].to_pylist(), strict=True))
    assert [[bands[f"{name}{n}"] for n in range(len(several))] for name, several in prices.items()] == [
        ["mid"] * 3, ["mid"], ["low", "high"], ["low", "mid", "mid", "high"], [None, "high", "mid", "low"],
    ]  # fmt: skip
    assert bands["dear"] == "mid"


def test_a_shop_without_items_still_has_what_events_name(duckdb: Engine) -> None:
    assert verb.catalogue(shelf().slice(0, 0)).num_rows == 0
    rows = found(duckdb, [event(PRODUCT_VIEWED, 0, "ann", "unknown", category=" Gifts ")])
    assert list(rows) == [("ann", "category", "Gifts")]


WEIGHTS_DRAWN = st.integers(0, 10**13)


@given(WEIGHTS_DRAWN, WEIGHTS_DRAWN, st.integers(1, 365), st.integers(-30, 4000), st.integers(1, 100))
def test_a_score_is_reached_where_the_whole_numbers_say(
    weight: int, others: int, half_life: int, days: int, score: int
) -> None:
    fading, today = Fading(TODAY, half_life), TODAY + timedelta(days=days)
    factor, ground = fading.least(score, today)
    total = weight + others
    assert (fading.score(weight, total, today) >= score) == (200 * weight >= factor * (total + ground))
    assert max(200 * weight, factor * (total + ground)) < 2**62  # within what engines count in


@given(WEIGHTS_DRAWN, WEIGHTS_DRAWN, st.integers(1, 365), st.integers(0, 400))
def test_interests_only_fade_by_themselves(weight: int, others: int, half_life: int, days: int) -> None:
    fading, today = Fading(TODAY, half_life), TODAY + timedelta(days=days)
    scores = [fading.score(weight, weight + others, today + timedelta(days=n)) for n in (0, 1, 2, 30)]
    assert scores == sorted(scores, reverse=True)


@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=20), st.integers(0, 30), st.sampled_from((7, 30, 90))
)
def test_another_landmark_gives_the_same_scores(ages: list[int], later: int, half_life: int) -> None:
    today, days = TODAY + timedelta(days=later), [TODAY - timedelta(days=age) for age in ages]
    scores = []
    for landmark in (TODAY, today):
        fading = Fading(landmark, half_life)
        weights = [5 * fading.weight(day) for day in days]
        scores.append(fading.score(weights[0], sum(weights), today))
    assert abs(scores[0] - scores[1]) <= 1


def test_a_half_life_of_no_days_is_refused() -> None:
    for days in (0, -1, 366):
        with pytest.raises(BadSetting):
            Fading(TODAY, days)
