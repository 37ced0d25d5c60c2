"""Buckets agree with every other implementation of the hash."""

from __future__ import annotations

import pytest

from zhiyin.stats.buckets import bucket, fnv32a

# From GrowthBook's cases.json, "hash", version 2.
PUBLISHED = [
    ("seed", "a", 0.0505),
    ("seed", "b", 0.2696),
    ("foo", "ab", 0.2575),
    ("foo", "def", 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", 0.124),
    ("90850943850283058242805", "123", 0.7516),
    ("()**(%$##$%#$#", '___)((*":&', 0.0128),
]


@pytest.mark.parametrize(("seed", "value", "expected"), PUBLISHED)
def test_published_vectors(seed: str, value: str, expected: float) -> None:
    assert bucket(seed, value) == expected


@pytest.mark.parametrize(
    ("text", "digest"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foob", 0x3F5076EF), ("foobar", 0xBF9CF968)]
)
def test_published_vectors_of_the_inner_hash(text: str, digest: int) -> None:
    assert fnv32a(text) == digest


def test_a_tenth_of_many_people_falls_below_a_tenth() -> None:
    share = sum(bucket("spring", f"customer-{i}") < 0.1 for i in range(20_000)) / 20_000
    assert share == pytest.approx(0.1, abs=0.0085)  # four standard errors


def test_campaigns_draw_independently() -> None:
    people = [f"customer-{i}" for i in range(20_000)]
    both = sum(bucket("spring", one) < 0.1 and bucket("summer", one) < 0.1 for one in people) / 20_000
    assert both == pytest.approx(0.01, abs=0.003)
