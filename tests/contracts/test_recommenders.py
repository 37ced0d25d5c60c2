"""Every recommender of ours keeps the contract that others inherit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from zhiyin.loop.recommend import RECOMMENDERS
from zhiyin.loop.recommend.ease import Ease
from zhiyin.loop.recommend.graph import Graph
from zhiyin.loop.recommend.group_popularity import GroupPopularity
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.item_neighbours import ItemNeighbours
from zhiyin.loop.recommend.popularity import Popularity
from zhiyin.loop.recommend.slim import Slim
from zhiyin.loop.recommend.sparse_ease import SparseEase
from zhiyin.loop.recommend.trending import Trending
from zhiyin.loop.recommend.user_neighbours import UserNeighbours
from zhiyin.testing.recommender import RecommenderContract


class TestPopularity(RecommenderContract):
    personal = False

    def make(self) -> Recommender:
        return Popularity()


class TestTrending(RecommenderContract):
    personal = False

    def make(self) -> Recommender:
        return Trending()


class TestGroupPopularity(RecommenderContract):
    personal = False

    def make(self) -> Recommender:
        return GroupPopularity()


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


PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "add-a-plug-in.md"


def example() -> Any:
    """The class that the how-to page shows."""
    first, *_ = re.findall(r"   ```python\n(.*?)   ```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "together"}
    exec(compile("\n".join(line[3:] for line in first.splitlines()), str(PAGE), "exec"), names)
    return names["Together"]


class TestTheOneOfTheHowTo(RecommenderContract):
    def make(self) -> Recommender:
        made: Recommender = example()()
        return made


def test_the_how_to_registers_it_where_it_is_looked_for() -> None:
    (text,) = re.findall(r"   ```toml\n(.*?)   ```", PAGE.read_text("utf-8"), re.DOTALL)
    points = tomllib.loads(text)["project"]["entry-points"]
    assert points == {"zhiyin.recommenders": {"together": "my_package.together:Together"}}
    assert "together" not in RECOMMENDERS
