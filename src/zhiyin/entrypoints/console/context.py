"""What the frame of every page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# section, name, icon, key after `g`, in the phone's bottom bar, below the line of housekeeping
_SECTIONS = (
    ("overview", _("Overview"), "layout-dashboard", "o", True, False),
    ("customers", _("Customers"), "users", "c", True, False),
    ("segments", _("Segments"), "filter", "s", False, False),
    ("recommendations", _("Recommendations"), "sparkles", "r", False, False),
    ("campaigns", _("Campaigns"), "send", "m", True, False),
    ("data", _("Data"), "database", "d", True, True),
    ("privacy", _("Privacy"), "shield-lock", "", False, False),
    ("settings", _("Settings"), "settings", "", False, False),
)
# section -> its pages: route, name, and how their addresses begin
_PAGES = {
    "customers": (
        ("customers", _("All customers"), ()),
        ("lifecycle", _("Lifecycle"), ("/lifecycle",)),
        ("features", _("Features"), ("/features",)),
    ),
    "campaigns": (
        ("campaigns", _("All campaigns"), ()),
        ("campaign_calendar", _("Calendar"), ("/campaigns/calendar",)),
        ("templates", _("Templates"), ("/campaigns/templates",)),
        ("messages", _("Messages"), ("/messages",)),
    ),
    "recommendations": (
        ("recommendations", _("Placements"), ()),
        ("recommendations_compare", _("Compare models"), ("/recommendations/compare",)),
        ("recommendations_catalogue", _("Catalogue health"), ("/recommendations/catalogue",)),
        ("recommendations_training", _("Training history"), ("/recommendations/training",)),
    ),
    "data": (
        ("data", _("Data health"), ()),
        ("sources", _("Sources"), ("/data/sources",)),
        ("live", _("Live events"), ("/data/live",)),
        ("rejects", _("Rejects"), ("/data/rejects",)),
        ("imports", _("Imports"), ("/data/import",)),
    ),
    "privacy": (
        ("privacy", _("Consents"), ()),
        ("forms", _("Sign-up forms"), ("/privacy/forms",)),
        ("suppressions", _("Suppression"), ("/privacy/suppression",)),
    ),
    "settings": (
        ("settings", _("All settings"), ()),
        ("sending_domain", _("Sending domain"), ("/settings/domains",)),
        ("channels", _("Channel health"), ("/settings/channels",)),
        ("deliverability", _("Deliverability"), ("/settings/deliverability",)),
        ("api_keys", _("API keys"), ("/settings/keys",)),
    ),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a section, shown below it while one is in the section."""

    label: Any
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A section in the bar; ``count`` is what is live in it now."""

    key: str
    label: Any
    icon: str
    href: str
    go: str
    phone: bool
    line: bool
    count: int = 0
    pages: tuple[Page, ...] = ()


def frame(request: HttpRequest) -> dict[str, Any]:
    """The shop, the sections with what is live in them, and how fresh the profiles are."""
    from zhiyin.entrypoints.site import current

    workspace = current()
    shown = {
        "shop": workspace.settings.shop,
        "theme": _theme(request),
        "keys_off": request.COOKIES.get("zhiyin_keys") == "off",
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return shown
    from zhiyin.services import facts, overview

    live = {"campaigns": overview.live_campaigns(workspace)}
    section = _section(request.path)
    pages = {section: _pages(section, request.path)}
    return {
        **shown,
        "nav": [
            Entry(key, label, icon, reverse(key), go, phone, line, live.get(key, 0), pages.get(key, ()))
            for key, label, icon, go, phone, line in _SECTIONS
        ],
        "section": section,
        "fresh": facts.profiled_at(workspace),
        "owner_name": user.first_name or user.get_username(),
    }


def _section(path: str) -> str:
    """The section of an address: that of a page that says how its own begin, else its first word."""
    for section, pages in _PAGES.items():
        if any(begin and path.startswith(begin) for _route, _label, begin in pages):
            return section
    return path.strip("/").split("/")[0] or "overview"


def _pages(section: str, path: str) -> tuple[Page, ...]:
    pages = _PAGES.get(section, ())
    here = next((route for route, _label, begin in pages if begin and path.startswith(begin)), section)
    return tuple(Page(label, reverse(route), route == here) for route, label, _begin in pages)


def _theme(request: HttpRequest) -> str:
    theme = request.COOKIES.get("zhiyin_theme", "")
    return theme if theme in ("light", "dark") else ""
