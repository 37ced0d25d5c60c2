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

from bench import _rec_peers
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.interface import Space

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
    module = import_module(f"bench.{said.bench}")
    space = getattr(module, "SPACES", {}).get(said.label)
    found = chosen(module.validation(), said.recommender, trials=said.trials, k=said.k, space=space)
    freeze(said.bench, said.label, found)
    print(
        f"{said.label}: {found['recommender']} {found['parameters']}, validation NDCG@{said.k} {found['value']}"
    )


def chosen(
    task: Task,
    recommender: str,
    *,
    trials: int = TRIALS,
    k: int = 20,
    seed: int = SEED,
    space: Space | None = None,
) -> dict[str, Any]:
    """The best of ``trials`` settings by NDCG at ``k`` on validation questions, with all that were tried.

    They come from the recommender's own ``PARAMETERS`` unless a ``space`` is given.
    """
    from zhiyin.loop.recommend.evaluate.tune import Trial, best, settings
    from zhiyin.services.contest import entry

    first = {} if space is None else {name: values[0] for name, values in space.items()}
    space = space or entry(recommender).factory.PARAMETERS
    tried = []
    for drawn in settings(space, trials, np.random.default_rng(seed)):
        setting = first | drawn
        found = value(recommender, setting, task, k, seed)
        tried.append(Trial(setting, round(found, 5)))  # told at once: trials take their time
        print(f"{found:.5f} {setting}", flush=True)
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


def value(recommender: str, setting: Mapping[str, Any], task: Task, k: int, seed: int) -> float:
    """NDCG at ``k`` of one setting, in a fresh process; a dot in the name makes it a peer's."""
    from zhiyin.services import model_runs
    from zhiyin.services.contest import entry

    if "." in recommender:
        return _rec_peers.value(recommender, setting, task, k)
    (run,) = model_runs.run(model_runs.Ask(entry(recommender).path, task, k, (setting,), None, seed))
    return run.value


def freeze(bench: str, label: str, found: Mapping[str, Any]) -> None:
    """Keep a choice; the others stay."""
    held = json.loads(SETTINGS.read_text()) if SETTINGS.exists() else {}
    held.setdefault(bench, {})[label] = dict(found)
    SETTINGS.write_text(json.dumps(held, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
