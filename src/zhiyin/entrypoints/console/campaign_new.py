"""A new campaign: the form that makes a draft, and a copy of another campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.entrypoints.console import formats
from zhiyin.loop.deliver import sandbox
from zhiyin.services.workspace import Workspace

_PAGES = {"new", "calendar", "templates"}  # addresses beside the keys of campaigns
_USUAL_HOUR = time(10)


def new(ws: Workspace, request: HttpRequest) -> dict[str, Any]:
    """The form of a new campaign; ``?segment=`` chooses the segment."""
    from zhiyin.services import templates

    offered = _templates(templates.for_campaigns(ws))
    choices = forms.segment_choices(ws)
    initial = {
        "segment": request.GET.get("segment", ""),
        "sender_name": ws.settings.sender.name or ws.settings.shop.name,
        "sender_email": ws.settings.sender.email,
        "day": request.GET.get("day", ""),
    }
    form = forms.NewCampaign(
        forms.posted(request),
        initial=initial,
        segments=choices,
        templates=[(template.key, template.name) for template in offered],
    )
    chosen = request.POST.get("template") or (offered[0].key if offered else "")
    return {
        "form": forms.styled(form),
        "templates": [(template, _example(ws, template)) for template in offered],
        "chosen": chosen,
        "has_segments": bool(choices),
    }


def create(ws: Workspace, data: Mapping[str, Any]) -> Any:
    """A new draft from the cleaned form."""
    from zhiyin.services import campaigns, keys

    taken = {campaign.key for campaign in campaigns.list_(ws)} | _PAGES
    given = {name: data[name] for name in ("subject", "sender_name", "sender_email") if data[name]}
    return campaigns.create(
        ws,
        key=keys.free(data["name"], taken, "campaign"),
        name=data["name"],
        segment=data["segment"],
        template=data["template"],
        send_at=_hour(ws, data["day"]) if data["day"] else None,
        **given,
    )


def copy(ws: Workspace, key: str) -> Any:
    """A fresh draft with the wording and audience of another campaign."""
    from zhiyin.services import campaigns, keys

    old = campaigns.get(ws, key)
    taken = {campaign.key for campaign in campaigns.list_(ws)} | _PAGES
    return campaigns.create(
        ws,
        key=keys.free(old.key, taken, "campaign"),
        name=old.name,
        segment=old.segment.key,
        wordings=old.wordings,
        sender_name=old.sender_name,
        sender_email=old.sender_email,
        holdout=old.holdout,
        window_days=old.window_days,
        cost=old.cost,
        recommender=old.recommender,
        topic=old.topic,
    )


def _hour(ws: Workspace, day: date) -> datetime:
    """The usual hour of a planned day, on the shop's clock; the review may change it."""
    return datetime.combine(day, _USUAL_HOUR, ws.timezone)


def _example(ws: Workspace, template: Any) -> str:
    """The subject as somebody would read it who speaks the template's language."""
    shop = {"name": ws.settings.shop.name, "address": "", "currency": "", "language": template.language}
    name = "林晓雨" if formats.chinese(template.language) else "Emily"
    customer = {"name": name, "first_name": name}
    return sandbox.render(sandbox.parse(template.subject), {"shop": shop, "customer": customer}).strip()


def _templates(stored: Sequence[Any]) -> list[Any]:
    """The templates, those of the reader's language first."""
    mine = "zh" if formats.chinese(get_language()) else "en"
    return sorted(stored, key=lambda template: (not template.language.startswith(mine), template.name))
