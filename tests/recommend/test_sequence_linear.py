"""Regression on sequences: against its formula in plain matrices, and a cycle whose next item is visible."""

from __future__ import annotations

import numpy as np
import pytest
from tests.recommend.worlds import RNG, asked, data

from zhiyin.loop.recommend.sequence_linear import SequenceLinear

LISTS = [[0, 1, 2, 3, 1], [2, 0, 4], [4, 1, 0, 2], [3]]
MODEL = SequenceLinear(gaps=2, context=3, backward=0.4, fade=0.6, l2=2.0, columns=0.3)


def literal(lists: list[list[int]], size: int, model: SequenceLinear) -> np.ndarray:
    """The formula, event by event."""
    before, after = [], []
    for taken in lists:
        for at in range(len(taken)):
            before.append(np.zeros(size))
            after.append(np.zeros(size))
            for back in range(1, min(model.context, at) + 1):
                before[-1][taken[at - back]] += model.fade ** (back - 1)
            for on in range(min(model.gaps, len(taken) - at)):
                after[-1][taken[at + on]] += 1 / (on + 1)
    c, y = np.array(before), np.array(after)
    t = c.T @ y
    often = np.bincount([item for taken in lists for item in taken], minlength=size)
    return (
        np.linalg.inv(c.T @ c + model.l2 * np.eye(size)) @ (t + model.backward * t.T) / often**model.columns
    )


def test_the_score_is_the_formula() -> None:
    weights = literal(LISTS, 5, MODEL)
    wanted = weights[1] + 0.6 * weights[3] + 0.36 * weights[1]
    found = MODEL.fit(data(LISTS, 5), RNG).score(asked([1, 3, 1]))[0]
    np.testing.assert_allclose(np.where(wanted > 0, found, 0), np.maximum(wanted, 0), rtol=1e-4, atol=1e-6)
    assert (np.isneginf(found) == (wanted <= 0)).all()


def test_the_next_of_a_cycle_comes_first() -> None:
    cycle = data([[0, 1, 2, 3] * 4] * 3, 4)
    scores = SequenceLinear(gaps=1, backward=0, l2=1.0).fit(cycle, RNG).score(asked([0], [1], [3, 0, 1, 2]))
    assert scores.argmax(axis=1).tolist() == [1, 2, 3]


def test_parts_add_up_to_the_score_with_those_against_it() -> None:
    model = MODEL.fit(data(LISTS, 5), RNG)
    question = asked([0], [4, 2, 4, 1])
    scores = model.score(question)[1]
    items = np.flatnonzero(np.isfinite(scores)).astype(np.int32)
    told = model.explain(question, 1, items)
    for item, parts in zip(items, told, strict=True):
        assert sum(part for _, part in parts) == pytest.approx(scores[item], rel=1e-4)
    assert any(part < 0 for parts in told for _, part in parts)


def test_of_a_large_catalogue_the_most_taken_take_part() -> None:
    model = SequenceLinear(most=3).fit(data(LISTS, 5), RNG)  # 0, 1 and 2 were taken three times each
    scores = model.score(asked([0, 3], [3], [4]))
    assert np.isneginf(scores[0, 3:]).all()
    assert np.isfinite(scores[0, :3]).any()
    assert np.isneginf(scores[1:]).all()


def test_each_target_keeps_its_largest_sources() -> None:
    whole = SequenceLinear(l2=1.0).fit(data(LISTS, 5), RNG).weights_.toarray()
    kept = SequenceLinear(l2=1.0, k=2).fit(data(LISTS, 5), RNG).weights_.toarray()
    assert ((kept != 0).sum(axis=0) == 2).all()
    np.testing.assert_array_equal(kept[kept != 0], whole[kept != 0])
    for target in range(5):
        gone = np.abs(whole[kept[:, target] == 0, target])
        assert gone.max() <= np.abs(kept[kept[:, target] != 0, target]).min()
