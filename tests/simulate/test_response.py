"""The response model: its truth is exact, and what is drawn from it agrees."""

from __future__ import annotations

import numpy as np
import pytest

from zhiyin.simulate.response import ANNOYED, LOST_CAUSE, PERSUADABLE, SURE_THING, draw


@pytest.fixture(scope="module")
def responses():
    return draw(np.random.default_rng(1), 50_000)


def test_a_message_helps_the_persuadable_hurts_the_annoyed_and_leaves_the_others(responses) -> None:
    change = responses.treated - responses.baseline
    assert (change[responses.group == PERSUADABLE] > 0).all()
    assert (change[responses.group == ANNOYED] < 0).all()
    assert (change[np.isin(responses.group, (SURE_THING, LOST_CAUSE))] == 0).all()
    assert ((responses.treated >= 0) & (responses.treated <= 1)).all()


def test_true_effect_is_the_difference_of_expected_outcomes(responses) -> None:
    n, rng = len(responses), np.random.default_rng(2)
    with_message = np.mean([responses.amounts(rng, np.ones(n, bool)) > 0 for _ in range(40)])
    without = np.mean([responses.amounts(rng, np.zeros(n, bool)) > 0 for _ in range(40)])
    error = np.sqrt(2 * 0.25 / (40 * n))  # at most, for a difference of two rates
    assert abs((with_message - without) - responses.effect()) < 4 * error


def test_true_revenue_effect_is_the_difference_of_expected_amounts(responses) -> None:
    n, rng = len(responses), np.random.default_rng(3)
    rounds = np.array(
        [
            responses.amounts(rng, np.ones(n, bool)).mean() - responses.amounts(rng, np.zeros(n, bool)).mean()
            for _ in range(40)
        ]
    )
    assert abs(rounds.mean() - responses.revenue_effect()) < 4 * rounds.std() / np.sqrt(len(rounds))


def test_effect_of_some_is_over_exactly_those(responses) -> None:
    some = np.array([3, 5, 8])
    assert responses.effect(some) == pytest.approx((responses.treated - responses.baseline)[some].mean())
    mask = np.isin(np.arange(len(responses)), some)
    assert responses.effect(mask) == pytest.approx(responses.effect(some))


def test_groups_follow_from_traits() -> None:
    rng = np.random.default_rng(4)
    n = 20_000
    thrift = np.repeat([-1.5, 1.5], n // 2)
    baseline = np.tile([0.02, 0.3], n // 2)
    drawn = draw(rng, n, baseline=baseline, thrift=thrift)
    assert drawn.shares(thrift > 0)["persuadable"] > 2 * drawn.shares(thrift < 0)["persuadable"]
    assert drawn.shares(baseline > 0.1)["sure_thing"] > 2 * drawn.shares(baseline < 0.1)["sure_thing"]
    assert drawn.shares(baseline < 0.1)["lost_cause"] > 2 * drawn.shares(baseline > 0.1)["lost_cause"]


def test_shares_add_up_to_one(responses) -> None:
    assert sum(responses.shares().values()) == pytest.approx(1)


def test_the_same_seed_draws_the_same(responses) -> None:
    again = draw(np.random.default_rng(1), 50_000)
    assert (again.group == responses.group).all()
    assert (again.treated == responses.treated).all()
