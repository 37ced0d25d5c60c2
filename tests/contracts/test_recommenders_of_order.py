"""The recommenders of order, sessions and baskets, and the baselines, keep the contract that others inherit."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa

from zhiyin.domain.interaction import Interaction
from zhiyin.loop.recommend.baskets import Baskets
from zhiyin.loop.recommend.blend import Blend
from zhiyin.loop.recommend.habits import Habits
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.markov import Markov
from zhiyin.loop.recommend.random_ import Random
from zhiyin.loop.recommend.recent import Recent
from zhiyin.loop.recommend.sequence_linear import SequenceLinear
from zhiyin.loop.recommend.session_neighbours import SessionNeighbours
from zhiyin.testing.recommender import NOW, RecommenderContract, checkerboard


class TestMarkov(RecommenderContract):
    def make(self) -> Recommender:
        return Markov()


class TestMarkovFurther(RecommenderContract):
    def make(self) -> Recommender:
        return Markov(further=1.0, memory=0.5, half_life=30.0)


class TestSequenceLinear(RecommenderContract):
    def make(self) -> Recommender:
        return SequenceLinear()


class TestSessionNeighbours(RecommenderContract):
    def make(self) -> Recommender:
        return SessionNeighbours()

    def test_without_the_named_cause_an_item_scores_lower(self) -> None:
        """Of one visit: without the last event of the visits a day apart, the visit before would be asked about."""
        model = self.served()
        had = [
            Interaction(item, "bought", NOW - timedelta(minutes=ago)) for ago, item in enumerate(["i1", "i3"])
        ]
        first, *_ = model.recommend(had, 1, exclude=["i1", "i3"])
        without = model.asked([[event for event in had if event.item_id != first.because[0]]])
        assert float(model.model.score(without)[0, model.shelf.index[first.item_id]]) < first.score


class TestVSkNN(TestSessionNeighbours):
    def make(self) -> Recommender:
        return SessionNeighbours(weights="linear", memory=float("inf"), spread=float("inf"))


class TestBaskets(RecommenderContract):
    def make(self) -> Recommender:
        return Baskets()

    def steps(self) -> pa.Table:
        """The checkerboard, all that a customer bought in one order."""
        rows = checkerboard()
        return rows.append_column("order_id", rows["customer_id"])


class TestBlend(RecommenderContract):
    def make(self) -> Recommender:
        return Blend()


class TestHabits(RecommenderContract):
    personal = False  # it says what the customer has already, which the contract excludes

    def make(self) -> Recommender:
        return Habits()


class TestRecent(RecommenderContract):
    personal = False

    def make(self) -> Recommender:
        return Recent()


class TestRandom(RecommenderContract):
    personal = False

    def make(self) -> Recommender:
        return Random()
