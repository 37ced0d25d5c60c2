"""Segments within segments are put in their place, circles and giants are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import Rule
from zhiyin.loop.profile.segment_expand import expand, named
from zhiyin.loop.profile.segment_text import parse


def known(**rules: str) -> Callable[[str], Rule]:
    return {key: parse(text) for key, text in rules.items()}.__getitem__


def test_the_rule_of_a_segment_stands_where_it_was_named() -> None:
    get = known(vip='orders >= 9 or in_segment("gold")', gold="revenue > 5")
    rule = parse('city == "A" and not in_segment("vip")')
    assert expand(rule, get) == parse('city == "A" and not (orders >= 9 or revenue > 5)')
    assert list(named(rule)) == ["vip"]


def test_a_segment_may_be_named_twice() -> None:
    rule = parse('in_segment("a") or not in_segment("a")')
    assert expand(rule, known(a="orders >= 1")) == parse("orders >= 1 or not (orders >= 1)")


@pytest.mark.parametrize("key", ["a", ""])
def test_a_circle_is_told_with_its_path(key: str) -> None:
    get = known(a='in_segment("b")', b='orders >= 1 and in_segment("c")', c='in_segment("a")')
    path = "a → b → c → a"
    with pytest.raises(BadRule, match=path):
        expand(parse('in_segment("a")') if not key else get("a"), get, key)


def test_a_growing_tower_of_segments_is_refused_in_time() -> None:
    rules = {f"s{n}": " and ".join([f'in_segment("s{n + 1}")'] * 50) for n in range(6)}
    with pytest.raises(BadRule, match="more than 500 conditions"):
        expand(parse('in_segment("s0")'), known(**rules, s6="everyone"))


def test_a_long_chain_of_segments_is_refused() -> None:
    rules = {f"s{n}": f'in_segment("s{n + 1}")' for n in range(2000)}
    with pytest.raises(BadRule, match="more than 8 deep"):
        expand(parse('in_segment("s0")'), known(**rules))
