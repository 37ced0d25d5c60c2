"""Other people's recommenders: their lists of one run, and what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from bench import _peers
from zhiyin.loop.recommend.arrays import I32
from zhiyin.loop.recommend.evaluate import measure, metrics
from zhiyin.loop.recommend.evaluate.task import ALL, Task

HERE = Path(__file__).resolve().parent
# one thread for BLAS, as implicit asks for: its own loops run in parallel
ENVIRONMENT = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": f"{HERE.parent}:{HERE.parent / 'src'}"}
TASTE = ("counts", "half_life")  # parameters of the matrix that a peer is given, the rest are its own
SEEN = "seen"  # the word that lets a run show what somebody has


def lists(name: str, parameters: Mapping[str, Any], task: Task) -> tuple[I32, dict[str, float]]:
    """The lists of a peer for the questions of a task, of ``_rec_run.K`` items, and what they cost.

    It learns from customers x items, all that the task knows, and shows what somebody has if the task does.
    """
    taste = {key: value for key, value in parameters.items() if key in TASTE}
    own = {key: value for key, value in parameters.items() if key not in TASTE}
    matrix = task.data.matrix(**({"counts": "log"} | taste), cap=ALL)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "train.npz"
        sparse.save_npz(source, matrix, compressed=False)
        ranked, cost = run(
            str(_peers.python("implicit", "irspack")),
            name,
            own,
            str(source),
            seen=not task.protocol.mask_seen,
        )
    return ranked[task.users], cost  # they rank everybody, the question is put to those who have an answer


def run(
    python: str, name: str, parameters: Mapping[str, Any], source: str, *, seen: bool = False
) -> tuple[I32, dict[str, float]]:
    """The lists of ``_rec_run`` in a process of its own, and its cost."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "lists.npy"
        script, words = str(HERE / "_rec_run.py"), [SEEN] if seen else []
        subprocess.run(
            [python, script, name, json.dumps(dict(parameters)), source, str(target), *words],
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return np.load(target).astype(np.int32), json.loads(target.with_suffix(".json").read_text())


def value(name: str, parameters: Mapping[str, Any], task: Task, k: int) -> float:
    """NDCG at ``k`` of a peer with one setting."""
    ranked, _ = lists(name, parameters, task)
    hits = measure.found(ranked, task.targets)
    return float(metrics.of_lists(hits, task.sizes, (k,))[f"ndcg@{k}"].mean())
