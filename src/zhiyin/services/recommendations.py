"""Recommendations: train from the lake, evaluate, and answer from a customer's latest interactions."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
from django.db import transaction
from django.utils.translation import gettext, override

from zhiyin.adapters import models as artifacts
from zhiyin.adapters import plugins
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import BadFile, Conflict, NotFound
from zhiyin.domain.item import Item
from zhiyin.domain.text import say
from zhiyin.loop.recommend import ENTRY_POINTS, RECOMMENDERS
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.domain.recommendation import Recommendation
    from zhiyin.loop.recommend.evaluate import Evaluation
    from zhiyin.loop.recommend.interface import Recommender

Progress = Callable[[int, int, str], None]
LADDER = ("ease", "item_neighbours", "popularity")  # who answers by default: the first that is trained
KEEP = 3  # versions of a model
HISTORY_DAYS = 365  # how far back a customer's interactions are read to serve them
BOUGHT_DAYS = 30  # what was bought that lately is not recommended again
_TEST_DAYS = 30
_TEST_SHARE = 0.2
_MOST_CUSTOMERS = 20_000
_log = logging.getLogger(__name__)
# (folder, name) -> what is in memory: version, when it was trained, the model
_loaded: dict[tuple[str, str], tuple[int, datetime, Recommender]] = {}
_catalogues: dict[str, tuple[tuple[str, ...], dict[str, Item]]] = {}  # folder -> (files, items)


@dataclass(frozen=True, slots=True)
class TrainResult:
    """One trained model."""

    name: str
    version: int
    customers: int
    items: int
    interactions: int
    trained_until: datetime | None
    seconds: float


def names() -> list[str]:
    """Every recommender that can be trained, the default ladder first."""
    known = plugins.paths(ENTRY_POINTS, RECOMMENDERS)
    return [*(name for name in LADDER if name in known), *sorted(known.keys() - set(LADDER))]


def train(
    ws: Workspace, names: Sequence[str] | None = None, on_progress: Progress | None = None
) -> list[TrainResult]:
    """Train recommenders (all built-in ones by default) on everything up to now, and make them the active ones.

    Raises ``NotFound`` for an unknown name, ``Conflict`` where there are no items or no interactions.
    """
    now = ws.now()
    tell = on_progress or _quiet
    chosen = [(name, _class(name)) for name in names or LADDER]
    tell(0, len(chosen) + 1, "Reading interactions")
    items = list(catalogue(ws).values())
    rows = _interactions(ws, until=now + timedelta(microseconds=1))
    _require(rows, items)
    latest = rows["at"].combine_chunks().to_numpy().max().astype("datetime64[us]").item().replace(tzinfo=UTC)
    customers = len(rows["customer_id"].unique())
    results = []
    for done, (name, factory) in enumerate(chosen, 1):
        tell(done, len(chosen) + 1, f"Training {name}")
        start = time.perf_counter()
        model = factory().fit(rows, items, now)
        seconds = time.perf_counter() - start
        card = {
            "class": f"{factory.__module__}:{factory.__qualname__}",
            "parameters": {key: value for key, value in vars(factory()).items() if not key.endswith("_")},
            "trained_at": now,
            "trained_until": latest,
            "customers": customers,
            "items": len(items),
            "interactions": rows.num_rows,
        }
        saved = artifacts.save(ws.models, name, model.to_arrays(), card)
        _activate(
            ws,
            RecommenderModel(
                name=name,
                version=saved.version,
                path=str(saved.path.relative_to(ws.folder)),
                trained_at=now,
                trained_until=latest,
                seconds=seconds,
                users=customers,
                items=len(items),
                interactions=rows.num_rows,
            ),
        )
        results.append(
            TrainResult(name, saved.version, customers, len(items), rows.num_rows, latest, seconds)
        )
    tell(len(chosen) + 1, len(chosen) + 1, "Trained")
    return results


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

    now = ws.now()
    tell = on_progress or _quiet
    wanted = list(dict.fromkeys([evaluation.BASELINE, *(names or LADDER)]))
    factories = {name: _class(name) for name in wanted}
    items = list(catalogue(ws).values())
    first, last = _span(ws, now) or (now, now)
    until = last + timedelta(microseconds=1)
    window = timedelta(days=days) if days else min((until - first) * _TEST_SHARE, timedelta(days=_TEST_DAYS))
    cut = until - window
    tell(0, len(wanted) + 1, "Reading interactions")
    before, after = _interactions(ws, until=cut), _interactions(ws, since=cut, until=until)
    _require(before, items)
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
    figures, seconds = {}, {}
    for done, (name, factory) in enumerate(factories.items(), 1):
        tell(done, len(wanted) + 1, f"Evaluating {name}")
        start = time.perf_counter()
        model = factory().fit(before, items, cut)
        seconds[name] = time.perf_counter() - start
        figures[name] = evaluation.measure(model, asked, k)
    found = evaluation.compare(asked, until, figures, rng, k=k, seconds=seconds)
    for score in found.models:
        one = replace(found, models=(score,)).to_dict()
        RecommenderModel.objects.filter(name=score.name, active=True).update(evaluation=one)
    tell(len(wanted) + 1, len(wanted) + 1, "Evaluated")
    return found


def recommend(
    ws: Workspace,
    customer_id: str,
    n: int = 5,
    model: str | None = None,
    exclude_bought: int | None = BOUGHT_DAYS,
) -> list[Recommendation]:
    """At most ``n`` available items for a customer, from their latest interactions, each with its reason.

    Items bought in the last ``exclude_bought`` days are left out; None leaves out nothing. An unknown
    customer gets what is popular. Without a trained model (of that name) or without items: an empty list.
    """
    return recommend_many(ws, [customer_id], n, model, exclude_bought)[customer_id]


def recommend_many(
    ws: Workspace,
    customer_ids: Sequence[str],
    n: int = 4,
    model: str | None = None,
    exclude_bought: int | None = BOUGHT_DAYS,
) -> dict[str, list[Recommendation]]:
    """``recommend`` for many customers, their interactions read in one query."""
    from zhiyin.loop.recommend.histories import histories

    now = ws.now()
    ids = list(dict.fromkeys(customer_ids))
    answering = _answering(ws, model)
    if answering is None or not ids:
        return {customer_id: [] for customer_id in ids}
    known = histories(_latest(ws, ids, now), ids)
    excludes: list[Collection[str]] | None = None
    if exclude_bought is not None:
        since = now - timedelta(days=exclude_bought)
        excludes = [
            {one.item_id for one in history if one.kind == "bought" and one.at >= since} for history in known
        ]
    unavailable = [item.item_id for item in catalogue(ws).values() if not item.available]
    answers = answering.recommend_many(known, n, unavailable, excludes)
    return dict(zip(ids, answers, strict=True))


def items(ws: Workspace, ids: Iterable[str]) -> dict[str, Item]:
    """The items of these ids; unknown ones are left out."""
    known = catalogue(ws)
    return {item_id: known[item_id] for item_id in ids if item_id in known}


def catalogue(ws: Workspace) -> dict[str, Item]:
    """All items by id, read again only after the lake's items have changed."""
    files = tuple(sorted(ws.lake.files("items")))
    held = _catalogues.get(str(ws.folder))
    if held is None or held[0] != files:
        rows = ws.lake.collect(ws.lake.items()).to_pylist()
        held = files, {row["item_id"]: _item(row) for row in sorted(rows, key=lambda row: row["item_id"])}
        _catalogues[str(ws.folder)] = held
    return held[1]


def models(ws: Workspace) -> list[RecommenderModel]:
    """The trained models with their figures, the default ladder first, latest version first."""
    order = {name: place for place, name in enumerate(names())}
    rows = RecommenderModel.objects.all()
    return sorted(rows, key=lambda row: (order.get(row.name, len(order)), row.name, -row.version))


def reason_text(recommendation: Recommendation, items: Mapping[str, Item], language: str) -> str:
    """Why an item is recommended, for a reader of ``language``: "Because you bought Oolong".

    ``items`` should hold the items of ``recommendation.because``; the strongest known one is named.
    """
    cause = next((items[item_id] for item_id in recommendation.because if item_id in items), None)
    with override(language):
        if recommendation.reason == "because_bought":
            if cause is None:
                return gettext("Goes with what you bought")
            return gettext("Because you bought %(item)s") % {"item": cause.name_in(language)}
        if recommendation.reason == "because_viewed":
            if cause is None:
                return gettext("Goes with what you looked at")
            return gettext("Because you looked at %(item)s") % {"item": cause.name_in(language)}
        return gettext("Popular now")


# -- models -----------------------------------------------------------------------------------------------


def _class(name: str) -> Any:
    return plugins.load(ENTRY_POINTS, RECOMMENDERS, name)


def _activate(ws: Workspace, row: RecommenderModel) -> None:
    with transaction.atomic():
        RecommenderModel.objects.filter(name=row.name).update(active=False)
        row.save()
        gone = artifacts.versions(ws.models, row.name)[:-KEEP]
        RecommenderModel.objects.filter(name=row.name, version__in=gone).delete()
    artifacts.prune(ws.models, row.name, KEEP)


def _answering(ws: Workspace, name: str | None) -> Recommender | None:
    """The active model of that name, or the first of the ladder that can be loaded."""
    wanted = [name] if name else list(LADDER)
    rows = RecommenderModel.objects.filter(active=True, name__in=wanted).only("name", "version", "trained_at")
    active = {row.name: row for row in rows}
    for candidate in wanted:
        if candidate not in active:
            continue
        try:
            return _load(ws, active[candidate])
        except (NotFound, BadFile) as error:
            _log.warning("%s", error)  # a send goes on with the next model rather than stop
    return None


def _load(ws: Workspace, row: RecommenderModel) -> Recommender:
    key = (str(ws.folder), row.name)
    held = _loaded.get(key)
    if held is None or held[:2] != (row.version, row.trained_at):
        arrays, _ = artifacts.load(ws.models, row.name, row.version)
        held = _loaded[key] = row.version, row.trained_at, _class(row.name).from_arrays(arrays)
    return held[2]


# -- facts ------------------------------------------------------------------------------------------------


def _interactions(ws: Workspace, *, since: datetime | None = None, until: datetime) -> pa.Table:
    """Everybody's interactions, as the engine finds them."""
    from zhiyin.loop.recommend.interactions import between, interactions

    return ws.lake.collect(interactions(between(ws.lake.events(), _plain(since), _plain(until))))


def _latest(ws: Workspace, customer_ids: Sequence[str], now: datetime) -> pa.Table:
    """The interactions of some customers in the last ``HISTORY_DAYS``, read in one plain query."""
    from zhiyin.loop.recommend.interactions import between, relevant
    from zhiyin.loop.recommend.latest import latest

    since, until = now - timedelta(days=HISTORY_DAYS), now + timedelta(microseconds=1)
    events = between(ws.lake.events(), _plain(since), _plain(until))
    events = events.filter(nw.col("customer_id").is_in(list(customer_ids)))
    return latest(ws.lake.collect(relevant(events)))


def _span(ws: Workspace, now: datetime) -> tuple[datetime, datetime] | None:
    """The times of the first and the last interaction of anybody known."""
    from zhiyin.loop.recommend.interactions import KINDS, between

    events = between(ws.lake.events(), None, _plain(now + timedelta(microseconds=1)))
    events = events.filter(nw.col("event").is_in(list(KINDS)), ~nw.col("customer_id").is_null())
    at = nw.col("timestamp")
    (row,) = ws.lake.collect(events.select(at.min().alias("first"), at.max().alias("last"))).to_pylist()
    if row["first"] is None:
        return None
    return row["first"].replace(tzinfo=UTC), row["last"].replace(tzinfo=UTC)


def _plain(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def _require(rows: pa.Table | None, items: Sequence[Item]) -> None:
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


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        item_id=row["item_id"],
        name=row["name"] or row["item_id"],
        category=row["category"] or "",
        price=row["price"],
        currency=row["currency"] or "",
        url=row["url"] or "",
        image_url=row["image_url"] or "",
        available=row["available"] is not False,
        names=json.loads(row["names"] or "{}"),
    )


def _quiet(done: int, total: int, label: str) -> None:
    pass
