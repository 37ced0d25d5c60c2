"""Every recommender of ours keeps the contract that others inherit."""

from __future__ import annotations

from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.graph import Graph
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.loop.recommend.slim import Slim
from zhiyin.loop.recommend.sparse_ease import SparseEase
from zhiyin.loop.recommend.user_neighbours import UserNeighbours
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


class TestGraph(RecommenderContract):
    def make(self) -> Recommender:
        return Graph()


class TestGraphSharpened(RecommenderContract):
    def make(self) -> Recommender:
        return Graph(step=0.5)


class TestSparseEase(RecommenderContract):
    def make(self) -> Recommender:
        return SparseEase()


class TestSlim(RecommenderContract):
    def make(self) -> Recommender:
        return Slim()


class TestUserNeighbours(RecommenderContract):
    def make(self) -> Recommender:
        return UserNeighbours()
