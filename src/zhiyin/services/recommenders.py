"""The recommenders there are, and the trained models of each: listed, activated, loaded."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from zhiyin.adapters import models as artifacts
from zhiyin.adapters import plugins
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import BadFile, NotFound
from zhiyin.domain.placement import EMAIL
from zhiyin.domain.text import say
from zhiyin.loop.recommend import ENTRY_POINTS, RECOMMENDERS
from zhiyin.services import placements
from zhiyin.services.workspace import Workspace

if TYPE_CHECKING:
    from zhiyin.loop.recommend.serving import Served

LADDER = ("ease", "item_neighbours", "popularity")  # who answers by default: the first that is trained
KEEP = 3  # versions of a model
_log = logging.getLogger(__name__)
_HELD = 8  # models in memory
# (folder, name, version) -> what is in memory: when it was trained, the model; the last one used comes last
_loaded: dict[tuple[str, str, int], tuple[datetime, Served]] = {}


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


def publish(ws: Workspace, rows: Sequence[RecommenderModel], point: Callable[[], None]) -> None:
    """Let trained models answer under their names, and ``point`` placements to them: all at once or not at all.

    The caller holds ``publishing``. Of several versions of a name the last becomes its active one. Old versions
    are forgotten then, but for the latest ``KEEP`` and those that a placement needs.
    """
    with transaction.atomic():
        for row in rows:
            RecommenderModel.objects.filter(name=row.name).update(active=False)
            row.active = True
            row.save()
        point()
        needed = placements.kept(ws)
        gone: dict[str, list[int]] = {}
        for name in {row.name for row in rows}:
            old = artifacts.versions(ws.models, name)[:-KEEP]
            gone[name] = [version for version in old if (name, version) not in needed]
            RecommenderModel.objects.filter(name=name, version__in=gone[name]).delete()
    for name, versions in gone.items():
        for version in versions:
            artifacts.remove(ws.models, name, version)


def answering(ws: Workspace, name: str | None = None, placement: str = EMAIL) -> Served | None:
    """The active model of that name, or its version as in ``ease/3``; without one, the model of the placement.

    Where that cannot be loaded, the first model that can, the ladder first: a send goes on with the next model
    rather than stop.
    """
    active = RecommenderModel.objects.filter(active=True)
    if name:
        known, _, version = name.partition("/")
        candidates = list(
            RecommenderModel.objects.filter(name=known, version=version)
            if version.isdigit()
            else active.filter(name=known)
        )
    else:
        row = placements.get(ws, placement)
        others = {row.name: row for row in active}
        candidates = [row.model] if row.model is not None else []
        candidates += [others[known] for known in LADDER if known in others]
        candidates += [others[known] for known in sorted(others.keys() - set(LADDER))]
    for candidate in candidates:
        try:
            return loaded(ws, candidate)
        except (NotFound, BadFile) as error:
            _log.warning("%s", error)
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


def card_of(ws: Workspace, which: str) -> dict[str, Any]:
    """The card of ``ease/3``, or of the latest version of ``ease``. Raises as ``trained`` does, or ``BadFile``."""
    row = trained(ws, which)
    return artifacts.card(ws.models, row.name, row.version)


def trained(ws: Workspace, which: str) -> RecommenderModel:
    """The model ``ease/3``, or the latest version of ``ease``. Raises ``NotFound`` with the trained ones."""
    name, _, number = which.partition("/")
    rows = [row for row in models(ws) if row.name == name and number in ("", str(row.version))]
    if not rows:
        known = ", ".join(f"{row.name}/{row.version}" for row in models(ws))
        raise NotFound(
            say("There is no trained model {which!r}.", which=which),
            fix=say("Trained models: {known}.", known=known) if known else say("Train one: zhiyin train."),
        )
    return rows[0]


def loaded(ws: Workspace, row: RecommenderModel) -> Served:
    """A trained model, held in memory. Raises ``NotFound`` or ``BadFile`` where it cannot be."""
    key = (str(ws.folder), row.name, row.version)
    held = _loaded.pop(key, None)
    if held is None or held[0] != row.trained_at:
        _let_go(ws, row.name)
        held = row.trained_at, _read(ws, row)
    _loaded[key] = held  # the last one used comes last
    while len(_loaded) > _HELD:
        del _loaded[next(iter(_loaded))]
    return held[1]


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
                placements.renumber(ws, name, version, saved.version)
            artifacts.remove(ws.models, name, version)
            _loaded.pop((str(ws.folder), name, version), None)
            forgotten += 1
    return forgotten


def _let_go(ws: Workspace, name: str) -> None:
    """Versions that are gone leave the memory too: somebody may have been taken out of them."""
    there = set(RecommenderModel.objects.filter(name=name).values_list("version", flat=True))
    for folder, known, version in list(_loaded):
        if (folder, known) == (str(ws.folder), name) and version not in there:
            del _loaded[folder, known, version]


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
            fix=say("Train it again: zhiyin train."),
        ) from error
