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


def keep(ws: Workspace, key: str, data: QueryDict) -> Kept:
    """Keep what was typed. A wording that cannot be rendered is not kept: the error says where it breaks."""
    from zhiyin.services import campaigns

    form = forms.Wording(data)
    form.is_valid()
    typed = {name: value.replace("\r\n", "\n") for name, value in form.cleaned_data.items() if name in data}
    campaign = campaigns.get(ws, key)
    changed = {name: value for name, value in typed.items() if value != getattr(campaign, name)}
    if not changed:
        return Kept(campaign, typed)
    try:
        return Kept(campaigns.update(ws, key, **changed), typed)
    except BadTemplate as error:
        return Kept(campaign, typed, error)
