"""Recommenders against implicit and irspack: Gowalla, all users ranked, accuracy and CPU-seconds of one run.

Each model runs in a process of its own, fitted on the training file and asked for everybody's 20 best, through
its own library's own code; lists are judged by one code. CPU-seconds are those of all threads. Parameters were
chosen on the last fifth of each line of training; `recommend_settings.json` holds every trial. Ours is to meet
the best NDCG of the peers at no more CPU-seconds than the cheaper of the libraries' most accurate models.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import _gowalla, _rec_peers
from zhiyin.loop.recommend.evaluate import measure, metrics
from zhiyin.loop.recommend.evaluate.task import Task

HERE = Path(__file__).resolve().parent
SETTINGS = HERE / "recommend_settings.json"
QUIET = 1.5  # a load above it makes CPU-seconds worthless
PATIENCE = 240  # seconds to wait for less
METRICS = ("recall@20", "ndcg@20")

Rows = list[dict[str, Any]]
# what bench.tune draws from for a peer: around what its makers and Rendle et al. (RecSys 2022) found good, the
# likelier value first; the α of RP3beta does nothing where all weights are one
SPACES: dict[str, dict[str, Sequence[Any]]] = {
    "implicit.als": {
        "alpha": (20.0, 40.0, 10.0, 80.0),
        "factors": (128, 256),
        "regularization": (20.0, 10.0, 40.0, 5.0, 80.0),
    },
    "implicit.bm25": {
        "K": (300, 100, 500, 1000),
        "K1": (1.2, 0.5, 3.0, 100.0),
        "B": (0.2, 0.5, 0.1, 0.75, 0.0),
    },
    "irspack.ials": {
        "alpha0": (0.01, 0.02, 0.03, 0.05),
        "n_components": (256, 128),
        "reg": (0.003, 0.01, 0.001, 0.02),
    },
    "irspack.rp3beta": {
        "beta": (0.1, 0.2, 0.0, 0.4),
        "top_k": (500, 1000, 200, 100),
        "normalize_weight": (True, False),
    },
}


def main() -> list[dict[str, Any]]:
    """One table: ours first, then the peers; begun once the machine is quiet."""
    until = time.monotonic() + PATIENCE
    while (load := os.getloadavg()[0]) > QUIET:
        if time.monotonic() > until:
            raise FileNotFoundError(f"this machine is busy (load {load:.1f}); costs need a quiet one")
        time.sleep(5)
    return table(validation=False)


def table(*, validation: bool, names: list[str] | None = None) -> list[dict[str, Any]]:
    """Every model of the settings at its parameters: two figures and what they cost."""
    frozen = json.loads(SETTINGS.read_text())
    settings = frozen["rec_gowalla"] | frozen["rec_peers"]
    task = _gowalla.task(validation=validation)
    found = {
        name: run(settings[name]["recommender"], settings[name]["parameters"], task, validation=validation)
        for name in names or settings
    }
    return [
        row
        for name, (figures, cost) in found.items()
        for row in _rows(name, figures, cost, settings[name], _faster(found))
    ]


Found = tuple[list[float], dict[str, float]]  # Recall@20 and NDCG@20, costs


def _rows(name: str, figures: list[float], cost: dict[str, float], setting: Any, bar: Found) -> Rows:
    """One model's part of the table; ours beside the peer to be met."""
    total, least = _cpu(cost), _cpu(bar[1])
    tried = len(setting["trials"]) + len(setting.get("earlier_trials", ()))
    bars = ("", "")
    if "." not in name and least:
        bars = (f"≥ {bar[0][1]:.4f} NDCG", f"≤ {least:.1f} at as good an NDCG, goal {least / 2:.1f}")
    told = f"{cost['fit_cpu_s']} + {cost['score_cpu_s']} = {total:.1f}"
    return [
        _row(f"{name}, Recall@20 / NDCG@20", "{:.4f} / {:.4f}".format(*figures), "", bars[0]),
        _row(f"{name}, fit + score all", told, "CPU-s", bars[1]),
        _row(f"{name}, memory", f"{cost['peak_mb']:.0f}", "MB", ""),
        _row(f"{name}, settings tried on validation", tried, "", ""),
    ]


def _faster(found: Mapping[str, Found]) -> Found:
    """What a peer has to be met in: the best NDCG of all, and the costs of the cheaper of the libraries' best."""
    best: dict[str, Found] = {}
    for name, (figures, cost) in found.items():
        library = name.partition(".")[0]
        if "." in name and figures[1] > best.get(library, ([0.0, 0.0],))[0][1]:
            best[library] = figures, cost
    if not best:
        return [0.0, 0.0], {}
    most = max((one[0] for one in best.values()), key=lambda figures: figures[1])
    return most, min((one[1] for one in best.values()), key=_cpu)


def _cpu(cost: Mapping[str, float]) -> float:
    return cost.get("fit_cpu_s", 0.0) + cost.get("score_cpu_s", 0.0)


def _row(what: str, value: Any, unit: str, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


def run(
    name: str, parameters: dict[str, Any], task: Task, *, validation: bool
) -> tuple[list[float], dict[str, float]]:
    """(Recall@20, NDCG@20) and the cost of one model, in a process of its own."""
    if "." in name:
        lists, cost = _rec_peers.lists(name, {"counts": "binary"} | parameters, task)
    else:
        source = "validation" if validation else "test"
        lists, cost = _rec_peers.run(sys.executable, name, parameters, source)
    hits = measure.found(lists, task.targets)
    values = metrics.of_lists(hits, task.sizes, (20,))
    figures = [float(np.nanmean(values[metric])) for metric in METRICS]
    return figures, cost


def validation() -> Task:
    """The questions that parameters are chosen on: a part of training, the test file unread."""
    return _gowalla.task(validation=True)


if __name__ == "__main__":
    main()
