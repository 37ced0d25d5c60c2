"""Choosing: the model that surely finds more answers; noise changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.estimate import Estimate
from zhiyin.loop.recommend import choose


def figures(seed: int, size: int, **means: float) -> dict[str, np.ndarray]:
    """A figure for each question and model: hard and easy questions are so for all models."""
    rng = np.random.default_rng(seed)
    question = rng.beta(1, 3, size)
    return {name: np.clip(question + mean + rng.normal(0, 0.05, size), 0, 1) for name, mean in means.items()}


def chosen(values, costs=None, **more) -> choose.Choice:
    return choose.winner(values, costs or {}, np.random.default_rng(0), **more)


@pytest.mark.parametrize("best", ["markov", "ease", "popularity"])
def test_the_model_that_is_surely_best_wins(best):
    means = {"markov": 0.1, "ease": 0.1, "popularity": 0.1} | {best: 0.2}
    found = chosen(figures(1, 500, **means), in_use="ease")
    assert (found.name, found.best) == (best, best)
    assert found.code == "best"
    if best != "ease":
        assert found.against == "ease"
        assert found.margin.low > 0


def test_a_tie_keeps_the_model_in_use():
    values = figures(2, 400, ease=0.100, als=0.102, popularity=0.0)
    found = chosen(values, {"ease": 9.0, "als": 1.0}, in_use="ease")
    assert (found.name, found.code) == ("ease", "tie_in_use" if found.best != "ease" else "best")
    assert found.against == "popularity"
    assert found.margin.low > 0


def test_a_tie_without_a_model_in_use_takes_the_cheaper_one():
    values = figures(3, 400, ease=0.100, als=0.102, popularity=0.0)
    assert chosen(values, {"ease": 1.0, "als": 9.0}).name == "ease"
    assert chosen(values, {"ease": 9.0, "als": 1.0}).name == "als"


def test_a_model_in_use_that_is_surely_worse_goes():
    found = chosen(figures(4, 500, ease=0.2, popularity=0.0), in_use="popularity")
    assert (found.name, found.against) == ("ease", "popularity")


def test_too_few_questions_change_nothing():
    found = chosen({"ease": np.array([1.0]), "popularity": np.array([0.0])}, in_use="popularity")
    assert found.name == "popularity"


def test_models_as_good_as_each_other_do_not_take_turns():
    """Fifty trainings of a shop where three models are equally good: hardly any changes the model."""
    in_use, changes = "als", 0
    for training in range(50):
        values = figures(100 + training, 300, ease=0.1, als=0.1, markov=0.1, popularity=0.05)
        found = chosen(values, in_use=in_use)
        changes += found.name != in_use
        in_use = found.name
    assert changes < 5


def test_questions_of_one_visit_are_drawn_together():
    """A hundred questions of two visits are no more certain than two: no model is thrown out for them."""
    ours, theirs = np.repeat([0.9, 0.1], 50), np.repeat([0.1, 0.8], 50)
    visits = np.repeat([0, 1], 50).astype(np.int32)
    assert not choose.paired(ours, theirs, np.random.default_rng(0), visits).excludes_zero
    assert choose.paired(ours + 0.3, theirs, np.random.default_rng(0)).excludes_zero


@pytest.mark.parametrize(
    ("low", "high", "verdict", "answers"),
    [
        (0.1, 0.2, "better", "ease"),
        (-0.1, 0.2, "no_better", "ease"),
        (-0.2, -0.1, "worse", "popularity"),
        (None, None, "unknown", "ease"),
    ],
)
def test_worse_than_popularity_is_not_published_unless_forced(low, high, verdict, answers):
    found = choose.verdict(Estimate(0.0, low, high))
    assert found == verdict
    assert choose.published("ease", found) == answers
    assert choose.published("ease", found, force=True) == "ease"


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.one_of(st.none(), st.floats(0, 100)), max_size=8),
       st.floats(0, 200))  # fmt: skip
def test_every_model_is_planned_or_refused_and_the_plan_keeps_its_budget(costs, budget):
    found = choose.plan(costs, budget)
    assert sorted([*found.order, *found.refused]) == sorted(costs)
    priced = [costs[name] for name in found.order if costs[name] is not None]
    assert priced == sorted(priced)
    assert sum(priced) <= budget or len(priced) == 1


@given(st.lists(st.integers(-1, 3)), st.integers(1, 3))
def test_no_category_stands_in_a_list_more_often_than_allowed(categories, most):
    kept = choose.capped(categories, most)
    left = [categories[place] for place in kept]
    for category in range(4):
        assert left.count(category) == min(categories.count(category), most)
    assert left.count(-1) == categories.count(-1)
