"""Evaluation: how well each recommender would have foreseen what was bought."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict
from zhiyin.domain.text import say
from zhiyin.services import catalogue, interactions, recommenders
from zhiyin.services.training import SEED, Progress, able, require
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.loop.recommend.evaluate import Evaluation

_TEST_DAYS = 30
_TEST_SHARE = 0.2
_MOST_CUSTOMERS = 20_000


def evaluate(
    ws: Workspace,
    names: Sequence[str] | None = None,
    k: int = 20,
    *,
    days: float | None = None,
    repeats: bool = False,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Evaluation:
    """How well each recommender would have foreseen the last ``days``, trained on what came before them.

    By default the last fifth of the time that the interactions cover, 30 days at most. Popularity always
    takes part: it is what the others are compared with. The figures are kept with the active models.
    """
    import numpy as np

    from zhiyin.loop.recommend import evaluate as evaluation
    from zhiyin.loop.recommend.histories import learned
    from zhiyin.loop.recommend.popularity import popularity
    from zhiyin.loop.recommend.serving import Served, Shelf

    now = ws.now()
    tell = on_progress or _quiet
    wanted = list(dict.fromkeys([evaluation.BASELINE, *(names or recommenders.LADDER)]))
    factories = {name: recommenders.recommender(name) for name in wanted}
    items = list(catalogue.all_items(ws).values())
    first, last = interactions.span(ws, now) or (now, now)
    until = last + timedelta(microseconds=1)
    window = timedelta(days=days) if days else min((until - first) * _TEST_SHARE, timedelta(days=_TEST_DAYS))
    cut = until - window
    tell(0, len(wanted) + 1, "Reading interactions")
    before, after = (
        interactions.everybodys(ws, until=cut),
        interactions.everybodys(ws, since=cut, until=until),
    )
    require(before, items)
    rng = np.random.default_rng(seed)
    asked = evaluation.task(before, after, items, cut, repeats=repeats, most=_MOST_CUSTOMERS, rng=rng)
    if not asked.customer_ids:
        raise Conflict(
            say("There is nothing to evaluate on."),
            why=say("Nobody known before {day} bought anything after it.", day=f"{cut:%Y-%m-%d}")
            if repeats
            else say("Nobody known before {day} bought anything new after it.", day=f"{cut:%Y-%m-%d}"),
            fix=say("Import more orders, or choose another number of days."),
        )
    data = learned(before, items, cut)
    shelf, fill = Shelf(data.catalogue.item_ids, data.catalogue.available), popularity(data)
    figures, seconds = {}, {}
    for done, (name, factory) in enumerate(factories.items(), 1):
        tell(done, len(wanted) + 1, f"Evaluating {name}")
        able(name, factory, data)
        start = time.perf_counter()
        model = factory().fit(data, np.random.default_rng(SEED))
        seconds[name] = time.perf_counter() - start
        figures[name] = evaluation.measure(Served(name, model, shelf, fill), asked, k)
    found = evaluation.compare(asked, until, figures, rng, k=k, seconds=seconds)
    for score in found.models:
        one = replace(found, models=(score,)).to_dict()
        RecommenderModel.objects.filter(name=score.name, active=True).update(evaluation=one)
    tell(len(wanted) + 1, len(wanted) + 1, "Evaluated")
    return found


def _quiet(done: int, total: int, label: str) -> None:
    pass
