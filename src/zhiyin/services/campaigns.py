"""Campaigns: create, check, preview, test, review, start, and everything one may ask about them."""

from __future__ import annotations

import re
import secrets
import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from zhiyin.adapters.channels import channel as open_channel
from zhiyin.adapters.records.models import Campaign, Customer, Decision, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import HOLDOUT, SEND
from zhiyin.domain.errors import BadSetting, BadTemplate, Conflict, NotFound
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.money import to_minor
from zhiyin.domain.template import Rendered
from zhiyin.loop import decide
from zhiyin.services import gate, messages, segments, sending, templates
from zhiyin.services.workspace import Workspace
from zhiyin.stats.power import smallest_effect

_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_TEST = "test"
_GMAIL_CLIP = 102_000  # bytes of HTML after which Gmail hides the rest
_EDITABLE = (
    "name", "subject", "body", "preheader", "sender_name", "sender_email", "reply_to", "holdout",
    "window_days", "cost", "recommender",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend before sending (``error``) or to know about (``warning``)."""

    level: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """The arithmetic from segment to recipients: ``segment = held_out + refused + will_receive``.

    ``smallest_effect`` is the smallest difference of the conversion rate that this holdout shows in four of
    five cases, given that ``rate`` of the segment buys in such a window anyway; None without a holdout.
    """

    segment: int
    held_out: int
    refused: dict[str, int]
    will_receive: int
    smallest_effect: float | None
    rate: float
    warnings: list[Problem] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


# -- the life of a campaign ----------------------------------------------------------------------------------


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
    holdout: float | None = None,
    window_days: int | None = None,
    cost: int | str | None = None,
    recommender: str = "",
    seed: str | None = None,
) -> Campaign:
    """A draft, from a template or from a subject and a body; what is left out comes from the settings.

    ``cost`` is minor units as an integer, major units as a text. Raises ``Conflict`` for a key in use,
    ``NotFound`` for an unknown segment or template, ``BadTemplate`` with the line.
    """
    if not _KEY.fullmatch(key) or len(key) > 80:
        raise BadSetting(
            f"{key!r} is not a key for a campaign.", fix="Use small letters, digits and hyphens: spring-sale."
        )
    if Campaign.objects.filter(key=key).exists():
        raise Conflict(f"There is a campaign {key!r} already.", fix="Choose another key.")
    wording = templates.get(ws, template) if template else None
    settings = ws.settings
    row = Campaign(
        key=key,
        name=name.strip() or key,
        segment=segments.get(ws, segment),
        subject=(wording.subject if subject is None and wording else subject) or "",
        body=(wording.body if body is None and wording else body) or "",
        preheader=preheader,
        sender_name=settings.sender.name or settings.shop.name if sender_name is None else sender_name,
        sender_email=settings.sender.email if sender_email is None else sender_email,
        reply_to=reply_to,
        holdout=settings.campaign.holdout if holdout is None else holdout,
        seed=seed or f"{key}-{secrets.token_hex(4)}",
        window_days=settings.campaign.window_days if window_days is None else window_days,
        cost=_cost(ws, settings.campaign.cost if cost is None else cost),
        recommender=recommender,
        created_at=ws.now(),
    )
    _valid(row)
    row.save()
    return row


def update(ws: Workspace, key: str, **changes: Any) -> Campaign:
    """Change a draft; the wording and the rest are frozen once it was started. Raises ``Conflict`` then."""
    row = get(ws, key)
    if row.status != CampaignStatus.DRAFT:
        raise Conflict(f"{row.name} was started and cannot be changed.", fix="Make a new campaign instead.")
    unknown = set(changes) - {*_EDITABLE, "segment", "template"}
    if unknown:
        raise BadSetting(f"A campaign has no {', '.join(sorted(unknown))}.", fix="Check the name.")
    if changes.get("template"):
        wording = templates.get(ws, changes["template"])
        row.subject, row.body = wording.subject, wording.body
    if changes.get("segment"):
        row.segment = segments.get(ws, changes["segment"])
    for name in _EDITABLE:
        if changes.get(name) is not None:
            setattr(row, name, _cost(ws, changes[name]) if name == "cost" else changes[name])
    if {"subject", "body", "preheader", "template", "recommender"} & set(changes):
        row.tested_at = None
    _valid(row)
    row.save()
    return row


def get(ws: Workspace, key: str) -> Campaign:
    """The campaign of a key. Raises ``NotFound`` with the known keys."""
    row = Campaign.objects.select_related("segment").filter(key=key).first()
    if row is None:
        known = ", ".join(Campaign.objects.order_by("-created_at").values_list("key", flat=True)[:20])
        raise NotFound(f"There is no campaign {key!r}.", fix=f"Known campaigns: {known or 'none yet'}.")
    return row


def list_(ws: Workspace) -> list[Campaign]:
    """All campaigns, newest first."""
    return list(Campaign.objects.select_related("segment").order_by("-created_at"))


def start(ws: Workspace, key: str) -> Campaign:
    """Freeze segment rule and wording and begin; the worker or ``sending.run_until_done`` does the rest.

    Raises ``Conflict`` where something must be mended first.
    """
    row = get(ws, key)
    errors = [problem for problem in check(ws, key) if problem.level == "error"]
    if errors:
        raise Conflict(f"{row.name} cannot be sent yet.", why=errors[0].text, fix="Mend it, then send.")
    now = ws.now()
    started = Campaign.objects.filter(pk=row.pk, status=CampaignStatus.DRAFT).update(
        status=CampaignStatus.SENDING,
        started_at=now,
        segment_rule=row.segment.rule,
        segment_version=row.segment.version,
        error="",
    )
    if not started:
        raise Conflict(f"{row.name} was started before.", fix="A campaign is sent once. Make a new one.")
    return get(ws, key)


def pause(ws: Workspace, key: str) -> Campaign:
    """Stop everything not handed over."""
    return _switch(ws, key, (CampaignStatus.SENDING,), CampaignStatus.PAUSED, "is not being sent")


def resume(ws: Workspace, key: str) -> Campaign:
    """Go on where it stopped."""
    return _switch(ws, key, (CampaignStatus.PAUSED,), CampaignStatus.SENDING, "is not paused", error="")


def cancel(ws: Workspace, key: str) -> Campaign:
    """End a paused or sending campaign for good: nobody else gets it. What was handed over stays sent."""
    running = (CampaignStatus.DRAFT, CampaignStatus.SENDING, CampaignStatus.PAUSED)
    with transaction.atomic():
        row = _switch(ws, key, running, CampaignStatus.CANCELLED, "is over", finished_at=ws.now())
        waiting = Message.objects.filter(campaign=row, status=MessageStatus.PLANNED)
        sending.cancel_rows(waiting, ws.now())
    return row


# -- before sending ------------------------------------------------------------------------------------------


def check(ws: Workspace, key: str) -> list[Problem]:
    """What must be mended before sending (errors) and what one should know (warnings)."""
    row = get(ws, key)
    settings = ws.settings
    found: list[Problem] = []

    def error(code: str, text: str) -> None:
        found.append(Problem("error", code, text))

    def warn(code: str, text: str) -> None:
        found.append(Problem("warning", code, text))

    try:
        templates.check(row.subject, row.body, row.preheader)
        if "unsubscribe_url" not in row.body:
            error(
                "no_unsubscribe", _("The text has no unsubscribe link. Add {{ unsubscribe_url }} as a link.")
            )
    except BadTemplate as problem:
        error("template", str(problem))
    if not row.sender_email:
        error("no_sender", _("There is no sender's address. Set sender.email or give the campaign one."))
    elif not decide.is_address(row.sender_email):
        error(
            "bad_sender", _("The sender's address %(address)s cannot be one.") % {"address": row.sender_email}
        )
    if not settings.smtp.host:
        error("no_server", _("There is no mail server. Set smtp.host in the settings."))
    if not settings.shop.address:
        warn(
            "no_postal_address",
            _("The shop has no postal address; many countries ask for one in the footer."),
        )
    if not settings.base_url.startswith("https://"):
        warn(
            "not_https",
            _("The public address is not https, so mail programs will not offer one-click unsubscribing."),
        )
    if row.holdout == 0:
        warn("no_holdout", _("No holdout is kept, so the effect cannot be known."))
    if row.tested_at is None:
        warn("not_tested", _("No test was sent since the last change."))
    if any(p.code == "template" for p in found):
        return found
    if templates.uses_recommendations(row.body, row.subject) and not _model_there(ws):
        warn("no_model", _("Recommendations are used but no model is trained; the block stays empty."))
    person = Customer.objects.order_by("customer_id").first()
    if person is not None:
        try:
            shown = messages.preview(ws, row, messages.of_row(person))
        except BadTemplate as problem:
            error("template", str(problem))
            return found
        if len(shown.html.encode()) > _GMAIL_CLIP:
            warn("too_large", _("The message is over 102 KB; Gmail will hide its end."))
        if len(shown.subject) > 78:
            warn("long_subject", _("The subject is longer than most mail programs show."))
    return found


def preview(ws: Workspace, key: str, customer_id: str | None = None) -> Rendered:
    """What a customer would see, by the renderer that sends. Raises ``BadTemplate`` with the line."""
    row = get(ws, key)
    templates.check(row.subject, row.body, row.preheader)
    return messages.preview(ws, row, messages.of_row(_someone(ws, row, customer_id)))


def test_send(ws: Workspace, key: str, to: str, customer_id: str | None = None) -> Receipt:  # noqa: PT028
    """Send the message of one customer to an address of ours. It is not in the ledger and tracks nothing."""
    row = get(ws, key)
    templates.check(row.subject, row.body, row.preheader)
    if not decide.is_address(to):
        raise BadSetting(f"{to!r} cannot be an e-mail address.", fix="Correct it.")
    if not row.sender_email:
        raise Conflict("There is no sender's address.", fix="Set sender.email or give the campaign one.")
    person = _someone(ws, row, customer_id)
    token = f"{_TEST}{uuid.uuid4().hex[:28]}"
    written = messages.write(ws, row, {person.pk: token}, now=ws.now(), to=to)[person.pk]
    if isinstance(written, BadTemplate):
        raise written
    channel = open_channel("email", ws.settings)
    try:
        receipt = channel.open() or channel.send(written.envelope)
    finally:
        channel.close()
    if receipt.status == MessageStatus.ACCEPTED:
        Campaign.objects.filter(pk=row.pk).update(tested_at=ws.now())
    return receipt


def review(ws: Workspace, key: str) -> Review:
    """The figures to look at before sending: exactly what planning would decide now."""
    row = get(ws, key)
    policy = gate.policy(ws)
    ids = segments.members(ws, row.segment_rule or row.segment.rule)
    held_out = will_receive = bought = 0
    refused: dict[str, int] = {}
    since = ws.now() - timedelta(days=row.window_days)
    for start_ in range(0, len(ids), sending.PLAN_BATCH):
        batch = ids[start_ : start_ + sending.PLAN_BATCH]
        for contact in gate.contacts(batch).values():
            facts = decide.check(contact, policy)
            made = decide.decide(contact.customer_id, facts, share=row.holdout, seed=row.seed, versions={})
            if made.choice == HOLDOUT:
                held_out += 1
            elif made.choice == SEND:
                will_receive += 1
            else:
                refused[made.reason] = refused.get(made.reason, 0) + 1
        bought += Customer.objects.filter(pk__in=batch, last_order_at__gte=since).count()
    rate = bought / len(ids) if ids else 0.0
    effect = None
    message_group = len(ids) - held_out
    if held_out and message_group:
        effect = smallest_effect(message_group, held_out, min(max(rate, 0.001), 0.999))
    warnings = check(ws, key)
    if ids and not will_receive:
        warnings.insert(0, Problem("error", "nobody", _("Nobody would receive it.")))
    elif not ids:
        warnings.insert(0, Problem("error", "empty", _("The segment is empty.")))
    return Review(len(ids), held_out, dict(sorted(refused.items())), will_receive, effect, rate, warnings)


# -- while and after sending ---------------------------------------------------------------------------------


def progress(ws: Workspace, key: str) -> dict[str, Any]:
    """Where everyone stands: ``planned`` (all with a ledger row), one count per status, the refused by reason.

    The statuses add up to ``planned``; those that are not handed over yet stand under ``waiting``.
    """
    row = get(ws, key)
    found = (
        Message.objects.filter(campaign=row).order_by().values_list("status", "reason").annotate(Count("pk"))
    )
    statuses = {status.value: 0 for status in MessageStatus}
    refused: dict[str, int] = {}
    failed: dict[str, int] = {}
    for status, reason, count in found:
        statuses[status] += count
        if status == MessageStatus.REFUSED:
            refused[reason] = refused.get(reason, 0) + count
        elif status == MessageStatus.FAILED:
            failed[reason] = failed.get(reason, 0) + count
    waiting = statuses.pop(MessageStatus.PLANNED)
    return {
        "status": row.status,
        "error": row.error,
        "planned": waiting + sum(statuses.values()),
        "planning_done": row.planned_at is not None,
        "waiting": waiting,
        **statuses,
        "refused_by_reason": dict(sorted(refused.items())),
        "failed_by_reason": dict(sorted(failed.items())),
    }


def why(ws: Workspace, key: str, customer_id: str) -> dict[str, Any]:
    """Why this customer got the campaign, or did not: the decision record, with every fact.

    Before planning it is what would be decided now (``state: forecast``); a customer outside of the segment
    has ``state: outside`` and the conditions that do not hold.
    """
    row = get(ws, key)
    message = Message.objects.select_related("decision").filter(campaign=row, customer_id=customer_id).first()
    head = {"campaign": row.key, "campaign_name": row.name, "customer_id": customer_id}
    if message is not None:
        return head | _recorded(message)
    if not Customer.objects.filter(pk=customer_id).exists():
        raise NotFound(f"There is no customer {customer_id!r}.", fix="Check the id.")
    try:
        inside = segments.why(ws, row.segment_rule or row.segment.rule, customer_id)
    except NotFound:  # came after the last profiling, so no segment holds them yet
        return head | {"state": "outside", "choice": "none", "membership": [], "facts": []}
    membership = sending.facts_json(inside.facts)
    if not inside.inside or row.planned_at is not None:
        return head | {"state": "outside", "choice": "none", "membership": membership, "facts": []}
    contact = gate.contacts([customer_id])[customer_id]
    made = decide.decide(
        customer_id,
        decide.check(contact, gate.policy(ws)),
        share=row.holdout,
        seed=row.seed,
        versions={"segment": f"{row.segment.key}@{row.segment.version}", "seed": row.seed},
    )
    return head | {
        "state": "forecast",
        "choice": made.choice,
        "assigned": made.assigned,
        "reason": made.reason,
        "probability": made.probability,
        "alternatives": [asdict(alternative) for alternative in made.alternatives],
        "facts": sending.facts_json(made.facts),
        "membership": membership,
        "versions": dict(made.versions),
    }


def people(
    ws: Workspace,
    key: str,
    status: str | None = None,
    reason: str | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[int, list[dict[str, Any]]]:
    """The people of a campaign, in the order of the ledger, and how many there are in all."""
    wanted = Q(campaign=get(ws, key))
    if status:
        wanted &= Q(status=status)
    if reason:
        wanted &= Q(reason=reason)
    rows = Message.objects.filter(wanted).order_by("pk")
    page = list(rows[offset : offset + limit])
    names = Customer.objects.in_bulk([message.customer_id for message in page])
    return rows.count(), [
        {
            "customer_id": message.customer_id,
            "name": names[message.customer_id].name if message.customer_id in names else "",
            "email": names[message.customer_id].email if message.customer_id in names else "",
            "status": message.status,
            "reason": message.reason,
            "detail": message.detail,
            "at": message.finished_at or message.handed_over_at or message.planned_at,
        }
        for message in page
    ]


# -- within --------------------------------------------------------------------------------------------------


def _recorded(message: Message) -> dict[str, Any]:
    decision: Decision = message.decision
    return {
        "state": "decided",
        "choice": decision.choice,
        "assigned": decision.assigned,
        "reason": decision.reason,
        "probability": decision.probability,
        "alternatives": decision.alternatives,
        "facts": decision.facts,
        "versions": decision.versions,
        "decided_at": _iso(decision.decided_at),
        "message": {
            "token": message.token,
            "status": message.status,
            "reason": message.reason,
            "detail": message.detail,
            "items": message.items,
            "attempts": message.attempts,
            "handed_over_at": _iso(message.handed_over_at),
            "finished_at": _iso(message.finished_at),
        },
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _someone(ws: Workspace, row: Campaign, customer_id: str | None) -> Customer:
    """The customer asked for, else the first member of the segment, else the first customer."""
    if customer_id:
        found = Customer.objects.filter(pk=customer_id).first()
        if found is None:
            raise NotFound(f"There is no customer {customer_id!r}.", fix="Check the id.")
        return found
    first = segments.members(ws, row.segment.rule, limit=1)
    found = Customer.objects.filter(pk__in=first).first() or Customer.objects.order_by("customer_id").first()
    if found is None:
        raise NotFound("There are no customers yet.", fix="Import some with `zhiyin import customers FILE`.")
    return found


def _model_there(ws: Workspace) -> bool:
    from zhiyin.adapters.records.models import RecommenderModel

    return RecommenderModel.objects.filter(active=True).exists()


def _switch(
    ws: Workspace,
    key: str,
    from_: tuple[CampaignStatus, ...],
    to: CampaignStatus,
    otherwise: str,
    **also: Any,
) -> Campaign:
    row = get(ws, key)
    if not Campaign.objects.filter(pk=row.pk, status__in=from_).update(status=to, **also):
        raise Conflict(f"{row.name} {otherwise}.", why=f"It is {row.status}.", fix="Look at it again.")
    return get(ws, key)


def _valid(row: Campaign) -> None:
    if not 0 <= row.holdout <= 0.5:
        raise BadSetting(f"The holdout is {row.holdout}.", fix="It is a share between 0 and 0.5.")
    if not 1 <= row.window_days <= 365:
        raise BadSetting(f"The window is {row.window_days} days.", fix="It is between 1 and 365 days.")
    for address in (row.sender_email, row.reply_to):
        if address and not decide.is_address(address):
            raise BadSetting(f"{address!r} cannot be an e-mail address.", fix="Correct it.")
    templates.check(row.subject, row.body, row.preheader)


def _cost(ws: Workspace, given: int | str) -> int:
    try:
        cost = given if isinstance(given, int) else to_minor(given, ws.settings.shop.currency)
    except ValueError as error:
        raise BadSetting(f"The cost is {given!r}.", fix="Write an amount such as 0.05.") from error
    if cost < 0:
        raise BadSetting("The cost is below zero.", fix="Write an amount such as 0.05.")
    return cost


__all__ = [
    "Problem", "Review", "cancel", "check", "create", "get", "list_", "pause", "people", "preview",
    "progress", "resume", "review", "start", "test_send", "update", "why",
]  # fmt: skip
