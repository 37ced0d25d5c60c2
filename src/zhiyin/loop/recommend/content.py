"""Content: items like those a customer has, by their words, category, attributes and given vectors.

The cosine of tf-idf vectors (Salton, Wong & Yang: A vector space model for automatic indexing, CACM 1975). It
knows an item from its first minute, since it asks nobody who touched it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse

from zhiyin.loop.recommend.arrays import CSR, F32, I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.interface import Arrays, Causes, Space
from zhiyin.loop.recommend.linear import Linear
from zhiyin.loop.recommend.packing import packed, unpacked
from zhiyin.loop.recommend.queries import Queries
from zhiyin.loop.recommend.words import words


class Content(Linear):
    """How alike an item is to all that the customer has.

    A likeness adds up the cosines of text, category, attributes and given vectors, each times its weight here.
    It is a linear recommender whose item-to-item weights are never written out.
    """

    PARAMETERS: ClassVar[Space] = {
        "half_life": (60.0, 14.0, 365.0),
        "category": (0.5, 0.25, 1.0, 0.0),
        "attributes": (0.5, 0.25, 1.0, 0.0),
        "vectors": (1.0, 2.0, 0.5),
    }
    REQUIRES: ClassVar[frozenset[str]] = frozenset({"texts"})
    REASON: ClassVar[str] = "because_similar"
    described_: CSR  # items x words, categories and attributes; the cosine of two items is their product
    embedded_: F32  # items x given dimensions, likewise

    def __init__(
        self,
        *,
        half_life: float = 60.0,
        category: float = 0.5,
        attributes: float = 0.5,
        vectors: float = 1.0,
    ) -> None:
        super().__init__(half_life=half_life)
        self.category = category
        self.attributes = attributes
        self.vectors = vectors

    def fit(self, data: Data, rng: np.random.Generator) -> Self:
        shelf = data.catalogue
        kinds = sparse.csr_array(
            (np.ones(len(shelf), dtype=np.float32), (np.arange(len(shelf)), shelf.category + 1)),
            shape=(len(shelf), len(shelf.categories) + 1),
        )
        fields = (
            (1.0, _counted(words(shelf.text))),
            (self.category, kinds[:, 1:]),  # the first is that of items without one
            (self.attributes, sparse.csr_array(shelf.attributes)),
        )
        described = sparse.hstack([_weighted(field, weight) for weight, field in fields], format="csr")
        # what one item has alone makes it less like others, by its length, and likens it to none
        shared = np.bincount(described.indices, minlength=described.shape[1]) > 1
        self.described_ = sparse.csr_array(described[:, np.flatnonzero(shared)], dtype=np.float32)
        given = [_unit(shelf.vectors[name]) for name in sorted(shelf.vectors)]
        scale = np.float32(np.sqrt(self.vectors))
        self.embedded_ = np.hstack(given) * scale if given else np.zeros((len(shelf), 0), dtype=np.float32)
        return self

    @classmethod
    def cost(cls, data: Data) -> float:
        """CPU-seconds that ``fit`` is expected to take."""
        return 0.2 + 2e-5 * data.items

    def score(self, asked: Queries) -> F32:
        taste = asked.matrix(self.described_.shape[0], self.half_life)
        profile = sparse.csr_array(taste @ self.described_)
        used = np.unique(profile.indices)
        scores: F32 = (self._by_word[used].T @ profile[:, used].T.toarray()).T
        if self.embedded_.shape[1]:
            scores = scores + (taste @ self.embedded_) @ self.embedded_.T
        return np.where(scores > 0, scores, np.float32(-np.inf)).astype(np.float32)

    def explain(self, asked: Queries, row: int, items: I32) -> list[Causes]:
        taste = self._taste(asked, row)
        sources = np.array(list(taste), dtype=np.int32)
        alike = self._alike(sources, items)
        return [self._causes(dict(zip(taste, column, strict=True)), taste) for column in alike.T.tolist()]

    def to_arrays(self) -> Arrays:
        return {
            "half_life": np.array(self.half_life),
            "embedded": self.embedded_,
            **packed("described", self.described_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls(half_life=float(arrays["half_life"]))
        self.described_ = unpacked("described", arrays)
        self.embedded_ = arrays["embedded"]
        return self

    def _alike(self, sources: I32, targets: I32) -> Any:
        """The similarity of each source to each target."""
        found = (self.described_[sources] @ self.described_[targets].T).toarray()
        return found + self.embedded_[sources] @ self.embedded_[targets].T

    @cached_property
    def _by_word(self) -> CSR:
        return sparse.csr_array(self.described_.T)


def _counted(documents: list[list[str]]) -> CSR:
    """Documents x words: 1 + log of how often, as one word said ten times says little more than said twice."""
    numbers: dict[str, int] = {}
    columns = [numbers.setdefault(word, len(numbers)) for document in documents for word in document]
    indptr = np.concatenate([[0], np.cumsum([len(document) for document in documents], dtype=np.int64)])
    counts = sparse.csr_array(
        (np.ones(len(columns), dtype=np.float32), np.array(columns, dtype=np.int64), indptr),
        shape=(len(documents), len(numbers)),
    )
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    return counts


def _weighted(field: CSR, weight: float) -> CSR:
    """The field by how rare its columns are (idf), each row of length √weight."""
    rows, columns = field.shape
    if not columns or not weight:
        return sparse.csr_array((rows, 0), dtype=np.float32)
    held = np.bincount(field.indices, minlength=columns)
    rare = sparse.csr_array(field @ sparse.diags_array(np.log1p(rows / np.maximum(held, 1))))
    length = np.sqrt(rare.multiply(rare).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(np.sqrt(weight) / np.where(length > 0, length, 1)) @ rare)


def _unit(vectors: F32) -> F32:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)
