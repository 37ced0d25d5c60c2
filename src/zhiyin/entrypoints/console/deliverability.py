"""Deliverability: what receivers report of our mail, and what DNS says of the sending domain."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from zhiyin.domain.errors import BadSetting
from zhiyin.entrypoints.console import bounces, report_columns
from zhiyin.entrypoints.site import current
from zhiyin.services import domain_health, mail_report_sums, mail_reports
from zhiyin.services.mail_reports import ReadResult
from zhiyin.services.workspace import Workspace

PERIODS = (28, 90, 365, 0)  # days, 0 for all
_USUAL = 90
_SENDERS = 20  # on the page; the rest stands in what the command line writes


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Reports of the last days, and the last check of the domain; DNS is not asked."""
    return render(request, "console/deliverability/index.html", _page(request))


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Take in uploaded reports, and show what became of them."""
    ws, result = current(), ReadResult()
    for file in request.FILES.getlist("files"):
        mail_reports.take(ws, file.name or "", file.size or 0, file.read, result)
    shown = {**_page(request, days=0 if result.new else None), "result": result}
    return render(request, "console/deliverability/index.html", shown, status=200 if result.found else 422)


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Ask DNS now. For htmx a partial; else back to the page, which shows what was found."""
    domain, given = request.POST.get("domain", ""), request.POST.get("selectors", "")
    try:
        found = domain_health.check(current(), domain, given.replace(",", " ").split())
    except BadSetting as error:
        return render(request, "console/_problem.html", {"error": error, "tone": "problem"}, status=422)
    if request.headers.get("HX-Request"):
        return render(request, "console/deliverability/_health.html", {"health": found})
    return redirect(f"{reverse('deliverability')}?{urlencode({'check': found.domain})}")


def _page(request: HttpRequest, days: int | None = None) -> dict[str, Any]:
    ws = current()
    asked = request.GET.get("days", "")
    if days is None:
        days = int(asked) if asked.isascii() and asked.isdigit() and int(asked) in PERIODS else _USUAL
    domain = request.GET.get("domain", "").replace("\x00", "")
    found = mail_report_sums.summary(ws, days, domain)
    return {
        "found": found,
        "any": any(found.reports.values()),
        "days": days,
        "domain": domain if domain in found.domains else "",
        "periods": PERIODS,
        "dates": report_columns.stretch(found),
        "share": found.passed / found.messages if found.messages else None,
        "secure": found.secured / found.sessions if found.sessions else None,
        "mail": report_columns.columns(found.days, gettext("Passed"), gettext("Not passed")),
        "tls": report_columns.columns(found.tls_days, gettext("Encrypted"), gettext("Not encrypted")),
        "senders": found.senders[:_SENDERS],
        "tls_failures": [(one, report_columns.day(one.last)) for one in found.tls_failures],
        "failures": [(one, report_columns.day(one.last)) for one in found.failures],
        "more_senders": max(0, len(found.senders) - _SENDERS) + found.more_senders,
        **bounces.context(ws),
        **_health(ws, request.GET.get("check", "").replace("\x00", "")[:253]),
    }


def _health(ws: Workspace, asked: str) -> dict[str, Any]:
    """The domain of the form, and what its last check found."""
    checked = domain_health.checked()
    ours = ws.settings.sender.email.rpartition("@")[2].lower()
    domain = asked or ours or (checked[0] if checked else "")
    health = domain_health.last(domain) if domain else None
    return {
        "sending": domain,
        "health": health,
        "selectors": ", ".join(domain_health.known_selectors(domain)) if domain else "",
        "reports_to": domain or "shop.example",
    }


urlpatterns = [
    path("settings/deliverability", page, name="deliverability"),
    path("settings/deliverability/read", read, name="deliverability_read"),
    path("settings/deliverability/check", check, name="deliverability_check"),
]
