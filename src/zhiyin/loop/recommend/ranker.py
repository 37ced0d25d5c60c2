"""Learning to rank: numbers about candidates → the order in which to show them, learned from what was taken.

Two of them, one interface: ``Softmax`` weighs and adds up, ``Trees`` grows trees. Both are served by NumPy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from zhiyin.domain.errors import MissingExtra
from zhiyin.loop.recommend.arrays import F32, F64, I32, I64
from zhiyin.loop.recommend.interface import Arrays

_LEAVES, _ALL = 16, 0xFFFF  # of a tree at most, a bit each
_LOWEST = np.array(
    [(n & -n).bit_length() - 1 for n in range(_ALL + 1)], dtype=np.int8
)  # bit that is set; -1: none
_ROWS = 2_048  # rows at a time: what is left of their leaves stays in the processor's cache
_STEPS = 100  # of the way to the best weights, more are not worth the time
_PULL = 1.0  # towards weights of nothing, as strong as one question's evidence


class Ranker(Protocol):
    """Candidates of many questions: ``features`` is candidates x numbers, ``starts`` where each question's begin."""

    def learn(self, features: F32, starts: I64, gains: F32, seed: int) -> Self:
        """Learn from ``gains``, positive for what was taken; each question has one at least."""
        ...

    def rank(self, features: F32) -> F32:
        """A score for each candidate, higher is better; each by itself."""
        ...

    def to_arrays(self) -> Arrays:
        """What was learned."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The ranker of ``to_arrays``."""
        ...


class Softmax:
    """A weight for each number, so that what was taken gets most of ``exp(score) / Σ exp(score)`` of its question.

    Listwise cross-entropy (Cao et al.: Learning to rank, from pairwise approach to listwise approach, ICML 2007).
    """

    weights_: F64
    middle_: F64
    scale_: F64

    def learn(self, features: F32, starts: I64, gains: F32, seed: int) -> Self:
        from scipy.optimize import minimize

        self.middle_ = features.mean(axis=0, dtype=np.float64)
        spread = features.std(axis=0, dtype=np.float64)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        known = (features - self.middle_) / self.scale_
        lengths = np.diff(np.append(starts, len(features)))
        taken = gains / np.repeat(np.add.reduceat(gains, starts), lengths)

        def loss(weights: F64) -> tuple[float, F64]:
            scores = known @ weights
            scores -= np.repeat(np.maximum.reduceat(scores, starts), lengths)
            total = np.log(np.add.reduceat(np.exp(scores), starts))
            shares = np.exp(scores - np.repeat(total, lengths))
            value = total.sum() - taken @ scores + 0.5 * _PULL * weights @ weights
            return float(value), known.T @ (shares - taken) + _PULL * weights

        enough = {"maxiter": _STEPS, "ftol": 1e-8}
        start = np.zeros(features.shape[1])
        self.weights_ = minimize(loss, start, jac=True, method="L-BFGS-B", options=enough).x
        return self

    def rank(self, features: F32) -> F32:
        # a sum along each row: the same for one candidate and for many, which a product of matrices is not
        return np.asarray(((features - self.middle_) / self.scale_ * self.weights_).sum(axis=1), np.float32)

    def to_arrays(self) -> Arrays:
        return {"weights": self.weights_, "middle": self.middle_, "scale": self.scale_}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls()
        self.weights_, self.middle_, self.scale_ = (arrays[name] for name in ("weights", "middle", "scale"))
        return self


class Trees:
    """LambdaMART: boosted trees that mind the top of the list most (Burges, MSR-TR-2010-82), grown by LightGBM.

    LightGBM, the extra ``rank``, grows them; NumPy walks them.
    """

    feature_: I32  # trees x nodes, -1 at a leaf
    border_: F64  # up to it to the left
    left_: I32
    right_: I32
    value_: F64  # of leaves

    def __init__(self, trees: int = 100, leaves: int = 15, pace: float = 0.1) -> None:
        self.trees = trees
        self.leaves = leaves
        self.pace = pace

    def learn(self, features: F32, starts: I64, gains: F32, seed: int) -> Self:
        try:
            import lightgbm
        except ImportError:
            raise MissingExtra.of("rank", "LambdaMART") from None
        steps = np.unique(gains)  # relevance in whole steps: none, a view, a basket, a purchase
        relevance = np.searchsorted(steps, gains)
        told = lightgbm.Dataset(
            np.asarray(features, dtype=np.float64),
            label=relevance,
            group=np.diff(np.append(starts, len(features))),
            free_raw_data=True,
        )
        settings = {
            "objective": "lambdarank", "num_leaves": self.leaves, "learning_rate": self.pace, "seed": seed,
            "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
            "min_data_in_leaf": 20, "lambda_l2": 1.0, "label_gain": list(range(len(steps) + 1)),
            "lambdarank_truncation_level": 20,
        }  # fmt: skip
        grown = lightgbm.train(settings, told, num_boost_round=self.trees).dump_model()
        return self.grow(grown)

    def rank(self, features: F32) -> F32:
        # no tree is walked: every split that sends a row to the right rules out the leaves to its left, and the
        # first leaf left is where the row ends (QuickScorer: Lucchese et al., SIGIR 2015)
        found = np.zeros(len(features), dtype=np.float32)
        trees = np.arange(len(self.value_)) * _LEAVES
        for start in range(0, len(features) if len(trees) else 0, _ROWS):
            known = np.asarray(features[start : start + _ROWS], dtype=np.float64)
            left = np.full((len(known), len(trees)), _ALL, dtype=np.uint16)
            for feature, (borders, masks) in self._tables.items():
                left &= masks[np.searchsorted(borders, known[:, feature])]
            ends = self._worth.take(trees + _LOWEST[left])
            found[start : start + _ROWS] = ends.sum(axis=1)
        return found

    def to_arrays(self) -> Arrays:
        return {name: getattr(self, f"{name}_") for name in _TREES}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        self = cls()
        for name in _TREES:
            setattr(self, f"{name}_", arrays[name])
        return self._ready()

    def grow(self, told: Mapping[str, Any]) -> Self:
        """Take over the trees of ``Booster.dump_model``."""
        grown = [_nodes(tree["tree_structure"]) for tree in told["tree_info"]]
        shape = (len(grown), max(map(len, grown), default=0))
        self.feature_ = np.full(shape, -1, dtype=np.int32)
        self.border_, self.value_ = np.zeros(shape), np.zeros(shape)
        self.left_, self.right_ = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
        for row, nodes in enumerate(grown):
            for place, node in enumerate(nodes):
                for name, value in zip(_TREES, node, strict=True):
                    getattr(self, f"{name}_")[row, place] = value
        return self._ready()

    def _ready(self) -> Self:
        """Works out, for each feature, its borders and what of the leaves of each tree is left above them."""
        many = len(self.feature_)
        worth = np.zeros((many, _LEAVES))
        splits: dict[int, list[tuple[float, int, int]]] = {}
        for tree in range(many):
            for place, (first, middle, _) in self._spans(tree).items():
                feature = int(self.feature_[tree, place])
                if feature < 0:
                    worth[tree, first] = self.value_[tree, place]
                else:
                    gone = (1 << middle) - (1 << first)
                    splits.setdefault(feature, []).append(
                        (float(self.border_[tree, place]), tree, _ALL ^ gone)
                    )
        self._worth = worth
        self._tables = {feature: _table(sorted(found), many) for feature, found in sorted(splits.items())}
        return self

    def _spans(self, tree: int) -> dict[int, tuple[int, int, int]]:
        """Of each node of a tree, counted from the left: its first leaf, the first of its right side, the next one's."""
        spans: dict[int, tuple[int, int, int]] = {}

        def visit(place: int, first: int) -> int:
            if self.feature_[tree, place] < 0:
                spans[place] = first, first, first + 1
                return first + 1
            middle = visit(int(self.left_[tree, place]), first)
            end = visit(int(self.right_[tree, place]), middle)
            spans[place] = first, middle, end
            return end

        if visit(0, 0) > _LEAVES:
            raise ValueError(f"trees of more than {_LEAVES} leaves are not served")
        return spans


RANKERS: Mapping[str, type[Ranker]] = {"softmax": Softmax, "trees": Trees}
_TREES = ("feature", "border", "left", "right", "value")
_Node = tuple[int, float, int, int, float]


def _table(splits: Sequence[tuple[float, int, int]], trees: int) -> tuple[F64, NDArray[np.uint16]]:
    """Borders that rise, and the leaves left of each tree to a value above so many of them."""
    masks = np.full((len(splits) + 1, trees), _ALL, dtype=np.uint16)
    for place, (_, tree, mask) in enumerate(splits, 1):
        masks[place] = masks[place - 1]
        masks[place, tree] &= mask
    return np.array([border for border, _, _ in splits]), masks


def _nodes(root: dict[str, Any]) -> list[_Node]:
    """The nodes of a tree, the root first, in the order of ``_TREES``."""
    nodes: list[_Node] = []
    waiting = [(root, -1, False)]  # node, parent's place, whether it is the right one
    while waiting:
        node, parent, is_right = waiting.pop()
        place = len(nodes)
        if "leaf_value" in node:
            nodes.append((-1, 0.0, place, place, node["leaf_value"]))
        else:
            nodes.append((node["split_feature"], node["threshold"], place, place, 0.0))
            waiting.append((node["right_child"], place, True))
            waiting.append((node["left_child"], place, False))
        if parent >= 0:
            feature, border, left, right, value = nodes[parent]
            left, right = (left, place) if is_right else (place, right)
            nodes[parent] = feature, border, left, right, value
    return nodes
