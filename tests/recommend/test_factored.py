"""What holds for all factor models: odd worlds, and what they keep."""

from __future__ import annotations

import numpy as np
import pytest

from zhiyin.loop.recommend.als import Als
from zhiyin.loop.recommend.bpr import Bpr
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.factored import Factored, strongest
from zhiyin.loop.recommend.item_vectors import ItemVectors
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.svd import Svd

MODELS = {
    "als": Als(),
    "bpr": Bpr(epochs=2),
    "item_vectors": ItemVectors(),
    "svd": Svd(sweeps=3),
    "svd by als": Svd(sweeps=3, method="als"),
    "svd without factors": Svd(factors=0),
}
WORLDS = {
    "nobody and nothing": ([], [], 0, 0),
    "no events": ([], [], 2, 3),
    "one event": ([0], [0], 1, 1),
    "all alike": ([0, 1, 2], [0, 0, 0], 3, 1),
    "one customer": ([0, 0], [0, 1], 1, 3),
    "one of very many": ([0] * 700 + [1], [*range(700), 1], 2, 700),
    "the same again and again": ([0] * 50, [1] * 50, 1, 2),
}


def world(users: list[int], items: list[int], customers: int, catalogue: int) -> Data:
    log = Log.of(users, items, np.arange(len(users)), rating=np.full(len(users), 3.0))
    ids = [f"i{number}" for number in range(catalogue)]
    return Data(log, customers, Catalogue.of(ids), Customers(), 10**6)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("odd", WORLDS)
def test_odd_worlds_are_learned_and_saved(name: str, odd: str) -> None:
    model: Factored = MODELS[name]
    data = world(*WORLDS[odd])
    fitted = type(model)(**vars(model)).fit(data, np.random.default_rng(0))
    asked = data.queries(range(data.users))
    scores = fitted.score(asked)
    assert scores.shape == (data.users, data.items)
    assert not np.isnan(scores).any()
    assert not (scores == np.inf).any()
    arrays = fitted.to_arrays()
    np.testing.assert_array_equal(type(model).from_arrays(arrays).score(asked), scores)
    items = np.arange(data.items, dtype=np.int32)
    for row in range(data.users):
        for causes, score in zip(fitted.explain(asked, row, items), scores[row], strict=True):
            assert (
                not fitted.LINEAR or score == -np.inf or abs(sum(part for _, part in causes) - score) < 1e-3
            )


def test_the_strongest_event_with_an_item_counts_the_earliest_of_equals() -> None:
    data = Data(
        Log.of([0, 0, 0, 0], [1, 1, 0, 1], [0, 1, 2, 3], kind=[2, 0, 2, 0]),
        1,
        Catalogue.of(["a", "b"]),
        Customers(),
        3,
    )
    places, items, weights = strongest(data.queries([0]), 0, np.inf)
    assert (places.tolist(), items.tolist()) == ([2, 1], [0, 1])
    taste = data.queries([0]).matrix(2)
    np.testing.assert_array_equal(taste.toarray()[0], weights)
