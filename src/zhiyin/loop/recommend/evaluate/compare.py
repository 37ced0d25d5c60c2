"""figures of several models → one evaluation: intervals, paired differences with corrected p-values, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyin.domain.estimate import Estimate
from zhiyin.loop.recommend.arrays import F64, I32
from zhiyin.loop.recommend.evaluate import BASELINE, metrics, variety
from zhiyin.loop.recommend.evaluate.measure import Figures
from zhiyin.loop.recommend.evaluate.task import Protocol, Task
from zhiyin.stats import bootstrap
from zhiyin.stats.multiple import holm
from zhiyin.stats.permutation import sign_flips

_TOLD = ("recall", "ndcg")  # what is compared, and told of slices


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model took: CPU-seconds to learn and to rank for all questions, and the most memory, in MB."""

    fit_cpu_s: float | None = None
    score_cpu_s: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """One model of an evaluation. ``slices`` is slice -> part of it -> figure."""

    figures: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Mapping[str, Any]]]
    cost: Cost = Cost()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trials: Sequence[Mapping[str, Any]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data: figures beside costs, as the command prints them."""
        told: dict[str, Any] = {name: _plain(found) for name, found in self.figures.items()}
        told |= {
            "fit_cpu_s": _rounded(self.cost.fit_cpu_s),
            "score_cpu_s": _rounded(self.cost.score_cpu_s),
            "peak_mb": None if self.cost.peak_mb is None else round(self.cost.peak_mb),
            "parameters": dict(self.parameters),
            "slices": {
                name: {
                    part: {
                        key: _plain(value) if isinstance(value, Estimate) else value
                        for key, value in told_of.items()
                    }
                    for part, told_of in parts.items()
                }
                for name, parts in self.slices.items()
            },
        }
        return told | ({"trials": [dict(trial) for trial in self.trials]} if self.trials else {})


@dataclass(frozen=True, slots=True)
class Difference:
    """What ``model`` has over ``against`` on the same questions; ``p_adjusted`` is Holm's, over the family."""

    model: str
    against: str
    metric: str
    difference: Estimate
    p: float
    p_adjusted: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        names = {"model": self.model, "against": self.against, "metric": self.metric}
        return names | _plain(self.difference) | {"p": self.p, "p_adjusted": self.p_adjusted}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Models compared under one stated protocol, the best first by NDCG at the largest k."""

    protocol: Protocol
    ks: tuple[int, ...]
    models: Mapping[str, Scored]
    differences: tuple[Difference, ...]
    definitions: Mapping[str, str]
    warnings: tuple[Mapping[str, Any], ...] = ()
    skipped: tuple[Mapping[str, str], ...] = ()
    seed: int = 0

    @property
    def k(self) -> int:
        """The length of list that models are compared at."""
        return max(self.ks)

    def over_baseline(self, model: str, metric: str) -> Difference | None:
        """What a model has over popularity."""
        for one in self.differences:
            if (one.model, one.against, one.metric) == (model, BASELINE, metric):
                return one
        return None

    def to_dict(self, only: str = "") -> dict[str, Any]:
        """Plain data, as ``zhiyin recommend evaluate --json`` prints it; of one model alone, if named."""
        return {
            "protocol": self.protocol.to_dict()
            | {"k": list(self.ks), "seed": self.seed, "definitions": dict(self.definitions)},
            "models": {
                name: scored.to_dict() for name, scored in self.models.items() if name == (only or name)
            },
            "differences": [
                one.to_dict() for one in self.differences if only in ("", one.model, one.against)
            ],
            "warnings": [dict(warning) for warning in self.warnings],
            "skipped": [dict(one) for one in self.skipped],
        }


def compare(
    task: Task,
    figures: Mapping[str, Figures],
    rng: np.random.Generator,
    *,
    ks: Sequence[int],
    costs: Mapping[str, Cost] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    trials: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    warnings: Sequence[Mapping[str, Any]] = (),
    skipped: Sequence[Mapping[str, str]] = (),
    seed: int = 0,
) -> Evaluation:
    """The evaluation of several models: 95 % bootstrap intervals, differences paired.

    Compared are each model with popularity, and the best with each other one.
    """
    k = max(ks)
    columns = _Columns(task)
    for name, own in figures.items():
        for metric, values in own.per_query.items():
            columns.add((name, metric), values)
        for slicing, parts in task.slices.items():
            for number, part in enumerate(parts.names):
                for metric in (f"{told}@{k}" for told in _TOLD):
                    inside = np.where(parts.inside[:, number], own.per_query[metric], np.nan)
                    columns.add((name, metric, slicing, part), inside)
    draws = columns.drawn(rng)
    order = sorted(figures, key=lambda name: -_value(draws, columns, (name, f"ndcg@{k}")))
    found = {}
    for name in order:
        whole = {metric: Estimate(value, None, None) for metric, value in figures[name].whole.items()}
        found[name] = Scored(
            {m: _estimate(draws.estimate(columns.at[name, m])) for m in figures[name].per_query} | whole,
            _sliced(task, draws, columns, name, k),
            (costs or {}).get(name, Cost()),
            (parameters or {}).get(name, {}),
            (trials or {}).get(name, ()),
        )
    return Evaluation(
        task.protocol,
        tuple(ks),
        found,
        tuple(_differences(order, [f"{told}@{k}" for told in _TOLD], draws, columns, rng)),
        definitions(task),
        tuple(warnings),
        tuple(skipped),
        seed,
    )


def definitions(task: Task) -> dict[str, str]:
    """What each figure of the report is."""
    alike = variety.likeness(task)[0]
    each = {name: told.format(likeness=alike) for name, told in variety.EACH.items()}
    if not (task.data.catalogue.category >= 0).any():
        del each["calibration"]
    return {**metrics.LIST, **metrics.COLD, **each, **variety.WHOLE}


class _Columns:
    """Values by question, gathered as columns of sums and sizes by the unit that is drawn."""

    def __init__(self, task: Task) -> None:
        self.at: dict[tuple[str, ...], int] = {}
        self._units, self._count = _units(task)
        self._sums: list[F64] = []
        self._sizes: list[F64] = []

    def add(self, key: tuple[str, ...], values: F64) -> None:
        self.at[key] = len(self._sums)
        there = ~np.isnan(values)
        self._sums.append(self._gathered(np.where(there, values, 0.0)))
        self._sizes.append(self._gathered(there.astype(np.float64)))

    def sums(self, key: tuple[str, ...]) -> F64:
        return self._sums[self.at[key]]

    def drawn(self, rng: np.random.Generator) -> bootstrap.Draws:
        if not self._sums:
            return bootstrap.ratios(np.zeros((0, 0)), np.zeros((0, 0)), rng)
        return bootstrap.ratios(np.column_stack(self._sums), np.column_stack(self._sizes), rng)

    def _gathered(self, values: F64) -> F64:
        if self._units is None:
            return values
        return np.bincount(self._units, values, minlength=self._count).astype(np.float64)


def _units(task: Task) -> tuple[I32 | None, int]:
    if task.units is None:
        return None, len(task)
    return task.units, int(task.units.max(initial=-1)) + 1


def _differences(
    order: Sequence[str],
    compared: Sequence[str],
    draws: bootstrap.Draws,
    columns: _Columns,
    rng: np.random.Generator,
) -> list[Difference]:
    """Each model less popularity, and the best less each other one; p-values corrected over all of them."""
    wanted = [(name, BASELINE) for name in order if name != BASELINE and BASELINE in order]
    wanted += [(order[0], name) for name in order[1:] if (order[0], name) not in wanted]
    family = [(model, against, metric) for metric in compared for model, against in wanted]
    if not family:
        return []
    apart = [columns.sums((model, m)) - columns.sums((against, m)) for model, against, m in family]
    p_values = sign_flips(np.column_stack(apart), rng)
    found = []
    for (model, against, metric), p, adjusted in zip(family, p_values, holm(p_values), strict=True):
        own, other = columns.at[model, metric], columns.at[against, metric]
        estimate = _estimate(draws.estimate(own, less=other))
        found.append(Difference(model, against, metric, estimate, round(p, 6), round(adjusted, 6)))
    return found


def _sliced(
    task: Task, draws: bootstrap.Draws, columns: _Columns, name: str, k: int
) -> dict[str, dict[str, dict[str, Any]]]:
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for slicing, parts in task.slices.items():
        told[slicing] = {}
        for number, part in enumerate(parts.names):
            questions = int(parts.inside[:, number].sum())
            if not questions:
                continue
            told[slicing][part] = {"questions": questions} | {
                f"{metric}@{k}": _estimate(draws.estimate(columns.at[name, f"{metric}@{k}", slicing, part]))
                for metric in _TOLD
            }
    return told


def _value(draws: bootstrap.Draws, columns: _Columns, key: tuple[str, ...]) -> float:
    value = float(draws.values[columns.at[key]])
    return -np.inf if np.isnan(value) else value


def _estimate(found: bootstrap.Bootstrap) -> Estimate:
    note = "too_few" if found.low is None else ""
    return Estimate(found.value, found.low, found.high, found.positive, found.level, note)


def _plain(estimate: Estimate) -> dict[str, Any]:
    told = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return told | ({"note": estimate.note} if estimate.note else {})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
