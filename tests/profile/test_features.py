"""Features in tiny worlds whose right answer is visible, and the law that nothing later counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law

from zhiyin.adapters.lake.datasets import EVENTS
from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.engagement import RULE
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED, PRODUCTS_SEARCHED, Event
from zhiyin.domain.feature import FEATURES, FROM_EVENTS, OWNERS, UNITS, Unit
from zhiyin.loop.profile.facts import Facts, facts, measured
from zhiyin.loop.profile.features import COLUMNS, Shop, features, summed, visits
from zhiyin.loop.profile.features.rhythm import offsets

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
Rows = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def found(
    on: Engine,
    folder: Path,
    events: Sequence[Event],
    as_of: datetime = NOW,
    shop: Shop | None = None,
    known: Facts | None = None,
) -> Rows:
    """The features of everyone, by customer; by the facts that are ``known``, or else found here."""
    shop = shop or Shop(SHANGHAI, "CNY", gap_days=10)
    file = folder / "events.parquet"
    pq.write_table(events_to_table(events, timezone=shop.zone, received_at=NOW), file)
    frame = on.scan([str(file)], EVENTS.schema, COLUMNS, {})
    with on.kept(visits(frame, as_of)) as visited, on.kept(summed(frame, visited, as_of, shop)) as kept:
        usual = known or facts(on.collect(measured(kept)).to_pylist(), shop.gap_days)
        rows = on.collect(features(kept, shop, usual)).to_pylist()
    return {row["customer_id"]: row for row in rows}


def did(name: str, days: float, who: str | None = "ann", **rest: object) -> Event:
    """An event so many days ago; ids are told apart by what it is."""
    at = NOW - timedelta(days=days)
    return Event(f"{name}:{who}:{days}:{sorted(map(str, rest.items()))}", "track", name, at, who, **rest)  # type: ignore[arg-type]


def orders(who: str, *days: float, **rest: object) -> list[Event]:
    return [did(ORDER_COMPLETED, day, who, amount=100, **rest) for day in days]


def visit(
    who: str, days: float, *pages: float, device: str = "", medium: str = "", utm: str = ""
) -> list[Event]:
    """A visit whose pages came so many seconds after its beginning; later pages came from within the shop."""
    begin, session = NOW - timedelta(days=days), f"{who}:{days}"
    seen = []
    for place, after in enumerate(pages):
        context: dict[str, object] = {}
        if device:
            context["device"] = {"type": device}
        if medium:
            context["referrer"] = {"medium": "internal" if place else medium}
        if utm and not place:
            context["utm"] = {"medium": utm}
        event_id = session if not place else f"{session}:{place}"
        at = begin + timedelta(seconds=after)
        seen.append(Event(event_id, "page", "page", at, who, session_id=session, context=context))
    return seen


# -- what each feature is ---------------------------------------------------------------------------------------


def test_a_weekly_buyer_is_as_regular_as_a_clock(duckdb: Engine, tmp_path: Path) -> None:
    ann = found(duckdb, tmp_path, orders("ann", *(7 * week + 2 for week in range(9))))["ann"]
    assert (ann["gap_hours_mean"], ann["regularity"]) == (168, 1.0)
    # (2 · 10 days of the shop + 8 · 7 of hers) / 10 = 7.6
    assert (ann["personal_gap_days"], ann["next_order_due"]) == (8, 6)
    assert (ann["tenure_days"], ann["recency_days"]) == (58, 2)


def test_one_who_buys_in_bursts_is_below_chance(duckdb: Engine, tmp_path: Path) -> None:
    bursts = [base + hour / 24 for base in (200, 100, 1) for hour in range(6)]
    ann = found(duckdb, tmp_path, orders("ann", *bursts))["ann"]
    assert isinstance(ann["regularity"], float)
    assert -1 < ann["regularity"] < -0.3


def test_gaps_drawn_by_chance_have_no_regularity(duckdb: Engine, tmp_path: Path) -> None:
    """Goh and Barabási: burstiness is 0 for a Poisson process. The gaps are the quantiles of its distribution."""
    n = 400
    gaps = [-math.log(1 - (i + 0.5) / n) * 10 for i in range(n)]
    days = [sum(gaps[:i]) for i in range(n + 1)]
    ann = found(duckdb, tmp_path, orders("ann", *days))["ann"]
    assert ann["regularity"] == pytest.approx(0, abs=0.02)


def test_few_orders_tell_no_regularity(duckdb: Engine, tmp_path: Path) -> None:
    days = (7, 5, 3, 1)
    rows = found(duckdb, tmp_path, [event for n in range(1, 5) for event in orders(f"c{n}", *days[:n])])
    assert [(rows[f"c{n}"]["gap_hours_mean"], rows[f"c{n}"]["regularity"]) for n in range(1, 5)] == [
        (None, None), (48, None), (48, None), (48, 1.0),
    ]  # fmt: skip


def test_orders_of_one_moment_have_no_rhythm(duckdb: Engine, tmp_path: Path) -> None:
    at = NOW - timedelta(days=3)
    same = [Event(f"o{i}", "track", ORDER_COMPLETED, at, "ann", amount=100) for i in range(5)]
    ann = found(duckdb, tmp_path, same)["ann"]
    assert (ann["orders"], ann["gap_hours_mean"], ann["regularity"]) == (5, 0, None)
    assert ann["personal_gap_days"] == 3  # (2 · 10 + 4 · 0) / 6


def test_who_ordered_once_has_the_gap_of_the_shop(duckdb: Engine, tmp_path: Path) -> None:
    ann = found(duckdb, tmp_path, orders("ann", 25))["ann"]
    assert (ann["personal_gap_days"], ann["next_order_due"]) == (10, -15)


def test_who_cancelled_every_order_has_no_rhythm(duckdb: Engine, tmp_path: Path) -> None:
    cancelled = [did(ORDER_CANCELLED, day - 0.5, amount=100) for day in (40, 30, 20, 10)]
    ann = found(duckdb, tmp_path, [*orders("ann", 40, 30, 20, 10), *cancelled])["ann"]
    names = ("gap_hours_mean", "regularity", "personal_gap_days", "next_order_due")
    assert [ann[name] for name in names] == [None] * 4


def test_refunds_are_a_share_of_what_was_ordered(duckdb: Engine, tmp_path: Path) -> None:
    events = [*orders("ann", 9, 8, 7), did(ORDER_REFUNDED, 5, amount=40), did(ORDER_REFUNDED, 4, amount=5)]
    events += [did(ORDER_REFUNDED, 3, "bob", amount=5), *orders("eve", 2)]
    rows = found(duckdb, tmp_path, events)
    assert [(rows[who]["returns"], rows[who]["return_share"]) for who in ("ann", "bob", "eve")] == [
        (2, 15), (1, None), (0, 0),
    ]  # fmt: skip


def test_hours_and_weekdays_are_those_of_the_shop(duckdb: Engine, tmp_path: Path) -> None:
    # Sunday noon in UTC is eight in the evening in Shanghai; eleven hours later it is Monday there
    rows = found(
        duckdb, tmp_path, [did("Product Viewed", 0), did("Product Viewed", 7), did("Product Viewed", 3.5)]
    )
    assert [rows["ann"][name] for name in ("best_hour", "best_weekday", "night_share")] == [20, 7, 0]
    late = found(duckdb, tmp_path, [did("Product Viewed", 7 - 11 / 24), did("Product Viewed", 14 - 11 / 24)])
    assert [late["ann"][name] for name in ("best_hour", "best_weekday", "night_share")] == [7, 1, 0]


def test_of_several_busy_hours_the_earliest_counts(duckdb: Engine, tmp_path: Path) -> None:
    events = [did("Product Viewed", day + hour / 24) for day in (0, 1) for hour in (0, 10, 17)]
    ann = found(duckdb, tmp_path, events)["ann"]
    # 20:00, 10:00 and 3:00 in Shanghai; Saturday and Sunday alike
    assert (ann["best_hour"], ann["best_weekday"], ann["night_share"]) == (3, 6, 33)


def test_clocks_that_change_change_the_hour(duckdb: Engine, tmp_path: Path) -> None:
    as_of = datetime(2026, 4, 1, tzinfo=UTC)
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    for moment, hour in ((change - timedelta(seconds=1), 1), (change, 3)):
        event = Event("e", "track", "Product Viewed", moment, "ann")
        rows = found(duckdb, tmp_path, [event], as_of, Shop(BERLIN, "EUR"))
        assert rows["ann"]["best_hour"] == hour


@given(
    st.sampled_from(
        ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
    ),
    st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - plain UTC
    st.integers(0, 365 * 24 * 60),
)
def test_offsets_are_those_of_the_zone(name: str, now: datetime, minutes: int) -> None:
    zone, start = ZoneInfo(name), now - timedelta(days=365)
    moment = start + timedelta(minutes=minutes)
    ahead = [minutes for since, minutes in offsets(start, now, zone) if since <= moment][-1]
    assert timedelta(minutes=ahead) == moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()


def test_visits_are_counted_with_their_pages_and_length(duckdb: Engine, tmp_path: Path) -> None:
    events = [
        *visit("ann", 2, 0, 30, 100),
        *visit("ann", 5, 0),
        *visit("ann", 7, 0, 61),
        *visit("ann", 90, 0),
    ]
    server = Event("s", "track", "Product Viewed", NOW - timedelta(days=1), "ann")
    silent = Event("t", "track", "Clicked", NOW - timedelta(days=1), "ann", session_id="other")
    ann = found(duckdb, tmp_path, [*events, server, silent])["ann"]
    assert ann["visits_90d"] == 4  # the fourth is the one without a page
    assert ann["pages_per_visit"] == 2.0
    assert ann["visit_seconds"] == 31  # between 0 and 61, halves rounded up


def test_searches_keep_the_last_words(duckdb: Engine, tmp_path: Path) -> None:
    searched = [(200, "oolong"), (80, "龙井"), (3, " Green Tea "), (2, "  "), (1, None)]
    events = [did(PRODUCTS_SEARCHED, day, properties={"query": words}) for day, words in searched]
    rows = found(duckdb, tmp_path, [*events, did("Product Viewed", 1, "bob")])
    assert (rows["ann"]["searches_90d"], rows["ann"]["last_search"]) == (4, "Green Tea")
    assert (rows["bob"]["searches_90d"], rows["bob"]["last_search"]) == (0, None)


DISCOUNTS = (
    # properties of the order, its currency, whether it has a discount, how deep it is
    ({}, None, 0, 0),
    ({"coupon": "SPRING"}, "CNY", 1, 0),
    ({"coupon": ""}, "CNY", 0, 0),
    ({"discount": 1}, None, 1, 50),
    ({"discount": "0.25"}, "CNY", 1, 20),
    ({"discount": 100}, "JPY", 1, 50),
    ({"discount": 0.1}, "KWD", 1, 50),
    ({"discount": 0, "coupon": None}, "CNY", 0, 0),
    ({"discount": -3}, "CNY", 0, 0),
    ({"discount": "10%"}, "CNY", 0, 0),
    ({"discount": 1e12}, "CNY", 0, 0),
    ({"discount": [1]}, "CNY", 0, 0),
)


def test_a_discount_is_what_was_taken_off(duckdb: Engine, tmp_path: Path) -> None:
    events = [
        event
        for i, (properties, currency, *_) in enumerate(DISCOUNTS)
        for event in orders(f"c{i}", 3, properties=properties, currency=currency)
    ]
    rows = found(duckdb, tmp_path, events)
    for i, (properties, _, reduced, depth) in enumerate(DISCOUNTS):
        row = rows[f"c{i}"]
        wanted = (reduced, 100 * reduced, depth)
        assert (row["coupon_orders"], row["discount_share"], row["discount_depth"]) == wanted, properties


def test_who_never_ordered_has_no_share_of_discounts(duckdb: Engine, tmp_path: Path) -> None:
    ann = found(duckdb, tmp_path, [did("Product Viewed", 1)])["ann"]
    assert (ann["coupon_orders"], ann["discount_share"], ann["discount_depth"]) == (0, None, None)


def test_devices_and_channels_are_those_of_most_visits(duckdb: Engine, tmp_path: Path) -> None:
    events = [
        *visit("ann", 1, 0, 5, 9, 12, device="desktop", medium="search"),
        *visit("ann", 2, 0, device="mobile", medium="direct"),
        *visit("ann", 3, 0, device="mobile", medium="search", utm="Email"),
        *visit("ann", 4, 0, 8, medium="direct"),
        *visit("bob", 4, 0, device="tablet"),
        *visit("bob", 5, 0, device="desktop"),
    ]
    rows = found(duckdb, tmp_path, events)
    names = ("main_device", "mobile_share", "main_channel")
    assert [rows["ann"][name] for name in names] == ["mobile", 67, "direct"]
    assert [rows["bob"][name] for name in names] == ["desktop", 0, None]


def test_a_visit_whose_first_page_was_anonymous_has_the_channel_from_outside(
    duckdb: Engine, tmp_path: Path
) -> None:
    first, *rest = visit("ann", 1, 0, 5, 9, device="mobile", medium="search")
    back = Event("b", "page", "page", NOW - timedelta(days=1) + timedelta(seconds=20), "ann",
                 session_id=first.session_id, context={"referrer": {"medium": "email"}})  # fmt: skip
    anonymous = Event(first.event_id, "page", "page", first.timestamp, None, session_id=first.session_id)
    assert found(duckdb, tmp_path, [anonymous, *rest, back])["ann"]["main_channel"] == "email"
    assert found(duckdb, tmp_path, [first, *rest, back])["ann"]["main_channel"] == "search"


def test_the_most_frequent_search_of_several_the_first_by_letters(duckdb: Engine, tmp_path: Path) -> None:
    searched = [
        ("ann", 1, "tea"), ("ann", 2, "cup"), ("ann", 3, " tea "), ("ann", 100, "cup"),
        ("bob", 1, "b"), ("bob", 2, "a"), ("eve", 91, "old"), ("eve", 1, " "),
    ]  # fmt: skip
    events = [did(PRODUCTS_SEARCHED, day, who, properties={"query": words}) for who, day, words in searched]
    rows = found(duckdb, tmp_path, events)
    assert [rows[who]["main_search"] for who in ("ann", "bob", "eve")] == ["tea", "a", None]


def test_kinds_of_devices_and_channels_are_counted(duckdb: Engine, tmp_path: Path) -> None:
    events = [
        *visit("ann", 1, 0, device="desktop", medium="search"),
        *visit("ann", 2, 0, device="mobile", medium="search"),
        *visit("ann", 3, 0, device="mobile"),
        did("Product Viewed", 1, "bob"),
    ]
    rows = found(duckdb, tmp_path, events)
    assert [(rows[who]["device_kinds"], rows[who]["channel_kinds"]) for who in ("ann", "bob")] == [
        (2, 1),
        (0, 0),
    ]


def test_weekends_are_saturdays_and_sundays_of_the_shop(duckdb: Engine, tmp_path: Path) -> None:
    # noon in UTC of a Sunday; five hours later it is Monday in Shanghai
    events = [did("Product Viewed", days) for days in (0, 1, 7 - 5 / 24, 2)]
    assert found(duckdb, tmp_path, events)["ann"]["weekend_share"] == 50


def message(who: str, token: str, days: float, *, opened: float | None = None, clicked: float | None = None,
            rule: str = str(RULE)) -> list[Event]:  # fmt: skip
    """A message delivered so many days ago, with the days ago at which a person opened and clicked it."""
    events = [did("Email Delivered", days, who, properties={"token": token})]
    for name, ago in (("Message Opened", opened), ("Message Clicked", clicked)):
        if ago is not None:
            events.append(did(name, ago, who, properties={"token": token, "rule": rule}))
    return events


def test_engagement_is_what_people_read_of_what_they_got(duckdb: Engine, tmp_path: Path) -> None:
    events = [
        *message("ann", "t1", 10, opened=9, clicked=8),
        *message("ann", "t2", 20, opened=3),
        *message("ann", "t3", 30, opened=29, rule="0"),  # what another rule judged
        *message("ann", "t4", 89),
        *message("ann", "t5", 91, clicked=2),
        *message("ann", "t6", 200, opened=199),
        did("Email Opened", 1, "ann", properties={"token": "t4"}),  # a raw hit, by whomever
        *message("bob", "t7", 5),
        *message("eve", "t8", 95, opened=94),
        did("Email Delivered", 4, "kai"), did("Email Delivered", 3, "kai"),  # from elsewhere, without a token
        did("Product Viewed", 1, "zoe"),
    ]  # fmt: skip
    rows = found(duckdb, tmp_path, events)
    names = ("messages_90d", "opened_90d", "clicked_90d", "engagement")
    assert {who: tuple(row[name] for name in names) for who, row in rows.items()} == {
        "ann": (4, 2, 2, 50),
        "bob": (1, 0, 0, 0),
        "eve": (0, 0, 0, None),
        "kai": (2, 0, 0, 0),
        "zoe": (0, 0, 0, None),
    }
    last = {who: row["last_engaged_at"] for who, row in rows.items()}
    plain = NOW.replace(tzinfo=None)
    assert last["ann"] == plain - timedelta(days=2)
    assert last["eve"] == plain - timedelta(days=94)
    assert {last["bob"], last["kai"], last["zoe"]} == {None}


def test_who_only_got_messages_is_a_lead_who_was_never_seen(duckdb: Engine, tmp_path: Path) -> None:
    rows = found(duckdb, tmp_path, [*message("ann", "t1", 10, opened=9), *orders("bob", 40, 30, 5)])
    names = ("lifecycle", "orders", "revenue", "messages_90d", "engagement", "first_seen", "r", "regularity")
    assert [rows["ann"][name] for name in names] == ["lead", 0, 0, 1, 100, None, None, None]
    assert rows["bob"]["messages_90d"] == 0


def test_a_person_who_reads_is_not_active_by_that(duckdb: Engine, tmp_path: Path) -> None:
    rows = found(duckdb, tmp_path, [*message("ann", "t1", 10, opened=9), did("Product Viewed", 50)])
    assert (
        rows["ann"]["first_seen"]
        == rows["ann"]["last_seen"]
        == (NOW - timedelta(days=50)).replace(tzinfo=None)
    )


def test_nobody_in_an_empty_lake(duckdb: Engine, tmp_path: Path) -> None:
    assert found(duckdb, tmp_path, []) == {}


def test_a_test_account_with_very_many_orders_does_not_break_the_sums(duckdb: Engine, tmp_path: Path) -> None:
    n = 20_000
    ann = found(duckdb, tmp_path, [
        Event(f"e{i}", "track", ORDER_COMPLETED, NOW - timedelta(hours=i), "ann", amount=10**9) for i in range(n)
    ])["ann"]  # fmt: skip
    assert (ann["orders"], ann["revenue"], ann["gap_hours_mean"], ann["regularity"]) == (n, n * 10**9, 1, 1.0)


# -- the registry and the law -------------------------------------------------------------------------------------

_NAMES = (
    ORDER_COMPLETED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    ORDER_CANCELLED,
    PRODUCTS_SEARCHED,
    "page",
    "Email Opened",
    "Email Delivered",
    "Message Opened",
    "Message Clicked",
)
_AGO = st.one_of(
    st.builds(
        lambda days, micro: timedelta(days=days, microseconds=micro),
        st.sampled_from((0, 1, 7, 90, 365)),
        st.sampled_from((-1, 0, 1)),
    ),
    st.timedeltas(timedelta(days=-30), timedelta(days=400)),
)
_CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "device": st.fixed_dictionaries({"type": st.sampled_from(("mobile", "desktop"))}),
        "referrer": st.fixed_dictionaries({"medium": st.sampled_from(("search", "internal", "direct"))}),
        "utm": st.fixed_dictionaries({"medium": st.sampled_from(("cpc", "email"))}),
    },
)
_PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "coupon": st.sampled_from(("A", "", None)),
        "discount": st.sampled_from((0, 1.5, "2", "x")),
        "query": st.sampled_from(("tea", "茶", " ")),
        "token": st.sampled_from(("t1", "t2")),
        "rule": st.sampled_from((str(RULE), RULE, "1")),
    },
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What a few customers did, before and after ``NOW``."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(_NAMES), _AGO, st.sampled_from((*"abcdef", None)), st.sampled_from((None, 0, 100, 250)),
                st.sampled_from((None, "e0", "e1", "other")), _PROPERTIES, _CONTEXTS,
            ),
            min_size=30,
            max_size=120,
        )
    )  # fmt: skip
    return [
        Event(
            f"e{i}", "page" if name == "page" else "track", name, NOW - ago, who,
            amount=amount, session_id=session, properties=properties, context=context,
        )
        for i, (name, ago, who, amount, session, properties, context) in enumerate(rows)
    ]  # fmt: skip


@slow_law(4)
@given(histories())
def test_nothing_later_changes_a_feature(
    duckdb: Engine, tmp_path_factory: pytest.TempPathFactory, world: list[Event]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    rows = found(duckdb, folder, world)
    assert rows == found(duckdb, folder, [event for event in world if event.timestamp <= NOW])
    for row in rows.values():
        _is_of_its_kind(row)


def _is_of_its_kind(row: dict[str, object]) -> None:
    kinds = {"text": str, "number": int, "time": datetime, "flag": bool}
    for one in FROM_EVENTS:
        value = row[one.name]
        assert value is not None or one.empty is None, one.name
        assert value is None or type(value) is (float if one.decimals else kinds[one.kind]), one.name
        if one.unit == Unit.PERCENT and value is not None and one.name != "return_share":
            assert 0 <= int(str(value)) <= 100, one.name


def test_the_law_speaks_of_every_feature_that_follows_from_events(duckdb: Engine, tmp_path: Path) -> None:
    """A feature that the frame does not bring would escape the law."""
    ann = found(duckdb, tmp_path, orders("ann", 1))["ann"]
    assert set(ann) == {"customer_id", *(one.name for one in FROM_EVENTS)}


def test_names_are_told_apart_and_every_number_has_a_unit() -> None:
    assert len({one.name for one in FEATURES}) == len({one.label for one in FEATURES}) == len(FEATURES)
    assert [one.name for one in FEATURES if one.kind == "number" and one.unit not in UNITS] == []
    assert {one.owner for one in FEATURES} == set(OWNERS)


def test_the_frames_column_types_are_those_of_the_lake(duckdb: Engine, tmp_path: Path) -> None:
    from zhiyin.adapters.lake.datasets import PROFILES

    file = tmp_path / "events.parquet"
    pq.write_table(events_to_table(orders("ann", 1), timezone=SHANGHAI, received_at=NOW), file)
    frame, shop = duckdb.scan([str(file)], EVENTS.schema, COLUMNS, {}), Shop(SHANGHAI, "CNY")
    kept = summed(frame, visits(frame, NOW), NOW, shop)
    table = duckdb.collect(features(kept, shop, Facts()))
    assert {one.name: table.schema.field(one.name).type for one in FROM_EVENTS} == {
        one.name: PROFILES.schema.field(one.name).type for one in FROM_EVENTS
    }


def test_a_column_that_older_files_do_not_have_is_missing(duckdb: Engine, tmp_path: Path) -> None:
    file = tmp_path / "old.parquet"
    pq.write_table(pa.table({"customer_id": ["ann"]}), file)
    schema = pa.schema([("customer_id", pa.string()), ("regularity", pa.float64()), ("orders", pa.int64())])
    frame = duckdb.scan([str(file)], schema, {}, {}).filter(nw.col("orders").is_null())
    assert duckdb.collect(frame).to_pylist() == [{"customer_id": "ann", "regularity": None, "orders": None}]
