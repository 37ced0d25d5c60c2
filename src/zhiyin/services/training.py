"""Training: recommenders learn from the lake and become the active ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from zhiyin.adapters import models as artifacts
from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict
from zhiyin.domain.item import Item
from zhiyin.domain.text import say
from zhiyin.services import catalogue, interactions, recommenders
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from zhiyin.loop.recommend.data import Data
    from zhiyin.loop.recommend.interface import Recommender

SEED = 0  # of whatever a recommender draws: the same data give the same model
Progress = Callable[[int, int, str], None]


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


def train(
    ws: Workspace, names: Sequence[str] | None = None, on_progress: Progress | None = None
) -> list[TrainResult]:
    """Train recommenders (all built-in ones by default) on everything up to now, and make them the active ones.

    Raises ``NotFound`` for an unknown name, ``Conflict`` where there are no items or no interactions.
    """
    import numpy as np

    from zhiyin.loop.recommend.histories import learned
    from zhiyin.loop.recommend.popularity import popularity
    from zhiyin.loop.recommend.serving import Served, Shelf

    now = ws.now()
    tell = on_progress or _quiet
    chosen = [(name, recommenders.recommender(name)) for name in names or recommenders.LADDER]
    tell(0, len(chosen) + 1, "Reading interactions")
    items = list(catalogue.all_items(ws).values())
    rows = interactions.everybodys(ws, until=now + timedelta(microseconds=1))
    require(rows, items)
    remembering = any(recommenders.remembers(factory) for _, factory in chosen)
    digests = partial(recommenders.digests, ws) if remembering else None
    data = learned(rows, items, now, digests)
    for name, factory in chosen:
        able(name, factory, data)
    latest = datetime.fromtimestamp(int(data.log.at[-1]) / 1_000_000, UTC)
    shelf, fill = Shelf(data.catalogue.item_ids, data.catalogue.available), popularity(data)
    learned_from = {
        "customers": data.users,
        "items": len(items),
        "interactions": len(data.log),
        "first": datetime.fromtimestamp(int(data.log.at[0]) / 1_000_000, UTC),
        "trained_until": latest,
    }
    results = []
    for done, (name, factory) in enumerate(chosen, 1):
        tell(done, len(chosen) + 1, f"Training {name}")
        start, cpu = time.perf_counter(), time.process_time()
        model = factory().fit(data, np.random.default_rng(SEED))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        served = Served(name, model, shelf, fill)
        parameters = {key: value for key, value in vars(factory()).items() if not key.startswith("_")}
        card = {
            "class": f"{factory.__module__}:{factory.__qualname__}",
            "parameters": parameters,
            "trained_at": now,
            **learned_from,
            **({"capped": data.capped(parameters["cap"])} if "cap" in parameters else {}),
            "seed": SEED,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(cpu, 3),
            "versions": {library: version(library) for library in ("zhiyin", "numpy", "scipy")},
        }
        with recommenders.publishing(ws):
            saved = artifacts.save(ws.models, name, served.to_arrays(), card)
            recommenders.activate(
                ws,
                RecommenderModel(
                    name=name,
                    version=saved.version,
                    path=str(saved.path.relative_to(ws.folder)),
                    trained_at=now,
                    trained_until=latest,
                    seconds=seconds,
                    users=data.users,
                    items=len(items),
                    interactions=len(data.log),
                ),
            )
        results.append(
            TrainResult(name, saved.version, data.users, len(items), len(data.log), latest, seconds)
        )
    if remembering:
        # whoever was erased meanwhile was read before, and is looked for after the models are there
        erased = erasure.erased_at(rows["customer_id"].unique().to_pylist())
        gone = [customer_id for customer_id, at in erased.items() if at >= now]
        if gone:
            recommenders.forget(ws, gone)
    tell(len(chosen) + 1, len(chosen) + 1, "Trained")
    return results


def able(name: str, factory: type[Recommender], data: Data) -> None:
    """Raises ``Conflict`` where a recommender needs something to learn from that is not there."""
    from zhiyin.loop.recommend.interface import lacking

    missing = lacking(factory, data)
    if missing:
        raise Conflict(
            say("The recommender {name} cannot learn here.", name=name),
            why=say("It needs {missing}, of which there are none.", missing=", ".join(missing)),
            fix=say("Import them, or train another one."),
        )


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


def _quiet(done: int, total: int, label: str) -> None:
    pass
