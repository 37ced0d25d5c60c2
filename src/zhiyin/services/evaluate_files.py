"""Evaluation of plain files, outside any workspace, so that published tables can be reproduced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zhiyin.adapters import plugins
from zhiyin.loop.recommend import ENTRY_POINTS, RECOMMENDERS
from zhiyin.loop.recommend.evaluate import BASELINE
from zhiyin.loop.recommend.evaluate.compare import Evaluation
from zhiyin.services.contest import Entry, Progress, contest, entry
from zhiyin.services.file_questions import DEFAULT, Plan, nothing_asked, questions


def run(
    train: Path,
    test: Path | None = None,
    models: Sequence[str] | None = None,
    plan: Plan = DEFAULT,
    *,
    validation: Path | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """The models, and popularity, on the questions that the files make.

    Where ``models`` is None, all that need no extra. With ``plan.trials`` above 1 each model first tries so many
    settings of its parameters on validation data, split off the training as the test was, or given as a file;
    the test is touched once. Raises ``BadFile``, ``Conflict``, and ``NotFound`` for an unknown model.
    """
    entries = chosen(models)
    tell = on_progress or _quiet
    tell(0, len(entries) + 1, "Reading")
    question = questions(train, test, validation, plan)
    if not len(question.task):
        raise nothing_asked(question)
    return contest(
        entries,
        question.task,
        plan.ks,
        np.random.default_rng(plan.seed),
        tuning=question.tuning,
        trials=plan.trials,
        ratings=question.ratings,
        warnings=question.warnings,
        canary=plan.canary,
        seed=plan.seed,
        apart=plan.apart,
        on_progress=on_progress,
    )


def chosen(models: Sequence[str] | None) -> list[Entry]:
    """The recommenders of these names, popularity first; all that need no extra where it is None."""
    known = plugins.paths(ENTRY_POINTS, RECOMMENDERS)
    entries = [entry(name) for name in dict.fromkeys([BASELINE, *(known if models is None else models)])]
    if models is not None:
        return entries
    return [one for one in entries if not any(need.startswith("extra:") for need in one.factory.REQUIRES)]


def _quiet(done: int, total: int, label: str) -> None:
    pass
