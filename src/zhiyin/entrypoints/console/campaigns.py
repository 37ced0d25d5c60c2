"""Campaigns: the list, a new one, its wording, the test, the review, sending, and the report."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from zhiyin.domain.campaign import NOT_BEGUN
from zhiyin.domain.errors import BadSetting
from zhiyin.entrypoints.console import (
    campaign_accounts,
    campaign_calendar,
    campaign_clicks,
    campaign_compose,
    campaign_list,
    campaign_new,
    campaign_people,
    campaign_preview,
    campaign_progress,
    campaign_report,
    campaign_review,
    campaign_wording,
    editor_parts,
    formats,
    words,
)
from zhiyin.entrypoints.site import current


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All campaigns, each with its effect."""
    return render(request, "console/campaigns/index.html", campaign_list.context(current()))


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """A month of campaigns, with festivals and sales days beside them."""
    return render(request, "console/campaigns/calendar.html", campaign_calendar.context(current(), request))


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Name, segment, template: then the wording."""
    ws = current()
    context = campaign_new.new(ws, request)
    if request.method == "POST" and context["form"].is_valid():
        campaign = campaign_new.create(ws, context["form"].cleaned_data)
        return redirect("campaign_compose", campaign.key)
    return render(request, "console/campaigns/new.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def compose(request: HttpRequest, key: str) -> HttpResponse:
    """The wording of a draft, with its preview."""
    from zhiyin.services import campaigns

    ws = current()
    campaign = campaigns.get(ws, key)
    if campaign.status != "draft":
        return redirect("campaign", key)
    edited = None
    if request.method == "POST":
        edited = editor_parts.edit(ws, request.POST, language="", by=request.user.email)
    kept = campaign_wording.keep(ws, key, request.POST, body=edited.body) if edited else None
    if kept and not kept.error and request.POST.get("do") == "review":
        return redirect("campaign_review", key)
    context = campaign_compose.compose(
        ws, request, kept.campaign if kept else campaign, kept=kept, edited=edited
    )
    return render(request, "console/campaigns/compose.html", context)


@require_POST
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Do what was done in the editor, keep the draft as typed and show it as one customer will see it."""
    from zhiyin.services import campaigns

    ws = current()
    campaign = campaigns.get(ws, key)
    language = campaign_wording.language_of(campaign, request.POST)
    spoken = language or campaign.language or ws.settings.shop.language
    edited = editor_parts.edit(ws, request.POST, language=spoken, by=request.user.email)
    kept = campaign_wording.keep(ws, key, request.POST, body=edited.body)
    context = campaign_preview.previewed(ws, request, kept.campaign, kept=kept, in_language=language)
    context |= campaign_compose.editing(ws, kept.campaign, language, kept, edited)
    return render(request, "console/templates/_answer.html", context)


@require_POST
def language(request: HttpRequest, key: str) -> HttpResponse:
    """Add a language to a draft, take one out, or say which one the main wording is in."""
    from zhiyin.services import campaigns

    ws = current()
    name, do = request.POST.get("language", ""), request.POST.get("do", "remove")
    if do == "main":
        campaigns.update(ws, key, language=name)
    elif do == "add":
        campaigns.update(ws, key, in_language=name)
    else:
        campaigns.drop_language(ws, key, name)
    address = reverse("campaign_compose", args=[key])
    return redirect(f"{address}?{urlencode({'language': name})}" if do == "add" else address)


@require_POST
def links(request: HttpRequest, key: str) -> HttpResponse:
    """Ask the web whether what the message links to is there; a partial for htmx."""
    from zhiyin.services import campaigns, link_answers

    ws = current()
    found = link_answers.ask(ws, campaigns.get(ws, key))
    return render(request, "console/campaigns/_link_answers.html", {"answers": found})


@require_POST
def options(request: HttpRequest, key: str) -> HttpResponse:
    """Segment, sender, holdout and the rest of a draft."""
    from zhiyin.services import campaigns

    ws = current()
    form = campaign_compose.options_form(ws, campaigns.get(ws, key), request.POST)
    if form.is_valid():
        campaigns.update(ws, key, **form.cleaned_data)
        messages.success(request, gettext("Saved."))
        return redirect("campaign_compose", key)
    context = campaign_compose.compose(ws, request, campaigns.get(ws, key), options=form)
    return render(request, "console/campaigns/compose.html", context, status=400)


@require_POST
def test(request: HttpRequest, key: str) -> HttpResponse:
    """One message to one address, as one customer would see it."""
    context = campaign_compose.test(current(), key, request.POST, request.user.email)
    if request.headers.get("HX-Request"):
        return render(request, "console/campaigns/_test_result.html", context)
    messages.info(request, context["told"])
    return redirect("campaign_compose", key)


@require_safe
def review(request: HttpRequest, key: str) -> HttpResponse:
    """Who will receive it, who will not and why, and what the holdout can show."""
    from zhiyin.services import campaigns

    ws = current()
    campaign = campaigns.get(ws, key)
    if campaign.status not in NOT_BEGUN:
        return redirect("campaign", key)
    return render(request, "console/campaigns/review.html", campaign_review.review(ws, request, campaign))


@require_POST
def start(request: HttpRequest, key: str) -> HttpResponse:
    """Start sending now or later, once the number was confirmed; the worker sends."""
    from zhiyin.services import campaigns, schedules

    ws = current()
    campaign = campaigns.get(ws, key)
    context = campaign_review.review(ws, request, campaign)
    if not context["confirm"].is_valid() or context["blocked"]:
        return render(request, "console/campaigns/review.html", context, status=400)
    given = context["confirm"].cleaned_data
    if given["at"] is None:
        campaigns.start(ws, key, allow_local_links=given["allow_local_links"])
        return redirect("campaign", key)
    at = given["at"].replace(tzinfo=ws.timezone)  # as the page says, times are in the shop's zone
    try:
        schedules.schedule(ws, key, at, local=given["local"], allow_local_links=given["allow_local_links"])
    except BadSetting as error:
        context["confirm"].add_error("at", words.tell(error.told))
        return render(request, "console/campaigns/review.html", context, status=422)
    return redirect("campaign_review", key)


@require_POST
def unschedule(request: HttpRequest, key: str) -> HttpResponse:
    """Make a scheduled campaign a draft again."""
    from zhiyin.services import schedules

    schedules.unschedule(current(), key)
    return redirect("campaign_review", key)


@require_POST
def pause(request: HttpRequest, key: str) -> HttpResponse:
    """Hold back everything not handed over."""
    from zhiyin.services import campaigns

    ws = current()
    campaigns.pause(ws, key)
    held = campaign_accounts.pending(campaigns.progress(ws, key))
    text = ngettext("Paused. %(n)s message is held back.", "Paused. %(n)s messages are held back.", held)
    messages.success(request, text % {"n": formats.number(held)})
    return redirect("campaign", key)


@require_POST
def resume(request: HttpRequest, key: str) -> HttpResponse:
    """Go on sending."""
    from zhiyin.services import campaigns

    campaigns.resume(current(), key)
    return redirect("campaign", key)


@require_POST
def cancel(request: HttpRequest, key: str) -> HttpResponse:
    """Give up what was not handed over; what left the house stays sent."""
    from zhiyin.services import campaigns

    campaigns.cancel(current(), key)
    messages.success(request, gettext("Cancelled. What was handed over before stays sent."))
    return redirect("campaign", key)


@require_POST
def resend(request: HttpRequest, key: str) -> HttpResponse:
    """Send those with an unknown outcome once more, if the number is still the one that was confirmed."""
    from zhiyin.services import resending

    ws = current()
    if request.POST.get("count") != str(resending.waiting(ws, key)):
        messages.warning(request, gettext("The number has changed since. Look at it again."))
        return redirect(f"{reverse('campaign', args=[key])}?tab=delivery")
    planned = resending.again(ws, key)
    text = ngettext("%(n)s message is sent again.", "%(n)s messages are sent again.", planned)
    messages.success(request, text % {"n": formats.number(planned)})
    return redirect("campaign", key)


@require_safe
def clicks(request: HttpRequest, key: str) -> HttpResponse:
    """Who followed one link; without one, the links to choose from."""
    if not request.GET.get("url"):
        return redirect(f"{reverse('campaign', args=[key])}?tab=links")
    return render(request, "console/campaigns/clicks.html", campaign_clicks.people(current(), request, key))


@require_POST
def clicks_segment(request: HttpRequest, key: str) -> HttpResponse:
    """Make a segment of those who followed one link."""
    from zhiyin.services import clickers

    row = clickers.save(current(), key, request.POST.get("url", ""), request.POST.get("name", ""))
    messages.success(request, gettext("“%(name)s” is a segment now.") % {"name": row.name})
    return redirect("segment", row.key)


@require_safe
def progress(request: HttpRequest, key: str) -> HttpResponse:
    """How far sending is; the page itself once it is over."""
    ws = current()
    context = campaign_progress.progress(ws, key)
    response = render(request, "console/campaigns/_progress.html", context)
    if context["progress"]["over"]:
        response["HX-Redirect"] = reverse("campaign", args=[key])
    return response


@require_safe
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The report, on its tabs; a draft opens its composer."""
    from zhiyin.services import campaigns

    ws = current()
    campaign = campaigns.get(ws, key)
    if campaign.status == "draft":
        return redirect("campaign_compose", key)
    if campaign.status == "scheduled":
        return redirect("campaign_review", key)
    context = campaign_report.context(ws, request, campaign)
    return render(request, f"console/campaigns/tab_{context['tab']}.html", context)


@require_safe
def why(request: HttpRequest, key: str, customer_id: str) -> HttpResponse:
    """Why one customer got the message, or did not."""
    ws = current()
    return render(request, "console/campaigns/why.html", campaign_people.why(ws, key, customer_id))


@require_GET
def export(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Everyone the campaign planned, with what became of them, as CSV."""
    response = StreamingHttpResponse(
        campaign_people.lines(current(), key, request.GET), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="campaign-{key}.csv"'
    return response


@require_POST
def again(request: HttpRequest, key: str) -> HttpResponse:
    """A fresh draft with the same wording, segment and holdout."""
    copy = campaign_new.copy(current(), key)
    return redirect("campaign_compose", copy.key)


urlpatterns = [
    path("campaigns", index, name="campaigns"),
    path("campaigns/calendar", calendar, name="campaign_calendar"),
    path("campaigns/new", new, name="campaign_new"),
    path("campaigns/<slug:key>", show, name="campaign"),
    path("campaigns/<slug:key>/compose", compose, name="campaign_compose"),
    path("campaigns/<slug:key>/preview", preview, name="campaign_preview"),
    path("campaigns/<slug:key>/language", language, name="campaign_language"),
    path("campaigns/<slug:key>/links", links, name="campaign_links"),
    path("campaigns/<slug:key>/options", options, name="campaign_options"),
    path("campaigns/<slug:key>/test", test, name="campaign_test"),
    path("campaigns/<slug:key>/review", review, name="campaign_review"),
    path("campaigns/<slug:key>/start", start, name="campaign_start"),
    path("campaigns/<slug:key>/unschedule", unschedule, name="campaign_unschedule"),
    path("campaigns/<slug:key>/pause", pause, name="campaign_pause"),
    path("campaigns/<slug:key>/resume", resume, name="campaign_resume"),
    path("campaigns/<slug:key>/cancel", cancel, name="campaign_cancel"),
    path("campaigns/<slug:key>/resend", resend, name="campaign_resend"),
    path("campaigns/<slug:key>/progress", progress, name="campaign_progress"),
    path("campaigns/<slug:key>/clicks", clicks, name="campaign_clicks"),
    path("campaigns/<slug:key>/clicks/segment", clicks_segment, name="campaign_clicks_segment"),
    path("campaigns/<slug:key>/again", again, name="campaign_again"),
    path("campaigns/<slug:key>/people.csv", export, name="campaign_export"),
    path("campaigns/<slug:key>/people/<path:customer_id>", why, name="campaign_why"),
]
