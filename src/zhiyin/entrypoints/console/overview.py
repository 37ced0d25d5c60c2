"""The overview: the answer first, then figures, what needs somebody, and where customers are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from zhiyin.entrypoints.site import current
from zhiyin.services import overview


def page(request: HttpRequest) -> HttpResponse:
    """The first page after signing in."""
    return render(request, "console/overview.html", {"overview": overview.get(current())})


urlpatterns = [path("", page, name="overview")]
