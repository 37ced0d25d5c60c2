"""Items like those one has: by words, category, attributes and given vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from zhiyin.domain.item import Item
from zhiyin.loop.recommend import described
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.content import Content
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries
from zhiyin.testing.recommender import RecommenderContract, history, interactions, serve

TEXTS = ("龙井茶 明前绿茶", "龍井茶禮盒 🍵", "青花瓷茶杯", "Blue porcelain cup", "porcelain teapot", "抹茶粉")


class TestContent(RecommenderContract):
    def make(self) -> Content:
        return Content()


def learned(texts: Sequence[str] = TEXTS, model: Content | None = None, **known: Any) -> Content:
    shelf = Catalogue.of([f"i{n}" for n in range(len(texts))], text=texts, **known)
    data = Data(Log.of([0], [0], [0]), 1, shelf, Customers(), 0)
    return (model or Content()).fit(data, np.random.default_rng(0))


def asked(*histories: Sequence[int]) -> Queries:
    items = [item for history in histories for item in history]
    return Queries.of(np.cumsum([0, *map(len, histories)]), items)


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


def test_tastes_add_up_and_so_do_the_parts_of_an_explanation() -> None:
    vectors = {"image": np.random.default_rng(1).random((6, 3), dtype=np.float32)}
    model = learned(vectors=vectors, category=[0, 0, 1, 1, -1, 0], categories=["a", "b"])
    alone, both = model.score(asked([0], [4])), model.score(asked([0, 4]))
    two = model.explain(asked([0, 4]), 0, np.arange(6, dtype=np.int32))
    for item, causes in enumerate(two):
        assert sum(part for _, part in causes) == pytest.approx(both[0, item], rel=1e-5)
        assert {place for place, _ in causes} <= {0, 1}
    faded = 2 ** -(1 / 24 / 60)  # without times an event is an hour before the next; half stays after 60 days
    spoken = np.where(np.isfinite(alone), alone, 0)
    assert both[0] == pytest.approx(faded * spoken[0] + spoken[1], rel=1e-4)


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


def test_an_item_of_the_catalogue_tells_its_words_attributes_and_vectors() -> None:
    long = "Hand-picked before the rain, on a hill that looks over the lake."
    items = [
        Item(
            "a", "Oolong", names={"zh": "乌龙茶"}, properties={"brand": "Ming", "note": long, "v": [1, 0.5]}
        ),
        Item(
            "b", "Cup", properties={"brand": " ming", "tags": ["blue", "gift"], "v": [1, 2, 3], "w": [1, "x"]}
        ),
        None,
        Item("d", "Pot", properties={"tags": ["gift"], "v": [0, 1], "stock": 3, "sale": True}),
    ]
    assert [described.text(item) for item in items] == [f"Oolong 乌龙茶 {long}", "Cup", "", "Pot"]
    told = described.attributes(items).toarray()
    assert (told @ told.T).tolist() == [[1, 1, 0, 0], [1, 4, 0, 1], [0, 0, 0, 0], [0, 1, 0, 2]]
    assert described.vectors(items)["v"].tolist() == [[1, 0.5], [0, 0], [0, 0], [0, 1]]


def test_a_new_item_reaches_those_who_like_its_kind() -> None:
    """Nobody has touched the new ones; item neighbours cannot know them, content does."""
    items = [
        *(Item(f"t{n}", f"Green tea {'abcd'[n]}") for n in range(4)),
        *(Item(f"p{n}", f"Pot {'efgh'[n]}") for n in range(4)),
    ]
    new = [Item("t-new", "Green tea of spring"), Item("p-new", "Pot of clay")]
    steps = interactions((f"c{n}", f"{'tp'[n % 2]}{(n // 2 + k) % 4}") for n in range(16) for k in range(2))
    model = serve(Content(), steps, [*items, *new])
    for kind in "tp":
        first, *_ = model.recommend(history(f"{kind}0"), 1, exclude=[f"{kind}{n}" for n in range(4)])
        assert first.item_id == f"{kind}-new"
