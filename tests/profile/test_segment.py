"""One segment language, two interpreters: what holds for one customer holds among all, and can say why."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import slow_law
from tests.profile.witnesses import witnesses
from tests.profile.worlds import KINDS, NOW, NUMBERS, TEXTS, World, rules, worlds

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.engagement import RULE
from zhiyin.domain.event import Event, Line
from zhiyin.domain.interest import UNIT
from zhiyin.domain.segment import Rule
from zhiyin.loop.profile.condition import One
from zhiyin.loop.profile.conditions import CONDITIONS
from zhiyin.loop.profile.segment_frame import plan
from zhiyin.loop.profile.segment_json import parse
from zhiyin.loop.profile.segment_python import holds, until

# the day is another one in UTC; the clock changed within the last 30 days
MOMENTS_ASKED = (
    datetime(2026, 3, 1, 2, tzinfo=ZoneInfo("Asia/Shanghai")),
    datetime(2026, 3, 20, 21, tzinfo=ZoneInfo("America/New_York")),
    NOW,
)
# one alone and two at once take ways of their own through an engine; many at once find more
RULES = st.sampled_from((1, 2, 8, 8)).flatmap(lambda n: st.lists(rules(2), min_size=n, max_size=n))


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


@slow_law(45)
@given(
    world=worlds(customers=2, events=12),
    several=RULES,
    as_of=st.sampled_from(MOMENTS_ASKED),
    wake=st.sampled_from((True, True, False)),  # asking for the time to wake makes it another plan
)
def test_both_interpreters_agree_and_nothing_changes_by_itself_before_the_time_to_wake(
    duckdb: Engine, world: World, several: list[Rule], as_of: datetime, wake: bool
) -> None:
    made = witnesses(several, as_of)
    world = World(
        {**world.profiles, **made.profiles},
        [*world.events, *made.events],
        {**world.interests, **made.interests},
    )
    with tempfile.TemporaryDirectory() as folder:
        _agree(duckdb, Path(folder), world, several, as_of, wake=wake)


def test_every_kind_of_condition_is_tried() -> None:
    assert set(KINDS) == set(CONDITIONS) - {"in_segment"}  # which gives way to another rule before


def test_every_value_against_every_comparison(duckdb: Engine, tmp_path: Path) -> None:
    values = [
        *TEXTS,
        *NUMBERS,
        True,
        False,
        None,
        [1],
        ["a", 3, "茶", None],
        [],
        "[a",
        "\x1f",
        "\x1fa\x1f",
        "a\x1fb",
        {"a": 1},
        1e21,
        1e-7,
        12345678901234567,
        "12345678901234567",
    ]
    profiles = {
        f"c{i}": {"customer_id": f"c{i}", "traits": {"city": value}, "orders": i - 3, "email_consent": None}
        for i, value in enumerate(values)
    }
    events = [
        Event(f"e{i}", "track", "Bought", NOW, f"c{i}", properties={"city": value})
        for i, value in enumerate(values)
    ]
    scalars = (*TEXTS, *NUMBERS, True, 12345678901234567 % 10**15)
    orders, letters = ("at_least", "at_most", "more_than", "less_than"), ("contains", "starts", "ends")
    forms: list[dict[str, object]] = [
        {head: "city", operator: value}
        for head, operator, value in (
            *(("trait", operator, value) for operator in ("is", "is_not") for value in scalars),
            *(("trait", "has", value) for value in scalars if value != ""),
            *(("trait", operator, n) for operator in orders for n in NUMBERS),
            *(("trait", operator, part) for operator in letters for part in ("3", "a", "茶", " ", ".")),
            *(("trait", operator, "2026-02-28") for operator in ("before", "after")),
            *(("trait", "within", f"{days}d") for days in (1, 3, 4)),
            ("trait", "exists", True),
        )
    ]
    forms += [{"trait": "orders", operator: n} for operator in (*orders, "is", "is_not") for n in NUMBERS]
    wheres: list[dict[str, object]] = [
        *({operator: value} for operator in ("is", "is_not") for value in scalars if value != ""),
        *({operator: n} for operator in orders for n in NUMBERS),
        *({operator: part} for operator in letters for part in ("3", "a", "茶", " ", "e")),
        {"exists": True},
        {"exists": False},
    ]
    forms += [{"did": "Bought", "where": [{"property": "city", **where}]} for where in wheres]
    _agree(duckdb, tmp_path, World(profiles, events), [parse(form) for form in forms])


def test_item_and_category_must_hold_on_one_line(duckdb: Engine, tmp_path: Path) -> None:
    world = World(
        {i: {"customer_id": i, "traits": {}} for i in ("same", "apart", "none", "null")},
        [
            Event("1", "track", "Bought", NOW, "same", products=(Line("y"), Line("x", category="Tea"))),
            Event("2", "track", "Bought", NOW, "apart", products=(Line("x"), Line("y", category="Tea"))),
            Event("3", "track", "Bought", NOW, "none"),
        ],
    )
    where = [{"property": "item_id", "in": ["x", "z"]}, {"property": "category", "is": "Tea"}]
    rule = parse({"did": "Bought", "where": where})
    assert _agree(duckdb, tmp_path, world, [rule]) == [["same"]]


def test_the_borders_of_a_span_of_days(duckdb: Engine, tmp_path: Path) -> None:
    edge, moment = NOW - timedelta(days=3), timedelta(microseconds=1)
    at = {"before": edge - moment, "on": edge, "inside": edge + moment, "now": NOW, "later": NOW + moment}
    world = World(
        {i: {"customer_id": i, "last_order_at": when, "traits": {}} for i, when in at.items()},
        [Event(i, "track", "Bought", when, i) for i, when in at.items()],
    )
    several = [
        parse({"trait": "last_order_at", "within": "3d"}),
        parse({"did": "Bought", "within": "3d"}),
        parse({"did": "Bought", "within": "3d", "before": "1m"}),
        parse({"did": "Bought", "since": edge.isoformat(), "until": NOW.isoformat()}),
        parse({"trait": "last_order_at", "before": NOW.isoformat()}),
        parse({"trait": "last_order_at", "after": edge.isoformat()}),
    ]
    assert _agree(duckdb, tmp_path, world, several) == [
        ["inside", "now"],
        ["inside", "now"],
        ["inside"],
        ["inside", "on"],
        ["before", "inside", "on"],
        ["inside", "later", "now", "on"],
    ]


def test_a_count_may_be_too_high(duckdb: Engine, tmp_path: Path) -> None:
    world = World(
        {f"c{n}": {"customer_id": f"c{n}", "traits": {}} for n in range(5)},
        [Event(f"{n}-{i}", "track", "Bought", NOW, f"c{n}") for n in range(5) for i in range(n)],
    )
    several = [
        parse({"did": "Bought", "at_least": 2, "at_most": 3}),
        parse({"did": "Bought", "at_most": 2}),
        parse({"not": {"did": "Bought", "at_least": 3}}),
    ]
    assert _agree(duckdb, tmp_path, world, several) == [["c2", "c3"], ["c1", "c2"], ["c0", "c1", "c2"]]


def test_engaged_is_by_people_as_the_present_rule_has_it(duckdb: Engine, tmp_path: Path) -> None:
    def event(
        number: int, name: str, who: str, days: int, campaign: str | None = "spring", **more: str
    ) -> Event:
        return Event(
            f"e{number}", "track", name, NOW - timedelta(days=days), who, campaign=campaign, properties=more
        )

    now, mail = {"rule": str(RULE), "channel": "email"}, "Email Delivered"
    events = [
        *(
            event(i, mail, who, 40)
            for i, who in enumerate(("reader", "clicker", "machine", "former", "silent"))
        ),
        event(10, "Message Opened", "reader", 39, **now),
        event(11, "Message Opened", "reader", 2, "summer", **now),
        event(12, "Message Clicked", "clicker", 39, **now),
        event(13, "Email Opened", "machine", 39),
        event(14, "Message Opened", "former", 39, rule="0", channel="email"),
        event(15, "Email Bounced", "lost", 39),
        event(16, "Unsubscribed", "silent", 39, channel="email"),
    ]
    who = ("reader", "clicker", "machine", "former", "silent", "lost")
    world = World({one: {"customer_id": one, "traits": {}} for one in who}, events)
    several = [
        parse({"engaged": "opened"}),
        parse({"engaged": "opened", "within": "7d", "channel": "email"}),
        parse({"engaged": "opened", "campaign": "spring", "within": "7d"}),
        parse({"engaged": "opened", "at_least": 2}),
        parse({"engaged": "clicked", "campaign": "spring"}),
        parse({"all": [{"engaged": "received", "channel": "email"}, {"not": {"engaged": "opened"}}]}),
        parse({"engaged": "bounced", "channel": "email"}),
        parse({"engaged": "unsubscribed", "channel": "email"}),
    ]
    assert _agree(duckdb, tmp_path, world, several) == [
        ["reader"],
        ["reader"],
        [],
        ["reader"],
        ["clicker"],
        ["clicker", "former", "machine", "silent"],
        ["lost"],
        ["silent"],
    ]


def test_a_list_has_its_elements_and_is_nothing_else(duckdb: Engine, tmp_path: Path) -> None:
    tags = {"list": ["vip", "茶"], "one": "vip", "part": ["vip2"], "empty": [], "none": None}
    world = World({i: {"customer_id": i, "traits": {"tags": value}} for i, value in tags.items()}, [])
    several = [
        parse({"trait": "tags", "has": "vip"}),
        parse({"trait": "tags", "contains": "vip"}),
        parse({"trait": "tags", "is_not": "x"}),
        parse({"trait": "tags", "exists": False}),
    ]
    assert _agree(duckdb, tmp_path, world, several) == [["list", "one"], ["one"], ["one"], ["empty", "none"]]


def test_conditions_that_count_the_same_share_one_scan_and_one_column() -> None:
    several = [
        parse({"did": "Bought", "at_least": n, "where": [{"property": "a", "is": 1}]}) for n in (1, 2, 3)
    ]
    made = plan([*several, parse({"did": "Bought", "where": [{"property": "a", "is": True}]})], NOW)
    assert len(made._tallies) == 2


def test_an_interest_is_of_its_kind_and_fades_to_the_day(duckdb: Engine, tmp_path: Path) -> None:
    scores = {"sure": (95 * UNIT, 95 * UNIT), "torn": (5 * UNIT, 10 * UNIT), "hers": (5 * UNIT, 5 * UNIT)}
    world = World(
        {i: {"customer_id": i, "traits": {}} for i in (*scores, "brand", "none")},
        [],
        {
            **{i: {("category", "Tea"): score} for i, score in scores.items()},
            "brand": {("brand", "Tea"): (1, 1)},
        },
    )
    several = [
        parse({"interested": "Tea", "at_least": 90}),
        parse({"interested": "Tea"}),
        parse({"not": {"interested": "Tea", "at_least": 1}}),
        parse({"interested": "Tea", "at_least": 100}),
    ]
    landmark = datetime(2026, 2, 25, 12, tzinfo=UTC)
    assert _agree(duckdb, tmp_path, world, several, landmark) == [
        ["sure"], ["hers", "sure", "torn"], ["brand", "none"], [],
    ]  # fmt: skip
    # 5 / (5 + 5 · 2^(37/30)) is 29.8 of 100, and a day later 29.4
    on = [_agree(duckdb, tmp_path, world, several, landmark + timedelta(days=n))[1] for n in (37, 38)]
    assert on == [["hers", "sure"], ["sure"]]


def _agree(
    duckdb: Engine,
    folder: Path,
    world: World,
    several: list[Rule],
    as_of: datetime = NOW,
    *,
    wake: bool = False,
) -> list[list[str]]:
    """Members of each rule, the same by both interpreters; with ``wake``, both wake at the same time, too."""
    rows = world.mark(duckdb, folder, several, as_of, wake=wake)
    marked = {row["customer_id"]: [row[f"rule_{i}"] for i in range(len(several))] for row in rows}
    assert len(rows) == len(marked) == len(world.profiles)
    customers = world.everyone(as_of, several)
    for customer_id, one in customers.items():
        for rule, inside in zip(several, marked[customer_id], strict=True):
            assert inside is holds(rule, one), (rule, one)
    if wake:
        _wakes(rows, customers, several, as_of)
    return [sorted(key for key, found in marked.items() if found[i]) for i in range(len(several))]


def _wakes(
    rows: list[dict[str, Any]], customers: Mapping[str, One], several: list[Rule], as_of: datetime
) -> None:
    """Both interpreters wake at the same time, and until then every rule stays as it is."""
    for row in rows:
        one = customers[row["customer_id"]]
        moments = [moment for rule in several if (moment := until(rule, one)) is not None]
        assert row["wake_at"] == (min(moments).replace(tzinfo=None) if moments else None)
        last = min(moments, default=as_of + timedelta(days=40_000)) - timedelta(microseconds=1)
        for later in (last, as_of + (last - as_of) / 2, min(last, as_of + timedelta(microseconds=1))):
            for number, rule in enumerate(several):
                inside = row[f"rule_{number}"]
                assert holds(rule, replace(one, as_of=later)) is inside is holds(rule, one), (
                    rule,
                    one,
                    later,
                )
