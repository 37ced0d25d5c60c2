"""A model trained and asked once, and what that cost: in a process of its own, so that costs are its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from threading import Thread
from typing import Any, TypeGuard

import numpy as np

from zhiyin.adapters.children import Children, Lost, peak_mb, serve
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.text import say
from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.evaluate.asking import replace_log
from zhiyin.loop.recommend.evaluate.compare import Cost
from zhiyin.loop.recommend.evaluate.measure import BLOCK, found, rank, rate
from zhiyin.loop.recommend.evaluate.metrics import of_lists
from zhiyin.loop.recommend.evaluate.task import RatingTask, Task
from zhiyin.loop.recommend.interface import Rates, Recommender

THREADS = 2  # that rank at a time; NumPy and SciPy let each other go on
_LOOK = 1.0  # seconds between looks at whether the parent is still there
_MODULE = "zhiyin.services.model_runs"


@dataclass(frozen=True, slots=True)
class Ask:
    """Which model (``module:Class``), with which settings of its parameters, is asked what.

    With several settings only their ``value`` is told: NDCG at ``k``.
    """

    model: str
    task: Task
    k: int
    settings: Sequence[Mapping[str, Any]] = ({},)
    ratings: RatingTask | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What one setting gave: the lists and foretold ratings of the only one, and NDCG at k."""

    parameters: Mapping[str, Any]
    value: float
    cost: Cost
    ranked: I32 | None = None
    foretold: F32 | None = None


def run(ask: Ask, *, apart: bool = True) -> list[Run]:
    """A run for each setting; ``apart`` in a fresh process, which knows the peak of memory.

    Raises what the model raises: ``ZhiyinError``, such as ``MissingExtra``.
    """
    if not apart:
        return _runs(ask, apart=False)
    children = Children(_MODULE)
    try:
        task = replace(
            ask.task, data=replace_log(ask.task.data, ask.task.data.log)
        )  # without what we worked out
        children.ask([replace(ask, task=task)])
        (told,) = children.answers()
    except Lost as lost:
        raise ZhiyinError(
            say("{model} did not finish.", model=ask.model.rpartition(":")[2]),
            why=say("Its process ended; most often memory ran out."),
            fix=say("Try fewer rows or other parameters."),
            code="model_failed",
        ) from lost
    finally:
        children.close()
    if isinstance(told, ZhiyinError):
        raise told
    runs: list[Run] = told
    return runs


def answer(ask: Ask) -> list[Run] | ZhiyinError:
    """The runs, or what went wrong that the user can understand."""
    try:
        return _runs(ask, apart=True)
    except ZhiyinError as error:
        return error


def load(model: str) -> type[Recommender]:
    """The class of ``module:Class``."""
    module, _, name = model.partition(":")
    loaded: type[Recommender] = getattr(import_module(module), name)
    return loaded


def lists(model: Recommender, task: Task, k: int) -> I32:
    """The lists of a fitted model for all questions, ranked by ``THREADS`` threads."""
    starts = range(0, len(task), BLOCK)
    if len(starts) < 2:
        return rank(model, task, k)
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(lambda start: rank(model, task, k, start=start, stop=start + BLOCK), starts)
        return np.concatenate(list(parts))


def _runs(ask: Ask, *, apart: bool) -> list[Run]:
    factory: Callable[..., Recommender] = load(ask.model)
    task = ask.task
    _ = task.tie, task.popular, task.sizes  # the question's, not the model's cost
    runs = []
    for setting in ask.settings:
        started = time.process_time()
        model = _fitted(factory, setting, ask.task.data, ask.seed)
        fitted = time.process_time()
        ranked = lists(model, task, ask.k)
        asked = time.process_time()
        foretold = None if ask.ratings is None else _foretold(ask, factory, setting, model)
        value = of_lists(found(ranked, task.targets), task.sizes, [ask.k])[f"ndcg@{ask.k}"]
        cost = Cost(fitted - started, asked - fitted, peak_mb() if apart else None)
        only = len(ask.settings) == 1
        runs.append(
            Run(
                setting,
                float(value.mean()) if len(value) else 0.0,
                cost,
                ranked if only else None,
                foretold if only else None,
            )
        )
    return runs


def _fitted(
    factory: Callable[..., Recommender], setting: Mapping[str, Any], data: Any, seed: int
) -> Recommender:
    # fresh data: a model pays for what it has worked out, even if the question needed it too
    return factory(**setting).fit(replace_log(data, data.log), np.random.default_rng(seed))


def _foretold(
    ask: Ask, factory: Callable[..., Recommender], setting: Mapping[str, Any], model: Recommender
) -> F32 | None:
    """The ratings of the test as the model foretells them, None for one that does not."""
    assert ask.ratings is not None
    if len(ask.ratings.data.log) != len(ask.task.data.log):  # low ratings teach what not to like
        model = _fitted(factory, setting, ask.ratings.data, ask.seed) if _foretells(model) else model
    return rate(model, ask.ratings) if _foretells(model) else None


def _foretells(model: Recommender) -> TypeGuard[Rates]:
    # a protocol would be content with a learning rate of that name
    return callable(getattr(model, "rate", None))


def _end_with(parent: int) -> None:
    """Leave when the parent is gone: a model may learn for an hour, and nobody waits for it any more."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


if __name__ == "__main__":
    from zhiyin.services import model_runs  # under its own name, by which the parent knows what is answered

    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(model_runs.answer, lambda: None)
