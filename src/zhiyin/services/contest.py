"""Models put to the same questions: settings chosen on validation, the test answered once, all of it compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zhiyin.adapters import plugins
from zhiyin.domain.errors import ZhiyinError
from zhiyin.loop.recommend import ENTRY_POINTS, RECOMMENDERS
from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.evaluate import BASELINE, leaks, metrics
from zhiyin.loop.recommend.evaluate.compare import Evaluation, Scored, compare
from zhiyin.loop.recommend.evaluate.measure import figures
from zhiyin.loop.recommend.evaluate.ratings import MEAN, compare_ratings
from zhiyin.loop.recommend.evaluate.task import RatingTask, Task
from zhiyin.loop.recommend.evaluate.tune import Trial, best, settings
from zhiyin.loop.recommend.interface import Recommender, lacking
from zhiyin.services import model_runs
from zhiyin.services.model_runs import Ask, Run
from zhiyin.stats import bootstrap

Progress = Callable[[int, int, str], None]
FEW = 30  # questions; fewer tell next to nothing


@dataclass(frozen=True, slots=True)
class Entry:
    """A recommender that takes part: its name, where it is (``module:Class``), and its class."""

    name: str
    path: str
    factory: type[Recommender]


def entry(name: str) -> Entry:
    """The recommender of that name. Raises ``NotFound``, listing the known names."""
    factory = plugins.load(ENTRY_POINTS, RECOMMENDERS, name)
    return Entry(name, plugins.paths(ENTRY_POINTS, RECOMMENDERS)[name], factory)


def contest(
    entries: Sequence[Entry],
    task: Task,
    ks: Sequence[int],
    rng: np.random.Generator,
    *,
    tuning: Task | None = None,
    trials: int = 1,
    ratings: RatingTask | None = None,
    warnings: Sequence[Mapping[str, Any]] = (),
    canary: bool = False,
    seed: int = 0,
    apart: bool = True,
    on_progress: Progress | None = None,
) -> Evaluation:
    """The evaluation of the models that can take part; the others are told with what they lack.

    ``tuning`` are questions to choose parameters on, ``trials`` of each model, the same number for all.
    """
    tell = on_progress or _quiet
    runs: dict[str, Run] = {}
    tried: dict[str, list[Trial]] = {}
    skipped: list[dict[str, str]] = []
    for done, entry in enumerate(entries, 1):
        tell(done, len(entries) + 1, f"Evaluating {entry.name}")
        missing = lacking(entry.factory, task.data)
        if missing:
            skipped.append({"model": entry.name, "reason": f"The data have no {' and no '.join(missing)}."})
            continue
        try:
            setting: Mapping[str, Any] = {}
            if tuning is not None and len(tuning):
                tried[entry.name] = _trials(entry, tuning, max(ks), trials, seed, apart)
                setting = best(tried[entry.name]).parameters
            ask = Ask(entry.path, task, max(ks), (setting,), ratings, seed)
            (runs[entry.name],) = model_runs.run(ask, apart=apart)
        except ZhiyinError as error:  # one that cannot take part does not stop the others
            skipped.append({"model": entry.name, "reason": error.told})
    lists = {name: run.ranked for name, run in runs.items() if run.ranked is not None}
    found = compare(
        task,
        {name: figures(ranked, task, ks) for name, ranked in lists.items()},
        rng,
        ks=ks,
        costs={name: run.cost for name, run in runs.items()},
        parameters={
            entry.name: _parameters(entry, runs[entry.name]) for entry in entries if entry.name in runs
        },
        trials={name: [_told(trial, max(ks)) for trial in all_of] for name, all_of in tried.items()},
        warnings=[*warnings, *_leaks(task), *_few(task), *(_canary(lists, task, rng) if canary else ())],
        skipped=skipped,
        seed=seed,
    )
    if ratings is not None:
        found = _with_ratings(found, ratings, runs, rng)
    tell(len(entries) + 1, len(entries) + 1, "Evaluated")
    return replace(found, warnings=(*found.warnings, *_no_better(found)))


def _trials(entry: Entry, tuning: Task, k: int, count: int, seed: int, apart: bool) -> list[Trial]:
    wanted = settings(entry.factory.PARAMETERS, count, np.random.default_rng(seed))
    runs = model_runs.run(Ask(entry.path, tuning, k, tuple(wanted), None, seed), apart=apart)
    return [Trial(run.parameters, run.value) for run in runs]


def _parameters(entry: Entry, run: Run) -> dict[str, Any]:
    """The parameters a model ran with, defaults included."""
    stored = {
        key: value for key, value in vars(entry.factory(**run.parameters)).items() if not key.endswith("_")
    }
    return {key: dict(value) if isinstance(value, Mapping) else value for key, value in stored.items()}


def _told(trial: Trial, k: int) -> dict[str, Any]:
    return {"parameters": dict(trial.parameters), f"validation_ndcg@{k}": trial.value}


def _with_ratings(
    found: Evaluation, ratings: RatingTask, runs: Mapping[str, Run], rng: np.random.Generator
) -> Evaluation:
    foretold: dict[str, F32] = {name: run.foretold for name, run in runs.items() if run.foretold is not None}
    if not foretold or not len(ratings.ratings):
        return found
    models = dict(found.models)
    for name, rated in compare_ratings(ratings, foretold, rng).items():
        scored = models.get(name, Scored({}, {}))
        models[name] = replace(scored, figures={**scored.figures, "rmse": rated.rmse, "mae": rated.mae})
    told = {**found.definitions, **metrics.ERRORS, MEAN: "everybody gives everything the mean of training"}
    return replace(found, models=models, definitions=told)


def _leaks(task: Task) -> list[dict[str, Any]]:
    """Every leak there is; a figure with one is worth nothing."""
    return [
        {"code": "leak", "text": f"Leak, {leak.code.replace('_', ' ')}: {leak.count}.", "count": leak.count}
        for leak in leaks.look(task)
    ]


def _few(task: Task) -> list[dict[str, Any]]:
    if len(task) >= FEW:
        return []
    return [
        {
            "code": "too_few",
            "text": f"Only {len(task)} questions: they tell next to nothing.",
            "count": len(task),
        }
    ]


def _canary(lists: Mapping[str, I32], task: Task, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Models that find more of the answers of others than popularity does."""
    drawn = rng.integers(0, 2**32)
    swapped = {
        name: leaks.canary(ranked, task, np.random.default_rng(drawn)) for name, ranked in lists.items()
    }
    told = []
    for name, recall in swapped.items():
        if name == BASELINE or BASELINE not in swapped:
            continue
        over = bootstrap.paired_difference(recall, swapped[BASELINE], rng)
        if over.low is not None and over.low > 0:
            text = f"{name} finds answers that were swapped between questions: it reads what it should not."
            told.append({"code": "canary", "text": text, "model": name})
    return told


def _no_better(found: Evaluation) -> list[dict[str, Any]]:
    """Where the best model is not surely better than popularity."""
    first = next(iter(found.models), None)
    if first is None or first == BASELINE:
        return (
            [{"code": "no_better_than_popularity", "text": "No model did better than popularity."}]
            if first
            else []
        )
    over = found.over_baseline(first, f"ndcg@{found.k}")
    if over is None or over.difference.low is None or over.difference.low > 0:
        return []
    text = f"{first} is best, but its lead over popularity may be chance."
    return [{"code": "no_better_than_popularity", "text": text, "model": first}]


def _quiet(done: int, total: int, label: str) -> None:
    pass
