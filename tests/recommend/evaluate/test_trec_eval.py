"""Figures equal trec_eval's, whose values on these lists were written down (pytrec-eval-terrier 0.5.11).

``python -m bench rec_metrics`` runs it on whole public data sets.
"""

from __future__ import annotations

import numpy as np
import pytest

from zhiyin.loop.recommend.evaluate.measure import found
from zhiyin.loop.recommend.evaluate.metrics import of_lists
from zhiyin.loop.recommend.evaluate.task import pairs

LISTS = [
    [10, 4, 12, 20, 1, 2, 17, 3, 11, 18], [13, 1, 26, 18, 3, 7, 20, 23, 27, 28],
    [27, 4, 9, 13, 28, 17, 3, 18, 29, 24], [19, 6, 15, 21, 17, 13, 10, 14, 18, 22],
    [2, 18, 9, 16, 15, 10, 23, 14, 27, 19],
]  # fmt: skip
ANSWERS = [
    [1, 2, 6, 7, 13, 17, 24, 26, 27], [1, 13, 17, 20, 28], [1, 2, 3, 4, 6, 11, 17, 18, 20, 22, 29],
    [7, 17, 21, 22, 24], [13, 16],
]  # fmt: skip
THEIRS = {
    "precision@5": [0.2, 0.4, 0.2, 0.4, 0.2],
    "precision@10": [0.3, 0.4, 0.5, 0.3, 0.1],
    "recall@5": [0.111111, 0.4, 0.090909, 0.4, 0.5],
    "recall@10": [0.333333, 0.8, 0.454545, 0.6, 0.5],
    "ndcg@5": [0.131205, 0.553146, 0.213986, 0.277273, 0.264068],
    "ndcg@10": [0.253001, 0.764239, 0.42631, 0.375313, 0.264068],
    "map_trec@5": [0.022222, 0.4, 0.045455, 0.13, 0.125],
    "map_trec@10": [0.106878, 0.565714, 0.210678, 0.19, 0.125],
    "hit_rate@5": [1.0, 1.0, 1.0, 1.0, 1.0],
}


@pytest.mark.parametrize("figure", THEIRS)
def test_every_question_has_trec_evals_value(figure: str) -> None:
    rows = [question for question, right in enumerate(ANSWERS) for _ in right]
    targets = pairs(rows, np.concatenate(ANSWERS), (len(LISTS), 30))
    hits = found(np.array(LISTS, dtype=np.int32), targets)
    ours = of_lists(hits, np.diff(targets.indptr), [5, 10])[figure]
    np.testing.assert_allclose(ours, THEIRS[figure], atol=1e-6)
