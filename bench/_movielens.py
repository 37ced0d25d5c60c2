"""MovieLens 100K: ratings as events, and its five official test parts."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from zhiyin.loop.recommend.arrays import Bool
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import KINDS, Log

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "movielens-100k"
USERS, FILMS, FOLDS = 943, 1682, 5


def ratings() -> Log:
    """All ratings. Of equal times, the order is that of the numbers."""
    if not DATA.is_dir():
        raise FileNotFoundError(f"MovieLens 100K is not at {DATA}")
    with gzip.open(DATA / "u.data.gz") as lines:
        user, film, rating, seconds = np.loadtxt(lines, dtype=np.int64).T
    return Log.of(user - 1, film - 1, seconds * 1_000_000, kind=KINDS.index("rated"), rating=rating)


def in_test(log: Log) -> list[Bool]:
    """For each official fold u1 to u5, which ratings are its test part."""
    with gzip.open(DATA / "u.data.gz") as lines:
        user, film, _, _ = np.loadtxt(lines, dtype=np.int64).T
    fold = pq.read_table(DATA / "folds.parquet", columns=["fold"])["fold"].to_numpy()
    of_pair = np.zeros((USERS, FILMS), dtype=np.int64)
    of_pair[user - 1, film - 1] = fold
    return [of_pair[log.user, log.item] == number for number in range(1, FOLDS + 1)]


def learned(log: Log) -> Data:
    """What a model may learn from: these ratings and no others."""
    catalogue = Catalogue.of([str(film) for film in range(1, FILMS + 1)])
    return Data(log, USERS, catalogue, Customers(), int(log.at.max()))
