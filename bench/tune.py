"""Chooses parameters on validation data and freezes them, so that no benchmark can choose on its test by accident.

python -m bench.tune rec_movies best markov --trials 20   tries 20 settings of markov on the questions that
bench.rec_movies.validation() makes, and writes the best under rec_movies, best into recommend_settings.json

Every model, ours or a peer's, gets the same number of settings: the defaults, then draws from its parameters,
with a fixed seed. The file holds every trial with its validation figure.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.loop.recommend.evaluate.task import Task

SETTINGS = Path(__file__).resolve().parent / "recommend_settings.json"
TRIALS, SEED = 20, 0


def main() -> None:
    """Choose for one label of one benchmark."""
    words = argparse.ArgumentParser(prog="python -m bench.tune")
    words.add_argument("bench", help="module of bench/ with a function validation()")
    words.add_argument("label", help="under which the choice is kept")
    words.add_argument("recommender", help="name of the registry")
    words.add_argument("--trials", type=int, default=TRIALS)
    words.add_argument("--k", type=int, default=20)
    said = words.parse_args()
    task = import_module(f"bench.{said.bench}").validation()
    found = chosen(task, said.recommender, trials=said.trials, k=said.k)
    freeze(said.bench, said.label, found)
    print(
        f"{said.label}: {found['recommender']} {found['parameters']}, validation NDCG@{said.k} {found['value']}"
    )


def chosen(
    task: Task, recommender: str, *, trials: int = TRIALS, k: int = 20, seed: int = SEED
) -> dict[str, Any]:
    """The best of ``trials`` settings by NDCG at ``k`` on validation questions, with all that were tried."""
    from zhiyin.loop.recommend.evaluate.tune import Trial, best, settings
    from zhiyin.services import model_runs
    from zhiyin.services.contest import entry

    one = entry(recommender)
    wanted = settings(one.factory.PARAMETERS, trials, np.random.default_rng(seed))
    tried = []
    for setting in wanted:  # one by one: a fresh process each, and what was tried is told at once
        (run,) = model_runs.run(model_runs.Ask(one.path, task, k, (setting,), None, seed))
        tried.append(Trial(run.parameters, round(run.value, 5)))
        print(f"{run.value:.5f} {dict(setting)}", flush=True)
    first = best(tried)
    return {
        "recommender": recommender,
        "parameters": dict(first.parameters),
        "metric": f"ndcg@{k}",
        "value": first.value,
        "validation": task.protocol.to_dict(),
        "seed": seed,
        "trials": [{"parameters": dict(trial.parameters), "value": trial.value} for trial in tried],
    }


def freeze(bench: str, label: str, found: Mapping[str, Any]) -> None:
    """Keep a choice; the others stay."""
    held = json.loads(SETTINGS.read_text()) if SETTINGS.exists() else {}
    held.setdefault(bench, {})[label] = dict(found)
    SETTINGS.write_text(json.dumps(held, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
