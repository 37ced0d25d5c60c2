"""The public links of messages: opens, clicks, unsubscribing. All signed, none sets a cookie.

GET and HEAD never change what anybody agreed to: they are noted as opens and clicks, to be judged later, and
unsubscribing takes a POST (RFC 8058). The page behind the unsubscribe link is the preference centre too.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.urls import path
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from zhiyin.domain.engagement import HIDDEN
from zhiyin.entrypoints.site import current
from zhiyin.entrypoints.site.client import client_address
from zhiyin.services import subscriptions, tracking

# the buttons of the page: take me off this topic, keep what I ticked; ``page`` stops everything
_TOPIC, _CHOSEN = "topic", "choose"
View = Callable[..., HttpResponse]

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def blind(view: View) -> View:
    """Ours are not read here, so that none is renewed or deleted either."""

    @wraps(view)
    def blinded(request: HttpRequest, *given: str, **named: str) -> HttpResponse:
        request.COOKIES.clear()
        return view(request, *given, **named)

    return blinded


@csrf_exempt  # what is no GET is refused anyway, without a page that would set a cookie
@login_not_required
@require_safe
@blind
def opened(request: HttpRequest, signed: str) -> HttpResponse:
    """The pixel. A stranger's link gets the same picture and leaves no trace."""
    tracking.opened(current(), signed, visitor_of(request))
    return unkept(HttpResponse(_PIXEL, content_type="image/gif"))


@csrf_exempt
@login_not_required
@require_safe
@blind
def clicked(request: HttpRequest, signed: str) -> HttpResponse:
    """On to where the signed link leads; an altered link leads nowhere."""
    url = tracking.clicked(current(), signed, visitor_of(request))
    if url is None:
        return _page(language_of_browser(request), "unknown", 404)
    if url == HIDDEN:
        return unkept(HttpResponse(status=204))
    return unkept(HttpResponseRedirect(url))


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@blind
def unsubscribe(request: HttpRequest, signed: str) -> HttpResponse:
    """GET asks, POST acts: the button of the page, or the one click of a mail program."""
    if request.method != "POST":
        shown = subscriptions.shown(current(), signed)
        if shown is None:
            return _page(language_of_browser(request), "unknown", 404)
        return _page(shown.language, "test" if shown.test else "gone" if shown.gone else "ask", 200, shown)
    how, wanted = _how(request)
    if how == _CHOSEN:
        shown = subscriptions.choose(current(), signed, wanted, visitor_of(request))
    else:
        way = subscriptions.ONE_CLICK if how == subscriptions.ONE_CLICK else subscriptions.PAGE
        everything = how == subscriptions.PAGE
        shown = subscriptions.unsubscribe(current(), signed, way, visitor_of(request), everything=everything)
    if shown is None:
        return _page(language_of_browser(request), "unknown", 404)
    if how == subscriptions.ONE_CLICK:
        return unkept(HttpResponse(_told(shown), content_type="text/plain; charset=utf-8"))
    return _page(shown.language, "test" if shown.test else "gone" if shown.gone else "saved", 200, shown)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@blind
def unknown(request: HttpRequest, signed: str) -> HttpResponse:
    """What looks like a link of ours and is none."""
    return _page(language_of_browser(request), "unknown", 404)


urlpatterns = [
    path("t/o/<str:signed>.gif", opened, name="track_open"),
    path("t/c/<str:signed>", clicked, name="track_click"),
    path("u/<str:signed>", unsubscribe, name="unsubscribe"),
    path("t/<path:signed>", unknown),
    path("u/<path:signed>", unknown),
]


def _how(request: HttpRequest) -> tuple[str, list[str]]:
    """Which of our own buttons it was, with the topics that were ticked; ``one_click`` for everything else: the token
    is what counts."""
    try:
        how, wanted = request.POST.get("how", ""), request.POST.getlist("topic")
    except MultiPartParserError:
        return subscriptions.ONE_CLICK, []
    return (how, wanted) if how in (subscriptions.PAGE, _TOPIC, _CHOSEN) else (subscriptions.ONE_CLICK, [])


def _told(shown: subscriptions.Subscription) -> str:
    """What a mail program, or whoever looks into its log, reads after one click."""
    if shown.gone or shown.topic is None:
        return "Unsubscribed.\n"
    return f"Unsubscribed from {shown.topic.name}. To stop all e-mails, open this address in a browser.\n"


def language_of_browser(request: HttpRequest) -> str:
    """The language of the browser, where no customer is known; without one that of the shop."""
    if "Accept-Language" in request.headers:
        return translation.get_language_from_request(request)
    return current().settings.shop.language


def _page(
    language: str, state: str, status: int, shown: subscriptions.Subscription | None = None
) -> HttpResponse:
    with translation.override(language):
        html = render_to_string(
            "public/unsubscribe.html",
            {"state": state, "shown": shown, "shop": current().settings.shop, "language": language},
        )
    response = HttpResponse(html, status=status)
    response["Content-Language"] = language
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return unkept(response)


def unkept(response: HttpResponse) -> HttpResponse:
    """Kept by no cache."""
    response["Cache-Control"] = "no-store, private"
    return response


def visitor_of(request: HttpRequest) -> tracking.Visitor:
    """Who asked."""
    return tracking.Visitor(
        request.META.get("HTTP_USER_AGENT", ""), client_address(request), request.method or "GET"
    )
