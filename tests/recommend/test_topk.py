"""The best items: exactly those of a full sort, whatever is masked."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from zhiyin.loop.recommend.topk import ties, top


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([1, 5, 63, 64, 65, 200, 1000]),
    k=st.integers(0, 20),
    levels=st.sampled_from([1, 3, 1_000_000]),
)
def test_it_is_a_full_sort(seed: int, size: int, k: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, (6, size)).astype(np.float32)
    scores[rng.random((6, size)) < rng.random((6, 1))] = -np.inf  # rows with little and with much to say
    tie = rng.permutation(size).astype(np.int32)
    allowed = rng.random(size) < 0.8
    masked = sparse.csr_array(rng.random((6, size)) < 0.1)
    fill = rng.permutation(size).astype(np.int32)
    found = top(scores.copy(), k, tie, allowed=allowed, masked=masked, fill=fill)
    for row in range(6):
        may = allowed & ~masked.toarray()[row]
        order = [
            item for item in np.lexsort((tie, -scores[row])) if may[item] and scores[row, item] > -np.inf
        ]
        own = order[:k]
        rest = [item for item in fill if may[item] and item not in own] if len(own) < k else []
        wanted = (own + rest)[:k]
        assert found.items[row].tolist() == wanted + [-1] * (k - len(wanted))
        assert found.scores[row, : len(own)].tolist() == scores[row, own].tolist()
        assert (found.own[row], (found.scores[row, len(own) :] == -np.inf).all()) == (len(own), True)


def test_ties_fall_by_id_whatever_the_column() -> None:
    ids = [f"i{n}" for n in range(50)]
    rank, other = ties(ids), ties(ids[::-1])
    assert rank.tolist() == other[::-1].tolist()
    assert rank.tolist() != list(range(50))
    assert sorted(rank.tolist()) == list(range(50))


def test_what_is_popular_goes_before_chance() -> None:
    assert ties(["a", "b", "c"], np.array([0.1, 0.9, 0.5], dtype=np.float32)).tolist() == [2, 0, 1]
