"""Reviews: a campaign looked at before it is sent, as a preview, a test and in figures."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count

from zhiyin.adapters.channels import channel as open_channel
from zhiyin.adapters.records.models import Campaign, Customer
from zhiyin.domain.decision import HOLDOUT, SEND
from zhiyin.domain.errors import BadSetting, BadTemplate, Conflict, NotFound
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.problem import Problem
from zhiyin.domain.template import Rendered
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.services import campaigns, checks, gate, messages, programs, segments, templates, wording
from zhiyin.services.planning import PLAN_BATCH
from zhiyin.services.workspace import Workspace
from zhiyin.stats.power import smallest_effect

_TEST = "test"


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
    languages: dict[str, int] = field(
        default_factory=dict
    )  # language → how many get it; if there are several

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def preview(
    ws: Workspace, key: str, customer_id: str | None = None, *, language: str | None = None
) -> Rendered:
    """What a customer would see, by the renderer that sends. Raises ``BadTemplate`` with the line.

    ``language`` shows one of the further languages, or with nothing in it the main one, whatever the customer's is.
    """
    row = campaigns.get(ws, key)
    templates.checked(row.wordings)
    person = messages.of_row(_someone(ws, row, customer_id))
    return messages.preview(ws, programs.of_campaign(row), person, language)


def test_send(
    ws: Workspace,
    key: str,
    to: str,
    customer_id: str | None = None,  # noqa: PT028
    *,
    language: str | None = None,  # noqa: PT028
) -> Receipt:
    """Send the message of one customer to an address of ours. It is not in the ledger and tracks nothing."""
    row = campaigns.get(ws, key)
    templates.checked(row.wordings)
    if not decide.is_address(to):
        raise BadSetting(say("{to!r} cannot be an e-mail address.", to=to), fix=say("Correct it."))
    if not row.sender_email:
        raise Conflict(
            say("There is no sender's address."), fix=say("Set sender.email or give the campaign one.")
        )
    person = _someone(ws, row, customer_id)
    token = f"{_TEST}{uuid.uuid4().hex[:28]}"
    recipient = messages.Recipient(token, person.pk)
    program = programs.of_campaign(row)
    written = messages.write(ws, program, [recipient], now=ws.now(), to=to, language=language)[token]
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
    row = campaigns.get(ws, key)
    policy = gate.policy(ws, topic=row.topic)
    ids = segments.members(ws, segments.of_campaign(ws, row))
    held_out = will_receive = bought = 0
    refused: dict[str, int] = {}
    spoken: Counter[str] = Counter()
    since = ws.now() - timedelta(days=row.window_days)
    for start_ in range(0, len(ids), PLAN_BATCH):
        batch = ids[start_ : start_ + PLAN_BATCH]
        reached: list[str] = []
        for contact in gate.contacts(batch, topics=(row.topic,)).values():
            facts = decide.check(contact, policy)
            made = decide.decide(contact.customer_id, facts, share=row.holdout, seed=row.seed, versions={})
            if made.choice == HOLDOUT:
                held_out += 1
            elif made.choice == SEND:
                will_receive += 1
                reached.append(contact.customer_id)
            else:
                refused[made.reason] = refused.get(made.reason, 0) + 1
        spoken += _spoken(reached) if row.others else Counter()
        bought += Customer.objects.filter(pk__in=batch, last_order_at__gte=since).count()
    rate = bought / len(ids) if ids else 0.0
    effect = None
    message_group = len(ids) - held_out
    if held_out and message_group:
        effect = smallest_effect(message_group, held_out, min(max(rate, 0.001), 0.999))
    warnings = checks.check(ws, row)
    if ids and not will_receive:
        warnings.insert(0, Problem("error", "nobody", say("Nobody would receive it.")))
    elif not ids:
        warnings.insert(0, Problem("error", "empty", say("The segment is empty.")))
    return Review(
        len(ids),
        held_out,
        dict(sorted(refused.items())),
        will_receive,
        effect,
        rate,
        warnings,
        wording.shares(row.wordings, spoken, ws.settings.shop.language),
    )


def _spoken(customer_ids: Sequence[str]) -> Counter[str]:
    """How many of these customers speak which language; those who did not say stand under nothing."""
    counted = Customer.objects.filter(pk__in=customer_ids).values_list("language").annotate(n=Count("pk"))
    return Counter(dict(counted.order_by()))


def _someone(ws: Workspace, row: Campaign, customer_id: str | None) -> Customer:
    """The customer asked for, else the first member of the segment, else the first customer."""
    if customer_id:
        found = Customer.objects.filter(pk=customer_id).first()
        if found is None:
            raise NotFound(
                say("There is no customer {customer_id!r}.", customer_id=customer_id),
                fix=say("Check the id."),
            )
        return found
    first = segments.members(ws, row.segment.rule, limit=1)
    found = Customer.objects.filter(pk__in=first).first() or Customer.objects.order_by("customer_id").first()
    if found is None:
        raise NotFound(
            say("There are no customers yet."), fix=say("Import some with `zhiyin import customers FILE`.")
        )
    return found
