"""What the benches of recommenders share: lists of items as data, frozen settings, and rows with intervals."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from zhiyin.adapters import plugins
from zhiyin.domain.estimate import Estimate
from zhiyin.loop.recommend import RECOMMENDERS
from zhiyin.loop.recommend.catalogue import Catalogue
from zhiyin.loop.recommend.data import Customers, Data
from zhiyin.loop.recommend.evaluate.compare import Evaluation, compare
from zhiyin.loop.recommend.evaluate.measure import measure
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.log import Log

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
SETTINGS = HERE / "recommend_settings.json"


def lines(path: Path) -> Iterable[str]:
    """The lines of a compressed file; FileNotFoundError where the data are not beside the project."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


def data(
    lists: Sequence[Sequence[int]], ids: Sequence[str], *, sessions: bool = False, at: Any = None
) -> Data:
    """A customer for each list of numbers of ``ids``, or with ``sessions`` a visitor; ``at`` orders all events,
    else they are in the order of the lists."""
    users = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    items = np.concatenate([np.asarray(one, dtype=np.int32) for one in lists])
    log = Log.of(users, items, np.arange(len(items)) if at is None else at, session=users if sessions else -1)
    customers = Customers()
    return Data(log, len(lists), Catalogue.of(ids), customers, int(log.at.max()) + 1, timed=False)


def settings(bench: str, name: str) -> Mapping[str, Any]:
    """The frozen choice of a bench for one data set: ``recommender``, ``parameters``, and what it came to on
    validation data."""
    chosen: Mapping[str, Any] = json.loads(SETTINGS.read_text())[bench][name]
    return chosen


def measured(
    task: Task, models: Mapping[str, tuple[str, Mapping[str, Any]]], ks: Sequence[int]
) -> tuple[Evaluation, dict[str, tuple[float, float]]]:
    """Models (label -> name of the registry, parameters) fitted and asked, with their CPU-seconds to fit and score."""
    figures, cost = {}, {}
    for label, (name, parameters) in models.items():
        started = time.process_time()
        model = plugins.load("", RECOMMENDERS, name)(**parameters).fit(task.data, np.random.default_rng(0))
        fitted = time.process_time()
        figures[label] = measure(model, task, ks)
        cost[label] = fitted - started, time.process_time() - fitted
    return compare(task, figures, np.random.default_rng(0), ks=ks), cost


def taught(bench: str, names: Sequence[str]) -> tuple[dict[str, tuple[str, Mapping[str, Any]]], str]:
    """The frozen settings of the networks of a bench by label, or none and why they are skipped."""
    if find_spec("torch") is None:
        return {}, "skipped: the extra deep (PyTorch) is not installed"
    chosen = {name: settings(bench, name) for name in names}
    return {name: (one["recommender"], one["parameters"]) for name, one in chosen.items()}, ""


def row(what: str, value: object, unit: str = "", bar: str = "") -> dict[str, Any]:
    """A row of the page of benchmarks."""
    return {"what": what, "value": value, "unit": unit, "bar": bar}


def told(estimate: Estimate, scale: float = 1) -> str:
    """A figure with its interval; ``scale`` 100 for per cent."""
    digits = 4 if scale == 1 else 2
    value, low, high = (
        f"{scale * (part or 0):.{digits}f}" for part in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"
