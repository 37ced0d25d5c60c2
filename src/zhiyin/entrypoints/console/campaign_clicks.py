"""The links of a campaign: how many followed each, drawn where it stands in the message, and who they were."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html

from zhiyin.entrypoints.console import campaign_preview, formats, paging
from zhiyin.loop.deliver.links import annotated
from zhiyin.services.reports import CampaignReport
from zhiyin.services.workspace import Workspace

PER_PAGE = 50
# no box of its own, so that the message stays laid out as it is
_MARK = (
    '<span style="display:inline-block;position:relative;width:0;height:0;vertical-align:top;overflow:visible">'
    '<span style="position:absolute;z-index:9;left:0;top:-15px;padding:0 7px;border:1px solid #fff;border-radius:9px;'
    'background:rgba({});color:#fff;font:600 12px/18px sans-serif;text-decoration:none;white-space:nowrap">{}</span></span>'
)
_DEEP, _GREY = "11,106,120", "85,101,111"


def links(ws: Workspace, campaign: Any, report: CampaignReport) -> dict[str, Any]:
    """Each link with its people and share, and the message with the shares written on it."""
    clicked = max(1, report.clicked.human)
    rows = [
        {
            "link": link,
            "plain": plain(link.url),
            "share": link.people / clicked,
        }
        for link in report.links
    ]
    preview = campaign_preview.first(ws, campaign)
    html = preview.rendered.html if preview.rendered else ""
    return {"links": rows, "map": _mapped(html, report) if html and rows else "", "preview": preview}


def people(ws: Workspace, request: HttpRequest, key: str) -> dict[str, Any]:
    """One page of those who followed a link."""
    from zhiyin.services import campaigns, clickers

    url = request.GET.get("url", "")
    found = clickers.of(ws, key, url)
    number = paging.number(request.GET.get("page", ""))
    return {
        "campaign": campaigns.get(ws, key),
        "section": "campaigns",
        "url": url,
        "people": found[(number - 1) * PER_PAGE : number * PER_PAGE],
        "total": len(found),
        "page": number,
        "pages": paging.pages(len(found), PER_PAGE),
    }


def plain(url: str) -> str:
    """An address without the labels that a campaign adds, by which two forms of one link are known.

    >>> plain("https://shop.example/tea?a=1&utm_source=newsletter&utm_medium=email#top")
    'https://shop.example/tea?a=1#top'
    """
    address, mark, place = url.partition("#")
    path, _, query = address.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("utm_"))
    return f"{path}{'?' if kept else ''}{kept}{mark}{place}"


def _mapped(html: str, report: CampaignReport) -> str:
    """The message with a mark before each link: its share of all who clicked, the darker the more."""
    people_of: dict[str, int] = {}
    for link in report.links:
        people_of[plain(link.url)] = people_of.get(plain(link.url), 0) + link.people
    clicked, most = max(1, report.clicked.human), max(people_of.values(), default=0)

    def note(url: str) -> str:
        count = people_of.get(plain(url), 0)
        if not count:
            return str(format_html(_MARK, f"{_GREY},.75", formats.percent(0, 0)))
        return str(
            format_html(_MARK, f"{_DEEP},{0.6 + 0.4 * count / most:.2f}", formats.percent(count / clicked, 0))
        )

    return annotated(html, note)
