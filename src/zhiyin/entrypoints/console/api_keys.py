"""Settings → API keys: who may send transactional messages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.site import current
from zhiyin.services import api_keys, snippets

_PAGE = "console/api_keys.html"


@sensitive_variables("key")
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The keys. A POST makes one; the page that answers is the only one that shows it."""
    if request.method != "POST":
        return render(request, _PAGE, _context())
    name = request.POST.get("name", "")
    try:
        _row, key = api_keys.create(current(), name)
    except (BadSetting, Conflict) as error:
        return render(request, _PAGE, _context() | {"problem": error, "given": name}, status=422)
    return render(request, _PAGE, _context() | {"fresh_key": key})


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Switch a key off for good."""
    name = request.POST.get("name", "")
    try:
        api_keys.revoke(current(), name)
    except NotFound as error:
        messages.warning(request, words.tell(error.told))
    else:
        messages.success(
            request, gettext("“%(name)s” is revoked; nothing takes its key any more.") % {"name": name}
        )
    return redirect("api_keys")


def _context() -> dict[str, Any]:
    ws = current()
    rows = api_keys.list_(ws)
    return {
        "live": [row for row in rows if row.revoked_at is None],
        "revoked": [row for row in rows if row.revoked_at is not None],
        "example": snippets.message(ws.settings.base_url),
    }


urlpatterns = [
    path("settings/keys", index, name="api_keys"),
    path("settings/keys/revoke", revoke, name="api_key_revoke"),
]
