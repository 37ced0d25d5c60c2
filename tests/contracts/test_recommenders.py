"""Every recommender of ours keeps the contract that others inherit."""

from __future__ import annotations

from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.testing.recommender import RecommenderContract


class TestPopularity(RecommenderContract):
    personal = False

    def make(self) -> Recommender:
        return Popularity()


class TestItemNeighbours(RecommenderContract):
    def make(self) -> Recommender:
        return ItemNeighbours()


class TestEase(RecommenderContract):
    def make(self) -> Recommender:
        return Ease()


class TestEaseWithATail(RecommenderContract):
    def make(self) -> Recommender:
        return Ease(max_items=5)
