"""Privacy → Consents: what people agreed to, by topic, and the topics themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST, require_safe

from zhiyin.domain.consent import MARKETING
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.topic import LANGUAGES
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.site import current
from zhiyin.services import topics


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Yes and no by purpose, drawn and counted; topics lead to their page."""
    ws = current()
    said, language = topics.words(ws), get_language() or "en"
    rows = {row.key: row for row in topics.list_(ws)}
    most = max([counts["yes"] + counts["no"] for counts in said.values()] + [1])
    general = said.pop(MARKETING)
    listed = [("", words.name(words.PURPOSES, MARKETING), None, general)]
    listed += [(key, row.noun.name(language), row, said.pop(key)) for key, row in rows.items()]
    listed += [("", words.name(words.PURPOSES, purpose), None, counts) for purpose, counts in said.items()]
    context = {
        "rows": [(*line, line[3]["yes"] / most, line[3]["no"] / most) for line in listed],
        "topics": len([row for row in rows.values() if row.archived_at is None]),
        "answers": general["yes"] + general["no"],
        "yes": general["yes"],
        "channel": "email",
    }
    return render(request, "console/privacy/consents.html", context)


def new(request: HttpRequest) -> HttpResponse:
    """Make a topic; its key follows from its name."""
    from zhiyin.services import keys

    ws, given, problem = current(), _given(request.POST), None
    if request.method == "POST":
        taken = {row.key for row in topics.list_(ws)} | set(topics.TAKEN)
        named = given["names"]["en"] or given["names"]["zh-hans"]
        try:
            row = topics.create(
                ws, keys.free(named, taken, "topic", 40), given["names"], given["descriptions"],
                public=given["public"],
            )  # fmt: skip
        except ZhiyinError as error:
            problem = error
        else:
            text = gettext("“%(name)s” can be chosen in campaigns and forms now.")
            messages.success(request, text % {"name": row.noun.name(get_language() or "en")})
            return redirect("privacy")
    else:
        given["public"] = True
    return _page(request, None, given, problem)


def one(request: HttpRequest, key: str) -> HttpResponse:
    """A topic: its texts, and who may see it."""
    ws = current()
    row = topics.get(ws, key)
    given: dict[str, Any] = {"names": row.names, "descriptions": row.descriptions, "public": row.public}
    problem = None
    if request.method == "POST":
        given = _given(request.POST)
        try:
            topics.update(ws, key, **given)
        except ZhiyinError as error:
            problem = error
        else:
            messages.success(request, gettext("Saved."))
            return redirect("topic", key)
    return _page(request, row, given, problem)


@require_POST
def put_away(request: HttpRequest, key: str) -> HttpResponse:
    """Offer it no more, or again."""
    ws = current()
    if topics.get(ws, key).archived_at is None:
        topics.archive(ws, key)
        messages.success(request, gettext("It is offered no more. What people said is kept."))
    else:
        topics.restore(ws, key)
        messages.success(request, gettext("It is offered again."))
    return redirect("topic", key)


def _page(request: HttpRequest, row: Any, given: Mapping[str, Any], problem: Any) -> HttpResponse:
    texts = [
        (code, words.language(code), given["names"].get(code, ""), given["descriptions"].get(code, ""))
        for code in LANGUAGES
    ]
    name = row.noun.name(get_language() or "en") if row else ""
    context = {"row": row, "name": name, "texts": texts, "public": given["public"], "problem": problem}
    if row is not None:
        context["said"] = topics.words(current())[row.key]
    return render(request, "console/privacy/topic.html", context, status=422 if problem else 200)


def _given(data: Mapping[str, str]) -> dict[str, Any]:
    return {
        "names": {code: data.get(f"name_{code}", "").strip() for code in LANGUAGES},
        "descriptions": {code: data.get(f"about_{code}", "").strip() for code in LANGUAGES},
        "public": data.get("public") == "yes",
    }


urlpatterns = [
    path("privacy", index, name="privacy"),
    path("privacy/topics/new", new, name="topic_new"),
    path("privacy/topics/<slug:key>", one, name="topic"),
    path("privacy/topics/<slug:key>/archive", put_away, name="topic_archive"),
]
