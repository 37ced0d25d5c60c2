"""Features: the catalogue of what is known of every customer, and how one of them is spread."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext

from zhiyin.domain.feature import OWNERS, UNITS, Feature
from zhiyin.entrypoints.console import feature_values, segment_words, words
from zhiyin.entrypoints.site import current
from zhiyin.services import features
from zhiyin.services.workspace import Workspace


def catalogue(request: HttpRequest) -> HttpResponse:
    """All features by owner."""
    found = features.catalogue(current())
    groups = [
        (owner.value, words.tell(label), [_line(one) for one in found if one.feature.owner == owner])
        for owner, label in OWNERS.items()
    ]
    customers = found[0].customers
    return render(
        request, "console/features.html", {"groups": groups, "customers": customers, "n": len(found)}
    )


def interests(request: HttpRequest) -> HttpResponse:
    """What customers are interested in."""
    from zhiyin.services import interests

    ws = current()
    kinds = []
    for one in interests.liked(ws):
        most = max((n for _, n in one.values), default=0) or 1
        rows = [
            (
                words.name(words.PRICE_BANDS, value) if one.kind == "price_band" else value,
                n,
                n / most,
                n / one.known,
            )
            for value, n in one.values
        ]
        kinds.append((one.kind.value, words.INTERESTS[one.kind.value], one.known, rows))
    known = any(n for _, _, n, _ in kinds)
    context = {
        "kinds": kinds,
        "known": known,
        "least": interests.USUAL,
        "days": ws.settings.profile.half_life_days,
    }
    return render(request, "console/interests.html", context)


def feature(request: HttpRequest, name: str) -> HttpResponse:
    """One feature: what it means, and how its values are spread."""
    ws = current()
    found = features.spread(ws, name)
    language = request.LANGUAGE_CODE
    rows = _rows(found, ws, language)
    most = max((n for _, n in rows), default=0) or 1
    whole = found.of.known or 1
    figures = [
        (label, feature_values.shown(found.of.feature, value, ws, language))
        for label, value in (
            (gettext("Least"), found.least),
            (gettext("Half are below"), found.middle),
            (gettext("Most"), found.most),
        )
        if value is not None
    ]
    return render(
        request,
        "console/feature.html",
        {
            "line": _line(found.of),
            "kind": words.name(words.FEATURE_KINDS, found.of.feature.kind),
            "owner": words.tell(OWNERS[found.of.feature.owner]),
            "figures": figures,
            "private": found.private,
            "rows": [(label, n, n / most, n / whole) for label, n in rows],
        },
    )


def _line(one: features.Known) -> dict[str, Any]:
    return {
        "name": one.feature.name,
        "label": words.tell(one.feature.label),
        "meaning": words.tell(one.feature.meaning),
        "unit": _unit(one.feature),
        "window": feature_values.window(one.feature),
        "known": one.known,
        "customers": one.customers,
        "share": one.share,
    }


def _unit(of: Feature) -> str:
    return words.tell(UNITS[of.unit]) if of.unit in UNITS else words.name(words.FEATURE_KINDS, of.kind)


def _rows(found: features.Spread, ws: Workspace, language: str) -> list[tuple[str, int]]:
    of = found.of.feature
    bars = [(feature_values.bar_label(of, bar, ws, language), bar.n) for bar in found.bars]
    return bars + [
        (
            gettext("all others")
            if one.value is None
            else one.value
            if of.kind == "time"
            else segment_words.value(of.name, one.value, ws.settings.shop.currency),
            one.n,
        )
        for one in found.values
    ]


urlpatterns = [
    path("features", catalogue, name="features"),
    path("features/interests", interests, name="interests"),
    path("features/<str:name>", feature, name="feature"),
]
