"""Choosing: models put to each placement's own questions, tuned and picked on validation, tested once.

Validation and test are two stretches of time, one after the other, before now. Parameters and winners come from
the first; the second is only reported, and may veto.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.placement import Placement, Question
from zhiyin.domain.text import Text, dump, say
from zhiyin.loop.recommend import choose
from zhiyin.loop.recommend.arrays import DAY, F64, I32
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate import BASELINE, placed, splits
from zhiyin.loop.recommend.evaluate.compare import Cost, Evaluation, compare
from zhiyin.loop.recommend.evaluate.measure import Figures, found
from zhiyin.loop.recommend.evaluate.metrics import of_lists
from zhiyin.loop.recommend.evaluate.task import Task
from zhiyin.loop.recommend.evaluate.tune import settings
from zhiyin.loop.recommend.evaluate.variety import of_all
from zhiyin.loop.recommend.interface import Priced, lacking
from zhiyin.loop.recommend.queries import LATEST
from zhiyin.services.contest import Entry
from zhiyin.services.model_runs import lists

K = 10  # length of the lists that are judged
FEW = 30  # questions; on fewer nothing is compared
ENOUGH = 200  # customers asked by time; with fewer, the last purchase of each may give more questions
MOST = 5_000  # questions of a placement, drawn at random
_LEAST, _SCORES = (
    1_000,
    200_000_000,
)  # fewer where all items to all questions would be too many scores to make
TEST_DAYS, TEST_SHARE = 28, 0.2
METRIC = f"ndcg@{K}"
Tell = Callable[[str], None]
Setting = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of a placement: to choose by, and to test with. None where there are too few."""

    placement: Placement
    validation: Task | None
    test: Task | None
    questions: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Trial:
    """A model with one setting, asked at every placement: its lists there, and what it took."""

    name: str
    setting: Setting
    lists: Mapping[str, I32]
    values: Mapping[str, F64]
    fit_seconds: float
    score_seconds: Mapping[str, float]

    def mean(self, placement: str) -> float:
        """Its figure at a placement."""
        values = self.values[placement]
        return float(values.mean()) if len(values) else 0.0


@dataclass(slots=True)
class Watch:
    """The time that is left. ``clock`` gives seconds."""

    budget: float
    clock: Callable[[], float] = time.perf_counter
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.started

    def over(self, share: float = 1.0) -> bool:
        """Whether that share of the budget is spent."""
        return self.spent >= self.budget * share


@dataclass(frozen=True, slots=True)
class Contest:
    """Every trial that was made, and the models that took no part, with the reason."""

    trials: Sequence[Trial]
    skipped: Sequence[Mapping[str, str]]

    def best(self, placement: str) -> dict[str, Trial]:
        """The best setting of each model at a placement, the earlier of equals."""
        found: dict[str, Trial] = {}
        for trial in self.trials:
            held = found.get(trial.name)
            if placement in trial.values and (held is None or trial.mean(placement) > held.mean(placement)):
                found[trial.name] = trial
        return found


def asked(data: Data, placements: Iterable[Placement], seed: int) -> list[Asked]:
    """The questions of each placement from the last stretch of time and from the one before it."""
    log = data.log
    last, first = int(log.at[-1]) + 1, int(log.at[0])
    window = min(TEST_DAYS * DAY, int((last - first) * TEST_SHARE))
    test_cut, validation_cut = last - window, last - 2 * window
    stretches = [(validation_cut, test_cut), (test_cut, last)]
    learned = [placed.before(data, cut) for cut, _ in stretches]
    return [_asked(data, placement, stretches, learned, seed) for placement in placements]


def try_all(
    entries: Sequence[Entry],
    tasks: Mapping[str, Task],
    in_use: Mapping[str, Setting],
    guesses: Mapping[str, float],
    watch: Watch,
    *,
    share: float,
    seed: int,
    tell: Tell,
) -> Contest:
    """The contest on validation: every model with its defaults, then more settings of those that did best.

    ``in_use`` gives the settings of the models in use, which take part as they are. ``guesses`` are seconds
    that a model is known to take; a model that knows its own cost says so. What the share of the budget does
    not hold is left out, with that reason.
    """
    data = next(iter(tasks.values())).data
    by_name = {entry.name: entry for entry in entries}
    trials: list[Trial] = []
    skipped: list[dict[str, str]] = []
    costs: dict[str, float | None] = {}
    for entry in entries:
        missing = lacking(entry.factory, data)
        if missing:
            skipped.append(
                _left(entry.name, say("It needs {missing}, of which there are none.", missing=list(missing)))
            )
        else:
            costs[entry.name] = _cost(entry, data, guesses)
    plan = choose.plan(costs, watch.budget * share)
    for name, seconds in plan.refused.items():
        text = say("It would take about {seconds:,.0f} s, which the budget does not hold.", seconds=seconds)
        skipped.append(_left(name, text))
    for name in plan.order:
        if watch.over(share) and trials:
            skipped.append(_left(name, say("The budget was used up before its turn.")))
            continue
        wanted: list[Setting] = [in_use[name]] if in_use.get(name) else []
        for setting in [*wanted, {}]:
            tell(f"Trying {name}")
            try:
                trials.append(trial(by_name[name], setting, tasks, seed))
            except ZhiyinError as error:  # one that cannot take part does not stop the others
                skipped.append(_left(name, error.told))
                break
    for keep, count in choose.ROUNDS:
        contest = Contest(trials, skipped)
        for name in _going_on(contest, tasks, keep):
            done = [one.setting for one in trials if one.name == name]
            space = settings(by_name[name].factory.PARAMETERS, count, np.random.default_rng(seed))
            took = max(
                one.fit_seconds + sum(one.score_seconds.values()) for one in trials if one.name == name
            )
            for setting in space:
                if setting in done:
                    continue
                if watch.spent + took > watch.budget * share:
                    break
                tell(f"Trying {name}, setting {len(done) + 1}")
                done.append(setting)
                try:
                    trials.append(trial(by_name[name], setting, tasks, seed))
                except ZhiyinError as error:  # a setting that needs an extra which is not installed, for one
                    skipped.append(_left(name, error.told))
    return Contest(trials, skipped)


def trial(entry: Entry, setting: Setting, tasks: Mapping[str, Task], seed: int) -> Trial:
    """One setting learned and asked at every placement; learned once for tasks that share their data."""
    models: dict[int, Any] = {}
    ranked: dict[str, I32] = {}
    values: dict[str, F64] = {}
    fit, score = 0.0, {}
    for key, task in tasks.items():
        begun = time.perf_counter()
        model = models.get(id(task.data))
        if model is None:
            model = entry.factory(**setting).fit(task.data, np.random.default_rng(seed))
            models[id(task.data)] = model
            fit = max(fit, time.perf_counter() - begun)
        begun = time.perf_counter()
        ranked[key] = lists(model, task, K)
        score[key] = time.perf_counter() - begun
        values[key] = of_lists(found(ranked[key], task.targets), task.sizes, [K])[METRIC]
    return Trial(entry.name, setting, ranked, values, fit, score)


def evaluation(
    task: Task, key: str, best: Mapping[str, Trial], contest: Contest | None, seed: int
) -> Evaluation:
    """The models compared at a placement, with intervals; with all their trials where a contest is given."""
    tried: dict[str, list[dict[str, Any]]] = {}
    for one in contest.trials if contest else ():
        if key in one.values:
            tried.setdefault(one.name, []).append(
                {"parameters": dict(one.setting), f"validation_{METRIC}": round(one.mean(key), 6)}
            )
    return compare(
        task,
        {name: _figures(one.lists[key], task) for name, one in best.items()},
        np.random.default_rng(seed),
        ks=[K],
        costs={name: Cost(one.fit_seconds, one.score_seconds[key]) for name, one in best.items()},
        parameters={name: one.setting for name, one in best.items()},
        trials=tried,
        skipped=contest.skipped if contest else (),
        seed=seed,
    )


def _figures(ranked: I32, task: Task) -> Figures:
    """What a comparison shows; not all there is, since intervals of hundreds of figures take their time."""
    found_of = of_lists(found(ranked, task.targets), task.sizes, [K])
    shown = {name: found_of[f"{name}@{K}"] for name in ("recall", "ndcg", "hit_rate")}
    return Figures({f"{name}@{K}": values for name, values in shown.items()}, of_all(ranked, task, K))


def _asked(
    data: Data, placement: Placement, stretches: Sequence[tuple[int, int]], learned: Sequence[Data], seed: int
) -> Asked:
    rng = np.random.default_rng(seed)
    most = max(_LEAST, min(MOST, _SCORES // max(data.items, 1)))
    tasks = [
        placed.placed(
            data, train, placement.question, cut, until, repeats=placement.repeats, most=most, rng=rng
        )
        for (cut, until), train in zip(stretches, learned, strict=True)
    ]
    if placement.question is Question.NEXT and min(map(len, tasks)) < ENOUGH:
        last = [_last(data, placement, hold, most, rng) for hold in (2, 1)]
        if min(map(len, last)) > min(map(len, tasks)):
            tasks = last
    validation, test = tasks
    enough = min(len(validation), len(test)) >= FEW
    counts = len(validation), len(test)
    return Asked(placement, validation if enough else None, test if enough else None, counts)


def _last(data: Data, placement: Placement, hold: int, most: int, rng: np.random.Generator) -> Task:
    return splits.leave_last(
        data, hold=hold, repeats=placement.repeats, kind=placed.BOUGHT, latest=LATEST, most=most, rng=rng
    )


def _cost(entry: Entry, data: Data, guesses: Mapping[str, float]) -> float | None:
    if entry.name == BASELINE:
        return 0.0
    if entry.name in guesses:
        return guesses[entry.name]
    factory: Any = entry.factory
    return float(factory.cost(data)) if isinstance(factory, Priced) else None


def _left(name: str, why: Text) -> dict[str, str]:
    """A model that took no part: the reason in English, and ``said`` to be told in any language."""
    return {"model": name, "reason": str(why), "said": dump(why)}


def _going_on(contest: Contest, tasks: Mapping[str, Task], keep: int) -> list[str]:
    """The best few of every placement; popularity is tuned like the others, to be beaten honestly."""
    names: dict[str, None] = {BASELINE: None}
    for key in tasks:
        means = {name: one.mean(key) for name, one in contest.best(key).items()}
        names.update(dict.fromkeys(choose.halve(means, keep)))
    return list(names)
