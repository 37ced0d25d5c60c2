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
    ("settings", _("Settings"), "settings", "", False, False),
)


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
    from zhiyin.services import overview

    live = {"campaigns": overview.live_campaigns(workspace)}
    return {
        **shown,
        "nav": [
            Entry(key, label, icon, reverse(key), go, phone, line, live.get(key, 0))
            for key, label, icon, go, phone, line in _SECTIONS
        ],
        "section": request.path.strip("/").split("/")[0] or "overview",
        "fresh": overview.fresh(workspace),
        "owner_name": user.first_name or user.get_username(),
    }


def _theme(request: HttpRequest) -> str:
    theme = request.COOKIES.get("zhiyin_theme", "")
    return theme if theme in ("light", "dark") else ""
