"""What the pages of templates show: pictures of all, the editor of one, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import get_language

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.template import Rendered
from zhiyin.entrypoints.console import campaign_preview, editor_parts
from zhiyin.entrypoints.console import template_words as words
from zhiyin.entrypoints.console.campaign_wording import language_of
from zhiyin.entrypoints.console.editor import Edited
from zhiyin.services.workspace import Workspace

SECTION = {"section": "campaigns"}


def index(ws: Workspace, request: HttpRequest) -> dict[str, Any]:
    """The templates of the reader's language first, each with its picture; the saved blocks."""
    from zhiyin.services import blocks, templates

    mine = (get_language() or "en")[:2]
    rows = sorted(templates.list_(ws), key=lambda row: (not row.language.startswith(mine), row.name))
    undo = request.GET.get("archived", "")
    archived = templates.list_(ws, archived=True)
    return {
        **SECTION,
        "templates": [(row, _picture(ws, row), _languages(row)) for row in rows],
        "archived": archived,
        "just_archived": next((row for row in archived if row.key == undo), None),
        "blocks": blocks.list_(ws),
    }


def new(ws: Workspace, request: HttpRequest) -> dict[str, Any]:
    """The form of a new template."""
    mine = "zh-hans" if (get_language() or "").startswith("zh") else "en"
    return {
        **SECTION,
        "all_languages": [*words.LANGUAGES.items()],
        "mine": mine,
        "posted": request.method == "POST",
    }


def create(ws: Workspace, data: QueryDict, by: str) -> Any:
    """A new template that says little yet."""
    from zhiyin.services import keys, templates

    language = data.get("language", "")
    taken = {row.key for archived in (False, True) for row in templates.list_(ws, archived=archived)}
    name = data["name"].strip()[:120]
    return templates.save(
        ws, key=keys.free(name, taken | {*templates.PAGES}, "template"), name=name, subject=name,
        body=templates.blank(language), language=language, by=by,
    )  # fmt: skip


def show(
    ws: Workspace,
    request: HttpRequest,
    row: Any,
    *,
    typed: Mapping[str, str] | None = None,
    edited: Edited | None = None,
    error: ZhiyinError | None = None,
) -> dict[str, Any]:
    """The editor of a template, with what was typed and why it was not saved."""
    language = language_of(row, request.POST or editor_parts.asked(request))
    own = row.wordings.of(language)
    now = {name: getattr(own, name) for name in ("subject", "preheader", "body", "text")}
    return {
        **editing(ws, request, row, language, {**now, **(typed or {})}, edited or Edited("")),
        **editor_parts.languages(row, language),
        "language_url": reverse("template_language", args=[row.key]),
        "name": request.POST.get("name", row.name),
        "error": error,
    }


def editing(
    ws: Workspace, request: HttpRequest, row: Any, language: str, typed: dict[str, str], edited: Edited
) -> dict[str, Any]:
    """The parts of the editor, and the preview of what was typed."""
    from zhiyin.services import template_previews, wording

    wordings = wording.changed(row.wordings, language, typed)
    spoken = language or row.language
    ids = [person.customer_id for person in template_previews.people(ws, spoken)]

    def rendered(customer_id: str) -> Rendered:
        return template_previews.shown(ws, row, wordings, customer_id, language=language)

    preview = campaign_preview.of_people(ws, request.POST, ids, rendered)
    address = reverse("template_preview", args=[row.key])
    return {
        **SECTION,
        **editor_parts.parts(ws, row.wordings.of(language), typed, edited, address),
        "template": row,
        "preview": preview,
    }


def versions(ws: Workspace, request: HttpRequest, key: str) -> dict[str, Any]:
    """All versions, and what differs between two of them."""
    from zhiyin.loop.deliver import differences
    from zhiyin.services import template_versions, templates

    row = templates.get(ws, key)
    kept = template_versions.versions(ws, key)
    numbers = [one.number for one in kept]
    language = request.GET.get("language", "")
    after = _number(request.GET.get("after", ""), numbers, numbers[0] if numbers else 0)
    before = _number(request.GET.get("before", ""), numbers, max(after - 1, numbers[-1] if numbers else 0))
    found = template_versions.compare(ws, key, before, after, language) if numbers else []
    parts = [(words.PARTS[part], differences.changed(lines)) for part, lines in found]
    return {
        **SECTION, "template": row, "versions": kept, "before": before, "after": after, "parts": parts,
        "language": language, "known_languages": [("", words.language(row.language)), *_named(row)],
    }  # fmt: skip


def saved_block(
    ws: Workspace, row: Any, typed: Mapping[str, str], error: ZhiyinError | None
) -> dict[str, Any]:
    """The page of a saved block."""
    from zhiyin.services import blocks

    users = blocks.used_by(ws, row.key)
    versions = blocks.versions(ws, row.key)
    return {**SECTION, "saved": row, "typed": typed, "error": error, "users": users, "versions": versions}


def _picture(ws: Workspace, row: Any) -> str:
    """What a template looks like to somebody; empty where it cannot be shown."""
    from zhiyin.services import template_previews

    people = template_previews.people(ws, row.language)
    try:
        who = people[0].customer_id if people else None
        return template_previews.shown(ws, row, row.wordings, who, language="").html
    except ZhiyinError:
        return ""


def _languages(row: Any) -> list[str]:
    return [words.language(name) for name in (row.language, *row.others) if name]


def _named(row: Any) -> list[tuple[str, str]]:
    return [(name, words.language(name)) for name in row.others]


def _number(text: str, known: list[int], otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and int(text) in known else otherwise
