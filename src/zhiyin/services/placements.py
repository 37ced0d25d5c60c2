"""Placements: where items are recommended, who answers there, and the way back to who did before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from zhiyin.adapters.records.placement import Placement
from zhiyin.adapters.records.recommender import RecommenderModel
from zhiyin.domain.errors import Conflict, NotFound
from zhiyin.domain.placement import INSTALLED
from zhiyin.domain.text import say
from zhiyin.services import placement_rules
from zhiyin.services.workspace import Workspace

KEEP = 5  # models that answered at a placement before, to go back to


@dataclass(frozen=True, slots=True)
class Moved:
    """A placement whose model changed."""

    placement: str
    before: str
    after: str


def all_(ws: Workspace) -> list[Placement]:
    """Every placement with the model that answers there; those that nothing was trained for are not stored."""
    stored = {row.key: row for row in Placement.objects.select_related("model")}
    return [stored.get(noun.key) or _row(noun.key) for noun in INSTALLED]


def get(ws: Workspace, key: str) -> Placement:
    """The placement of a key. Raises ``NotFound`` with the known ones."""
    row = Placement.objects.select_related("model").filter(key=key).first()
    return row or _row(key)


def configure(ws: Workspace, key: str, **rules: placement_rules.Value) -> Placement:
    """Change the rules of a placement, by their names in ``domain.placement``; None, 0 or no names lift one.

    Raises ``BadSetting`` for what is no rule or no value of one, such as an item that the catalogue does not have.
    """
    with transaction.atomic():
        row = stored(ws, key)
        for name, value in rules.items():
            setattr(row, name, placement_rules.checked(ws, name, value))
        placement_rules.agree(row.noun)
        row.save()
    return row


def stored(ws: Workspace, key: str) -> Placement:
    """The placement's row, made if it is not there yet; part of somebody else's transaction."""
    new = _row(key)
    values = {f.name: getattr(new, f.name) for f in Placement._meta.fields if f.name not in ("id", "key")}
    return Placement.objects.get_or_create(key=key, defaults=values)[0]


def point(row: Placement, model: RecommenderModel, now: datetime, warning: str = "") -> None:
    """Let a model answer at a placement, and remember who did before."""
    if row.model is not None and row.model_id != model.pk:
        row.previous = [_told(row.model, row.since), *row.previous][:KEEP]
    if row.model is None or row.model.name != model.name:
        row.since = now
    row.model, row.warning = model, warning
    row.save()


def rollback(ws: Workspace, key: str | None = None, *, to: str = "") -> list[Moved]:
    """Go back to the model that answered before, at one placement or at all that have one.

    ``to`` names a version: ``ease/3``, or ``3`` of the model in use. Raises ``Conflict`` where there is nothing
    to go back to, ``NotFound`` where that version is gone.
    """
    now = ws.now()
    with transaction.atomic():
        rows = [stored(ws, get(ws, key).key)] if key else [row for row in all_(ws) if row.pk]
        moved = [found for row in rows if (found := _back(row, to, now)) is not None]
    if not moved:
        raise Conflict(
            say("There is nothing to go back to."),
            why=say("No other model of before is kept."),
            fix=say("List the kept versions: zhiyin recommend models."),
        )
    return moved


def kept(ws: Workspace) -> set[tuple[str, int]]:
    """The versions that a placement answers with, or would go back to first."""
    found: set[tuple[str, int]] = set()
    for row in Placement.objects.select_related("model"):
        if row.model is not None:
            found.add((row.model.name, row.model.version))
        found.update((told["name"], told["version"]) for told in row.previous[:1])
    return found


def renumber(ws: Workspace, name: str, before: int, after: int) -> None:
    """A version has got another number: it can be gone back to under that."""
    for row in Placement.objects.all():
        for told in row.previous:
            if (told["name"], told["version"]) == (name, before):
                told["version"] = after
                row.save(update_fields=["previous"])


def _back(row: Placement, to: str, now: datetime) -> Moved | None:
    before = row.model
    target, previous = _target(row, to)
    if target is None or target == before:
        return None
    row.model, row.warning, row.previous = target, "", previous
    if before is None or before.name != target.name:
        row.since = now
    row.save()
    return Moved(row.key, _name(before), _name(target))


def _target(row: Placement, to: str) -> tuple[RecommenderModel | None, list[Any]]:
    """The model to go back to, and what is left to go back to after it."""
    if not to:
        for number, told in enumerate(row.previous):
            model = RecommenderModel.objects.filter(name=told["name"], version=told["version"]).first()
            if model is not None:
                return model, row.previous[number + 1 :]
        return None, row.previous
    name, _, version = to.rpartition("/")
    name = name or (row.model.name if row.model else "")
    model = None
    if version.isdigit():
        model = RecommenderModel.objects.filter(name=name, version=int(version)).first()
    if model is None:
        known = ", ".join(_name(one) for one in RecommenderModel.objects.all())
        raise NotFound(
            say("There is no version {to!r} to go back to.", to=to),
            fix=say("Kept versions: {known}.", known=known or "-"),
        )
    return model, [_told(row.model, row.since), *row.previous][:KEEP] if row.model else row.previous


def _told(model: RecommenderModel, since: datetime | None) -> dict[str, Any]:
    return {"name": model.name, "version": model.version, "since": since.isoformat() if since else None}


def _name(model: RecommenderModel | None) -> str:
    return f"{model.name}/{model.version}" if model else ""


def _row(key: str) -> Placement:
    noun = next((noun for noun in INSTALLED if noun.key == key), None)
    if noun is None:
        raise NotFound(
            say("There is no placement {key!r}.", key=key),
            fix=say("Known placements: {known}.", known=", ".join(_keys())),
        )
    return Placement(
        key=noun.key,
        name=noun.name,
        question=noun.question.value,
        repeats=noun.repeats,
        exclude_bought_days=noun.exclude_bought_days,
        most_per_category=noun.most_per_category,
    )


def _keys() -> Sequence[str]:
    return [noun.key for noun in INSTALLED]
