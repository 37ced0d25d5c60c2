"""Training: the ladder of recommenders is put to the test, and the best of it answers at each placement.

Tried and chosen on past weeks (``choosing``), learned anew from everything, published all at once: whoever
is killed on the way leaves the old models answering.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from zhiyin.adapters import models as artifacts
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import Placement, RecommenderModel, TrainingRun
from zhiyin.domain.errors import Conflict
from zhiyin.domain.text import say
from zhiyin.services import catalogue, customer_groups, interactions, placements, recommenders
from zhiyin.services.settings_kept import Learner, kept, setting
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.domain.item import Item
    from zhiyin.loop.recommend.data import Data
    from zhiyin.services.choosing import Asked, Contest, Trial, Watch
    from zhiyin.services.contest import Entry

SEED = 0  # of whatever a recommender draws: the same data give the same model
BUDGET = timedelta(minutes=5)
RUNS = 50  # training runs that are kept
_BASELINE = "popularity"
_NEVER = ("random",)  # there to be compared with, not to answer
_TRYING = 0.5  # share of the budget; the rest is for the test and for learning anew
Progress = Callable[[int, int, str], None]
Found = dict[str, Any]


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
    names = list(dict.fromkeys([_BASELINE, *(models or everyone())]))
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
    settled = _settle(asked, contest, in_use, {one.name: one for one in entries}, force, seed, steps)
    wanted = _wanted(settled, contest, names if named else (), watch)
    made, measured = _learn(ws, run, data, wanted, _at(settled, rows), seed, steps)
    report = kept(_report(ws, data, settled, made, contest, measured))
    steps("Publishing")

    def point() -> None:
        for row in rows:
            told = settled[row.key]
            model = made[Learner.of(told["published"], told["setting"])]
            placements.point(placements.stored(ws, row.key), model, now, told["warning"])
        run.report, run.protocol = report, _protocol(settled)
        run.warnings = report["warnings"]
        run.save()

    with recommenders.publishing(ws):
        _found_again(ws, made)
        recommenders.publish(ws, list(made.values()), point)
    if remembering:
        # whoever was erased meanwhile was read before, and is looked for after the models are there
        gone = [who for who, at in erasure.erased_at(customer_ids).items() if at >= now]
        if gone:
            recommenders.forget(ws, gone)
    steps.end("Published")


def _settle(
    asked: Sequence[Asked],
    contest: Contest,
    in_use: Mapping[str, RecommenderModel],
    entries: Mapping[str, Entry],
    force: bool,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Found]:
    """Who answers at each placement, with the figures that say why; those without questions follow the first."""
    import numpy as np

    from zhiyin.loop.recommend import choose
    from zhiyin.services import choosing

    settled: dict[str, Found] = {}
    tests: dict[tuple[Learner, int], Trial] = {}
    for one in asked:
        key, used = one.placement.key, in_use.get(one.placement.key)
        told: Found = {
            "question": one.placement.question.value,
            "questions": {"validation": one.questions[0], "test": one.questions[1]},
            "in_use": used.name if used else "",
            "warning": "",
        }
        settled[key] = told
        if one.validation is None or one.test is None:
            told |= {"code": "too_few"}
            continue
        tell(f"Comparing for {key}")
        best = contest.best(key)
        choice = choose.winner(
            {name: trial.values[key] for name, trial in best.items()},
            {name: trial.score_seconds[key] for name, trial in best.items()},
            np.random.default_rng(seed),
            in_use=used.name if used else "",
            units=one.validation.units,
        )
        tell(f"Testing for {key}")
        finalists = dict.fromkeys(
            [choice.name, *([used.name] if used and used.name in best else []), _BASELINE]
        )
        tested = {}
        for name in finalists:
            learner = Learner.of(name, best[name].setting), id(one.test.data)
            if learner not in tests or key not in tests[learner].values:
                tests[learner] = choosing.trial(entries[name], best[name].setting, {key: one.test}, seed)
            tested[name] = tests[learner]
        values = {name: trial.values[key] for name, trial in tested.items()}
        rng = np.random.default_rng(seed)
        over = (
            choose.paired(values[choice.name], values[_BASELINE], rng, one.test.units)
            if choice.name != _BASELINE
            else None
        )
        verdict = choose.verdict(over)
        published = choose.published(choice.name, verdict, force=force)
        told |= {
            "code": choice.code,
            "chosen": choice.name,
            "best": choice.best,
            "tied": list(choice.tied),
            "against": choice.against,
            "margin": _plain(choice.margin),
            "over_popularity": _plain(over),
            "verdict": verdict,
            "published": published,
            "setting": dict(best[published].setting),
            "metric": choosing.METRIC,
            "validation": choosing.evaluation(one.validation, key, best, contest, seed).to_dict(),
            "test": choosing.evaluation(one.test, key, tested, None, seed).to_dict(),
        }
        if verdict in ("worse", "no_better") or choice.name == _BASELINE:
            told["warning"] = "no_better_than_popularity"
    return _followed(settled, in_use)


def _followed(settled: dict[str, Found], in_use: Mapping[str, RecommenderModel]) -> dict[str, Found]:
    """Placements with too few questions take the model of the first that had enough, else keep theirs."""
    leader = next((key for key, told in settled.items() if told["code"] != "too_few"), "")
    for key, told in settled.items():
        if told["code"] != "too_few":
            continue
        used = in_use.get(key)
        if leader:
            name, chosen = settled[leader]["published"], settled[leader]["setting"]
        elif used is not None:
            name, chosen = used.name, setting(used.parameters)
        else:
            name, chosen = _BASELINE, {}
        told |= {
            "published": name,
            "setting": chosen,
            "follows": leader,
            "warning": "" if leader else "too_few",
        }
    return settled


def _wanted(
    settled: Mapping[str, Found], contest: Contest, named: Sequence[str], watch: Watch
) -> list[Learner]:
    """Whom to learn anew: those published, popularity, those asked for by name, and as many others as the
    budget holds, the best first, by the first placement that had enough questions to compare them.

    What the first placement publishes comes last of its name: it then answers under that name.
    """
    wanted = dict.fromkeys(
        Learner.of(told["published"], told["setting"]) for told in reversed(list(settled.values()))
    )
    there = {learner.name for learner in wanted}
    first = next((key for key, told in settled.items() if told["code"] != "too_few"), next(iter(settled)))
    best = contest.best(first)
    others = sorted(best, key=lambda name: -best[name].mean(first))
    left = watch.budget - watch.spent
    spent = sum(one.fit_seconds for one in contest.trials if Learner.of(one.name, one.setting) in wanted)
    extra: list[Learner] = []
    for name in dict.fromkeys([_BASELINE, *named, *others]):
        if name in there or (name not in best and name != _BASELINE):
            continue
        took = best[name].fit_seconds * 2 if name in best else 0.0
        if name == _BASELINE or name in named or spent + took < left:
            extra.append(Learner.of(name, best[name].setting if name in best else {}))
            spent += took
    return [*extra, *wanted]


def _learn(
    ws: Workspace,
    run: TrainingRun,
    data: Data,
    wanted: Sequence[Learner],
    at: Mapping[Learner, Sequence[Placement]],
    seed: int,
    tell: Callable[[str], None],
) -> tuple[dict[Learner, RecommenderModel], Found]:
    """The wanted models, learned from everything and saved; nobody answers with them yet.

    With them how fast each replies, and what those of a placement would show there.
    """
    import numpy as np

    from zhiyin.loop.recommend.popularity import popularity
    from zhiyin.loop.recommend.serving import Served, Shelf
    from zhiyin.services import shown

    shelf, fill = Shelf.of(data), popularity(data)
    until = datetime.fromtimestamp(int(data.log.at[-1]) / 1_000_000, UTC)
    items = len(catalogue.all_items(ws))
    made: dict[Learner, RecommenderModel] = {}
    measured: Found = {"reply_ms": {}, "shown": {}}
    for learner in wanted:
        tell(f"Learning {learner.name}")
        factory = recommenders.recommender(learner.name)
        begun, cpu = time.perf_counter(), time.process_time()
        model = factory(**learner.setting)
        parameters = {key: value for key, value in vars(model).items() if key.strip("_") == key}
        served = Served(learner.name, model.fit(data, np.random.default_rng(seed)), shelf, fill)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        card = {
            "class": f"{factory.__module__}:{factory.__qualname__}",
            "parameters": kept(parameters),
            "trained_at": run.started_at,
            "customers": data.users,
            "items": items,
            "interactions": len(data.log),
            "first": datetime.fromtimestamp(int(data.log.at[0]) / 1_000_000, UTC),
            "trained_until": until,
            **({"capped": data.capped(parameters["cap"])} if "cap" in parameters else {}),
            "run": run.pk,
            "setting": kept(learner.setting),
            "seed": seed,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(cpu, 3),
            "versions": {library: version(library) for library in ("zhiyin", "numpy", "scipy")},
        }
        with recommenders.publishing(ws):
            saved = artifacts.save(ws.models, learner.name, served.to_arrays(), card)
        measured["reply_ms"][learner] = shown.reply_ms(served, data)
        for row in at.get(learner, ()):
            measured["shown"][row.key] = shown.shown(served, data, row.noun)
        made[learner] = RecommenderModel(
            name=learner.name,
            version=saved.version,
            path=str(saved.path.relative_to(ws.folder)),
            trained_at=run.started_at,
            trained_until=until,
            seconds=seconds,
            users=data.users,
            items=items,
            interactions=len(data.log),
            parameters=kept(learner.setting),
            run=run,
        )
    return made, measured


def _found_again(ws: Workspace, made: Mapping[Learner, RecommenderModel]) -> None:
    """Versions that somebody was taken out of since they were saved have another number."""
    for learner, row in made.items():
        there = artifacts.versions(ws.models, learner.name)
        if row.version in there:
            continue
        for version_ in reversed(there):
            card = artifacts.card(ws.models, learner.name, version_)
            if (card.get("run"), card.get("setting")) == (row.run_id, row.parameters):
                row.version = version_
                row.path = str((ws.models / learner.name / str(version_)).relative_to(ws.folder))
                break


def _at(settled: Mapping[str, Found], rows: Sequence[Placement]) -> dict[Learner, list[Placement]]:
    """Who answers where."""
    found: dict[Learner, list[Placement]] = {}
    for row in rows:
        told = settled[row.key]
        found.setdefault(Learner.of(told["published"], told["setting"]), []).append(row)
    return found


def _report(
    ws: Workspace,
    data: Data,
    settled: Mapping[str, Found],
    made: Mapping[Learner, RecommenderModel],
    contest: Contest,
    measured: Found,
) -> Found:
    """All that a run found, as plain data without a single customer's id."""
    told: Found = {
        "data": {
            "customers": data.users,
            "items": len(catalogue.all_items(ws)),
            "interactions": len(data.log),
            "first": datetime.fromtimestamp(int(data.log.at[0]) / 1_000_000, UTC).isoformat(),
            "until": datetime.fromtimestamp(int(data.log.at[-1]) / 1_000_000, UTC).isoformat(),
        },
        "placements": {
            key: one | {"version": made[Learner.of(one["published"], one["setting"])].version}
            for key, one in settled.items()
        },
        "models": [
            {
                "name": learner.name,
                "version": model.version,
                "parameters": dict(learner.setting),
                "seconds": round(model.seconds, 3),
                "reply_ms": measured["reply_ms"][learner],
            }
            for learner, model in made.items()
        ],
        "shown": measured["shown"],
        "costs": {one.name: round(one.fit_seconds, 3) for one in contest.trials},
        "skipped": [dict(one) for one in contest.skipped],
    }
    return told | {"warnings": _warnings(settled)}


def _warnings(settled: Mapping[str, Found]) -> list[dict[str, str]]:
    return [
        {
            "code": told["warning"],
            "placement": key,
            "model": told["published"],
            "verdict": told.get("verdict", ""),
        }
        for key, told in settled.items()
        if told["warning"]
    ]


def _protocol(settled: Mapping[str, Found]) -> str:
    """How the first compared placement was judged, in one sentence."""
    for told in settled.values():
        if told["code"] != "too_few":
            return str(told["test"]["protocol"]["told"])
    return ""


def _guesses(rows: int) -> dict[str, float]:
    """Seconds that models took to learn in the last run, in proportion to the rows of then and now."""
    last = TrainingRun.objects.filter(state="done").first()
    if last is None or not last.report.get("costs"):
        return {}
    times = rows / max(last.report["data"]["interactions"], 1)
    return {name: seconds * times for name, seconds in last.report["costs"].items()}


def _plain(estimate: Any) -> Found | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


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
