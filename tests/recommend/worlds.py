"""Tiny worlds of sequences, sessions and orders, to ask models of order about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zhiyin.loop.recommend.arrays import DAY
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.log import Log
from zhiyin.loop.recommend.queries import Queries

RNG = np.random.default_rng(0)


def data(lists: Sequence[Sequence[int]], size: int, *, grouped: str = "", digests: Any = None) -> Data:
    """A customer for each list, an event an hour, one list after the other; ``grouped`` makes each list a
    ``session`` or a ``basket``."""
    users = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    items = np.array([item for one in lists for item in one], dtype=np.int32)
    at = np.arange(len(items)) * DAY // 24
    log = Log.of(users, items, at, **({grouped: users} if grouped else {}))
    customers = Customers(digests=digests)
    return Data(
        log, len(lists), Catalogue.of([f"i{n}" for n in range(size)]), customers, int(at[-1:].sum()) + 1
    )


def asked(*histories: Sequence[int], **columns: Any) -> Queries:
    """Questions of histories, oldest item first, all of them one running session."""
    indptr = np.concatenate([[0], np.cumsum([len(one) for one in histories])])
    return Queries.of(indptr, [item for one in histories for item in one], **columns)
