"""What the kinds of conditions on events mean: small worlds whose answer can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.profile.test_segment import _agree
from tests.profile.worlds import NOW, World

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.event import Event, Line
from zhiyin.loop.profile.condition import One
from zhiyin.loop.profile.segment_frame import plan
from zhiyin.loop.profile.segment_python import facts, until
from zhiyin.loop.profile.segment_text import parse

DAY = timedelta(days=1)
Done = tuple[str, float, Mapping[str, object]]  # name, days ago, and what the event has


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def _world(histories: Mapping[str, Sequence[Done]]) -> World:
    events = [
        Event(f"{customer}-{i}", "track", name, NOW - ago * DAY, customer, **has)  # type: ignore[arg-type]
        for customer, done in histories.items()
        for i, (name, ago, has) in enumerate(done)
    ]
    return World({customer: {"customer_id": customer, "traits": {}} for customer in histories}, events)


def _members(duckdb: Engine, folder: Path, world: World, *texts: str) -> list[str]:
    """Who is in, by both interpreters: one line of ids for each rule."""
    several = [parse(text) for text in texts]
    return [" ".join(found) for found in _agree(duckdb, folder, world, several, wake=True)]


def _spent(*amounts: int | None) -> list[Done]:
    return [("Bought", 1, {"amount": amount}) for amount in amounts]


def test_amounts_come_to_a_sum_an_average_a_least_and_a_most(duckdb: Engine, tmp_path: Path) -> None:
    world = _world(
        {
            "once": _spent(300),
            "thrice": _spent(100, 100, 100),
            "mixed": _spent(50, None, 250),
            "unknown": _spent(None),
            "never": [],
        }
    )
    assert _members(
        duckdb,
        tmp_path,
        world,
        'sum("Bought", at_least=300)',
        'average("Bought", at_least=150)',
        'average("Bought", at_least=151)',
        'minimum("Bought", at_most=99)',
        'maximum("Bought", at_least=250, at_most=299)',
        'sum("Bought", at_most=1000)',
        'not sum("Bought", at_least=300)',
    ) == [
        "mixed once thrice",
        "mixed once",
        "once",
        "mixed",
        "mixed",
        "mixed once thrice",
        "never unknown",
    ]


def test_numbers_of_a_property_are_added_up_without_loss(duckdb: Engine, tmp_path: Path) -> None:
    # ten times 0.1 are less than 1 in floating point
    weights = {
        "ten": [0.1] * 10,
        "nine": [0.1] * 9,
        "texts": ["0.5", "5e-1"],
        "huge": [2e9],
        "odd": ["1kg", [1]],
    }
    world = _world(
        {
            customer: [("Weighed", 1, {"properties": {"kg": weight}}) for weight in several]
            for customer, several in weights.items()
        }
    )
    assert _members(
        duckdb,
        tmp_path,
        world,
        'sum("Weighed", of="kg", at_least=1)',
        'sum("Weighed", of="kg", at_most=0.9)',
        'average("Weighed", of="kg", at_least=0.5)',
        'maximum("Weighed", of="kg", at_least=-1)',
    ) == ["ten texts", "nine", "texts", "nine ten texts"]


def test_amounts_of_other_times_and_lines_do_not_count(duckdb: Engine, tmp_path: Path) -> None:
    tea, pot = (Line("x", category="Tea"),), (Line("y", category="Pots"),)
    world = _world(
        {
            "lately": [
                ("Bought", 2, {"amount": 60, "products": tea}),
                ("Bought", 5, {"amount": 40, "products": tea}),
            ],
            "long ago": [
                ("Bought", 2, {"amount": 99, "products": tea}),
                ("Bought", 50, {"amount": 1, "products": tea}),
            ],
            "pots": [("Bought", 2, {"amount": 500, "products": pot})],
        }
    )
    rule = 'sum("Bought", at_least=100, within="30d", where=[category == "Tea"])'
    assert _members(duckdb, tmp_path, world, rule) == ["lately"]


def test_the_first_of_all_must_lie_in_the_window_and_fit(duckdb: Engine, tmp_path: Path) -> None:
    tea, pot = {"properties": {"kind": "tea"}}, {"properties": {"kind": "pot"}}
    world = _world(
        {
            "new, tea": [("Bought", 5, tea), ("Bought", 1, pot)],
            "new, pot": [("Bought", 5, pot), ("Bought", 1, tea)],
            "old, tea": [("Bought", 50, tea), ("Bought", 5, tea)],
            "both at once": [("Bought", 5, pot), ("Bought", 5, tea)],
            "tomorrow": [("Bought", -1, tea)],
            "never": [],
        }
    )
    assert _members(
        duckdb,
        tmp_path,
        world,
        'first("Bought", within="30d")',
        'first("Bought", within="30d", where=[kind == "tea"])',
        'last("Bought", before="3d", where=[kind == "tea"])',
        'last("Bought", within="3d")',
        'last("Bought", within="6d")',
        'first("Bought", before="30d")',
        'last("Bought", before="3d") and not last("Bought", before="30d")',
    ) == [
        "both at once new, pot new, tea",
        "both at once new, tea",
        "both at once old, tea",
        "new, pot new, tea",
        "both at once new, pot new, tea old, tea",
        "old, tea",
        "both at once old, tea",
    ]


def test_who_was_last_seen_long_ago_comes_in_by_time_alone() -> None:
    world = _world({"c": [("Bought", 5, {}), ("Bought", 50, {})]})
    one = One({}, world.events, NOW)
    assert until(parse('last("Bought", before="30d")'), one) == NOW + 25 * DAY
    assert until(parse('first("Bought", within="90d")'), one) == NOW + 40 * DAY
    assert until(parse('first("Bought", within="30d")'), one) is None


def test_different_values_are_counted_once(duckdb: Engine, tmp_path: Path) -> None:
    def viewed(*items: str, category: str = "Tea") -> Done:
        return ("Viewed", 1, {"products": tuple(Line(item, category=category) for item in items)})

    def sized(*sizes: object) -> list[Done]:
        return [("Viewed", 1, {"properties": {"size": size}}) for size in sizes]

    world = _world(
        {
            "one thing": [viewed("x"), viewed("x"), viewed("x")],
            "two in one": [viewed("x", "y")],
            "two in two": [viewed("x"), viewed("y", category="Pots")],
            "tea and pot": [
                ("Viewed", 1, {"products": (Line("x", category="Tea"), Line("y", category="Pots"))})
            ],
            "three": [viewed("x", "y", "z")],
            "same size": sized(3, "3", 3.0, "", None, [3]),
            "two sizes": sized("L", "l"),
            "noughts": sized(0, -0.0, "-0", "0.0"),
            "long ids": sized(12345678901234567, 12345678901234568),
        }
    )
    assert _members(
        duckdb,
        tmp_path,
        world,
        'distinct("Viewed", of="item_id", at_least=2)',
        'distinct("Viewed", of="item_id", at_least=1, at_most=2)',
        'distinct("Viewed", of="category", at_least=2)',
        'distinct("Viewed", of="item_id", at_least=2, where=[category == "Tea"])',
        'distinct("Viewed", of="size", at_least=2)',
        'distinct("Viewed", of="size") and not distinct("Viewed", of="size", at_least=2)',
    ) == [
        "tea and pot three two in one two in two",
        "one thing tea and pot two in one two in two",
        "tea and pot two in two",
        "three two in one",
        "long ids two sizes",
        "noughts same size",
    ]


def test_a_sequence_is_one_thing_after_another(duckdb: Engine, tmp_path: Path) -> None:
    def at(letters: str) -> list[Done]:
        """One event a day, the last of them yesterday."""
        return [(letter, len(letters) - i, {}) for i, letter in enumerate(letters) if letter != "."]

    world = _world(
        {
            name: at(letters)
            for name, letters in {
                "ab": "ab", "ba": "ba", "a": "a", "a.b": "a.b", "a...b": "a...b", "acb": "acb", "aacb": "aacb",
                "acab": "acab", "cabc": "cabc", "abab": "abab", "aab": "aab",
            }.items()
        }
    )  # fmt: skip
    world = World(
        {**world.profiles, "at once": {"customer_id": "at once", "traits": {}}},
        [*world.events, *(Event(f"o{n}", "track", n, NOW - DAY, "at once") for n in "ab")],
    )
    assert _members(
        duckdb,
        tmp_path,
        world,
        'sequence(["a", "b"])',
        'sequence(["a", "b"], gap="1d")',
        'sequence(["a", "b"], without=["c"])',
        'sequence(["a", "b"], gap="2d", without=["c"])',
        'sequence(["a", "b", "a", "b"])',
        'sequence(["a", "a", "b"])',
        'sequence(["a", "b"], before="2d")',
        'sequence(["a", "b"], within="2d")',
    ) == [
        "a...b a.b aab aacb ab abab acab acb cabc",
        "aab ab abab acab cabc",
        "a...b a.b aab ab abab acab cabc",
        "a.b aab ab abab acab cabc",
        "abab",
        "aab aacb abab acab",
        "abab cabc",
        "",
    ]


def test_a_step_may_be_filtered(duckdb: Engine, tmp_path: Path) -> None:
    world = _world(
        {
            "large": [("Added", 3, {}), ("Bought", 2, {"amount": 500})],
            "small": [("Added", 3, {}), ("Bought", 2, {"amount": 50})],
            "cancelled": [
                ("Added", 3, {}),
                ("Cancelled", 2.5, {"amount": 9}),
                ("Bought", 2, {"amount": 500}),
            ],
        }
    )
    steps = '["Added", step("Bought", where=[amount >= 100])]'
    assert _members(
        duckdb,
        tmp_path,
        world,
        f"sequence({steps})",
        f'sequence({steps}, without=[step("Cancelled", where=[amount == 9])])',
        f'sequence({steps}, without=[step("Cancelled", where=[amount == 8])])',
    ) == ["cancelled large", "large", "cancelled large"]


def test_conditions_on_the_same_events_share_the_scan() -> None:
    made = plan(
        [
            parse('sum("Bought", at_least=3) and sum("Bought", at_most=9) and average("Bought", at_least=2)'),
            parse('first("Bought", within="3d") and first("Bought", within="9d")'),
            parse('distinct("Bought", at_least=2) and not distinct("Bought", at_least=5)'),
        ],
        NOW,
    )
    assert len(made._tallies) == 2
    assert len(made._asides) == 1
    assert made.needs.events == {"Bought"}


def test_facts_tell_what_was_found() -> None:
    world = _world({"c": [*_spent(300, 20), ("Added", 3, {}), ("Added", 2, {})]})
    one = One({}, world.events, NOW)
    rule = parse(
        'sum("Bought", at_least=500) and average("Bought", at_least=1) and first("Added", within="2d") '
        'and distinct("Bought") and sequence(["Added", "Bought", "Added"])'
    )
    found = [(fact.code, fact.holds, fact.detail["found"]) for fact in facts(rule, one)]
    assert found == [
        ("sum", False, 320),
        ("average", True, 160),
        ("first", False, datetime(2026, 2, 26, 12, tzinfo=UTC).isoformat()),
        ("distinct", False, 0),
        ("sequence", False, 2),
    ]
