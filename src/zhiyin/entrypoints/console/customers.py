"""Customers: the list with its filters, one customer with the timeline, and revealing contact data."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.site import current
from zhiyin.services import customers


def customer_list(request: HttpRequest) -> HttpResponse:
    """Search, filters, sorting and pages; all of it in the query string."""
    from zhiyin.services import segments

    ws = current()
    wanted = {
        name: request.GET.get(name, "").strip() for name in ("q", "stage", "segment", "consent", "sort")
    }
    quintiles = {name: _quintile(request.GET.get(name, "")) for name in ("r", "f")}
    found = customers.search(ws, **wanted, **quintiles, page=_page(request))
    filters = [name for name in ("q", "stage", "segment", "consent") if wanted[name]]
    filters += [name for name, value in quintiles.items() if value]
    return render(
        request,
        "console/customers.html",
        {
            **wanted,
            **quintiles,
            "found": found,
            "filters": filters,
            "any": bool(filters) or found.total > 0,
            "stages": [(stage.value, words.STAGES[stage.value]) for stage in Lifecycle],
            "segments": segments.list_(ws),
            "unknown": words.STAGES,
        },
    )


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _quintile(text: str) -> int | None:
    return int(text) if text in ("1", "2", "3", "4", "5") else None


urlpatterns = [
    path("customers", customer_list, name="customers"),
]
