"""Customers: the list with its filters, one customer with the timeline, and revealing contact data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from zhiyin.domain.item import Item
from zhiyin.domain.lifecycle import OF_CUSTOMERS
from zhiyin.entrypoints.console import feature_values, paging, segment_words, words
from zhiyin.entrypoints.site import current
from zhiyin.services import customers

_VISITS = ("Product Viewed", "Product Added", "Page Viewed")  # repeated, they make one line of the timeline


def customer_list(request: HttpRequest) -> HttpResponse:
    """Search, filters, sorting and pages; all of it in the query string."""
    from zhiyin.services import segments

    ws = current()
    wanted = {
        name: request.GET.get(name, "").strip() for name in ("q", "stage", "segment", "consent", "sort")
    }
    quintiles = {name: _quintile(request.GET.get(name, "")) for name in ("r", "f")}
    found = customers.search(
        ws, **wanted, page=paging.number(request.GET.get("page", "")), r=quintiles["r"], f=quintiles["f"]
    )
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
            "stages": [(stage.value, words.STAGES[stage.value]) for stage in OF_CUSTOMERS],
            "segments": segments.list_(ws),
        },
    )


def customer(request: HttpRequest, customer_id: str) -> HttpResponse:
    """One customer: what is known, what happened, what comes next."""
    from zhiyin.services import catalogue, features, interests, memberships, recommendations

    ws = current()
    person = customers.get(ws, customer_id)
    offered = recommendations.recommend(ws, customer_id, n=4)
    items = catalogue.items(
        ws, {one.item_id for one in offered} | {i for one in offered for i in one.because}
    )
    language = request.LANGUAGE_CODE
    return render(
        request,
        "console/customer.html",
        {
            "person": person,
            "traits": sorted(
                (segment_words.trait(name), segment_words.value(name, value, ws.settings.shop.currency))
                for name, value in person.traits.items()
                if value not in (None, "")
            ),
            "consents": customers.consents(ws, customer_id),
            "memberships": memberships.of_customer(ws, customer_id),
            "features": list(feature_values.by_owner(features.of(ws, customer_id), ws, language)),
            "interests": [
                (
                    words.INTERESTS[kind.value],
                    [
                        (_liked(kind.value, one.value), one.score, one.score / 100, one.last_at)
                        for one in several[:5]
                    ],
                )
                for kind, several in interests.of(ws, customer_id).items()
            ],
            "offered": [
                (one, items.get(one.item_id), recommendations.reason_text(one, items, language))
                for one in offered
            ],
            "language": language,
            "email": _masked_email(person.email),
            "phone": _masked_phone(person.phone),
            **_timeline(request, customer_id),
        },
    )


def timeline(request: HttpRequest, customer_id: str) -> HttpResponse:
    """Older entries of the timeline, for htmx."""
    return render(request, "console/_timeline.html", _timeline(request, customer_id))


@require_GET
def messages(request: HttpRequest, customer_id: str) -> HttpResponse:
    """What became of the messages to a customer: opened and clicked by people, and by machines. For htmx."""
    from zhiyin.services import engagements

    found = engagements.engagement(engagements.of(current(), customer_id))
    several = ((gettext("Opened"), found.opened), (gettext("Clicked"), found.clicked))
    rows = [(label, counts) for label, counts in several if found.delivered or counts.total]
    return render(request, "console/_engagement.html", {"delivered": found.delivered, "rows": rows})


@require_POST
def reveal(request: HttpRequest, customer_id: str) -> HttpResponse:
    """The contact data in full; that they were read is an event of the customer."""
    person = customers.reveal(current(), customer_id, by=request.user.get_username())
    return render(
        request, "console/_contact.html", {"email": person.email, "phone": person.phone, "revealed": True}
    )


def _timeline(request: HttpRequest, customer_id: str) -> dict[str, Any]:
    ws = current()
    show = request.GET.get("show", "")
    told = customers.timeline(ws, customer_id, _moment(request.GET.get("before", "")), show=show)
    names, segments = customers.campaigns(told.entries), customers.segments(told.entries)
    days: list[tuple[datetime, list[dict[str, Any]]]] = []
    for entry in told.entries:
        local = entry.at.astimezone(ws.timezone)
        if not days or days[-1][0].date() != local.date():
            days.append((local, []))
        line = _told(entry, told.items, request.LANGUAGE_CODE)
        if entry.event is not None and entry.event.campaign:
            line["campaign"] = names.get(entry.event.campaign, entry.event.campaign)
        if entry.event is not None:
            line["segment"] = segments.get(entry.event.event_id)
        if not (days[-1][1] and _joined(days[-1][1][-1], line)):
            days[-1][1].append(line)
    today = ws.today().date()
    return {
        "customer_id": customer_id,
        "days": [(day, day.date() == today, entries) for day, entries in days],
        "older": told.older,
        "show": show,
        "shows": (("", gettext("All")), ("orders", gettext("Orders")), ("messages", gettext("Messages"))),
    }


def _told(entry: customers.Entry, items: Mapping[str, Item], language: str) -> dict[str, Any]:
    """What the template needs of an entry."""
    if entry.message is not None:
        sent = entry.message.status in ("accepted", "handed_over", "planned", "claimed", "unknown", "failed")
        return {"at": entry.at, "message": entry.message, "decision": entry.decision, "sent": sent,
                "items": [items[i].name_in(language) for i in entry.message.items if i in items]}  # fmt: skip
    event = entry.event
    assert event is not None
    names = [
        items[line.item_id].name_in(language) if line.item_id in items else line.item_id
        for line in event.products
    ]
    return {
        "at": entry.at,
        "event": event,
        "by": entry.by,
        "icon": words.PICTURES.get(event.name, "circle"),
        "times": 1,
        "all": dict.fromkeys(names),
        "names": names[:3],
        "more": max(0, len(names) - 3),
        "pieces": sum(line.quantity for line in event.products),
    }


def _joined(newer: dict[str, Any], line: dict[str, Any]) -> bool:
    """Whether a visit of the same kind just after was extended by this one: one line for both."""
    last, event = newer.get("event"), line.get("event")
    if last is None or event is None or last.name != event.name or event.name not in _VISITS:
        return False
    newer["times"] += 1
    newer["since"] = line["at"]
    newer["all"] |= line["all"]
    newer["names"], newer["more"] = list(newer["all"])[:3], max(0, len(newer["all"]) - 3)
    return True


def _liked(kind: str, value: str) -> str:
    """What an interest is in, for a reader."""
    return words.name(words.PRICE_BANDS, value) if kind == "price_band" else value


def _masked_email(address: str) -> str:
    name, at, host = address.partition("@")
    return f"{name[:3] if len(name) > 4 else name[:1]}•••{at}{host}" if address else ""


def _masked_phone(phone: str) -> str:
    digits = phone.replace(" ", "")
    return f"{digits[:3]} •••• {digits[-4:]}" if len(digits) > 7 else "••••" if digits else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _quintile(text: str) -> int | None:
    return int(text) if text in ("1", "2", "3", "4", "5") else None


urlpatterns = [
    path("customers", customer_list, name="customers"),
    # ids are the shop's own and may hold a slash
    path("customers/timeline/<path:customer_id>", timeline, name="customer_timeline"),
    path("customers/messages/<path:customer_id>", messages, name="customer_messages"),
    path("customers/reveal/<path:customer_id>", reveal, name="customer_reveal"),
    path("customers/<path:customer_id>", customer, name="customer"),
]
