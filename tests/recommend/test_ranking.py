"""Serving: latest interactions first, and causes that are the exact terms of the score."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from scipy import sparse

from zhiyin.domain.interaction import Interaction
from zhiyin.loop.recommend.ranking import Ranking
from zhiyin.testing.recommender import NOW

#  sources a, b speak for target c; b also for d; e is popular and nobody's neighbour
IDS = np.array(["a", "b", "c", "d", "e"])
WEIGHTS = np.zeros((5, 5), dtype=np.float32)
WEIGHTS[0, 2], WEIGHTS[1, 2], WEIGHTS[1, 3] = 0.5, 0.4, 0.45


def ranking(half_life: float = 30.0) -> Ranking:
    return Ranking(
        IDS,
        np.ones(5, dtype=bool),
        np.array([0.1, 0.2, 0.3, 0.4, 1.0], dtype=np.float32),
        {"bought": 1.0, "viewed": 0.5},
        half_life,
        sparse.csr_array(WEIGHTS),
    )


def did(item_id: str, days_ago: float, kind: str = "bought") -> Interaction:
    return Interaction(item_id, kind, NOW - timedelta(days=days_ago))


def test_score_is_the_sum_of_faded_weights_and_names_its_causes() -> None:
    (first, second, third, *_) = ranking().rank([[did("a", 30), did("b", 0)]], 5, exclude=["a", "b"])[0]
    assert (first.item_id, first.because) == ("c", ("b", "a"))
    assert abs(first.score - (0.5 * 0.5 + 0.4)) < 1e-5
    assert (second.item_id, second.because) == ("d", ("b",))
    assert (third.item_id, third.reason) == ("e", "popular")


def test_removing_the_named_cause_lowers_the_score() -> None:
    with_cause = ranking().rank([[did("a", 0), did("b", 0)]], 1)[0][0]
    without = ranking().rank([[did("b", 0)]], 5)[0]
    assert with_cause.because[0] == "a"
    assert next(r.score for r in without if r.item_id == "c") < with_cause.score


def test_the_latest_interaction_leads() -> None:
    answers = ranking(half_life=5).rank([[did("b", 0), did("a", 60)], [did("a", 0), did("b", 60)]], 1)
    assert [answer[0].item_id for answer in answers] == ["d", "c"]


def test_reasons_do_not_mix_purchases_with_looks() -> None:
    first = ranking().rank([[did("a", 0), did("b", 0, "viewed")]], 1)[0][0]
    assert (first.item_id, first.reason, first.because) == ("c", "because_bought", ("a",))
