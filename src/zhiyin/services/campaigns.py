"""Campaigns: drafted, changed, started, paused, cancelled, and where everyone stands."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import NOT_BEGUN, CampaignStatus
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.money import to_minor
from zhiyin.domain.placement import EMAIL
from zhiyin.domain.reasons import WaitReason
from zhiyin.domain.template import Wording, Wordings
from zhiyin.domain.text import Text, say
from zhiyin.loop import decide
from zhiyin.loop.profile import segment_json
from zhiyin.services import (
    bounce_notes,
    channels,
    checks,
    claims,
    placements,
    segments,
    slow_start,
    templates,
    topics,
    wording,
)
from zhiyin.services.workspace import Workspace

_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_EDITABLE = (
    "name", "subject", "body", "preheader", "text", "language", "sender_name", "sender_email", "reply_to", "holdout",
    "window_days", "cost", "placement", "recommender", "topic",
)  # fmt: skip
THAWED = {"segment_rule": None, "segment_version": None, "blocks": None}  # what a draft has not frozen
_WORDED = ("subject", "body", "preheader", "text")


def create(
    ws: Workspace,
    *,
    key: str,
    name: str,
    segment: str,
    template: str | None = None,
    subject: str | None = None,
    body: str | None = None,
    sender_name: str | None = None,
    sender_email: str | None = None,
    reply_to: str = "",
    preheader: str = "",
    wordings: Wordings | None = None,
    holdout: float | None = None,
    window_days: int | None = None,
    cost: int | str | None = None,
    placement: str = EMAIL,
    recommender: str = "",
    topic: str = "",
    seed: str | None = None,
    send_at: datetime | None = None,
) -> Campaign:
    """A draft, from a template or from a subject and a body; what is left out comes from the settings.

    ``cost`` is minor units as an integer, major units as a text. ``send_at`` is when it is meant to go out, for
    the calendar; ``schedules.schedule`` makes it so. Raises ``Conflict`` for a key in use,
    ``NotFound`` for an unknown segment or template, ``BadTemplate`` with the line.
    """
    if not _KEY.fullmatch(key) or len(key) > 80:
        raise BadSetting(
            say("{key!r} is not a key for a campaign.", key=key),
            fix=say("Use small letters, digits and hyphens: spring-sale."),
        )
    if Campaign.objects.filter(key=key).exists():
        raise Conflict(say("There is a campaign {key!r} already.", key=key), fix=say("Choose another key."))
    if template:
        wordings = templates.get(ws, template).wordings
    elif wordings is None:
        wordings = Wordings(Wording("", ""))
    given = {"subject": subject, "body": body, "preheader": preheader or None}
    wordings = replace(
        wordings,
        main=replace(wordings.main, **{part: said for part, said in given.items() if said is not None}),
    )
    settings = ws.settings
    row = Campaign(
        key=key,
        name=name.strip() or key,
        segment=segments.get(ws, segment),
        sender_name=settings.sender.name or settings.shop.name if sender_name is None else sender_name,
        sender_email=settings.sender.email if sender_email is None else sender_email,
        reply_to=reply_to,
        holdout=settings.campaign.holdout if holdout is None else holdout,
        seed=seed or f"{key}-{secrets.token_hex(4)}",
        window_days=settings.campaign.window_days if window_days is None else window_days,
        cost=_cost(ws, settings.campaign.cost if cost is None else cost),
        placement=placement,
        recommender=recommender,
        topic=topic,
        send_at=send_at,
        created_at=ws.now(),
    )
    row.word(wordings)
    _valid(ws, row, None)
    row.save()
    return row


def update(ws: Workspace, key: str, *, in_language: str = "", **changes: Any) -> Campaign:
    """Change a draft; the wording and the rest are frozen once it was started. Raises ``Conflict`` then.

    Subject, preheader, body and text are those of the language ``in_language``, the main one if it is empty.
    """
    row = get(ws, key)
    if row.status != CampaignStatus.DRAFT:
        raise Conflict(
            say("{name} was started and cannot be changed.", name=row.name),
            fix=say("Make it a draft again first.")
            if row.status == CampaignStatus.SCHEDULED
            else say("Make a new campaign instead."),
        )
    unknown = set(changes) - {*_EDITABLE, "segment", "template", "wordings"}
    if unknown:
        raise BadSetting(
            say("A campaign has no {unknown}.", unknown=sorted(unknown)), fix=say("Check the name.")
        )
    before = row.wordings
    if changes.get("wordings"):
        row.word(changes["wordings"])
    if changes.get("template"):
        row.word(templates.get(ws, changes["template"]).wordings)
    if changes.get("segment"):
        row.segment = segments.get(ws, changes["segment"])
    if in_language not in ("", row.language):
        parts = {name: changes.pop(name) for name in _WORDED if changes.get(name) is not None}
        row.word(wording.changed(row.wordings, in_language, parts))
    for name in _EDITABLE:
        if changes.get(name) is not None:
            setattr(row, name, _cost(ws, changes[name]) if name == "cost" else changes[name])
    if row.wordings != before or {"template", "placement", "recommender"} & set(changes):
        row.tested_at = None
    _valid(ws, row, before)
    row.save()
    return row


def drop_language(ws: Workspace, key: str, language: str) -> Campaign:
    """Take the wording of a further language out of a draft."""
    row = get(ws, key)
    return update(ws, key, wordings=wording.without(row.wordings, language))


def get(ws: Workspace, key: str) -> Campaign:
    """The campaign of a key. Raises ``NotFound`` with the known keys."""
    row = Campaign.objects.select_related("segment").filter(key=key).first()
    if row is None:
        known = ", ".join(Campaign.objects.order_by("-created_at").values_list("key", flat=True)[:20])
        raise NotFound(
            say("There is no campaign {key!r}.", key=key),
            fix=say("Known campaigns: {known}.", known=known) if known else say("Known campaigns: none yet."),
        )
    return row


def list_(ws: Workspace) -> list[Campaign]:
    """All campaigns, newest first."""
    return list(Campaign.objects.select_related("segment").order_by("-created_at"))


def start(ws: Workspace, key: str, *, allow_local_links: bool = False) -> Campaign:
    """Freeze segment rule and wording and begin; the worker or ``sending.run_until_done`` does the rest.

    Raises ``Conflict`` where something must be mended first. ``allow_local_links`` is for those who try things
    out: links may then lead to this machine although the mail server is elsewhere.
    """
    row = get(ws, key)
    ready(ws, row, allow_local_links=allow_local_links)
    now = ws.now()
    started = Campaign.objects.filter(pk=row.pk, status=CampaignStatus.DRAFT).update(
        status=CampaignStatus.SENDING, started_at=now, error="", **frozen(ws, row)
    )
    if not started:
        raise Conflict(
            say("{name} was started before.", name=row.name),
            fix=say("A campaign is sent once. Make a new one."),
        )
    return get(ws, key)


def frozen(ws: Workspace, row: Campaign) -> dict[str, Any]:
    """The segment and the saved blocks as they are now, which the campaign keeps from here on."""
    return {
        "segment_rule": segment_json.dump(segments.of_campaign(ws, row)),
        "segment_version": row.segment.version,
        "blocks": wording.saved_of(row.wordings),
    }


def ready(ws: Workspace, row: Campaign, *, allow_local_links: bool) -> None:
    """Raise ``Conflict`` where something must be mended before it can be sent."""
    allowed = (checks.LOCAL_LINKS,) if allow_local_links else ()
    errors = [p for p in checks.check(ws, row) if p.level == "error" and p.code not in allowed]
    if errors:
        raise Conflict(
            say("{name} cannot be sent yet.", name=row.name),
            why=errors[0].text,
            fix=say("To try things out with links that lead here, send with --allow-local-links.")
            if errors[0].code == checks.LOCAL_LINKS
            else say("Mend it, then send."),
        )


def pause(ws: Workspace, key: str) -> Campaign:
    """Stop everything not handed over."""
    return _switch(
        ws, key, (CampaignStatus.SENDING,), CampaignStatus.PAUSED, say("{name} is not being sent.")
    )


def resume(ws: Workspace, key: str) -> Campaign:
    """Go on where it stopped; what stopped by itself at a slow start goes on with all the rest."""
    stopped = bool(get(ws, key).error)
    with transaction.atomic():
        row = _switch(
            ws, key, (CampaignStatus.PAUSED,), CampaignStatus.SENDING, say("{name} is not paused."), error=""
        )
        if stopped:
            slow_start.release(row, ws.now())
        if not Message.objects.filter(campaign=row).exists():  # it begins only now
            row.started_at = ws.now()
            row.save(update_fields=["started_at"])
    return row


def cancel(ws: Workspace, key: str) -> Campaign:
    """End a paused or sending campaign for good: nobody else gets it. What was handed over stays sent."""
    running = (*NOT_BEGUN, CampaignStatus.SENDING, CampaignStatus.PAUSED)
    with transaction.atomic():
        row = _switch(
            ws, key, running, CampaignStatus.CANCELLED, say("{name} is over."), finished_at=ws.now()
        )
        waiting = Message.objects.filter(campaign=row, status=MessageStatus.PLANNED)
        claims.cancel_rows(waiting, ws.now())
    return row


def progress(ws: Workspace, key: str) -> dict[str, Any]:
    """Where everyone stands: ``planned`` (all with a ledger row), one count per status, the refused by reason.

    The statuses add up to ``planned``; those that are not handed over yet stand under ``waiting``, and why nothing
    goes at all under ``channel``. ``came_back`` are those of ``accepted`` for which something came back later, by kind.
    """
    row = get(ws, key)
    rows = Message.objects.filter(campaign=row, replaced=False)
    found = rows.order_by().values_list("status", "reason").annotate(Count("pk"))
    statuses = {status.value: 0 for status in MessageStatus}
    refused: dict[str, int] = {}
    failed: dict[str, int] = {}
    held: dict[str, int] = {}
    for status, reason, count in found:
        statuses[status] += count
        if status == MessageStatus.REFUSED:
            refused[reason] = refused.get(reason, 0) + count
        elif status == MessageStatus.FAILED:
            failed[reason] = failed.get(reason, 0) + count
        elif status == MessageStatus.PLANNED and reason in set(WaitReason):
            held[reason] = held.get(reason, 0) + count
    waiting = statuses.pop(MessageStatus.PLANNED)
    held_up = channels.told(channels.breaker(channels.EMAIL)) if waiting else ""
    return {
        "status": row.status,
        "error": row.error,
        "channel": held_up if row.status == CampaignStatus.SENDING else "",
        "planned": waiting + sum(statuses.values()),
        "planning_done": row.planned_at is not None,
        "waiting": waiting,
        **statuses,
        "waiting_by_reason": dict(sorted(held.items())),
        "refused_by_reason": dict(sorted(refused.items())),
        "failed_by_reason": dict(sorted(failed.items())),
        "came_back": bounce_notes.of_program(row.program),
    }


_STANDS = {
    CampaignStatus.DRAFT: say("It is draft."),
    CampaignStatus.SCHEDULED: say("It is scheduled."),
    CampaignStatus.SENDING: say("It is sending."),
    CampaignStatus.PAUSED: say("It is paused."),
    CampaignStatus.SENT: say("It is sent."),
    CampaignStatus.CANCELLED: say("It is cancelled."),
}


def _switch(
    ws: Workspace,
    key: str,
    from_: tuple[CampaignStatus, ...],
    to: CampaignStatus,
    otherwise: Text,
    **also: Any,
) -> Campaign:
    row = get(ws, key)
    if not Campaign.objects.filter(pk=row.pk, status__in=from_).update(status=to, **also):
        raise Conflict(
            Text(otherwise.template, {"name": row.name}),
            why=_STANDS[CampaignStatus(row.status)],
            fix=say("Look at it again."),
        )
    return get(ws, key)


def _valid(ws: Workspace, row: Campaign, before: Wordings | None) -> None:
    placements.get(ws, row.placement)
    if row.topic:
        topics.get(ws, row.topic)
    if not 0 <= row.holdout <= 0.5:
        raise BadSetting(
            say("The holdout is {holdout}.", holdout=row.holdout), fix=say("It is a share between 0 and 0.5.")
        )
    if not 1 <= row.window_days <= 365:
        raise BadSetting(
            say("The window is {window_days} days.", window_days=row.window_days),
            fix=say("It is between 1 and 365 days."),
        )
    for address in (row.sender_email, row.reply_to):
        if address and not decide.is_address(address):
            raise BadSetting(
                say("{address!r} cannot be an e-mail address.", address=address), fix=say("Correct it.")
            )
    row.word(templates.checked(row.wordings, before))


def _cost(ws: Workspace, given: int | str) -> int:
    try:
        cost = given if isinstance(given, int) else to_minor(given, ws.settings.shop.currency)
    except ValueError as error:
        raise BadSetting(
            say("The cost is {given!r}.", given=given), fix=say("Write an amount such as 0.05.")
        ) from error
    if cost < 0:
        raise BadSetting(say("The cost is below zero."), fix=say("Write an amount such as 0.05."))
    return cost
