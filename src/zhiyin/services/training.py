"""Training: recommenders learn from the lake and become the active ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from zhiyin.adapters import models as artifacts
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict
from zhiyin.domain.item import Item
from zhiyin.domain.text import say
from zhiyin.services import catalogue, interactions, recommenders
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

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
    now = ws.now()
    tell = on_progress or _quiet
    chosen = [(name, recommenders.recommender(name)) for name in names or recommenders.LADDER]
    tell(0, len(chosen) + 1, "Reading interactions")
    items = list(catalogue.all_items(ws).values())
    rows = interactions.everybodys(ws, until=now + timedelta(microseconds=1))
    require(rows, items)
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
        recommenders.activate(
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
