"""The graph with its low-pass filter: what it adds, and that the sum is explained."""

from __future__ import annotations

import numpy as np

from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.graph import Graph
from zhiyin.loop.recommend.log import Log

HAVE = np.random.default_rng(0).random((60, 30)) < 0.2
USERS, ITEMS = np.nonzero(HAVE)
DATA = Data(
    Log.of(USERS, ITEMS, np.arange(len(USERS))),
    60,
    Catalogue.of([f"i{number}" for number in range(30)]),
    Customers(),
    len(USERS),
    timed=False,
)


def fitted(**parameters: float) -> Graph:
    still = {"half_life": np.inf, "taste_days": np.inf, "trend": 0.0}
    return Graph(**(still | parameters)).fit(DATA, np.random.default_rng(0))  # type: ignore[arg-type]


def test_the_low_pass_adds_its_share_of_all_scores() -> None:
    asked = DATA.queries(np.arange(60))
    near = np.maximum(fitted().score(asked), 0.0)
    model = fitted(low=0.5, rank=4)
    history = HAVE.astype(np.float32)
    broad = history @ model.sources_ @ model.targets_.T
    np.testing.assert_allclose(broad.sum(), 0.5 * near.sum(), rtol=1e-4)
    both = model.score(asked)
    finite = np.isfinite(both)
    np.testing.assert_allclose(both[finite], (near + broad)[finite], rtol=1e-4, atol=1e-5)
    assert (near + broad)[~finite].max(initial=0.0) <= 1e-5


def test_scores_with_the_low_pass_are_explained_and_survive_saving() -> None:
    model = fitted(low=0.5, rank=4)
    asked = DATA.queries(np.arange(5))
    scores = model.score(asked)
    np.testing.assert_array_equal(Graph.from_arrays(model.to_arrays()).score(asked), scores)
    for row in range(5):
        items = np.flatnonzero(np.isfinite(scores[row])).astype(np.int32)
        told = [sum(part for _, part in causes) for causes in model.explain(asked, row, items)]
        np.testing.assert_allclose(told, scores[row, items], rtol=1e-4, atol=1e-5)
