"""Versions of templates: all are kept, can be looked at, compared, and made the newest again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zhiyin.adapters.records.models import Template, TemplateVersion
from zhiyin.domain.errors import BadSetting, NotFound
from zhiyin.domain.template import Wording, Wordings
from zhiyin.domain.text import say
from zhiyin.loop.deliver import differences, languages
from zhiyin.loop.deliver.differences import Line
from zhiyin.services import templates, wording
from zhiyin.services.workspace import Workspace


def save_language(
    ws: Workspace,
    key: str,
    language: str,
    parts: Mapping[str, Any],
    *,
    name: str = "",
    by: str = "",
    expected: int | None = None,
) -> Template:
    """Save what a template says in one language, the main one if it is empty; the others stay as they are.

    A template that is new begins with this language. Raises what ``templates.save`` raises.
    """
    row = Template.objects.filter(key=key).first()
    spoken = languages.tag(language)
    if language and not spoken:
        raise BadSetting(
            say("{name!r} is not a language.", name=language), fix=say("Write it as zh-hans, en or pt-br.")
        )
    before = row.wordings if row else Wordings(Wording("", ""), spoken)
    wordings = wording.changed(before, spoken, parts)
    return templates.save_wordings(
        ws, key, name or (row.name if row else key), wordings, by=by, expected=expected
    )


def change_languages(ws: Workspace, key: str, language: str, do: str, *, by: str = "") -> Template:
    """Add a language (``add``, it begins as the main wording), take one out (``remove``), or name the main one's."""
    row = templates.get(ws, key)
    known = row.wordings
    if do == "add":
        changed = wording.changed(known, languages.tag(language), {})
    elif do == "remove":
        changed = wording.without(known, language)
    else:
        changed = replace(known, language=language)
    return templates.save_wordings(ws, key, row.name, changed, by=by)


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
