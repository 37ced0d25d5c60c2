"""Tasks: what models are asked, whose answers are known, and the protocol that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, F64, I32, I64, Bool
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.topk import ties

ALL = 2**31 - 1  # so many that nothing is cut off


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a figure was measured under; without it a figure says nothing.

    ``split`` is time, last, users, given or sessions, and ``cut`` tells where; ``until`` is when the questions
    by time end, else empty. ``kinds`` are the kinds of event
    that are right answers. ``overlap`` counts pairs of customer and item in both training and test, and
    ``overlap_rule`` what became of them; ``unknown_items`` are in the test only, so each is a miss.
    ``digest`` is the same for the same training data and answers.
    """

    split: str
    cut: str
    until: str
    kinds: tuple[str, ...]
    mask_seen: bool
    filled: bool
    questions: int
    users: int
    items: int
    train_rows: int
    test_rows: int
    overlap: int
    overlap_rule: str
    unknown_items: int
    digest: str

    @property
    def told(self) -> str:
        """All of it in one sentence, without the full stop."""
        return (
            f"split {self.split} ({self.cut}{f' to {self.until}' if self.until else ''}); right answers: "
            f"{', '.join(self.kinds)}; {self.users:,} customers, {self.questions:,} questions; {self.items:,} items "
            f"on offer, all ranked; {'seen items masked' if self.mask_seen else 'repeats allowed'}; short lists "
            f"{'filled with what is popular' if self.filled else 'left short'}; {self.train_rows:,} rows of training, "
            f"{self.test_rows:,} of test; {self.overlap:,} pairs in both; data {self.digest}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"kinds": list(self.kinds), "told": self.told}


@dataclass(frozen=True, slots=True)
class Slice:
    """Questions told apart: ``inside`` is questions x ``names``, true where it is in that part; parts may overlap."""

    names: tuple[str, ...]
    inside: Bool


@dataclass(frozen=True)
class Task:
    """Questions, one history each, and the items that would have been right.

    ``targets`` and ``masked`` are sparse, questions x items: the right answers, and what must not be shown.
    ``candidates`` marks the items that may be. ``users`` numbers the customer of each question, ``asked_at``
    its moment (None without times). ``units`` numbers what is drawn when intervals are made, such as the
    session of several questions; None where each question stands alone. ``fill`` shows popular items where a
    model says too little, as serving does.
    """

    data: Data
    asked: Queries
    targets: CSR
    masked: CSR
    candidates: Bool
    protocol: Protocol
    users: I32
    asked_at: I64 | None = None
    units: I32 | None = None
    fill: bool = True
    slices: Mapping[str, Slice] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.asked)

    @cached_property
    def sizes(self) -> I64:
        """How many right answers each question has."""
        return np.asarray(np.diff(self.targets.indptr), dtype=np.int64)

    @cached_property
    def taken(self) -> CSR:
        """Customers x items of training, 1 where the customer took the item."""
        return self.data.matrix(counts="binary", cap=ALL)

    @cached_property
    def takers(self) -> F64:
        """How many customers took each item in training."""
        return np.bincount(self.taken.indices, minlength=self.data.items).astype(np.float64)

    @cached_property
    def tie(self) -> I32:
        """The order among items of equal score: a hash of their ids."""
        return ties(self.data.catalogue.item_ids.tolist())

    @cached_property
    def popular(self) -> I32:
        """The items on offer, most taken first."""
        order = np.lexsort((self.tie, -self.takers))
        return order[self.candidates[order]].astype(np.int32)


@dataclass(frozen=True)
class RatingTask:
    """Ratings to foretell: ``users`` and ``items`` and the ``ratings`` that they gave."""

    data: Data
    users: I32
    items: I32
    ratings: F32


def pairs(rows: Any, columns: Any, shape: tuple[int, int]) -> CSR:
    """A sparse matrix of ones, each pair once, columns in order."""
    keys = np.unique(np.asarray(rows, dtype=np.int64) * max(shape[1], 1) + columns)
    row, column = np.divmod(keys, max(shape[1], 1))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))])
    ones = np.ones(len(keys), dtype=np.float32)
    return sparse.csr_array((ones, column.astype(np.int32), indptr.astype(np.int32)), shape=shape)


def digest(data: Data, targets: CSR) -> str:
    """Sixteen characters that stand for the training data and the right answers."""
    found = blake2b(digest_size=8)
    for column in (data.log.user, data.log.item, data.log.at, targets.indptr, targets.indices):
        found.update(np.ascontiguousarray(column).tobytes())
    return found.hexdigest()
