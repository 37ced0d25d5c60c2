"""One recommender, fitted and asked for everybody in a process of its own: its lists, and what they cost.

python bench/_rec_run.py NAME PARAMETERS INPUT OUTPUT [seen]    (of this file only `ours` needs zhiyin)

With `seen` the lists of the peers may hold what somebody has.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

K = 20
BLOCK = 1_000
THREADS = 2


def main(
    name: str, parameters: dict[str, Any], source: str, target: str, seen: bool = False
) -> dict[str, float]:
    """Fit, rank, save; what it cost."""
    theirs = {"implicit": implicit, "irspack": irspack}.get(name.split(".")[0])
    ready, fit, rank = theirs(name, parameters, source, seen) if theirs else ours(name, parameters, source)
    started, begun = time.process_time(), time.perf_counter()
    fit()
    fitted = time.process_time()
    np.save(target, rank())
    return {
        "fit_cpu_s": round(fitted - started, 1),
        "score_cpu_s": round(time.process_time() - fitted, 1),
        "wall_s": round(time.perf_counter() - begun, 1),
        "peak_mb": _megabytes(),
        "ready_mb": ready,
    }


Steps = tuple[int, Callable[[], Any], Callable[[], Any]]  # megabytes before, fit, rank


def ours(name: str, parameters: dict[str, Any], source: str) -> Steps:
    """A recommender of the registry, asked through the same code as any evaluation."""
    from bench import _gowalla
    from zhiyin.loop.recommend.evaluate import measure

    task = _gowalla.task(validation=source == "validation")
    model = _gowalla.model(name, parameters)
    return (
        _megabytes(),
        lambda: model.fit(task.data, np.random.default_rng(0)),
        lambda: measure.rank(model, task, K),
    )


def implicit(name: str, parameters: dict[str, Any], source: str, seen: bool) -> Steps:
    """Its recommenders, with its own batches and its own top-k."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

    made: dict[str, Callable[..., Any]] = {
        "als": lambda **given: AlternatingLeastSquares(**given, num_threads=THREADS, random_state=0),
        "bm25": lambda **given: BM25Recommender(**given, num_threads=THREADS),
        "cosine": lambda **given: CosineRecommender(**given, num_threads=THREADS),
    }
    taste = sparse.csr_matrix(sparse.load_npz(source))
    model = made[name.split(".")[1]](**parameters)

    def rank() -> Any:
        return np.vstack(
            [
                model.recommend(users, taste[users], N=K, filter_already_liked_items=not seen)[0]
                for users in np.array_split(np.arange(taste.shape[0]), taste.shape[0] // BLOCK)
            ]
        )

    return _megabytes(), lambda: model.fit(taste, show_progress=False), rank


def irspack(name: str, parameters: dict[str, Any], source: str, seen: bool) -> Steps:
    """Its recommenders, with its own parallel top-k."""
    from irspack import IALSRecommender, RP3betaRecommender
    from irspack.utils.id_mapping import retrieve_recommend_from_score

    made = {"ials": IALSRecommender, "rp3beta": RP3betaRecommender}
    taste = sparse.csr_matrix(sparse.load_npz(source)).astype(np.float64)
    model = made[name.split(".")[1]](taste, **parameters, n_threads=THREADS)

    def scores(begin: int, end: int) -> Any:
        return model.get_score_block(begin, end) if seen else model.get_score_remove_seen_block(begin, end)

    def rank() -> Any:
        lists = np.full((taste.shape[0], K), -1, dtype=np.int64)
        for begin in range(0, taste.shape[0], BLOCK):
            end = min(begin + BLOCK, taste.shape[0])
            block = retrieve_recommend_from_score(scores(begin, end), [], K, THREADS)
            for row, found in enumerate(block):
                lists[begin + row, : len(found)] = [item for item, _ in found]
        return lists

    return _megabytes(), model.learn, rank


def _megabytes() -> int:
    # ru_maxrss would count the parent's memory too, in which a child begins
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    cost = main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], sys.argv[4], "seen" in sys.argv[5:])
    Path(sys.argv[4]).with_suffix(".json").write_text(
        json.dumps(cost)
    )  # they draw progress where we would print
