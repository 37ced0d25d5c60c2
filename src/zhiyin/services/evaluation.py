"""Evaluation: how well each recommender would have foreseen what was bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict
from zhiyin.domain.text import say
from zhiyin.services import catalogue, customer_groups, interactions, recommenders
from zhiyin.services.training import SEED, Progress, require
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.loop.recommend.evaluate.compare import Evaluation
    from zhiyin.loop.recommend.evaluate.task import Slice, Task

KIND = "bought"  # what is to be foreseen
_TEST_DAYS = 30
_TEST_SHARE = 0.2
_MOST_CUSTOMERS = 20_000
_MOST_SEGMENTS = 20  # figures are told of


def evaluate(
    ws: Workspace,
    names: Sequence[str] | None = None,
    ks: Sequence[int] = (20,),
    *,
    days: float | None = None,
    repeats: bool = False,
    canary: bool = False,
    seed: int = SEED,
    on_progress: Progress | None = None,
) -> Evaluation:
    """How well each recommender would have foreseen the last ``days``, trained on what came before them.

    By default the last fifth of the time that the interactions cover, 30 days at most. Popularity always
    takes part: it is what the others are compared with. The figures are kept with the active models.
    """
    import numpy as np

    from zhiyin.loop.recommend.data import moment
    from zhiyin.loop.recommend.evaluate import BASELINE, splits
    from zhiyin.loop.recommend.histories import learned
    from zhiyin.loop.recommend.queries import LATEST
    from zhiyin.services.contest import contest, entry

    now = ws.now()
    tell = on_progress or _quiet
    entries = [entry(name) for name in dict.fromkeys([BASELINE, *(names or recommenders.LADDER)])]
    items = list(catalogue.all_items(ws).values())
    first, last = interactions.span(ws, now) or (now, now)
    until = last + timedelta(microseconds=1)
    window = timedelta(days=days) if days else min((until - first) * _TEST_SHARE, timedelta(days=_TEST_DAYS))
    cut = until - window
    tell(0, len(entries) + 1, "Reading interactions")
    rows = interactions.everybodys(ws, until=until)
    require(rows, items)
    data = learned(rows, items, until, attributes=partial(customer_groups.attributes, ws))
    rng = np.random.default_rng(seed)
    task = splits.by_time(
        data,
        moment(cut),
        moment(until),
        repeats=repeats,
        kind=KIND,
        latest=LATEST,
        most=_MOST_CUSTOMERS,
        rng=rng,
    )
    if not len(task):
        raise _nothing(cut, repeats)
    task = replace(task, slices={**task.slices, **_by_segment(ws, rows, task, cut)})
    found = contest(entries, task, ks, rng, canary=canary, seed=seed, apart=False, on_progress=on_progress)
    for name in found.models:
        RecommenderModel.objects.filter(name=name, active=True).update(evaluation=found.to_dict(name))
    return found


def _by_segment(ws: Workspace, rows: pa.Table, task: Task, cut: datetime) -> Mapping[str, Slice]:
    """The questions by the segments that their customers were in at the cut; a customer may be in several."""
    import numpy as np
    import pyarrow.compute as pc

    from zhiyin.loop.recommend.evaluate.task import Slice
    from zhiyin.loop.recommend.histories import customers
    from zhiyin.services import segments

    keys = [segment.key for segment in segments.list_(ws)][:_MOST_SEGMENTS]
    if not keys:
        return {}
    marked = segments.marked(ws, keys, cut)
    place = pc.index_in(customers(rows).take(task.users), value_set=marked["customer_id"])
    inside = [pc.fill_null(marked[key].take(place), False).to_numpy() for key in keys]
    return {"segment": Slice(tuple(keys), np.column_stack(inside).astype(np.bool_))}


def _nothing(cut: datetime, repeats: bool) -> Conflict:
    return Conflict(
        say("There is nothing to evaluate on."),
        why=say("Nobody known before {day} bought anything after it.", day=f"{cut:%Y-%m-%d}")
        if repeats
        else say("Nobody known before {day} bought anything new after it.", day=f"{cut:%Y-%m-%d}"),
        fix=say("Import more orders, or choose another number of days."),
    )


def _quiet(done: int, total: int, label: str) -> None:
    pass
