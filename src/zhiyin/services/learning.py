"""Learning anew from everything, once it is settled who answers: models saved, measured, not yet in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from zhiyin.adapters import models as artifacts
from zhiyin.adapters.records.models import Placement, RecommenderModel, TrainingRun
from zhiyin.services import catalogue, recommenders
from zhiyin.services.settings_kept import Learner, kept
from zhiyin.services.settling import Found
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.loop.recommend.data import Data


def learn(
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


def found_again(ws: Workspace, made: Mapping[Learner, RecommenderModel]) -> None:
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
