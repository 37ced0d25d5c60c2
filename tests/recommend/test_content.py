"""Items like those one has: by words, category, attributes and given vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from zhiyin.loop.recommend.content import Content
from zhiyin.loop.recommend.data import Catalogue, Customers, Data, Log, Queries

TEXTS = ("龙井茶 明前绿茶", "龍井茶禮盒 🍵", "青花瓷茶杯", "Blue porcelain cup", "porcelain teapot", "抹茶粉")


def learned(texts: Sequence[str] = TEXTS, model: Content | None = None, **known: Any) -> Content:
    shelf = Catalogue.of([f"i{n}" for n in range(len(texts))], text=texts, **known)
    data = Data(Log.of([0], [0], [0]), 1, shelf, Customers.unknown(1), 0)
    return (model or Content()).fit(data, np.random.default_rng(0))


def asked(*histories: Sequence[int], weight: float = 1.0) -> Queries:
    items = [item for history in histories for item in history]
    return Queries.of(np.cumsum([0, *map(len, histories)]), items, weight=np.full(len(items), weight))


def test_an_item_that_nobody_touched_is_found_by_its_words_in_either_script() -> None:
    (scores,) = learned().score(asked([0]))
    assert scores[1] == max(scores[1:])
    assert np.isneginf(scores[3])  # no word in common


def test_two_languages_meet_in_the_category() -> None:
    kinds = {"category": [0, 0, 1, 1, 1, 0], "categories": ["tea", "china"]}
    (scores,) = learned(**kinds).score(asked([2]))
    assert min(scores[3], scores[4]) > 0
    assert np.isneginf(learned(**kinds, model=Content(category=0)).score(asked([2]))[0, 3])


@pytest.mark.parametrize("given", ["attributes", "vectors"])
def test_attributes_and_given_vectors_count_where_words_say_nothing(given: str) -> None:
    told = np.array([[1, 0], [0, 1], [0, 0], [1, 0]], dtype=np.float32)
    more: Mapping[str, Any] = {given: sparse.csr_array(told) if given == "attributes" else {"text": told}}
    (scores,) = learned(["茶", "杯", "盒", "Tea"], **more).score(asked([0]))
    assert scores[3] > 0
    assert np.isneginf(scores[[1, 2]]).all()


def test_a_taste_is_the_mean_of_its_items_and_the_parts_of_an_explanation_sum_to_the_score() -> None:
    vectors = {"image": np.random.default_rng(1).random((6, 3), dtype=np.float32)}
    model = learned(vectors=vectors, category=[0, 0, 1, 1, -1, 0], categories=["a", "b"])
    alone, both = model.score(asked([0], [4])), model.score(asked([0, 4]))
    two = model.explain(asked([0, 4]), 0, np.arange(6, dtype=np.int32))
    for item, causes in enumerate(two):
        assert sum(part for _, part in causes) == pytest.approx(both[0, item], rel=1e-5)
        assert {place for place, _ in causes} <= {0, 1}
    share = 2 ** -(1 / 24 / 60) / (
        1 + 2 ** -(1 / 24 / 60)
    )  # without times, an event is an hour before the next
    spoken = np.where(np.isfinite(alone), alone, 0)
    assert both[0] == pytest.approx(share * spoken[0] + (1 - share) * spoken[1], rel=1e-4)


def test_how_much_one_buys_does_not_change_how_alike_things_are() -> None:
    model = learned()
    assert model.score(asked([0, 4], weight=7)) == pytest.approx(model.score(asked([0, 4])), rel=1e-6)


def test_a_word_that_only_one_item_has_makes_it_less_like_others() -> None:
    (scores,) = learned(["red tea", "red tea", "red tea of the finest sort"]).score(asked([0]))
    assert scores[1] > scores[2] > 0


@pytest.mark.parametrize("texts", [[""], ["", ""], ["…"]])
def test_items_without_words_are_like_none(texts: list[str]) -> None:
    assert np.isneginf(learned(texts).score(asked([0], []))).all()


def test_what_is_kept_answers_the_same() -> None:
    model = learned(vectors={"text": np.eye(6, dtype=np.float32)})
    again = Content.from_arrays(dict(model.to_arrays()))
    assert np.array_equal(again.score(asked([0], [3, 1])), model.score(asked([0], [3, 1])))
