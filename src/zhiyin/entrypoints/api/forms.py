"""Sign-up forms for everybody: the hosted page, what other sites post, the confirmation, and the API.

Nothing here sets or reads a cookie, so there is nothing that another site could abuse: whoever posts says only what
they type. GET and HEAD show, POST acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.urls import path
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from zhiyin.adapters.records.models import Form
from zhiyin.domain.form import SignUp, SignUpStatus
from zhiyin.domain.reasons import SignUpReason
from zhiyin.domain.topic import LANGUAGES, spoken_language
from zhiyin.entrypoints.api.public import blind, language_of_browser, unkept, visitor_of
from zhiyin.entrypoints.site import current
from zhiyin.loop.collect.sign_ups import SOONEST
from zhiyin.services import confirmations, forms, sign_ups, topics
from zhiyin.services.form_snippets import TRAP


@csrf_exempt
@login_not_required
@xframe_options_exempt  # where it may be framed says the policy of the page
@require_http_methods(["GET", "HEAD", "POST"])
@blind
def hosted(request: HttpRequest, key: str) -> HttpResponse:
    """The page of a form; it needs no script. A POST from another site is asked for one more press of the button,
    unless the form says that the site may hold it."""
    ws = current()
    form = forms.find(ws, key)
    posted = _posted(request)
    language = _language(request, posted)
    if form is None or (form.archived_at and request.method != "POST"):
        return _page(request, form, language, "closed", 404)
    if request.method != "POST":
        return _page(request, form, language, "ask", 200)
    typed = _typed(request, form, posted, language)
    outcome = sign_ups.receive(
        ws, form, typed, visitor_of(request), posted.get("page") or request.headers.get("Referer", "")
    )
    if outcome.told:
        status = 404 if outcome.reason == SignUpReason.CLOSED else 422
        state = "closed" if outcome.reason == SignUpReason.CLOSED else "again"
        return _page(request, form, language, state, status, typed, outcome)
    wanted = posted.get("return", "")
    if wanted in form.redirects:  # nothing else leads away from here
        response = HttpResponse(status=303)
        response["Location"] = wanted
        return _framed(unkept(response), form)
    return _page(request, form, language, "thanks", 200, typed)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@blind
def confirmation(request: HttpRequest, key: str) -> HttpResponse:
    """The page behind the link of the message: GET shows a button and changes nothing, POST confirms."""
    ws = current()
    if request.method == "POST":
        found = confirmations.confirm_link(ws, key, visitor_of(request))
    else:
        found = confirmations.shown(ws, key)
    if found is None:
        return _confirmation(language_of_browser(request), {"state": "unknown"}, 404)
    row, language = found.row, found.row.language
    named = [topics.name(topic, language) for topic in row.topics]
    shown = {"state": found.standing, "row": row, "topics": named, "said": sorted(row.fields.items())}
    return _confirmation(language, shown, 410 if found.standing == SignUpStatus.EXPIRED else 200)


def _page(
    request: HttpRequest,
    form: Form | None,
    language: str,
    state: str,
    status: int,
    typed: SignUp | None = None,
    outcome: sign_ups.Outcome | None = None,
) -> HttpResponse:
    ws = current()
    reason = outcome.reason if outcome else None
    context: dict[str, Any] = {
        "state": state,
        "shop": ws.settings.shop,
        "language": language,
        "typed": typed or SignUp(""),
        "trap": TRAP,
        "reason": reason,
        "suggestion": outcome.suggestion if outcome else "",
        "wanted": request.POST.get("return", "") if status == 422 else request.GET.get("return", ""),
    }
    if form is not None:
        noun = form.noun
        # who is asked again has typed already: for them the page is as old as people need
        shown = ws.now() - (SOONEST if typed else timedelta())
        context |= {
            "form": noun,
            "single": noun.opt_in == "single",
            "stamp": sign_ups.stamp(ws, form, shown),
            "offered": [
                (row.key, row.noun.name(language), row.noun.description(language))
                for row in topics.public(ws, form.topics)
            ],
            "text": {name: noun.text(name, language) for name in ("title", "intro", "consent", "button")},
            "page": request.GET.get("page", "")[:500] or request.headers.get("Referer", "")[:500],
        }
    with translation.override(language):
        html = render_to_string("public/form.html", context)
    response = HttpResponse(html, status=status)
    response["Content-Language"] = language
    return _framed(unkept(response), form)


def _confirmation(language: str, shown: Mapping[str, Any], status: int) -> HttpResponse:
    with translation.override(language):
        html = render_to_string(
            "public/confirmation.html", {**shown, "shop": current().settings.shop, "language": language}
        )
    response = HttpResponse(html, status=status)
    response["Content-Language"] = language
    response["Referrer-Policy"] = "no-referrer"  # the address holds the key to the sign-up
    response["X-Robots-Tag"] = "noindex"
    return unkept(response)


def _framed(response: HttpResponse, form: Form | None) -> HttpResponse:
    """Sites that may hold the form may frame it, and the form may lead on to where it is allowed to."""
    origins = " ".join(["'self'", *(form.origins if form else ())])
    onward = " ".join(
        ["'self'", *dict.fromkeys(forms.origin(url) for url in (form.redirects if form else ()))]
    )
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
        f"frame-ancestors {origins}; form-action {onward}"
    )
    response["Referrer-Policy"] = (
        "same-origin"  # with less, browsers would send our own page's origin as null
    )
    return response


def _posted(request: HttpRequest) -> Mapping[str, str]:
    try:
        return {name: str(request.POST[name]) for name in request.POST}
    except MultiPartParserError:
        return {}


def _typed(request: HttpRequest, form: Form, posted: Mapping[str, str], language: str) -> SignUp:
    origin = request.headers.get("Origin", "")
    ours = origin in ("", "null") or forms.is_own(current(), origin, request.get_host())
    trusted = origin in form.origins
    shown = sign_ups.shown_at(current(), form, posted.get("stamp", "")) if ours or trusted else None
    return SignUp(
        email=posted.get("email", ""),
        fields={name: posted[name] for name in form.fields if posted.get(name) and name != "language"},
        topics=tuple(dict.fromkeys(request.POST.getlist("topic"))) if posted else (),
        language=language,
        trap=posted.get(TRAP, ""),
        asked_at=shown,
        trusted=trusted,
        sure=bool(posted.get("sure")) and posted.get("sure") == posted.get("email"),
    )


def _language(request: HttpRequest, posted: Mapping[str, str]) -> str:
    """The one chosen, else that of the address, else the browser's."""
    for said in (posted.get("language", ""), posted.get("lang", ""), request.GET.get("lang", "")):
        if said and spoken_language(said) in LANGUAGES:
            return spoken_language(said)
    return spoken_language(language_of_browser(request))


urlpatterns = [
    path("f/<slug:key>", hosted, name="form_page"),
    path("c/<str:key>", confirmation, name="form_confirm"),
]
