"""Draws, the nearest, and consents: tiny worlds whose answer is visible, and fixed digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from tests.profile.worlds import NOW, World

from zhiyin.adapters.lake.engines import Engine, engine
from zhiyin.domain.segment import Not
from zhiyin.entrypoints.cli.names import PlainNames
from zhiyin.loop.decide.holdout import assign
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.rules import consents, nearest, sample
from zhiyin.loop.profile.segment_frame import plan
from zhiyin.loop.profile.segment_python import facts, holds
from zhiyin.loop.profile.segment_words import sentence

# RFC 1321 publishes these; the engines have to make the same of a salt and an id
DIGESTS = {
    ("", "abc"): "900150983cd24fb0d6963f7d28e17f72",
    ("message ", "digest"): "f96b697d7cb7938d525a2f31aaf161d0",
    ("sample:a:", "茶🍵"): hashlib.md5("sample:a:茶🍵".encode()).hexdigest(),
    ("it's ", 'a "b"'): hashlib.md5(b'it\'s a "b"').hexdigest(),
}


@pytest.fixture(scope="module")
def duckdb() -> Engine:
    return engine("duckdb", threads=1)


def digests_are_as_published(one: Engine) -> None:
    for (salt, text), digest in DIGESTS.items():
        frame = one.digested(one.table(pa.table({"customer_id": [text]})), {"digest": ("customer_id", salt)})
        assert one.collect(frame).to_pylist() == [{"customer_id": text, "digest": digest}]


def test_digests_are_as_published(duckdb: Engine) -> None:
    digests_are_as_published(duckdb)


def _many(count: int) -> World:
    return World({f"c{i}": {"customer_id": f"c{i}", "traits": {}} for i in range(count)}, [])


def members(world: World, rule: Condition) -> set[str]:
    return {i for i, one in world.everyone(NOW, [rule]).items() if holds(rule, one)}


def test_a_draw_is_fixed_for_ever() -> None:
    # drawn with another program; whoever is in today is in for ever
    assert members(_many(60), sample(10, seed="a")) == {"c36", "c16", "c41"}


def test_a_larger_share_keeps_the_smaller_and_another_seed_draws_others() -> None:
    world = _many(2000)
    tenth, half = members(world, sample(10)), members(world, sample(50))
    assert tenth < half
    assert 150 <= len(tenth) <= 250
    assert 900 <= len(half) <= 1100
    assert 400 <= len(half & members(world, sample(50, seed="b"))) <= 600
    assert members(world, sample(100)) == set(world.profiles)


def test_a_draw_has_nothing_to_do_with_the_holdout() -> None:
    world = _many(4000)
    drawn = members(world, sample(50, seed="spring"))
    held = {i for i in world.profiles if assign(i, seed="spring", share=0.5) == "holdout"}
    assert 900 <= len(drawn & held) <= 1100  # a quarter, as of two coins


def _shop(revenues: Mapping[str, int | None]) -> World:
    return World({i: {"customer_id": i, "revenue": r, "traits": {"age": r}} for i, r in revenues.items()}, [])


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        (nearest(2, "revenue"), {"b", "d"}),
        (nearest(3, "revenue"), {"b", "c", "d"}),  # c and e are equal, and c comes first
        (nearest(1, "revenue", to="lowest"), {"a"}),
        (nearest(2, "revenue", to=24), {"c", "e"}),
        (nearest(1, "revenue", to=20), {"a"}),  # as far as c and e
        (nearest(2, "age", to=30), {"c", "e"}),
        (nearest(5, "revenue"), {"a", "b", "c", "d", "e"}),
        (nearest(6, "revenue"), {"a", "b", "c", "d", "e"}),  # who has none is never near
        (nearest(1, "last_seen"), set()),
    ],
)
def test_the_nearest_in_a_shop_of_six(duckdb: Engine, tmp_path: Path, rule: Condition, ids: set[str]) -> None:
    world = _shop({"a": 10, "b": 40, "c": 30, "d": 50, "e": 30, "f": None})
    assert members(world, rule) == ids
    found = world.mark(duckdb, tmp_path, [rule], NOW)
    assert {row["customer_id"] for row in found if row["rule_0"]} == ids


def test_the_nearest_without_their_cut_are_an_error(duckdb: Engine, tmp_path: Path) -> None:
    made = plan([nearest(1, "revenue")], NOW)
    world = _shop({"a": 1})
    with pytest.raises(ValueError, match="there is no cut"):
        made.mark(*world.frames(duckdb, tmp_path, made.needs))


def test_consents_are_the_latest_words(duckdb: Engine, tmp_path: Path) -> None:
    said = {"yes": {"email": {"marketing": True}}, "no": {"email": {"marketing": False}}, "none": {}}
    world = World({i: {"customer_id": i, "traits": {}, "consents": c} for i, c in said.items()}, [])
    several = [
        consents("email"),
        consents("email", granted=False),
        consents("email", purpose="tracking"),
        consents("sms"),
    ]
    assert [members(world, rule) for rule in several] == [{"yes"}, {"no"}, set(), set()]
    rows = world.mark(duckdb, tmp_path, several, NOW)
    marked = [{row["customer_id"] for row in rows if row[f"rule_{i}"]} for i in range(4)]
    assert marked == [{"yes"}, {"no"}, set(), set()]


@pytest.mark.parametrize(
    ("rule", "told", "denied"),
    [
        (sample(10), "is in a random 10% of all customers", "is not in a random 10% of all customers"),
        (
            sample(0.5, seed="a"),
            "is in the draw “a” of 0.5% of all customers",
            "is not in the draw “a” of 0.5% of all customers",
        ),
        (
            nearest(1500, "revenue"),
            "is among the 1,500 highest by revenue",
            "is not among the 1,500 highest by revenue",
        ),
        (
            nearest(5, "orders", to="lowest"),
            "is among the 5 lowest by orders",
            "is not among the 5 lowest by orders",
        ),
        (
            nearest(5, "last_seen"),
            "is among the 5 latest by last_seen",
            "is not among the 5 latest by last_seen",
        ),
        (
            nearest(5, "age", to=30),
            "is among the 5 nearest to 30 by age",
            "is not among the 5 nearest to 30 by age",
        ),
        (consents("email"), "consented to marketing by email", "did not consent to marketing by email"),
        (consents("sms", granted=False), "refused marketing by sms", "did not refuse marketing by sms"),
    ],
)
def test_words(rule: Condition, told: str, denied: str) -> None:
    assert (sentence(rule, PlainNames("CNY")), sentence(Not(rule), PlainNames("CNY"))) == (told, denied)


@pytest.mark.parametrize(
    ("rule", "who", "told"),
    [
        (sample(100), "a", "picked by chance"),
        (sample(0.0001), "a", "not picked by chance"),
        (nearest(2, "revenue"), "b", "revenue: 40; the last one among them has 40"),
        (nearest(2, "revenue"), "a", "revenue: 10; the last one among them has 40"),
        (nearest(2, "revenue"), "f", "revenue is not known"),
        (nearest(9, "revenue"), "a", "revenue: 10; fewer than 9 have one"),
        (consents("email"), "a", "said nothing about marketing by email"),
        (consents("sms"), "a", "refused marketing by sms"),
        (consents("sms", granted=False), "b", "consented to marketing by sms"),
    ],
)
def test_what_was_found_in_words(rule: Condition, who: str, told: str) -> None:
    world = _shop({"a": 10, "b": 40, "c": 30, "d": 50, "f": None})
    said = {"a": {"sms": {"marketing": False}}, "b": {"sms": {"marketing": True}}}
    world = World({i: {**row, "consents": said.get(i, {})} for i, row in world.profiles.items()}, [])
    (fact,) = facts(rule, world.everyone(NOW, [rule])[who])
    assert rule.found_words(fact.detail, PlainNames("CNY")) == told
