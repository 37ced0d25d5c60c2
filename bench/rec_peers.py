"""Recommenders against implicit and irspack: Gowalla, all users ranked, accuracy and CPU-seconds of one run.

Each model runs in a process of its own, fitted on the training file and asked for everybody's 20 best, through
its own library's own code; lists are judged by one code. CPU-seconds are those of all threads. Parameters were
chosen on validation parts of the training file; `recommend_settings.json` holds every trial.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench import _gowalla, _rec_peers
from zhiyin.loop.recommend.evaluate import measure, metrics
from zhiyin.loop.recommend.evaluate.task import Task

HERE = Path(__file__).resolve().parent
SETTINGS = HERE / "recommend_settings.json"
QUIET = 1.5  # a load above it makes CPU-seconds worthless
METRICS = ("recall@20", "ndcg@20")


def main() -> list[dict[str, Any]]:
    """One table: ours first, then the peers."""
    if os.getloadavg()[0] > QUIET:
        raise FileNotFoundError(
            f"this machine is busy (load {os.getloadavg()[0]:.1f}); costs need a quiet one"
        )
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
    rows = []
    for name, (figures, cost) in found.items():
        total = round(cost["fit_cpu_s"] + cost["score_cpu_s"], 1)
        rows += [
            {
                "what": f"{name}, Recall@20 / NDCG@20",
                "value": "{:.4f} / {:.4f}".format(*figures),
                "unit": "",
                "bar": "",
            },
            {
                "what": f"{name}, fit + score all",
                "value": f"{cost['fit_cpu_s']} + {cost['score_cpu_s']} = {total}",
                "unit": "CPU-s",
                "bar": "",
            },
            {"what": f"{name}, memory", "value": f"{cost['peak_mb']:.0f}", "unit": "MB", "bar": ""},
        ]
    return rows


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


if __name__ == "__main__":
    main()
