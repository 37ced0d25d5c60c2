"""Versions of templates: all are kept, can be looked at, compared, and made the newest again."""

from __future__ import annotations

from zhiyin.adapters.records.models import Template, TemplateVersion
from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.loop.deliver import differences
from zhiyin.loop.deliver.differences import Line
from zhiyin.services import templates
from zhiyin.services.workspace import Workspace


def versions(ws: Workspace, key: str) -> list[TemplateVersion]:
    """Everything that a template ever was, newest first."""
    return list(templates.get(ws, key).versions.all())


def version(ws: Workspace, key: str, number: int) -> TemplateVersion:
    """One version of a template. Raises ``NotFound`` with those there are."""
    row = templates.get(ws, key)
    found: TemplateVersion | None = row.versions.filter(number=number).first()
    if found is None:
        known = list(row.versions.values_list("number", flat=True)[:30])
        raise NotFound(
            say("{name} has no version {number}.", name=row.name, number=number),
            fix=say("It has {known}.", known=known),
        )
    return found


def restore(ws: Workspace, key: str, number: int, *, by: str = "") -> Template:
    """Make an earlier version the newest one; nothing in between is lost. Raises ``NotFound``."""
    old = version(ws, key, number)
    return templates.save_wordings(ws, key, templates.get(ws, key).name, old.wordings, by=by)


def compare(
    ws: Workspace, key: str, before: int, after: int, language: str = ""
) -> list[tuple[str, list[Line]]]:
    """What differs between two versions in one language: each part that does, with its lines side by side."""
    old, new = (version(ws, key, number).wordings.of(language) for number in (before, after))
    parts = ("subject", "preheader", "body", "text")
    pairs = [(part, str(getattr(old, part)), str(getattr(new, part))) for part in parts]
    return [(part, differences.compare(left, right)) for part, left, right in pairs if left != right]
