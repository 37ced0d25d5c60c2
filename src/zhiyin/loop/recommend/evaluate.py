"""models + interactions before and after a moment → how well each would have done, with intervals.

A model sees what lies strictly before the cut; what lies after it is the answer. All items are ranked, none
sampled, and every figure travels with the protocol it was made under.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.estimate import Estimate
from zhiyin.domain.item import Item
from zhiyin.loop.recommend.histories import questions
from zhiyin.loop.recommend.serving import Served
from zhiyin.stats import bootstrap

BASELINE = "popularity"


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is asked: whose next items, and which of those count.

    ``targets`` holds the right answers of each customer, ``excluded`` what must not be shown to them.
    """

    train: pa.Table
    items: Sequence[Item]
    cut: datetime
    customer_ids: Sequence[str]
    targets: Sequence[frozenset[str]]
    excluded: Sequence[frozenset[str]]
    protocol: str


@dataclass(frozen=True, slots=True)
class Figures:
    """One model's answers measured: a value for each customer, and the share of the catalogue shown."""

    recall: np.ndarray[Any, Any]
    ndcg: np.ndarray[Any, Any]
    coverage: float


@dataclass(frozen=True, slots=True)
class ModelScore:
    """One line of an evaluation; the ``better`` figures are paired differences from popularity."""

    name: str
    recall: Estimate
    ndcg: Estimate
    coverage: float
    better_recall: Estimate | None
    better_ndcg: Estimate | None
    fit_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A comparison of recommenders under one stated protocol."""

    protocol: str
    cut: datetime
    until: datetime
    k: int
    customers: int
    models: tuple[ModelScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; times in ISO 8601."""
        return asdict(self) | {"cut": self.cut.isoformat(), "until": self.until.isoformat()}


def task(
    train: pa.Table,
    test: pa.Table,
    items: Sequence[Item],
    cut: datetime,
    *,
    repeats: bool = False,
    kind: str = "bought",
    most: int | None = None,
    rng: np.random.Generator,
) -> Task:
    """The question put to every model, from tables of ``steps.COLUMNS`` before and after ``cut``.

    Customers count who did something before the cut and took, after it, an available item. Without
    ``repeats`` only items new to them (not of ``kind`` before) are right answers, and those they had are not
    shown; with ``repeats`` anything may come back. ``most`` draws that many customers at random.
    """
    available = frozenset(item.item_id for item in items if item.available)
    after = _items_by_customer(test.filter(pc.equal(test["kind"], kind)))
    before = _items_by_customer(train.filter(pc.equal(train["kind"], kind)))
    nothing: frozenset[str] = frozenset()
    targets = {}
    for customer_id in sorted(set(pc.unique(train["customer_id"]).to_pylist()) & after.keys()):
        right = after[customer_id] & available
        right = right if repeats else right - before.get(customer_id, nothing)
        if right:
            targets[customer_id] = right
    chosen = list(targets)
    drawn = ""
    if most is not None and len(chosen) > most:
        chosen = [chosen[place] for place in np.sort(rng.choice(len(chosen), most, replace=False))]
        drawn = f", {most} customers drawn at random"
    protocol = (
        f"global time split at {cut:%Y-%m-%d %H:%M} UTC, trained strictly before; targets: items {kind} after"
        f"{', repeats allowed' if repeats else ', new to the customer (training items not shown)'}"
        f"; all available items ranked; customers known before the cut{drawn}"
    )
    return Task(
        train,
        items,
        cut,
        chosen,
        [targets[customer_id] for customer_id in chosen],
        [nothing if repeats else before.get(customer_id, nothing) for customer_id in chosen],
        protocol,
    )


def measure(model: Served, asked: Task, k: int = 20) -> Figures:
    """What a fitted model makes of the task.

    Recall is hits / min(k, number of right answers), as in Liang et al. (2018); NDCG has binary gains.
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    known = questions(asked.train, asked.customer_ids, model.shelf.item_ids, asked.cut)
    answers = model.best(known, k, masked=model.masked(asked.excluded)).items
    right = model.masked(asked.targets).toarray()
    hits = (answers >= 0) & np.take_along_axis(right, np.maximum(answers, 0), axis=1)
    best = np.minimum(k, [len(targets) for targets in asked.targets]).astype(int)
    shown = len(np.unique(answers[answers >= 0]))
    offered = sum(item.available for item in asked.items)
    return Figures(
        hits.sum(axis=1) / best, hits @ discount / ideal[best], shown / offered if offered else 0.0
    )


def compare(
    asked: Task,
    until: datetime,
    figures: Mapping[str, Figures],
    rng: np.random.Generator,
    *,
    k: int = 20,
    seconds: Mapping[str, float] | None = None,
) -> Evaluation:
    """The evaluation of several models: 95 % bootstrap intervals over customers, differences paired."""
    base = figures.get(BASELINE)
    scores = []
    for name, own in figures.items():
        other = None if base is None or name == BASELINE else base
        scores.append(
            ModelScore(
                name,
                recall=_estimate(bootstrap.mean(own.recall, rng)),
                ndcg=_estimate(bootstrap.mean(own.ndcg, rng)),
                coverage=own.coverage,
                better_recall=None
                if other is None
                else _estimate(bootstrap.paired_difference(own.recall, other.recall, rng)),
                better_ndcg=None
                if other is None
                else _estimate(bootstrap.paired_difference(own.ndcg, other.ndcg, rng)),
                fit_seconds=(seconds or {}).get(name, 0.0),
            )
        )
    return Evaluation(asked.protocol, asked.cut, until, k, len(asked.customer_ids), tuple(scores))


def _items_by_customer(interactions: pa.Table) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for customer_id, item_id in zip(
        interactions["customer_id"].to_pylist(), interactions["item_id"].to_pylist(), strict=True
    ):
        found.setdefault(customer_id, set()).add(item_id)
    return {customer_id: frozenset(items) for customer_id, items in found.items()}


def _estimate(found: bootstrap.Bootstrap) -> Estimate:
    note = "too_few" if found.low is None else ""
    return Estimate(found.value, found.low, found.high, found.positive, found.level, note)
