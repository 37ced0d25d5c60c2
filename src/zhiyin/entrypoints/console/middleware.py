"""What surrounds every page: security headers, the owner's account before all else, errors for people."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect

from zhiyin.domain.errors import Busy, Conflict, NotFound, ZhiyinError
from zhiyin.entrypoints.console import errors

Handler = Callable[[HttpRequest], HttpResponse]

_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'"
)
_PUBLIC = ("/welcome", "/static/", "/t/", "/u/", "/f/", "/c/", "/v1/", "/i18n/")
_STATUS = {NotFound: 404, Conflict: 409, Busy: 503}


def content_security_policy(get_response: Handler) -> Handler:
    """No script of another origin and none inside the page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        return response

    return middleware


def whole_files(get_response: Handler) -> Handler:
    """Static files in one piece, so that they are compressed and need no thread for each block."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not isinstance(response, StreamingHttpResponse) or not request.path.startswith(
            settings.STATIC_URL
        ):
            return response
        content = b"".join(response.streaming_content)
        response.close()
        return HttpResponse(content, status=response.status_code, headers=response.headers)

    return middleware


def owner_first(get_response: Handler) -> Handler:
    """Until there is an owner, every console page leads to the page that creates one."""
    known = False

    def middleware(request: HttpRequest) -> HttpResponse:
        nonlocal known
        if not known:
            known = get_user_model().objects.exists()
            if not known and not request.path.startswith(_PUBLIC):
                return redirect("welcome")
        return get_response(request)

    return middleware


def private(get_response: Handler) -> Handler:
    """Pages behind the sign-in are kept by no cache; a partial whose session ended leads to the sign-in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        elif request.headers.get("HX-Request") and response.status_code == 302:
            return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
        return response

    return middleware


class ErrorsForPeople:
    """A ``ZhiyinError`` that leaves a view becomes a page, or a partial for htmx: what, why, what next."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django's hook for an exception of a view; None leaves it to the next."""
        if not isinstance(error, ZhiyinError):
            return None
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
        return errors.page(request, error, status)
