"""The report of a campaign, one tab at a time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from zhiyin.entrypoints.console import (
    campaign_accounts,
    campaign_clicks,
    campaign_course,
    campaign_effects,
    campaign_groups,
    campaign_people,
    campaign_preview,
    campaign_progress,
    campaign_responses,
    campaign_verdict,
    segment_words,
)
from zhiyin.services.reports import CampaignReport
from zhiyin.services.workspace import Workspace

TABS = ("effect", "delivery", "links", "people", "content")


def context(ws: Workspace, request: HttpRequest, campaign: Any) -> dict[str, Any]:
    """What the chosen tab shows."""
    from zhiyin.services import reports

    wanted = request.GET.get("tab", "")
    tab = wanted if wanted in TABS else TABS[0]
    shown: dict[str, Any] = {
        "campaign": campaign,
        "section": "campaigns",
        "tab": tab,
        "tabs": _tabs(tab),
        **campaign_progress.progress(ws, campaign.key),
    }
    if tab == "people":
        return {**shown, **campaign_people.listed(ws, request, campaign.key)}
    report = reports.campaign(ws, campaign.key)
    shown |= {"report": report, "state": report.state, "context_line": campaign_verdict.context(ws, report)}
    if tab == "content":
        return {**shown, **_content(ws, campaign)}
    if tab == "links":
        return {**shown, **campaign_clicks.links(ws, campaign, report)}
    return {**shown, **_figures(ws, report)}


def _tabs(now: str) -> list[dict[str, Any]]:
    labels = {
        "effect": gettext("Effect"),
        "delivery": gettext("Delivery"),
        "links": gettext("Links"),
        "people": gettext("People"),
        "content": gettext("Content"),
    }
    return [{"key": key, "label": labels[key], "now": key == now} for key in TABS]


def _figures(ws: Workspace, report: CampaignReport) -> dict[str, Any]:
    parts = campaign_accounts.accounted(report)
    return {
        "headline": campaign_verdict.headline(ws, report),
        "evidence": campaign_verdict.evidence(report),
        "rows": campaign_effects.rows(report),
        "parts": parts,
        "adds_up": campaign_accounts.equation(parts),
        "groups": campaign_groups.groups(report),
        "responses": campaign_responses.responses(report),
        "course": campaign_course.course(report),
        "roi": report.roi,
    }


def _content(ws: Workspace, campaign: Any) -> dict[str, Any]:
    """The wording as it was frozen, seen by the first member, and the rule it went to."""
    from zhiyin.services import segments

    sentence = segment_words.capitalised(ws, segments.of_campaign(ws, campaign))
    return {"preview": campaign_preview.first(ws, campaign), "sentence": sentence}
