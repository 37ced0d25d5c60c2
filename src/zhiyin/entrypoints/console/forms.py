"""Privacy → Sign-up forms: what they ask, what came in through them with its proof, and what to paste."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST, require_safe

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.form import FIELDS, TEXTS, Form, OptIn, SignUpStatus
from zhiyin.domain.topic import LANGUAGES, spoken_language
from zhiyin.entrypoints.console import paging, words
from zhiyin.entrypoints.site import current
from zhiyin.services import confirmations, forms, sign_ups, topics

_PER_PAGE = 50
_LONG = ("intro", "consent", "letter")  # texts of several lines
# outcome -> the fill of its part of the bar
_FILLS = {"confirmed": "gain", "pending": "blue", "expired": "grey", "refused": "harm"}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All forms with what became of everything that was typed into them."""
    ws = current()
    rows, sums = forms.list_(ws), sign_ups.balance(ws)
    listed = [(row, sums[row.key], _parts(sums[row.key])) for row in rows]
    confirmed = sum(one["confirmed"] for one in sums.values())
    return render(request, "console/privacy/forms.html", {"rows": listed, "confirmed": confirmed})


def new(request: HttpRequest) -> HttpResponse:
    """Make a form; its key, which is a part of its address, follows from its name."""
    from zhiyin.services import keys

    ws, given, problem = current(), _given(request.POST), None
    if request.method == "POST":
        taken = {row.key for row in forms.list_(ws)} | set(forms.TAKEN)
        try:
            row = forms.create(ws, keys.free(given["name"], taken, "form"), **given)
        except ZhiyinError as error:
            problem = error
        else:
            messages.success(
                request, gettext("The form is open. Paste it into a page, or give its address to people.")
            )
            return redirect("form", row.key)
    return _edited(request, None, given, problem)


@require_safe
def one(request: HttpRequest, key: str) -> HttpResponse:
    """What came in, who it was and with what proof, and what to paste."""
    from zhiyin.services import form_snippets

    ws = current()
    row = forms.get(ws, key)
    status = request.GET.get("status", "")
    status = status if status in set(SignUpStatus) else ""
    page = paging.number(request.GET.get("page", ""))
    sums = sign_ups.balance(ws, [row])[key]
    total, found = sign_ups.of_form(ws, row, status, page, _PER_PAGE)
    language = spoken_language(request.GET.get("lang", "") or get_language() or "")
    named = {topic.key: topic.noun.name(get_language() or "en") for topic in topics.list_(ws)}
    context = {
        "row": row,
        "lacking": "" if row.archived_at else confirmations.lacking(ws, row),
        "sums": sums,
        "parts": _parts(sums),
        "reasons": sorted(sums["reasons"].items(), key=lambda pair: -pair[1]),
        "found": [(one, [named.get(topic, topic) for topic in one.topics]) for one in found],
        "total": total,
        "page": page,
        "pages": paging.pages(total, _PER_PAGE),
        "status": status,
        "statuses": [(code.value, words.SIGN_UPS[code.value]) for code in SignUpStatus],
        "address": forms.address(ws, row),
        "snippets": form_snippets.snippets(ws, row, language),
        "language": language,
        "languages": [(code, words.language(code)) for code in LANGUAGES],
        "offered": [named.get(topic, topic) for topic in row.topics],
    }
    return render(request, "console/privacy/form.html", context)


def edit(request: HttpRequest, key: str) -> HttpResponse:
    """Change what it asks and says; people's sign-ups keep the version that they saw."""
    ws = current()
    row = forms.get(ws, key)
    given: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("name", "texts", "fields", "topics", "opt_in", "take_disposable", "origins", "redirects")
    }
    problem = None
    if request.method == "POST":
        given = _given(request.POST)
        try:
            forms.update(ws, key, **given)
        except ZhiyinError as error:
            problem = error
        else:
            messages.success(request, gettext("Saved."))
            return redirect("form", key)
    return _edited(request, row, given, problem)


@require_POST
def put_away(request: HttpRequest, key: str) -> HttpResponse:
    """Close it, or open it again."""
    ws = current()
    if forms.get(ws, key).archived_at is None:
        forms.archive(ws, key)
        messages.success(request, gettext("It is closed. What came in is kept."))
    else:
        forms.restore(ws, key)
        messages.success(request, gettext("It is open again."))
    return redirect("form", key)


def _edited(request: HttpRequest, row: Any, given: dict[str, Any], problem: Any) -> HttpResponse:
    language = get_language() or "en"
    ready = Form("", "")
    offered = topics.public(current())
    context = {
        "row": row,
        "given": given,
        "problem": problem,
        "texts": [
            (
                code,
                words.language(code),
                [
                    (name, words.FORM_TEXTS[name], given["texts"].get(code, {}).get(name, ""), ready.text(name, code),
                     name in _LONG)
                    for name in TEXTS
                ],
            )
            for code in LANGUAGES
        ],
        "fields": [(name, words.FORM_FIELDS[name], name in given["fields"]) for name in FIELDS],
        "topics": [(topic.key, topic.noun.name(language), topic.key in given["topics"]) for topic in offered],
        "opt_ins": [
            (code.value, words.OPT_INS[code.value], words.OPT_IN_HELP[code.value], given["opt_in"] == code.value)
            for code in OptIn
        ],
        "origins": "\n".join(given["origins"]),
        "redirects": "\n".join(given["redirects"]),
    }  # fmt: skip
    return render(request, "console/privacy/form_edit.html", context, status=422 if problem else 200)


def _given(data: QueryDict) -> dict[str, Any]:
    return {
        "name": data.get("name", "").strip(),
        "texts": {code: {name: data.get(f"{name}_{code}", "") for name in TEXTS} for code in LANGUAGES},
        "fields": data.getlist("field"),
        "topics": data.getlist("topic"),
        "opt_in": data.get("opt_in", OptIn.DOUBLE.value),
        "take_disposable": data.get("take_disposable") == "yes",
        "origins": data.get("origins", "").split(),
        "redirects": data.get("redirects", "").split(),
    }


def _parts(sums: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the bar: everything that was received."""
    whole = sums["received"] or 1
    return [
        {
            "code": code,
            "label": words.SIGN_UPS[code],
            "count": sums[code],
            "tone": tone,
            "width": 100 * sums[code] / whole,
        }
        for code, tone in _FILLS.items()
    ]


urlpatterns = [
    path("privacy/forms", index, name="forms"),
    path("privacy/forms/new", new, name="form_new"),
    path("privacy/forms/<slug:key>", one, name="form"),
    path("privacy/forms/<slug:key>/edit", edit, name="form_edit"),
    path("privacy/forms/<slug:key>/archive", put_away, name="form_archive"),
]
