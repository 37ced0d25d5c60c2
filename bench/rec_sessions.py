"""Next item of a visit: Diginetica, the split of the SR-GNN and GCE-GNN papers, all items ranked.

The 60,858 beginnings of later visits are asked for the item that came next. Items may repeat, and one in five
does. Intervals draw whole visits. Parameters were chosen on the last twentieth of the visits to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench import _rec
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.queries import Queries

FOLDER = _rec.DATA / "diginetica-sessions"
ITEMS = 43_097
KS = (20,)
BARS = {"hit_rate@20": "at least 50.0, goal 54.2", "mrr@20": "at least 17.0, goal 19.0"}
# computed on these files by another program: popularity overall, and within the visit
KNOWN = {
    "popularity": {"hit_rate@20": "0.93", "mrr@20": "0.21"},
    "habits (S-POP)": {"hit_rate@20": "21.08", "mrr@20": "13.69"},
}
TOLD = {"hit_rate@20": "P@20", "mrr@20": "MRR@20"}


def main() -> list[dict[str, Any]]:
    """P@20 and MRR@20 in per cent of the frozen settings and of the two baselines of the papers."""
    chosen = _rec.settings("rec_sessions", "Diginetica")
    models = {
        "popularity": ("habits", {"visits": 0}),  # by events, as the papers count it
        "habits (S-POP)": ("habits", {"visits": 10**6, "half_life": float("inf"), "popular": 1e-6}),
        chosen["recommender"]: (chosen["recommender"], chosen["parameters"]),
    }
    found, cost = _rec.measured(test(), models, KS)
    rows = []
    for label in models:
        for metric, name in TOLD.items():
            bar = KNOWN.get(label, BARS)[metric]
            figure = found.models[label].figures[metric]
            rows.append(_rec.row(f"{label}, {name}", _rec.told(figure, 100), "%", bar))
        fit, score = cost[label]
        rows.append(_rec.row(f"{label}, fit + score", f"{fit:.1f} + {score:.1f}", "CPU-s"))
    return rows


def test() -> Task:
    """The published question."""
    prefixes, answers = [], []
    for line in _rec.lines(FOLDER / "test_prefixes.txt.gz"):
        prefix, answer = line.split("\t")
        prefixes.append([int(item) - 1 for item in prefix.split()])
        answers.append(int(answer) - 1)
    return asked(visits(), prefixes, answers)


def validation(share: float = 0.05, most: int = 6_000) -> Task:
    """The question that parameters are chosen by: the last ``share`` of the visits to learn from."""
    known = visits()
    cut = round(len(known) * (1 - share))
    ends = [(visit[:end], visit[end]) for visit in known[cut:] for end in range(len(visit) - 1, 0, -1)]
    drawn = np.sort(np.random.default_rng(0).choice(len(ends), min(most, len(ends)), replace=False))
    return asked(known[:cut], [ends[n][0] for n in drawn], [ends[n][1] for n in drawn])


def visits() -> list[list[int]]:
    """The visits to learn from, in the order of time, as the file has them."""
    return [[int(item) - 1 for item in line.split()] for line in _rec.lines(FOLDER / "train_sessions.txt.gz")]


def asked(known: Sequence[Sequence[int]], prefixes: Sequence[Sequence[int]], answers: Sequence[int]) -> Task:
    """What comes after each prefix, for whoever knows these visits."""
    data: Data = _rec.data(known, [str(number + 1) for number in range(ITEMS)], sessions=True)
    indptr = np.concatenate([[0], np.cumsum([len(prefix) for prefix in prefixes])])
    items = [item for prefix in prefixes for item in prefix]
    return splits.sessions(data, Queries.of(indptr, items), np.array(answers, dtype=np.int32))


if __name__ == "__main__":
    main()
