"""What the frame of every page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """The shop's name, for the top of the page."""
    from zhiyin.entrypoints.site import current

    return {"shop": current().settings.shop}
