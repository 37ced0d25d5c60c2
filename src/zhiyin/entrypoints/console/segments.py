"""Segments: the list, the builder with its live count, the members, and why somebody is in or out."""

from __future__ import annotations

import tempfile

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiyin.entrypoints.console import paging, segment_list, segment_page, words
from zhiyin.entrypoints.site import current
from zhiyin.loop.deliver.match_list import PLATFORMS, Platform

PER_PAGE = 50


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All segments, with their size; by name unless asked otherwise."""
    from zhiyin.services import segments

    ws, sort = current(), request.GET.get("sort", "name")
    rows = segment_list.ordered(segment_list.rows(ws, segments.list_(ws)), sort)
    context = {"rows": rows, "sort": sort, "at_risk": segment_list.at_risk(ws) if not rows else 0}
    if gone := request.GET.get("archived", ""):
        context["archived"] = next((one for one in segments.archived(ws) if one.key == gone), None)
    return render(request, "console/segments/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, key: str = "") -> HttpResponse:
    """The builder of a new or a stored segment: counts, redraws, explains, saves."""
    from zhiyin.services import segments

    ws = current()
    stored = segments.get(ws, key) if key else None
    page = segment_page.build(ws, request, stored)
    if request.method == "POST" and segment_page.pressed(request) == "save" and page.can_save:
        saved = segment_page.save(ws, page)
        messages.success(request, gettext("Segment “%(name)s” saved.") % {"name": saved.name})
        return redirect("segment", saved.key)
    return render(request, page.template, {"page": page, "section": "segments"})


@require_GET
def members(request: HttpRequest, key: str) -> HttpResponse:
    """The customers in a segment, page by page."""
    from zhiyin.services import segments

    ws = current()
    segment = segments.get(ws, key)
    number = paging.number(request.GET.get("page", ""))
    people = segment_list.people(ws, segment, number, PER_PAGE)
    context = {
        "segment": segment,
        "people": people,
        "sentence": segment_list.sentence_of(ws, segment),
        "match_lists": words.MATCH_LISTS,
    }
    return render(request, "console/segments/members.html", context)


@require_GET
def export(request: HttpRequest, key: str) -> HttpResponse:
    """The members as CSV."""
    from zhiyin.services import segment_exports

    response = _file("text/csv; charset=utf-8", f"segment-{key}.csv")
    response.write("\ufeff")  # lets Excel see UTF-8
    segment_exports.export(current(), key, response, segment_exports.CSV)
    return response


@require_GET
def parquet(request: HttpRequest, key: str) -> HttpResponse:
    """The members as Parquet."""
    from zhiyin.services import segment_exports

    response = _file("application/vnd.apache.parquet", f"segment-{key}.parquet")
    with tempfile.TemporaryFile() as out:
        segment_exports.export(current(), key, out, segment_exports.PARQUET)
        out.seek(0)
        response.write(out.read())
    return response


@require_GET
def match(request: HttpRequest, key: str, format: str) -> HttpResponse:
    """What a match list for an ad platform would hold, and whom not, before it is downloaded."""
    from zhiyin.services import segment_exports, segments

    ws = current()
    segment = segments.get(ws, key)
    _platform(format)
    context = {
        "segment": segment,
        "format": format,
        "heading": words.name(words.MATCH_LISTS, format),
        "fields": words.name(words.MATCHED_BY, format),
        "found": segment_exports.review(ws, key, format),
        "section": "segments",
    }
    return render(request, "console/segments/match.html", context)


@require_GET
def match_file(request: HttpRequest, key: str, format: str) -> HttpResponse:
    """The match list itself: hashes, a person a line."""
    from zhiyin.services import segment_exports

    ending = "csv" if _platform(format).header else "txt"
    kind = "text/csv" if ending == "csv" else "text/plain"
    response = _file(f"{kind}; charset=utf-8", f"{format}-{key}.{ending}")
    segment_exports.export(current(), key, response, format)
    return response


def _file(kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _platform(format: str) -> Platform:
    if format not in PLATFORMS:
        raise Http404
    return PLATFORMS[format]


@require_POST
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Take a segment out of the list at once; the list offers to undo it."""
    from zhiyin.services import segments

    segments.archive(current(), key)
    return redirect(f"{reverse('segments')}?archived={key}")


@require_POST
def restore(request: HttpRequest, key: str) -> HttpResponse:
    """Undo an archiving."""
    from zhiyin.services import segments

    row = segments.restore(current(), key)
    messages.success(request, gettext("Segment “%(name)s” is back.") % {"name": row.name})
    return redirect("segments")


urlpatterns = [
    path("segments", index, name="segments"),
    path("segments/new", edit, name="segment_new"),
    path("segments/<slug:key>", edit, name="segment"),
    path("segments/<slug:key>/members", members, name="segment_members"),
    path("segments/<slug:key>/members.csv", export, name="segment_export"),
    path("segments/<slug:key>/members.parquet", parquet, name="segment_parquet"),
    path("segments/<slug:key>/lists/<slug:format>", match, name="segment_match"),
    path("segments/<slug:key>/lists/<slug:format>/file", match_file, name="segment_match_file"),
    path("segments/<slug:key>/archive", archive, name="segment_archive"),
    path("segments/<slug:key>/restore", restore, name="segment_restore"),
]
