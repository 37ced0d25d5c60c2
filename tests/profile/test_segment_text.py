"""The text form of rules: what is written can be read, and what cannot be read is pointed at."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.profile.worlds import rules

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import All, Any, Did, Not, Rule, Trait, dump
from zhiyin.domain.segment import parse as parse_json
from zhiyin.loop.profile.segment_text import format, parse


@settings(max_examples=300, deadline=None)
@given(rules(4))
def test_every_rule_survives_its_text_and_its_json(rule: Rule) -> None:
    assert parse(format(rule)) == rule
    assert parse_json(dump(rule)) == rule


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_a_rule_or_a_bad_rule(text: str) -> None:
    with contextlib.suppress(BadRule):
        rule = parse(text)
        assert parse(format(rule)) == rule


def test_a_rule_reads_as_it_is_meant() -> None:
    text = (
        'lifecycle in (at_risk, lapsed) and did "Order Completed" at least 3 times within 365 days '
        'where category = Tea and not (city = Shanghai or never "Order Completed" within 45 days)'
    )
    assert parse(text) == All(
        (
            Trait("lifecycle", "in", ("at_risk", "lapsed")),
            Did("Order Completed", 3, 365, (("category", "Tea"),)),
            Not(Any((Trait("city", "is", "Shanghai"), Not(Did("Order Completed", 1, 45))))),
        )
    )
    assert format(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a = 1 or b = 2 and c = 3", Any((Trait("a", "is", 1), All((Trait("b", "is", 2), Trait("c", "is", 3)))))),
        ("not a exists and b missing", All((Not(Trait("a", "exists", True)), Trait("b", "exists", False)))),
        ('城市 = "苏州 市"', Trait("城市", "is", "苏州 市")),
        ('size = "3"', Trait("size", "is", "3")),
        ("vip = true", Trait("vip", "is", True)),
        ("revenue >= 2.5", Trait("revenue", "at_least", 2.5)),
        ("last_order_at within 30 days", Trait("last_order_at", "within_days", 30)),
        ("city not in (a, b)", Trait("city", "not_in", ("a", "b"))),
        ("everyone", All(())),
        ("nobody", Any(())),
        ("all(vip = true)", All((Trait("vip", "is", True),))),
    ],
)  # fmt: skip
def test_forms(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(format(rule)) == rule


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("", 1),
        ("orders >=", 10),
        ("orders 3", 8),
        ("(orders = 3", 12),
        ("orders = 3 city = x", 12),
        ('did "Order', 5),
        ("did Bought at least x times", 21),
        ("did Bought where a = 1, a = 2", 29),
        ("(" * 200 + "a = 1", 52),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, letter: int) -> None:
    with pytest.raises(BadRule, match=rf"at letter {letter},"):
        parse(text)


def test_a_comparison_that_the_trait_does_not_know_is_refused() -> None:
    with pytest.raises(BadRule, match="does not apply to 'orders', which is a number"):
        parse("orders contains 3")
