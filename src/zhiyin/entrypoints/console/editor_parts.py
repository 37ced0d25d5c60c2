"""What the pages with the block editor share: the form of a wording, its blocks, and the tabs of languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.template import Wording
from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.entrypoints.console import editor
from zhiyin.entrypoints.console import template_words as words
from zhiyin.entrypoints.console.editor import Edited
from zhiyin.loop.deliver import blocks as made_of
from zhiyin.services.workspace import Workspace


def edit(ws: Workspace, data: QueryDict, *, language: str, by: str) -> Edited:
    """What was posted to the editor, done; a block may be saved for other templates."""
    if data.get("op") != "keep":
        return editor.edit(data, language=language)
    from zhiyin.services import blocks, keys

    edited = editor.edit(data)
    document = made_of.parse(edited.body)
    at = int(data.get("n", "")) if data.get("n", "").isdigit() else editor.NONE
    name = data.get("block_name", "").strip()
    if not 0 <= at < len(document.blocks) or not name:
        return Edited(edited.body, at, gettext("Give the block a name."), op="keep")
    taken = {row.key for row in blocks.list_(ws)}
    try:
        saved = blocks.save(
            ws, key=keys.free(name, taken, "block"), name=name, body=document.blocks[at].inside, by=by
        )
    except ZhiyinError as error:
        return Edited(edited.body, at, error=error, op="keep")
    changed = made_of.change(document, at, made_of.block(made_of.SAVED, {"key": saved.key}))
    said = gettext("Saved as %(name)s.") % {"name": name}
    return Edited(made_of.format_(changed), at, said, op="keep")


def parts(
    ws: Workspace, wording: Wording, typed: Mapping[str, str], edited: Edited, edit_url: str
) -> dict[str, Any]:
    """The wording in its form and as blocks, with what was typed on top of what is kept."""
    from zhiyin.services import blocks

    named = {name: getattr(wording, name) for name in ("subject", "preheader", "body", "text")}
    shown = {**named, **typed}
    return {
        "form": forms.styled(forms.Wording(initial=shown)),
        **editor.context(shown["body"], edited),
        "saved_blocks": blocks.list_(ws),
        "edit_url": edit_url,
        "stale": wording.stale,
    }


def languages(row: Any, language: str) -> dict[str, Any]:
    """The tabs of languages, and those that could be added."""
    here = (row.language, *row.others)
    main = words.LANGUAGES.get(row.language, row.language) or gettext("Main wording")
    tabs = [{"key": "", "name": main, "here": not language, "main": bool(row.others and row.language)}]
    tabs += [{"key": one, "name": words.language(one), "here": one == language} for one in row.others]
    return {
        "languages": tabs,
        "in_language": language,
        "in_language_name": words.language(language),
        "main_language": row.language,
        "more_languages": [(key, name) for key, name in words.LANGUAGES.items() if key not in here],
    }


def asked(request: HttpRequest) -> QueryDict:
    """The language that the address of a page names, as a form would post it."""
    data = QueryDict(mutable=True)
    data["in_language"] = request.GET.get("language", "")
    return data
