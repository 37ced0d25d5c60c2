"""What somebody typed into the composer, kept as the draft's wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from zhiyin.domain.errors import BadTemplate, ZhiyinError
from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft after somebody typed: as it is stored now, what was typed, and why it could not be stored."""

    campaign: Any
    typed: Mapping[str, str]
    error: ZhiyinError | None = None


def keep(ws: Workspace, key: str, data: QueryDict, *, body: str | None = None) -> Kept:
    """Keep what was typed, in its language; ``body`` is what the editor made of it.

    A wording that cannot be rendered is not kept: the error says where it breaks.
    """
    from zhiyin.services import campaigns

    typed = of_form(data)
    if body is not None and "body" in data:
        typed["body"] = body
    campaign = campaigns.get(ws, key)
    language = language_of(campaign, data)
    now = campaign.wordings.of(language)
    changed = {name: value for name, value in typed.items() if value != getattr(now, name)}
    if not changed:
        return Kept(campaign, typed)
    try:
        return Kept(campaigns.update(ws, key, in_language=language, **changed), typed)
    except BadTemplate as error:
        return Kept(campaign, typed, error)


def of_form(data: QueryDict) -> dict[str, str]:
    """The parts of a wording that were posted."""
    form = forms.Wording(data)
    form.is_valid()
    return {name: value.replace("\r\n", "\n") for name, value in form.cleaned_data.items() if name in data}


def language_of(row: Any, data: QueryDict) -> str:
    """The further language that is edited; empty for the main one."""
    language = data.get("in_language", "")
    return language if language in row.others else ""


def shown_language(row: Any, data: QueryDict) -> str | None:
    """In which language a preview is asked for: that of the page; that of the customer where none is named."""
    return language_of(row, data) if row.others and "in_language" in data else None
