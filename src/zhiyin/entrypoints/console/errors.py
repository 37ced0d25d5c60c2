"""Pages for what goes wrong before or beneath a view: no such address, an old form, a fault of the program."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from zhiyin.domain.errors import NotFound, ZhiyinError
from zhiyin.domain.text import say


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django does not read, such as one with thousands of fields."""
    error = ZhiyinError(
        say("This request cannot be read."),
        fix=say("Go back, load the page again and repeat what you did."),
        code="bad_request",
    )
    return page(request, error, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What this account may not do."""
    error = ZhiyinError(
        say("This account may not do that."),
        fix=say("Ask the owner of the shop, or sign in with another account."),
        code="forbidden",
    )
    return page(request, error, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No page has this address."""
    error = NotFound(
        say("There is no page at this address."),
        fix=say("Check the address, or choose where to go on."),
    )
    return page(request, error, 404)


def old_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is missing or old: Django's ``CSRF_FAILURE_VIEW``."""
    error = ZhiyinError(
        say("This form is too old, or came from another site. Nothing was changed."),
        why=say("Forms are taken only with a cookie that this site has set."),
        fix=say("Go back, load the page again and repeat what you did. Cookies must be allowed."),
        code="old_form",
    )
    return page(request, error, 403)


def broken(request: HttpRequest) -> HttpResponse:
    """A fault of the program. The page asks nothing of the database, which may be what is broken."""
    theme = request.COOKIES.get("zhiyin_theme", "")
    shown = {"theme": theme if theme in ("light", "dark") else ""}
    return HttpResponse(render_to_string("console/broken.html", shown), status=500)


def page(request: HttpRequest, error: ZhiyinError, status: int) -> HttpResponse:
    """An error as a page within the frame, before the sign-in without it, or as a partial for htmx."""
    user = getattr(request, "user", None)
    if request.headers.get("HX-Request"):
        template = "console/_problem.html"
    elif user is not None and user.is_authenticated:
        template = "console/error.html"
    else:
        template = "console/door_error.html"
    return render(request, template, {"error": error, "tone": "problem"}, status=status)
