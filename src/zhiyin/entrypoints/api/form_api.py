"""``POST /v1/forms/KEY``: a sign-up from a page or an app of the shop's own. A 202 says that it was received, and never
whether an address is known.

There is no key: it says only what anybody can say at the hosted page. Browsers may post from the sites that the form
names; limits hold for every network and every address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt

from zhiyin.domain.form import SignUp
from zhiyin.domain.reasons import SignUpReason
from zhiyin.domain.topic import spoken_language
from zhiyin.entrypoints.api.public import blind, visitor_of
from zhiyin.entrypoints.site import current
from zhiyin.services import forms, sign_ups

MAX_BYTES = 16 * 1024
Short = Annotated[str, msgspec.Meta(max_length=500)]
_FIXES: Mapping[SignUpReason, str] = {
    SignUpReason.CLOSED: "The form takes nothing any more.",
    SignUpReason.BAD_EMAIL: "Send an e-mail address.",
    SignUpReason.BAD_FIELD: "Send only the fields that the form asks for, each up to 200 letters.",
    SignUpReason.MISTYPED: "Ask whether the suggestion was meant; send sure: true to keep the address.",
    SignUpReason.DISPOSABLE: "Ask for an address that is kept.",
    SignUpReason.UNKNOWN_TOPIC: "Send topics that the form offers.",
    SignUpReason.NO_TOPIC: "Send one of the topics that the form offers.",
}


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A sign-up; a name that we do not know is refused, since a mistyped one would be lost in silence."""

    email: Short
    fields: dict[Short, Short] = {}
    topics: Annotated[list[Short], msgspec.Meta(max_length=50)] = []
    language: Short = ""
    page: Short = ""
    sure: bool = False
    fax: Short = ""


@csrf_exempt  # there is nothing that a cookie would allow
@login_not_required
@blind
def sign_up(request: HttpRequest, key: str) -> HttpResponse:
    """Take a sign-up, or say what is wrong with it in a way that tells nothing about anybody."""
    form, origin = forms.find(current(), key), request.headers.get("Origin", "")
    allowed = form is not None and (not origin or origin in form.origins)
    if request.method == "OPTIONS":
        return _open(HttpResponse(status=204 if allowed else 403), origin if allowed else "")
    if form is None:
        response = _problem(404, "not_found", "There is no such form.", "Check its key.")
    elif not allowed:
        response = _problem(
            403, "unknown_origin", "This site may not post to the form.", "Add it to the form."
        )
    elif request.method != "POST":
        response = _problem(405, "method", "This address takes no such method.", "Use POST.")
    else:
        response = _taken(request, form)
    if response.status_code == 405:
        response["Allow"] = "POST, OPTIONS"
    return _open(response, origin if allowed else "")


def _taken(request: HttpRequest, form: Any) -> HttpResponse:
    try:
        if len(request.body) > MAX_BYTES:
            raise RequestDataTooBig
        body = msgspec.json.decode(request.body, type=Body)
    except RequestDataTooBig:
        return _problem(413, "too_large", "The body is too large.", f"It may have {MAX_BYTES // 1024} KB.")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _problem(
            400, "bad_body", f"The body is not what is expected: {error}."[:300], "See /v1/openapi.json."
        )
    language = spoken_language(body.language or current().settings.shop.language)
    typed = SignUp(
        email=body.email,
        fields=body.fields,
        topics=tuple(dict.fromkeys(body.topics)),
        language=language,
        trap=body.fax,
        trusted=True,
        sure=body.sure,
    )
    page = body.page or request.headers.get("Referer", "")
    outcome = sign_ups.receive(current(), form, typed, visitor_of(request), page)
    if outcome.reason is not None and outcome.told:
        status = 404 if outcome.reason == SignUpReason.CLOSED else 422
        more = {"suggestion": outcome.suggestion} if outcome.suggestion else {}
        return _problem(status, outcome.reason.value, "It was not taken.", _FIXES[outcome.reason], more)
    with translation.override(language):
        told = gettext(
            "Thank you. Where the address has to be confirmed, a message with a link is on its way to it."
        )
    return _json(202, {"success": True, "message": told})


def _problem(
    status: int, code: str, what: str, fix: str, more: Mapping[str, str] | None = None
) -> HttpResponse:
    return _json(status, {"success": False, "code": code, "error": what, "message": fix, **(more or {})})


def _json(status: int, content: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), status=status, content_type="application/json")


def _open(response: HttpResponse, origin: str) -> HttpResponse:
    """For the pages of one site alone, and kept by nobody."""
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Origin"
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Headers"] = "content-type"
        response["Access-Control-Allow-Methods"] = "POST, OPTIONS"
        response["Access-Control-Max-Age"] = "3600"
    return response


urlpatterns = [path("v1/forms/<str:key>", sign_up, name="form_api")]
