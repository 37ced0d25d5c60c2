"""What surrounds every page: the content security policy, and the owner's account before all else."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

Handler = Callable[[HttpRequest], HttpResponse]

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'"
)


def content_security_policy(get_response: Handler) -> Handler:
    """No script of another origin and none inside the page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        return response

    return middleware


def owner_first(get_response: Handler) -> Handler:
    """Until there is an owner, every console page leads to the page that creates one."""
    known = False

    def middleware(request: HttpRequest) -> HttpResponse:
        nonlocal known
        if not known:
            known = get_user_model().objects.exists()
            if not known and not request.path.startswith(("/welcome", "/static/", "/t/", "/u/", "/i18n/")):
                return redirect("welcome")
        return get_response(request)

    return middleware
