"""Checks of a campaign before it is sent: what must be mended, and what one should know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from urllib.parse import urlsplit

from django.db.models import Q

from zhiyin.adapters.records.models import Campaign, RecommenderModel
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.errors import BadSetting, BadTemplate
from zhiyin.domain.host import is_private, is_this_machine
from zhiyin.domain.problem import ERROR, Problem
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.services import content_checks, sending_domain, templates, topics, wording
from zhiyin.services.workspace import Workspace

LOCAL_LINKS = "local_links"  # the one error that whoever tries things out may pass over


def check(ws: Workspace, row: Campaign) -> list[Problem]:
    """What must be mended before sending (errors) and what one should know (warnings)."""
    settings = ws.settings
    found: list[Problem] = []

    def error(code: str, text: str) -> None:
        found.append(Problem("error", code, text))

    def warn(code: str, text: str) -> None:
        found.append(Problem("warning", code, text))

    try:
        templates.checked(row.wordings)
        _wordings(row, error, warn)
    except BadTemplate as problem:
        error("template", problem.told)
    if not row.sender_email:
        error("no_sender", say("There is no sender's address. Set sender.email or give the campaign one."))
    elif not decide.is_address(row.sender_email):
        error("bad_sender", say("The sender's address {address} cannot be one.", address=row.sender_email))
    else:
        _signature(ws, row.sender_email, error, warn)
    if not settings.sends_mail:
        error("no_server", say("There is no mail server. Set smtp.host in the settings."))
    elif is_private(urlsplit(settings.base_url).hostname or "") and (
        settings.esp.name or not is_this_machine(settings.smtp.host)
    ):
        error(
            LOCAL_LINKS,
            say(
                "Links in the messages would lead to {url}, which recipients cannot open: no click, no picture and "
                "no unsubscribing would work. Set server.base_url to the public address of this server.",
                url=settings.base_url,
            ),
        )
    if row.topic and topics.get(ws, row.topic).archived_at:
        warn("topic_archived", say("Its topic is archived: nobody can choose it any more."))
    if not settings.shop.address:
        warn(
            "no_postal_address",
            say("The shop has no postal address; many countries ask for one in the footer."),
        )
    if not settings.base_url.startswith("https://"):
        warn(
            "not_https",
            say("The public address is not https, so mail programs will not offer one-click unsubscribing."),
        )
    if row.holdout == 0:
        warn("no_holdout", say("No holdout is kept, so the effect cannot be known."))
    if row.tested_at is None:
        warn("not_tested", say("No test was sent since the last change."))
    if any(p.code == "template" for p in found):
        return found
    wordings = (row.wordings.main, *row.wordings.others.values())
    if (
        templates.uses_recommendations(*(part for one in wordings for part in (one.body, one.subject)))
        and not _model_there()
    ):
        warn("no_model", say("Recommendations are used but no model is trained; the block stays empty."))
    try:
        found += content_checks.check(ws, row)
    except BadTemplate as problem:
        error("template", problem.told)
    if other := _same_day(ws, row):
        warn("same_day", say("{other} goes to the same segment on the same day.", other=other.name))
    return sorted(found, key=lambda one: one.level != ERROR)


def _same_day(ws: Workspace, row: Campaign) -> Campaign | None:
    """Another campaign that the same people get on the day of this one."""
    local = (row.send_at or ws.now()).astimezone(ws.timezone)
    first = local.replace(hour=0, minute=0, second=0, microsecond=0)
    day = (first.astimezone(UTC), (first + timedelta(days=1)).astimezone(UTC))
    others = Campaign.objects.filter(segment_id=row.segment_id).exclude(pk=row.pk)
    begun = Q(started_at__gte=day[0], started_at__lt=day[1])
    to_come = Q(started_at__isnull=True, send_at__gte=day[0], send_at__lt=day[1])
    return others.exclude(status=CampaignStatus.CANCELLED).filter(begun | to_come).order_by("pk").first()


def _wordings(row: Campaign, error: Callable[[str, str], None], warn: Callable[[str, str], None]) -> None:
    """Every wording says how to unsubscribe, and its plain text what its HTML says."""
    ready = wording.ready(row)
    for language, one in (("", ready.main), *ready.others.items()):
        if "unsubscribe_url" not in one.body:
            text = say("The text has no unsubscribe link. Add {{ unsubscribe_url }} as a link.")
            error(
                "no_unsubscribe",
                say("In {language}: {what}", language=language, what=text) if language else text,
            )
    for language, one in (("", row.wordings.main), *row.wordings.others.items()):
        if one.stale:
            text = say("The message was changed since its own plain text was written.")
            warn(
                "stale_text", say("In {language}: {what}", language=language, what=text) if language else text
            )


def _signature(
    ws: Workspace, address: str, error: Callable[[str, str], None], warn: Callable[[str, str], None]
) -> None:
    try:
        if sending_domain.signers(ws, address):
            return
    except BadSetting as problem:
        error("locked_key", problem.told)
        return
    warn(
        "not_signed",
        say(
            "No key signs for {domain}, so messages go unsigned unless the mail server signs them. "
            "Add the domain under Settings, Sending domain.",
            domain=address.rpartition("@")[2],
        ),
    )


def _model_there() -> bool:
    return RecommenderModel.objects.filter(active=True).exists()
