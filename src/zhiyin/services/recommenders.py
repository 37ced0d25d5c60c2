"""The recommenders there are, and the trained models of each: listed, activated, loaded."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from zhiyin.adapters import models as artifacts
from zhiyin.adapters import plugins
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import BadFile, NotFound
from zhiyin.domain.text import say
from zhiyin.loop.recommend import ENTRY_POINTS, RECOMMENDERS
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.loop.recommend.serving import Served

LADDER = ("ease", "item_neighbours", "popularity")  # who answers by default: the first that is trained
KEEP = 3  # versions of a model
_log = logging.getLogger(__name__)
# (folder, name) -> what is in memory: version, when it was trained, the model
_loaded: dict[tuple[str, str], tuple[int, datetime, Served]] = {}


def names() -> list[str]:
    """Every recommender that can be trained, the default ladder first."""
    known = plugins.paths(ENTRY_POINTS, RECOMMENDERS)
    return [*(name for name in LADDER if name in known), *sorted(known.keys() - set(LADDER))]


def recommender(name: str) -> Any:
    """The class of that name. Raises ``NotFound`` for an unknown one."""
    return plugins.load(ENTRY_POINTS, RECOMMENDERS, name)


def models(ws: Workspace) -> list[RecommenderModel]:
    """The trained models with their figures, the default ladder first, latest version first."""
    order = {name: place for place, name in enumerate(names())}
    rows = RecommenderModel.objects.all()
    return sorted(rows, key=lambda row: (order.get(row.name, len(order)), row.name, -row.version))


def activate(ws: Workspace, row: RecommenderModel) -> None:
    """Make a trained model the one that answers under its name, and forget the oldest versions."""
    with transaction.atomic():
        RecommenderModel.objects.filter(name=row.name).update(active=False)
        row.save()
        gone = artifacts.versions(ws.models, row.name)[:-KEEP]
        RecommenderModel.objects.filter(name=row.name, version__in=gone).delete()
    artifacts.prune(ws.models, row.name, KEEP)


def answering(ws: Workspace, name: str | None) -> Served | None:
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


def card(ws: Workspace, row: RecommenderModel) -> dict[str, Any] | None:
    """What a trained model is: class, parameters, what it learned from, by which versions of what.

    None where it cannot be read.
    """
    try:
        return artifacts.card(ws.models, row.name, row.version)
    except (NotFound, BadFile) as error:
        _log.warning("%s", error)
        return None


def remembers(factory: Any) -> bool:
    """Whether a recommender keeps rows of customers, who may ask to be forgotten."""
    from zhiyin.loop.recommend.interface import Remembers

    return isinstance(factory, type) and issubclass(factory, Remembers)


def digests(ws: Workspace, customer_ids: Sequence[str]) -> Any:
    """Under what the rows of customers are kept: 16 bytes each, keyed, by which nobody reads an id."""
    import numpy as np

    key = hashlib.sha256(b"zhiyin.recommenders" + ws.settings.server.secret.encode()).digest()
    found = b"".join(hmac.digest(key, who.encode(), "sha256")[:16] for who in customer_ids)
    return np.frombuffer(found, dtype=np.uint8).reshape(-1, 16)


def forget(ws: Workspace, customer_ids: Sequence[str]) -> int:
    """Take these customers' rows out of every version of every model that keeps such rows; how many versions did.

    Each is written anew under a later number, in their order, before the former one goes. One that cannot be
    read cannot be searched and goes as well.
    """
    with publishing(ws):
        return _forget(ws, customer_ids)


@contextmanager
def publishing(ws: Workspace) -> Iterator[None]:
    """Nobody else writes models, or takes customers out of them, meanwhile. Raises ``Busy``."""
    what = say("Recommenders are being written already.")
    with lease(ws.folder / "models.lock", what, patience=ws.lake.patience):
        yield


def _forget(ws: Workspace, customer_ids: Sequence[str]) -> int:
    forgotten = 0
    for name in artifacts.names(ws.models):
        if not remembers(plugins.paths(ENTRY_POINTS, RECOMMENDERS).get(name) and recommender(name)):
            continue
        for version in artifacts.versions(ws.models, name):
            try:
                arrays, told = artifacts.load(ws.models, name, version)
                served = _of_arrays(name, version, arrays)
            except (NotFound, BadFile) as error:
                _log.warning("%s", error)
                RecommenderModel.objects.filter(name=name, version=version).delete()
            else:
                remembering: Any = served.model
                served.model = remembering.forget(digests(ws, customer_ids))
                saved = artifacts.save(ws.models, name, served.to_arrays(), told)
                path = str(saved.path.relative_to(ws.folder))
                rows = RecommenderModel.objects.filter(name=name, version=version)
                rows.update(version=saved.version, path=path)
            artifacts.remove(ws.models, name, version)
            _loaded.pop((str(ws.folder), name), None)
            forgotten += 1
    return forgotten


def _load(ws: Workspace, row: RecommenderModel) -> Served:
    key = (str(ws.folder), row.name)
    held = _loaded.get(key)
    if held is None or held[:2] != (row.version, row.trained_at):
        held = _loaded[key] = row.version, row.trained_at, _read(ws, row)
    return held[2]


def _read(ws: Workspace, row: RecommenderModel) -> Served:
    arrays, _ = artifacts.load(ws.models, row.name, row.version)
    return _of_arrays(row.name, row.version, arrays)


def _of_arrays(name: str, version: int, arrays: Mapping[str, Any]) -> Served:
    from zhiyin.loop.recommend.serving import Served

    try:
        return Served.from_arrays(name, recommender(name), arrays)
    except KeyError as error:
        raise BadFile(
            say("The model {name} {version} is not of this recommender.", name=name, version=version),
            why=say("It has no {array}.", array=str(error)),
            fix=say("Train it again: zhiyin recommend train."),
        ) from error
