"""Privacy → Suppression: whom we must not write to, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.console import paging, words
from zhiyin.entrypoints.site import current

_PER_PAGE = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list, by reason and by a part of the address."""
    return render(request, "console/suppressions.html", _context(request))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put an address on the list."""
    from zhiyin.services import suppressions

    address = request.POST.get("address", "").strip()
    try:
        made = suppressions.add(current(), address)
    except ZhiyinError as error:
        context = _context(request) | {"error": words.tell(error.told), "given": address}
        return render(request, "console/suppressions.html", context, status=422)
    text = gettext("%(address)s is on the list.") if made else gettext("%(address)s was on the list before.")
    messages.success(request, text % {"address": address})
    return redirect("suppressions")


@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Take an address off the list, where that is ours to do."""
    from zhiyin.services import suppressions

    address = request.POST.get("address", "")
    try:
        suppressions.lift(current(), address)
    except ZhiyinError as error:
        messages.warning(request, words.tell(error.told))
    else:
        messages.success(request, gettext("%(address)s is off the list.") % {"address": address})
    return redirect("suppressions")


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The list as CSV, as an import takes it back."""
    from zhiyin.services import suppressions

    def rows() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield writer.writerow(("address", "reason", "at"))
        for address, why, at in suppressions.lines(current(), request.GET.get("reason", "")):
            yield writer.writerow((address, why, at.isoformat(timespec="seconds")))

    response = StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="suppressions.csv"'
    return response


def _context(request: HttpRequest) -> dict[str, Any]:
    from zhiyin.services import suppressions

    ws = current()
    q, reason = request.GET.get("q", ""), request.GET.get("reason", "")
    page = paging.number(request.GET.get("page", ""))
    found, counts = suppressions.search(ws, q, reason, page, _PER_PAGE), suppressions.counts(ws)
    return {
        "q": q,
        "reason": reason,
        "rows": [(row, suppressions.liftable(row)) for row in found.rows],
        "total": found.total,
        "page": page,
        "pages": paging.pages(found.total, _PER_PAGE),
        "counts": [(code, words.SUPPRESSED.get(code, code), count) for code, count in counts.items()],
        "all": sum(counts.values()),
        "filters": bool(q or reason),
        "section": "privacy",
    }


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


urlpatterns = [
    path("privacy/suppression", index, name="suppressions"),
    path("privacy/suppression/add", add, name="suppression_add"),
    path("privacy/suppression/lift", lift, name="suppression_lift"),
    path("privacy/suppression.csv", export, name="suppression_export"),
]
