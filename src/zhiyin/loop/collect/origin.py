"""context and request → what an event came from: device, page, referrer, campaign tags, network."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import Any
from urllib.parse import parse_qsl

from zhiyin.domain.reject import Reject
from zhiyin.loop.collect import agents
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.referrers import app, medium

TAGS = ("source", "medium", "campaign", "term", "content", "id")
_LONGEST = 2000  # characters of an address


def origin(draft: Draft, facts: Facts) -> Draft | Reject:
    """Keep what reports ask for; everything else that clients send along is left out."""
    given = draft.given
    context: dict[str, Any] = {}
    if draft.agent:
        context["device"] = agents.device(draft.agent)
    elif draft.visiting:
        device = _app(given)
        if device:
            context["device"] = device
    page = given.get("page")
    if type(page) is not dict:
        page = draft.properties if draft.type == "page" else None
    if page is not None:
        context |= _visited(
            _short(page.get("url")),
            _short(page.get("path")),
            _short(page.get("title")),
            _short(page.get("referrer")),
            app(draft.agent),
        )
    campaign = given.get("campaign")
    if type(campaign) is dict:
        tags = _campaign(campaign)
        if tags:
            context["utm"] = tags
    if facts.keep_ip != "none":
        stated = given.get("ip")
        ip = draft.arrival.ip if draft.visiting else ""
        kept = address(stated if type(stated) is str and stated else ip, facts.keep_ip == "full")
        if kept:
            context["ip"] = kept
    for name in ("locale", "timezone"):
        value = given.get(name)
        if type(value) is str and value:
            context[name] = value[:64]
    library = given.get("library")
    if type(library) is dict:
        called, version = library.get("name"), library.get("version")
        if type(called) is str:
            context["library"] = _library(called, version if type(version) is str else "")
    draft.context = context
    return draft


def _short(value: Any) -> str | None:
    """An address or title, None for what is none."""
    return value[:_LONGEST] if type(value) is str else None


@lru_cache(maxsize=10_000)
def _visited(
    url: str | None, path: str | None, title: str | None, referrer: str | None, inside: str
) -> dict[str, Any]:
    """What a page tells, opened ``inside`` the browser of an app: the page, campaign tags, the referrer.

    Visitors come to the same pages, so the result is shared; do not change it.
    """
    context: dict[str, Any] = {}
    kept = {name: value for name, value in (("url", url), ("path", path), ("title", title)) if value}
    if kept:
        context["page"] = kept
    tags = _tags(url) if url and "utm_" in url else {}
    if tags:
        context["utm"] = tags
    if referrer is not None or url:
        context["referrer"] = _referrer(referrer or "", url or "", inside)
    return context


def _referrer(referrer: str, url: str, inside: str) -> dict[str, str]:
    name, source = medium(referrer, url)
    if name == "direct":
        return {"medium": "social", "source": inside} if inside else {"medium": "direct"}
    return {"url": referrer, "medium": name, "source": source}


def _tags(url: str) -> dict[str, str]:
    """The ``utm_`` tags of an address; of several with one name the last."""
    query = url.partition("#")[0].partition("?")[2]
    try:
        pairs = parse_qsl(query, max_num_fields=100)
    except ValueError:  # more fields than any link has
        return {}
    known = {f"utm_{tag}": tag for tag in TAGS}
    return {
        known[name.lower()]: value.strip()[:200]
        for name, value in pairs
        if name.lower() in known and value.strip()
    }


def _campaign(stated: dict[str, Any]) -> dict[str, str]:
    """The tags as libraries state them; the campaign's own is called ``name``."""
    tags = {}
    for name, value in stated.items():
        tag = "campaign" if name == "name" else name
        if tag in TAGS and type(value) is str and value.strip():
            tags[tag] = value.strip()[:200]
    return tags


def _app(given: Any) -> dict[str, str]:
    """The device as libraries for apps state it."""
    found = {}
    device, system = given.get("device"), given.get("os")
    kind = device.get("type") if type(device) is dict else None
    if type(kind) is str and kind:
        found["type"] = {"ios": "mobile", "android": "mobile"}.get(kind.lower(), kind[:64])
    name = system.get("name") if type(system) is dict else None
    if type(name) is str and name:
        found["os"] = name[:64]
    return found


@lru_cache(maxsize=1000)
def _library(name: str, version: str) -> str:
    return f"{name} {version}".strip()[:100]


@lru_cache(maxsize=50_000)
def address(ip: str, full: bool = False) -> str:
    """An IP address, cut to its network of /24 or /48 unless ``full``; empty for what is none.

    >>> address("203.0.113.77"), address("2001:db8:1:2::3"), address("::ffff:203.0.113.77"), address("here")
    ('203.0.113.0', '2001:db8:1::', '203.0.113.0', '')
    """
    try:
        found = ip_address(ip.strip().partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(found, IPv4Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if full:
        return str(found)
    bits = 8 if isinstance(found, IPv4Address) else 80
    return str(type(found)(int(found) >> bits << bits))
