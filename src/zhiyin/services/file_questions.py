"""Plain files → the questions that they make: read, split and checked as a plan says, every choice told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zhiyin.adapters.sources import ratings as files
from zhiyin.domain.errors import BadFile, Conflict
from zhiyin.domain.text import say
from zhiyin.loop.recommend.data import Data
from zhiyin.loop.recommend.evaluate import splits
from zhiyin.loop.recommend.evaluate.asking import Overlap, keys, replace_log
from zhiyin.loop.recommend.evaluate.task import RatingTask, Task
from zhiyin.loop.recommend.log import Log
from zhiyin.services.rating_files import Ids, Read, doubles, written_times

Split = Literal["given", "time", "last", "users"]
SHARE = 0.2  # of the rows, or of the customers, that a file is split off by default
_VALIDATION = 0.1  # of every customer's rows, where files are split as given


@dataclass(frozen=True, slots=True)
class Plan:
    """How files are split and judged; every choice is told in the report."""

    ks: tuple[int, ...] = (20,)
    form: str = "columns"
    split: Split = "given"
    share: float = SHARE
    repeats: bool = False
    overlap: Overlap = "drop"
    threshold: float | None = None
    fill: bool = True
    trials: int = 1
    canary: bool = False
    seed: int = 0
    apart: bool = True


DEFAULT = Plan()


@dataclass(frozen=True)
class Questions:
    """What files ask: the test, ratings to foretell, what to choose parameters on, and what to know of it."""

    task: Task
    ratings: RatingTask | None = None
    tuning: Task | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()


def questions(train: Path, test: Path | None, validation: Path | None, plan: Plan) -> Questions:
    """The questions of the files. Raises ``BadFile``, and ``Conflict`` where files and plan do not fit.

    ``validation`` may be a part of the training; without it, the training is split as the test was.
    """
    _check(test, validation, plan)
    if plan.form == "sessions" and plan.split == "given":
        return _of_sessions(train, test, plan)
    paths = [path for path in (train, test, validation) if path is not None]
    taken = [files.read(path, plan.form, written_times()) for path in paths]
    ids = Ids.of(taken)
    timed = taken[0].at is not None
    if plan.split == "time" and not timed:
        raise BadFile(
            say("{path} has no times to split by.", path=train),
            fix=say("Add a column timestamp, or choose --split last or users."),
        )
    logs = [ids.log(one, plan.threshold) for one in taken]
    reads = [
        Read(path, one.rows, one.rejects, doubles(log, len(ids.items)), int((log.weight <= 0).sum()))
        for path, one, log in zip(paths, taken, logs, strict=True)
    ]
    rng = np.random.default_rng(plan.seed)
    whole = ids.data(logs[0], timed=timed)
    liked = _liked(whole)
    if plan.split == "given":
        assert test is not None
        question = _given(whole, liked, logs[1], plan)
        tuning = None
        if plan.trials > 1:
            held = logs[2] if validation is not None else None
            tuning = _given_tuning(liked, held, plan, rng)
        if validation is not None:
            added = _joined(liked, logs[2])
            question = _given(_joined(whole, logs[2]), added, logs[1], plan)
    else:
        question = Questions(_split(liked, plan, rng))
        tuning = _split(question.task.data, plan, rng, inner=True) if plan.trials > 1 else None
        if plan.split == "time":
            question = replace(question, ratings=_late_ratings(whole, question.task))
    return _as_planned(question, tuning, _told(reads, question.task), plan)


def _check(test: Path | None, validation: Path | None, plan: Plan) -> None:
    if plan.split == "given" and test is None:
        raise Conflict(
            say("There is no test file."),
            fix=say("Name it with --test, or split one file with --split time, last or users."),
        )
    if plan.split != "given" and (test is not None or validation is not None):
        raise Conflict(
            say("--split {split} takes one file.", split=plan.split),
            fix=say("Leave out --test and --validation, or choose --split given."),
        )
    if plan.form == "sessions" and plan.split in ("time", "users"):
        raise Conflict(
            say("Sessions cannot be split by {split}.", split=plan.split),
            fix=say("Give a test file of prefixes, or choose --split last."),
        )


def nothing_asked(question: Questions) -> Conflict:
    """Why the files make no question at all, as far as it can be told."""
    codes = {told["code"]: told for told in question.warnings}
    why = say("The test holds no item that is new to a customer and on offer.")
    fix = say("Check the files, or allow repeats with --repeats.")
    if "overlap" in codes:
        why = say(
            "All of its {count} pairs of user and item are in training too.", count=codes["overlap"]["count"]
        )
    elif "low_ratings" in codes:
        why = say("{told}", told=codes["low_ratings"]["text"])
        fix = say("Lower --threshold, or take the ratings out of the file.")
    return Conflict(say("There is nothing to evaluate on."), why=why, fix=fix)


def _of_sessions(train: Path, test: Path | None, plan: Plan) -> Questions:
    assert test is not None
    taken, prefixes = files.read(train, "sessions", written_times()), files.read_prefixes(test)
    ids = Ids.of([taken], [prefixes])
    data = ids.data(ids.log(taken, None), timed=False)
    task = splits.sessions(data, *ids.questions(prefixes))
    tuning = splits.leave_last(data, repeats=True, only_learned=True) if plan.trials > 1 else None
    reads = [Read(train, taken.rows, taken.rejects), Read(test, prefixes.rows, prefixes.rejects)]
    return _as_planned(Questions(task), tuning, _told(reads, task), plan)


def _given(whole: Data, liked: Data, test: Log, plan: Plan) -> Questions:
    task = splits.given(liked, test, mask_seen=not plan.repeats, overlap=plan.overlap)
    rated = test
    if plan.overlap == "drop":
        rated = test.rows(~np.isin(keys(test, whole.items), keys(whole.log, whole.items)))
    return Questions(task, splits.ratings(whole, rated))


def _given_tuning(liked: Data, held: Log | None, plan: Plan, rng: np.random.Generator) -> Task:
    """Validation: the file, taken out of training where it is a part of it; else a tenth of everybody's rows."""
    log = liked.log
    if held is None:
        out = rng.random(len(log)) < _VALIDATION
        held, kept = log.rows(out), log.rows(~out)
    else:
        kept = log.rows(~np.isin(keys(log, liked.items), keys(held, liked.items)))
    return splits.given(replace_log(liked, kept), held, mask_seen=not plan.repeats)


def _joined(data: Data, more: Log) -> Data:
    """The data with the pairs of another log that it does not have."""
    log = data.log
    new = more.rows(~np.isin(keys(more, data.items), keys(log, data.items)))
    if not len(new):
        return data
    both = None
    if log.rating is not None and new.rating is not None:
        both = np.concatenate([log.rating, new.rating])
    late = 0 if data.timed else data.now  # rows of the second file come after those of the first
    joined = Log.of(
        np.concatenate([log.user, new.user]),
        np.concatenate([log.item, new.item]),
        np.concatenate([log.at, new.at + late]),
        weight=np.concatenate([log.weight, new.weight]),
        session=np.concatenate([log.session, new.session]),
        rating=both,
    )
    return replace_log(data, joined, now=max(data.now, int(joined.at.max()) + 1))


def _split(data: Data, plan: Plan, rng: np.random.Generator, *, inner: bool = False) -> Task:
    """One file split; ``inner`` splits what training is left once more, to choose parameters on."""
    if plan.split == "time":
        if not len(data.log):
            raise Conflict(say("There is nothing to evaluate on."), fix=say("Check the file."))
        cut = int(data.log.at[int(len(data.log) * (1 - plan.share))])
        until = int(data.log.at[-1]) + 1
        return splits.by_time(data, cut, until, repeats=plan.repeats, only_learned=True, rng=rng)
    if plan.split == "users":
        return splits.held_out_users(data, plan.share, rng, only_learned=True)
    return splits.leave_last(data, repeats=plan.repeats, overlap=plan.overlap, only_learned=True)


def _liked(data: Data) -> Data:
    """The data without rows that do not count as taken."""
    liked = data.log.weight > 0
    return data if liked.all() else replace_log(data, data.log.rows(liked))


def _late_ratings(whole: Data, task: Task) -> RatingTask | None:
    cut = task.data.now
    before, after = whole.log.rows(whole.log.at < cut), whole.log.rows(whole.log.at >= cut)
    return splits.ratings(replace_log(whole, before, now=cut), after)


def _told(reads: Sequence[Read], task: Task) -> list[Mapping[str, Any]]:
    """What a reader of the figures should know of the files."""
    told: list[Mapping[str, Any]] = []
    for read in reads:
        if read.rejects:
            told.append(
                {
                    "code": "rows_rejected",
                    "text": f"{read.path.name}: {sum(read.rejects.values())} of {read.rows} rows were bad.",
                    "reasons": read.rejects,
                }
            )
        if read.doubles:
            text = (
                f"{read.path.name}: {read.doubles} rows repeat a pair of user and item; a pair counts once."
            )
            told.append({"code": "duplicated_pairs", "text": text, "count": read.doubles})
        if read.low:
            text = f"{read.path.name}: {read.low} of {read.rows} rows have a rating that does not count as taken."
            told.append({"code": "low_ratings", "text": text, "count": read.low})
    protocol = task.protocol
    if protocol.overlap and protocol.mask_seen:
        became = "dropped from the test" if protocol.overlap_rule == "drop" else "kept, and each is a miss"
        text = f"{protocol.overlap} pairs of user and item are in training and test; they were {became}."
        told.append({"code": "overlap", "text": text, "count": protocol.overlap})
    if protocol.unknown_items:
        text = f"{protocol.unknown_items} items are in the test only; each is a miss for every model."
        if protocol.unknown_items == len(np.unique(task.targets.indices)):
            text = "No item of the test is in training, so every model misses: do both name items in the same way?"
        told.append({"code": "unknown_items", "text": text, "count": protocol.unknown_items})
    if capped := task.data.capped():
        text = f"{capped} users have more than 500 items; models that multiply columns learn from the latest 500."
        told.append({"code": "capped", "text": text, "count": capped})
    return told


def _as_planned(
    question: Questions, tuning: Task | None, told: Sequence[Mapping[str, Any]], plan: Plan
) -> Questions:
    task = question.task
    task = replace(task, fill=plan.fill, protocol=replace(task.protocol, filled=plan.fill))
    return replace(question, task=task, tuning=tuning, warnings=tuple(told))
