"""Next film of MovieLens 100K: the last rating of everybody left out by time, all films ranked.

Ratings of one second stay in the order of the file. Films rated before are not shown. Parameters were chosen on
the rating before the last, the last held out unseen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import _rec
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.task import Task

FILE = _rec.DATA / "movielens-100k" / "u.data.gz"
KS = (10,)
NETWORKS = ("sasrec", "gru4rec")
BAR = "at least 0.113, goal 0.125"


def main() -> list[dict[str, Any]]:
    """NDCG and hit rate of the frozen settings, of the gap-weighted chain alone, of networks, and of popularity."""
    asked = task()
    models = {
        "popularity": ("popularity", {"half_life": float("inf")}),
        **{
            label: (chosen["recommender"], chosen["parameters"])
            for label in ("markov", "best")
            if (chosen := _rec.settings("rec_movies", label))
        },
    }
    networks, skipped = _rec.taught("rec_movies", NETWORKS)
    models |= networks
    found, cost = _rec.measured(asked, models, KS)
    rows = [_rec.row(", ".join(NETWORKS), skipped)] if skipped else []
    for label, (name, _) in models.items():
        figures = found.models[label].figures
        shown = name if label == name else f"{label} ({name})"
        bar = BAR if label == "best" else ""
        rows.append(_rec.row(f"{shown}, NDCG@10", _rec.told(figures["ndcg@10"]), bar=bar))
        rows.append(_rec.row(f"{shown}, HR@10", _rec.told(figures["hit_rate@10"])))
        fit, score = cost[label]
        rows.append(_rec.row(f"{shown}, fit + score", f"{fit:.1f} + {score:.1f}", "CPU-s"))
    return rows


def task(hold: int = 1) -> Task:
    """Everybody asked for their last film; ``hold=2`` for the one before it, to choose parameters by."""
    table = np.array([line.split() for line in _rec.lines(FILE)], dtype=np.int64)
    order = np.argsort(table[:, 3], kind="stable")
    at = np.empty(len(order), dtype=np.int64)
    at[order] = np.arange(len(order))
    users, items = table[:, 0] - 1, table[:, 1] - 1
    by_user = np.argsort(users, kind="stable")
    lists = np.split(items[by_user], np.cumsum(np.bincount(users))[:-1])
    data = _rec.data(lists, [str(number + 1) for number in range(items.max() + 1)], at=at[by_user])
    return splits.leave_last(data, hold=hold, overlap="keep")


if __name__ == "__main__":
    main()
