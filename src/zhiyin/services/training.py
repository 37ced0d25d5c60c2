"""Training: the ladder of recommenders is put to the test, and the best of it answers at each placement.

Tried and chosen on past weeks (``choosing``), learned anew from everything, published all at once: whoever
is killed on the way leaves the old models answering.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Placement, TrainingRun
from zhiyin.domain.errors import Conflict
from zhiyin.domain.text import say
from zhiyin.services import (
    catalogue,
    customer_groups,
    interactions,
    learning,
    placements,
    recommenders,
    settling,
    training_report,
)
from zhiyin.services.settings_kept import Learner, kept, setting
from zhiyin.services.settling import BASELINE
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.domain.item import Item
    from zhiyin.loop.recommend.data import Data
    from zhiyin.services.choosing import Watch

SEED = 0  # of whatever a recommender draws: the same data give the same model
BUDGET = timedelta(minutes=5)
RUNS = 50  # training runs that are kept
_NEVER = ("random",)  # there to be compared with, not to answer
_TRYING = 0.5  # share of the budget; the rest is for the test and for learning anew
Progress = Callable[[int, int, str], None]


def train(
    ws: Workspace,
    models: Sequence[str] | None = None,
    *,
    budget: timedelta = BUDGET,
    placed: Sequence[str] | None = None,
    force: bool = False,
    seed: int = SEED,
    on_progress: Progress | None = None,
) -> TrainingRun:
    """Find the best model for each placement within a time budget, learn it from everything, and publish it.

    All recommenders take part unless some are named; popularity always does. ``placed`` names the placements
    (default: all). A model that is worse than popularity is not published unless ``force``. Raises
    ``NotFound`` for an unknown name, ``Conflict`` where there are no items or no interactions, ``Busy`` while
    another training runs.
    """
    from zhiyin.services.choosing import Watch

    rows = [placements.get(ws, key) for key in placed] if placed else placements.all_(ws)
    names = list(dict.fromkeys([BASELINE, *(models or everyone())]))
    for name in names:
        recommenders.recommender(name)  # unknown ones are told before anything is read
    watch, cpu = Watch(budget.total_seconds()), time.process_time()
    with lease(ws.folder / "train.lock", say("Another training is running.")):
        TrainingRun.objects.filter(state="running").update(state="failed")  # killed, or we had no lease
        run = TrainingRun.objects.create(started_at=ws.now(), budget=budget.total_seconds())
        try:
            _train(ws, run, rows, names, bool(models), watch, force, seed, on_progress or _quiet)
        except BaseException:
            run.state, run.finished_at = "failed", ws.now()
            run.save()
            raise
        run.state, run.finished_at = "done", ws.now()
        run.seconds, run.cpu_seconds = watch.spent, time.process_time() - cpu
        run.save()
        old = TrainingRun.objects.values_list("pk", flat=True)[RUNS:]
        TrainingRun.objects.filter(pk__in=list(old)).delete()
    return run


def everyone() -> list[str]:
    """The recommenders that take part by default, the known ladder first."""
    return [name for name in recommenders.names() if name not in _NEVER]


def read(ws: Workspace, now: datetime, *, remembering: bool = False) -> tuple[Data, list[str]]:
    """Everything that recommenders learn from, up to ``now``, and whose it is.

    With digests of the customers if some of the models remember them. Raises ``Conflict`` where there is nothing.
    """
    from zhiyin.loop.recommend.histories import learned

    items = list(catalogue.all_items(ws).values())
    rows = interactions.everybodys(ws, until=now + timedelta(microseconds=1))
    require(rows, items)
    digests = partial(recommenders.digests, ws) if remembering else None
    known = partial(customer_groups.attributes, ws)
    return learned(rows, items, now, digests, known), rows["customer_id"].unique().to_pylist()


def require(rows: pa.Table | None, items: Sequence[Item]) -> None:
    """Raises ``Conflict`` where there are no items or no interactions to learn from."""
    if not items:
        raise Conflict(
            say("There are no items to recommend."),
            why=say("The lake's catalogue is empty."),
            fix=say("Import it: zhiyin import items FILE."),
        )
    if rows is None or not rows.num_rows:
        raise Conflict(
            say("There is nothing to learn from."),
            why=say("No known customer bought, added or viewed an item in this time."),
            fix=say("Import orders or events: zhiyin import orders FILE."),
        )


# -- the steps -----------------------------------------------------------------------------------------------


def _train(
    ws: Workspace,
    run: TrainingRun,
    rows: Sequence[Placement],
    names: Sequence[str],
    named: bool,
    watch: Watch,
    force: bool,
    seed: int,
    progress: Progress,
) -> None:
    from zhiyin.services import choosing
    from zhiyin.services.contest import Entry

    now = run.started_at
    steps = _Steps(progress, 4 * len(names))
    in_use = {row.key: row.model for row in rows if row.model is not None}
    taking_part = dict.fromkeys([*names, *(row.name for row in in_use.values())])
    entries = [Entry(name, "", recommenders.recommender(name)) for name in taking_part]
    remembering = any(recommenders.remembers(one.factory) for one in entries)
    steps("Reading interactions")
    data, customer_ids = read(ws, now, remembering=remembering)
    steps("Asking questions")
    asked = choosing.asked(data, [row.noun for row in rows], seed)
    tasks = {one.placement.key: one.validation for one in asked if one.validation is not None}
    contest = choosing.Contest([], [])
    if tasks:
        contest = choosing.try_all(
            entries,
            tasks,
            {row.name: setting(row.parameters) for row in in_use.values()},
            _guesses(len(data.log)),
            watch,
            share=_TRYING,
            seed=seed,
            tell=steps,
        )
    settled = settling.settle(asked, contest, in_use, {one.name: one for one in entries}, force, seed, steps)
    wanted = settling.wanted(settled, contest, names if named else (), watch)
    made, measured = learning.learn(ws, run, data, wanted, settling.at(settled, rows), seed, steps)
    report = kept(training_report.report(ws, data, settled, made, contest, measured))
    steps("Publishing")

    def point() -> None:
        for row in rows:
            told = settled[row.key]
            model = made[Learner.of(told["published"], told["setting"])]
            placements.point(placements.stored(ws, row.key), model, now, told["warning"])
        run.report, run.protocol = report, training_report.protocol(settled)
        run.warnings = report["warnings"]
        run.save()

    with recommenders.publishing(ws):
        learning.found_again(ws, made)
        recommenders.publish(ws, list(made.values()), point)
    if remembering:
        # whoever was erased meanwhile was read before, and is looked for after the models are there
        gone = [who for who, at in erasure.erased_at(customer_ids).items() if at >= now]
        if gone:
            recommenders.forget(ws, gone)
    steps.end("Published")


def _guesses(rows: int) -> dict[str, float]:
    """Seconds that models took to learn in the last run, in proportion to the rows of then and now."""
    last = TrainingRun.objects.filter(state="done").first()
    if last is None or not last.report.get("costs"):
        return {}
    times = rows / max(last.report["data"]["interactions"], 1)
    return {name: seconds * times for name, seconds in last.report["costs"].items()}


class _Steps:
    """Progress of which the end is not known before: never beyond it."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self, label: str) -> None:
        self._done = min(self._done + 1, self._total - 1)
        self._progress(self._done, self._total, label)

    def end(self, label: str) -> None:
        """All is done."""
        self._progress(self._total, self._total, label)


def _quiet(done: int, total: int, label: str) -> None:
    pass
