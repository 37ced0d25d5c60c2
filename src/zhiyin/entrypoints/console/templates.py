"""Templates: the list, the editor, languages, versions, and the blocks that several of them share."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from zhiyin.domain.errors import BadTemplate, Conflict, ZhiyinError
from zhiyin.entrypoints.console import editor_parts, template_pages, words
from zhiyin.entrypoints.console.campaign_wording import language_of, of_form
from zhiyin.entrypoints.site import current


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All templates with what they look like, and the saved blocks."""
    return render(request, "console/templates/index.html", template_pages.index(current(), request))


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Name and language: then the editor."""
    ws = current()
    if request.method == "POST" and request.POST.get("name", "").strip():
        made = template_pages.create(ws, request.POST, request.user.email)
        return redirect("template", made.key)
    return render(request, "console/templates/new.html", template_pages.new(ws, request))


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The editor of a template; a POST saves a new version of what it says in one language."""
    from zhiyin.services import template_versions, templates

    ws = current()
    row = templates.get(ws, key)
    if request.method != "POST":
        return render(request, "console/templates/show.html", template_pages.show(ws, request, row))
    language = language_of(row, request.POST)
    edited = editor_parts.edit(ws, request.POST, language="", by=request.user.email)
    typed = {**of_form(request.POST), "body": edited.body}
    version = request.POST.get("version", "")
    try:
        if edited.error:
            raise edited.error
        saved = template_versions.save_language(
            ws, key, language, typed, name=request.POST.get("name", ""), by=request.user.email,
            expected=int(version) if version.isdigit() else None,
        )  # fmt: skip
    except (BadTemplate, Conflict) as error:
        context = template_pages.show(ws, request, row, typed=typed, edited=edited, error=error)
        return render(request, "console/templates/show.html", context, status=400)
    messages.success(request, gettext("Saved as version %(n)s.") % {"n": saved.version})
    return redirect(_address(key, language))


@require_POST
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Do what was done in the editor, and show it as one customer will see it; nothing is saved."""
    from zhiyin.services import templates

    ws = current()
    row = templates.get(ws, key)
    language = language_of(row, request.POST)
    spoken = language or row.language or ws.settings.shop.language
    edited = editor_parts.edit(ws, request.POST, language=spoken, by=request.user.email)
    typed = {**of_form(request.POST), "body": edited.body}
    context = template_pages.editing(ws, request, row, language, typed, edited)
    return render(request, "console/templates/_answer.html", context)


@require_POST
def language(request: HttpRequest, key: str) -> HttpResponse:
    """Add a language, take one out, or say which one the main wording is in."""
    from zhiyin.services import template_versions

    name, do = request.POST.get("language", ""), request.POST.get("do", "remove")
    template_versions.change_languages(current(), key, name, do, by=request.user.email)
    return redirect(_address(key, name if do == "add" else ""))


@require_POST
def duplicate(request: HttpRequest, key: str) -> HttpResponse:
    """A copy under a key of its own, opened at once."""
    from zhiyin.services import templates

    ws = current()
    name = gettext("%(name)s, copy") % {"name": templates.get(ws, key).name}
    return redirect("template", templates.duplicate(ws, key, name=name[:120], by=request.user.email).key)


@require_POST
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Take a template out of the list; the list offers to undo it."""
    from zhiyin.services import templates

    templates.archive(current(), key)
    return redirect(f"{reverse('templates')}?{urlencode({'archived': key})}")


@require_POST
def unarchive(request: HttpRequest, key: str) -> HttpResponse:
    """Undo an archiving."""
    from zhiyin.services import templates

    templates.archive(current(), key, archived=False)
    return redirect("templates")


@require_safe
def versions(request: HttpRequest, key: str) -> HttpResponse:
    """Everything that a template ever was; two of them side by side."""
    return render(
        request, "console/templates/versions.html", template_pages.versions(current(), request, key)
    )


@require_POST
def restore(request: HttpRequest, key: str) -> HttpResponse:
    """Make an earlier version the newest."""
    from zhiyin.services import template_versions

    number = _version(request)
    row = template_versions.restore(current(), key, number, by=request.user.email)
    _tell_restored(request, number, row.version)
    return redirect("template", key)


@require_http_methods(["GET", "HEAD", "POST"])
def saved_block(request: HttpRequest, key: str) -> HttpResponse:
    """The MJML of a saved block; a POST changes it everywhere it is used."""
    from zhiyin.services import blocks

    ws = current()
    row = blocks.get(ws, key)
    typed, error = {"name": row.name, "body": row.body}, None
    if request.method == "POST":
        typed = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in typed}
        version = request.POST.get("version", "")
        try:
            row = blocks.save(
                ws, key=key, language=row.language, by=request.user.email,
                expected=int(version) if version.isdigit() else None, **typed,
            )  # fmt: skip
        except ZhiyinError as problem:
            error, row = problem, blocks.get(ws, key)
        else:
            messages.success(request, gettext("Saved as version %(n)s.") % {"n": row.version})
            return redirect("saved_block", key)
    context = template_pages.saved_block(ws, row, typed, error)
    return render(request, "console/templates/block.html", context, status=400 if error else 200)


@require_POST
def restore_block(request: HttpRequest, key: str) -> HttpResponse:
    """Make an earlier version of a saved block the newest."""
    from zhiyin.services import blocks

    number = _version(request)
    row = blocks.restore(current(), key, number, by=request.user.email)
    _tell_restored(request, number, row.version)
    return redirect("saved_block", key)


@require_POST
def remove_block(request: HttpRequest, key: str) -> HttpResponse:
    """Take away a saved block that nothing uses."""
    from zhiyin.services import blocks

    try:
        blocks.remove(current(), key)
    except Conflict as error:
        messages.error(request, words.tell(error.told))
        return redirect("saved_block", key)
    return redirect("templates")


def _address(key: str, language: str) -> str:
    address = reverse("template", args=[key])
    return f"{address}?{urlencode({'language': language})}" if language else address


urlpatterns = [
    path("campaigns/templates", index, name="templates"),
    path("campaigns/templates/new", new, name="template_new"),
    path("campaigns/templates/blocks/<slug:key>", saved_block, name="saved_block"),
    path("campaigns/templates/blocks/<slug:key>/restore", restore_block, name="saved_block_restore"),
    path("campaigns/templates/blocks/<slug:key>/remove", remove_block, name="saved_block_remove"),
    path("campaigns/templates/<slug:key>", show, name="template"),
    path("campaigns/templates/<slug:key>/preview", preview, name="template_preview"),
    path("campaigns/templates/<slug:key>/language", language, name="template_language"),
    path("campaigns/templates/<slug:key>/duplicate", duplicate, name="template_duplicate"),
    path("campaigns/templates/<slug:key>/archive", archive, name="template_archive"),
    path("campaigns/templates/<slug:key>/unarchive", unarchive, name="template_unarchive"),
    path("campaigns/templates/<slug:key>/versions", versions, name="template_versions"),
    path("campaigns/templates/<slug:key>/restore", restore, name="template_restore"),
]


def _version(request: HttpRequest) -> int:
    given = request.POST.get("version", "")
    return int(given) if given.isdigit() else 0


def _tell_restored(request: HttpRequest, old: int, new: int) -> None:
    messages.success(request, gettext("Version %(old)s is version %(new)s now.") % {"old": old, "new": new})
