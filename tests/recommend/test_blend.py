"""A blend says what its members say together, each on a scale of its own."""

from __future__ import annotations

import numpy as np
import pytest
from tests.recommend.worlds import RNG, asked, data

from zhiyin.loop.recommend.blend import Blend
from zhiyin.loop.recommend.markov import Markov
from zhiyin.loop.recommend.recent import Recent

WORLD = data([[0, 1, 2], [1, 2, 3], [3, 0, 1]], 5)
SETTINGS = {"markov": {"gaps": 1}}


def test_the_score_is_the_sum_of_shares() -> None:
    model = Blend(("markov", "recent"), (2.0, 0.5), SETTINGS).fit(WORLD, RNG)
    question = asked([0, 3], [4])
    chain = Markov(gaps=1).fit(WORLD, RNG).score(question)
    recent = Recent().fit(WORLD, RNG).score(question)
    wanted = 2.0 * np.maximum(chain[0], 0) / chain[0].max() + 0.5 * np.maximum(recent[0], 0) / recent[0].max()
    found = model.score(question)
    np.testing.assert_allclose(np.where(wanted > 0, found[0], 0), wanted, rtol=1e-6)
    # of item 4 the chain says nothing: the other member's word stands
    assert np.flatnonzero(np.isfinite(found[1])).tolist() == [4]
    assert found[1, 4] == 0.5


def test_parts_of_all_members_add_up_to_the_score() -> None:
    model = Blend(("markov", "recent"), (2.0, 0.5), SETTINGS).fit(WORLD, RNG)
    question = asked([1], [0, 3, 0])
    scores = model.score(question)[1]
    items = np.flatnonzero(np.isfinite(scores)).astype(np.int32)
    for item, parts in zip(items, model.explain(question, 1, items), strict=True):
        assert sum(part for _, part in parts) == pytest.approx(scores[item], rel=1e-5)


def test_loaded_again_it_knows_its_members_and_weights() -> None:
    model = Blend(("markov", "recent"), (2.0, 0.5), SETTINGS).fit(WORLD, RNG)
    again = Blend.from_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.score(asked([0, 3], [2])), model.score(asked([0, 3], [2])))
