"""Serving: latest events first, causes that are the exact terms of the score, short lists filled up."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy import sparse

from zhiyin.domain.interaction import Interaction
from zhiyin.loop.recommend.arrays import F32
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.serving import Context, Served, Shelf
from zhiyin.testing.recommender import NOW

#  sources a, b speak for target c; b also for d, and against a; e is popular and nobody's neighbour
IDS = np.array(["a", "b", "c", "d", "e"])
WEIGHTS = np.zeros((5, 5), dtype=np.float32)
WEIGHTS[0, 2], WEIGHTS[1, 2], WEIGHTS[1, 3], WEIGHTS[0, 3] = 0.5, 0.4, 0.45, -0.1
FILL = np.array([0.1, 0.2, 0.3, 0.4, 1.0], dtype=np.float32)
SHELF = Shelf(IDS, np.ones(5, dtype=bool), {"age": ("old", "young"), "country": ("FR",)})


def served(half_life: float = 30.0) -> Served:
    model = Linear(half_life=half_life)
    model.weights_ = sparse.csr_array(WEIGHTS)
    return Served("linear", model, SHELF, FILL)


def did(item_id: str, days_ago: float, kind: str = "bought") -> Interaction:
    return Interaction(item_id, kind, NOW - timedelta(days=days_ago))


def test_score_is_the_sum_of_faded_weights_and_names_its_causes() -> None:
    first, second, third = served().recommend([did("a", 30), did("b", 0)], 5, exclude=["a", "b"])
    assert (first.item_id, first.because) == ("c", ("b", "a"))
    assert abs(first.score - (0.5 * 0.5 + 0.4)) < 1e-5
    assert (second.item_id, second.because) == ("d", ("b",))  # a speaks against it
    assert (third.item_id, third.reason) == ("e", "popular")


def test_removing_the_named_cause_lowers_the_score() -> None:
    with_cause = served().recommend([did("a", 0), did("b", 0)], 1)[0]
    without = served().recommend([did("b", 0)], 5)
    assert with_cause.because[0] == "a"
    assert next(r.score for r in without if r.item_id == "c") < with_cause.score


def test_the_latest_interaction_leads() -> None:
    known = [[did("b", 0), did("a", 60)], [did("a", 0), did("b", 60)]]
    assert [answer[0].item_id for answer in served(half_life=5).recommend_many(known, 1)] == ["d", "c"]


def test_reasons_do_not_mix_purchases_with_looks() -> None:
    first = served().recommend([did("a", 0), did("b", 0, "viewed")], 1)[0]
    assert (first.item_id, first.reason, first.because) == ("c", "because_bought", ("a",))


def test_what_lies_in_the_basket_is_named_so() -> None:
    first = served().recommend([did("b", 1, "viewed")], 1, Context(basket=("a",), now=NOW))[0]
    assert (first.item_id, first.reason, first.because) == ("c", "because_together", ("a",))


def test_an_explanation_tells_every_part_and_its_share() -> None:
    found = served().explain([did("a", 0), did("b", 0)], "d")
    assert found.score == pytest.approx(0.35)
    assert [(part.item_id, part.kind, round(part.part, 4)) for part in found.parts] == [
        ("b", "bought", 0.45),
        ("a", "bought", -0.1),
    ]
    assert sum(abs(part.share) for part in found.parts) == pytest.approx(1)
    assert found.exact
    assert served().explain([did("a", 0)], "e").score is None
    assert served().explain([did("a", 0)], "nothing").parts == ()


def test_what_fills_up_comes_after_everything_that_was_chosen_by_popularity() -> None:
    shown = served().recommend([did("a", 0)], 5)
    assert [r.item_id for r in shown] == ["c", "e", "d", "b", "a"]
    assert [r.reason for r in shown] == ["because_bought"] + ["popular"] * 4
    assert [r.score for r in shown] == sorted((r.score for r in shown), reverse=True)


def test_an_item_is_not_the_cause_of_itself() -> None:
    model = Linear()
    model.weights_ = sparse.csr_array(np.eye(5, dtype=np.float32) + WEIGHTS)
    shown = Served("linear", model, SHELF, FILL).recommend([did("a", 0)], 1)
    assert (shown[0].item_id, shown[0].reason, shown[0].because) == ("a", "for_you", ())


class Told(Popularity):
    """Remembers what it was asked."""

    asked: Queries

    def score(self, asked: Queries) -> F32:
        self.asked = asked
        return np.full((len(asked), 5), -np.inf, dtype=np.float32)


def test_the_moment_reaches_the_model() -> None:
    model = Told()
    context = Context(item_id="e", basket=("b", "nothing"), now=NOW, groups={"age": "young"})
    Served("told", model, SHELF, FILL).recommend([did("a", 2), did("c", 0.01, "viewed")], 1, context)
    asked = model.asked
    assert (asked.item.tolist(), asked.context.tolist()) == ([0, 2, 1], [4])
    assert {name: numbers.tolist() for name, numbers in asked.groups.items()} == {"age": [1], "country": [-1]}
    assert asked.age.tolist() == pytest.approx([2, 0.01, 0])
    assert asked.session_from.tolist() == [1]  # the look a quarter of an hour ago, and the basket
    assert asked.weight.tolist() == pytest.approx([1.0, 0.3, 1.0])


def test_each_question_has_a_moment_of_its_own() -> None:
    model = Told()
    histories = [[did("a", 2)], [did("b", 5), did("a", 3)], []]
    contexts = [Context(now=NOW), Context(), Context(now=NOW - timedelta(days=1))]
    Served("told", model, SHELF, FILL).recommend_many(histories, 1, contexts)
    assert model.asked.age.tolist() == pytest.approx([2, 2, 0])  # without a moment, at the latest event
    assert model.asked.session_from.tolist() == [1, 1, 0]
