"""Ratings of MovieLens 100K foretold: RMSE and MAE, mean of five folds, the official ones and random ones.

The official parts u1 to u5 are what the data came with; the published figures beside them are of random folds,
so those are shown too. For each fold the parameters were chosen on a tenth of its own training ratings, drawn at
random, learning from the other nine; ``recommend_settings.json`` holds every trial. Foretold ratings are clipped
to the scale.

python -m bench.rec_ratings choose   makes the choice again, which takes minutes
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench import _movielens
from zhiyin.loop.recommend.arrays import Bool
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.svd import Svd

SETTINGS = Path(__file__).resolve().parent / "recommend_settings.json"
NAME = "rec_ratings"
SEED = 1
# label -> what is tried of ``svd``, the same in every fold
TRIED: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "biases alone": tuple(
        {"method": "als", "factors": 0, "sweeps": 15, "penalty": penalty} for penalty in (0.02, 0.05, 0.1)
    ),
    "svd, als": tuple(
        {"method": "als", "factors": factors, "sweeps": 15, "penalty": penalty}
        for factors in (10, 20, 40)
        for penalty in (0.1, 0.15, 0.2)
    ),
    "svd, gibbs": (
        {"factors": 10, "sweeps": 120},
        {"factors": 15, "sweeps": 120},
        {"factors": 20, "sweeps": 120},
        {"factors": 20, "sweeps": 240},
    ),
}
# Surprise, five random folds: RMSE and MAE of its baseline, SVD and SVD++
PUBLISHED = "published on random folds: SVD 0.934 / 0.737, SVD++ 0.919 / 0.721"


class Errors(NamedTuple):
    """Of one fold: the errors, and CPU-seconds to learn and to foretell."""

    rmse: float
    mae: float
    fit: float
    rate: float


def main() -> list[dict[str, Any]]:
    """Every label on every fold, once, at the settings frozen for it."""
    frozen = json.loads(SETTINGS.read_text())[NAME]
    log = _movielens.ratings()
    rows = []
    for protocol, folds in protocols(log).items():
        for label in TRIED:
            found = [
                errors(log.rows(~test), log.rows(test), frozen[protocol][label][fold]["parameters"])
                for fold, test in folds.items()
            ]
            mean = np.mean(found, axis=0)
            bar = PUBLISHED if label == "svd, gibbs" else ""
            named = f"{label}, {protocol} folds"
            rows.append(_row(f"{named}, RMSE / MAE", f"{mean[0]:.4f} / {mean[1]:.4f}", "", bar))
            each = " ".join(f"{one.rmse:.4f}" for one in found)
            rows.append(_row(f"{named}, RMSE of each", each, "", ""))
            rows.append(_row(f"{named}, fit + rate, one fold", f"{mean[2]:.1f} + {mean[3]:.1f}", "CPU-s", ""))
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']}")
    return rows


def choose() -> dict[str, Any]:
    """For each fold and label: what did best on a part of the training ratings, and all that was tried."""
    log = _movielens.ratings()
    chosen: dict[str, Any] = {}
    for protocol, folds in protocols(log).items():
        for fold, test in folds.items():
            train = log.rows(~test)
            held = np.random.default_rng(SEED).random(len(train)) < 0.1
            for label, tried in TRIED.items():
                trials = [
                    {
                        "parameters": dict(one),
                        "rmse": round(errors(train.rows(~held), train.rows(held), one).rmse, 5),
                    }
                    for one in tried
                ]
                best = min(trials, key=lambda trial: trial["rmse"])
                chosen.setdefault(protocol, {}).setdefault(label, {})[fold] = best | {"trials": trials}
                print(protocol, fold, label, best, flush=True)
    return chosen


def protocols(log: Log) -> dict[str, dict[str, Bool]]:
    """The test parts: the official ones, and ratings dealt at random."""
    dealt = np.random.default_rng(SEED).permutation(len(log)) % _movielens.FOLDS
    return {
        "official": {f"u{number}": test for number, test in enumerate(_movielens.in_test(log), 1)},
        "random": {f"r{number + 1}": dealt == number for number in range(_movielens.FOLDS)},
    }


def errors(train: Log, test: Log, parameters: Mapping[str, Any]) -> Errors:
    """What ``svd`` makes of the test after learning from the rest."""
    data = _movielens.learned(train)
    asked = test.rows(np.arange(len(test)))
    order = np.lexsort((asked.item, asked.user))  # a customer's questions beside one another
    user, item, rating = asked.user[order], asked.item[order], asked.rating[order]
    started = time.process_time()
    model = Svd(**parameters).fit(data, np.random.default_rng(0))
    fitted = time.process_time()
    miss = model.rate(data.queries(user, latest=len(train)), item).astype(np.float64) - rating
    done = time.process_time()
    return Errors(
        float(np.sqrt((miss**2).mean())), float(np.abs(miss).mean()), fitted - started, done - fitted
    )


def _row(what: str, value: object, unit: str, bar: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "bar": bar}


if __name__ == "__main__":
    if sys.argv[1:] == ["choose"]:
        settings = json.loads(SETTINGS.read_text()) if SETTINGS.exists() else {}
        SETTINGS.write_text(json.dumps(settings | {NAME: choose()}, indent=1, sort_keys=True) + "\n")
    else:
        main()
