"""``/v1/messages``: the transactional API. A 200 means that the message stands in the send ledger, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from zhiyin.domain.api_key import Scope
from zhiyin.domain.errors import Conflict, NotFound, ZhiyinError
from zhiyin.entrypoints.site import current
from zhiyin.services import api_keys, send_requests, sources, transactional

MAX_BYTES = 64 * 1024  # of a request: twice what variables may hold
_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_STATUS: Mapping[str, int] = {"too_large": 413, "no_key": 400}

View = Callable[..., HttpResponse]
Short = Annotated[str, msgspec.Meta(max_length=255)]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A request; a name that we do not know is refused, since a mistyped one would be lost in silence."""

    template: Short
    to: Short = ""
    customer_id: Short = ""
    variables: dict[str, Any] = {}
    language: Short = ""
    idempotency_key: Short = ""


class _Declined(Exception):
    def __init__(self, status: int, code: str, what: str, fix: str) -> None:
        super().__init__(what)
        self.status, self.code, self.what, self.fix = status, code, what, fix


def _door(*methods: str) -> Callable[[View], View]:
    """A view for programs: no session and no cookie, a key of the scope ``messages``, every error as JSON."""

    def wrap(view: View) -> View:
        @csrf_exempt  # a key in a header, which no page of another origin can send
        @login_not_required
        @wraps(view)
        def guarded(request: HttpRequest, **names: str) -> HttpResponse:
            request.COOKIES.clear()
            with translation.override("en"):
                try:
                    if request.method not in methods:
                        raise _Declined(
                            405, "method", "This address takes no such method.", f"Use {methods[0]}."
                        )
                    _authorised(request)
                    response = view(request, **names)
                except _Declined as refused:
                    response = _problem(refused.status, refused.code, refused.what, "", refused.fix)
                except ZhiyinError as error:
                    response = _problem(_status(error), error.code, error.what, error.why, error.fix)
            if response.status_code == 405:
                response["Allow"] = ", ".join(methods)
            if response.status_code == 401:
                response["WWW-Authenticate"] = 'Bearer realm="messages"'
            response["Cache-Control"] = "no-store"
            return response

        return guarded

    return wrap


@_door("POST")
def messages(request: HttpRequest) -> HttpResponse:
    """Take a message over. Asked again with the same key it is the same message, and says so in a header."""
    body = _body(request)
    header = request.headers.get("Idempotency-Key", "").strip()
    if header and body.idempotency_key and header != body.idempotency_key:
        raise _Declined(
            400, "two_keys", "The header and the body name different idempotency keys.", "Send one of them."
        )
    asked = send_requests.Asked(body.template, body.to, body.customer_id, body.variables, body.language)
    taken = send_requests.send(current(), asked, header or body.idempotency_key)
    response = _answer(200, transactional.state(taken.message))
    if taken.again:
        response["Idempotent-Replayed"] = "true"
    return response


@_door("GET", "HEAD")
def message(request: HttpRequest, token: str) -> HttpResponse:
    """What became of a message."""
    return _answer(200, transactional.state(transactional.get(current(), token)))


def _authorised(request: HttpRequest) -> None:
    """Raise ``_Declined`` unless the request bears a key that is in force and of this scope."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise _Declined(
            401,
            "no_api_key",
            "There is no API key.",
            "Send a header Authorization: Bearer KEY; zhiyin keys create.",
        )
    if api_keys.find(current(), key, Scope.MESSAGES) is not None:
        return
    if len(key) <= api_keys.LONGEST and sources.find(key) is not None:
        raise _Declined(
            403,
            "wrong_scope",
            "This is the write key of a source; it can be read in any page, so it sends no messages.",
            "Make an API key: zhiyin keys create NAME.",
        )
    raise _Declined(
        401, "bad_api_key", "The API key is not known or was revoked.", "Make one: zhiyin keys create NAME."
    )


def _body(request: HttpRequest) -> Body:
    length = request.headers.get("Content-Length", "")
    large = _Declined(
        413,
        "too_large",
        f"The request is larger than {MAX_BYTES // 1024} KB.",
        "Give what the template shows.",
    )
    if length.isdigit() and int(length) > MAX_BYTES:
        raise large
    try:
        raw = request.body
    except RequestDataTooBig:
        raise large from None
    if len(raw) > MAX_BYTES:
        raise large
    try:
        return msgspec.json.decode(raw, type=Body)
    except _JSON as error:
        raise _Declined(
            400, "bad_request", f"The request cannot be read: {error}."[:300], "See /v1/openapi.json."
        ) from error


def _status(error: ZhiyinError) -> int:
    if error.code in _STATUS:
        return _STATUS[error.code]
    return 404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 422


def _problem(status: int, code: str, what: str, why: str, fix: str) -> HttpResponse:
    return _answer(status, {"error": {"code": code, "what": str(what), "why": str(why), "fix": str(fix)}})


def _answer(status: int, content: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), content_type="application/json", status=status)


urlpatterns = [
    path("v1/messages", messages),
    path("v1/messages/<str:token>", message),
]
