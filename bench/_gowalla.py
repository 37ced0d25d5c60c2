"""The Gowalla check-ins of the LightGCN papers: files → training data and the question asked of everybody."""

from __future__ import annotations

import gzip
import inspect
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.adapters import plugins
from zhiyin.loop.recommend import RECOMMENDERS
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.interface import Recommender
from zhiyin.loop.recommend.log import Log

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "gowalla"
USERS, ITEMS = 29_858, 40_981
STILL = {"half_life": np.inf, "taste_days": np.inf, "trend": 0.0, "cap": 5_000}


def task(*, validation: bool) -> Task:
    """Everybody asked for the rest of what they have, in one ranking of all items, those learned from masked.

    The published split; for ``validation`` the last fifth of each line of training, the test file unread. A
    line is in the order of time and the test goes on where it ends, as long again as a fifth; valid.txt.gz, the
    last tenth, asks for the next three places only, and models that know the nearest best win there, which
    lose over the seven of the test.
    """
    train = _pairs("train")
    if not validation:
        return splits.given(_data(train), _log(_pairs("test")), overlap="refuse")
    held = _last_fifth(train[:, 0])
    return splits.given(_data(train[~held]), _log(train[held]), overlap="refuse")


def _last_fifth(users: np.ndarray) -> np.ndarray:
    """A mask of the last fifth of the rows of each user, at least one; the rows are in the order of users."""
    counts = np.unique_counts(users).counts
    place = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    size = np.repeat(counts, counts)
    return np.asarray(place >= size - np.maximum(np.round(size * 0.2), 1))


def model(name: str, parameters: dict[str, Any]) -> Recommender:
    """A recommender of the registry, with whatever it does by time switched off: the files have no times."""
    made: type[Recommender] = plugins.load("", RECOMMENDERS, name)
    still = {key: value for key, value in STILL.items() if key in inspect.signature(made).parameters}
    return made(**(still | parameters))


def _pairs(name: str) -> np.ndarray:
    """Rows of (user, item) in the order of the file, which has a line a user."""
    path = DATA / f"{name}.txt.gz"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not here")
    with gzip.open(path, "rt") as lines:
        rows = [np.array(line.split(), dtype=np.int64) for line in lines]
    users = np.repeat([row[0] for row in rows if len(row)], [len(row) - 1 for row in rows if len(row)])
    return np.column_stack([users, np.concatenate([row[1:] for row in rows if len(row)])])


def _log(rows: np.ndarray) -> Log:
    return Log.of(rows[:, 0], rows[:, 1], np.arange(len(rows)))


def _data(rows: np.ndarray) -> Data:
    catalogue = Catalogue.of([str(item) for item in range(ITEMS)])
    return Data(_log(rows), USERS, catalogue, Customers(), len(rows), timed=False)
