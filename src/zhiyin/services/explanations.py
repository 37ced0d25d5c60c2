"""Explanations: why a customer got a campaign or did not, and who else."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import Q

from zhiyin.adapters.records.models import Customer, Decision, Message
from zhiyin.domain.errors import NotFound
from zhiyin.domain.message import PENDING
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.services import campaigns, gate, segments
from zhiyin.services.decisions import facts_json
from zhiyin.services.workspace import Workspace


def why(ws: Workspace, key: str, customer_id: str) -> dict[str, Any]:
    """Why this customer got the campaign, or did not: the decision record, with every fact.

    Before planning it is what would be decided now (``state: forecast``); a customer outside of the segment
    has ``state: outside`` and the conditions that do not hold.
    """
    row = campaigns.get(ws, key)
    theirs = Message.objects.filter(campaign=row, customer_id=customer_id, replaced=False)
    message = theirs.select_related("decision").first()
    head = {"campaign": row.key, "campaign_name": row.name, "customer_id": customer_id}
    if message is not None:
        return head | _recorded(message)
    if not Customer.objects.filter(pk=customer_id).exists():
        raise NotFound(
            say("There is no customer {customer_id!r}.", customer_id=customer_id), fix=say("Check the id.")
        )
    try:
        inside = segments.why(ws, segments.of_campaign(ws, row), customer_id)
    except NotFound:  # came after the last profiling, so no segment holds them yet
        return head | {"state": "outside", "choice": "none", "membership": [], "facts": []}
    membership = facts_json(inside.facts)
    if not inside.inside or row.planned_at is not None:
        return head | {"state": "outside", "choice": "none", "membership": membership, "facts": []}
    contact = gate.contacts([customer_id], topics=(row.topic,))[customer_id]
    made = decide.decide(
        customer_id,
        decide.check(contact, gate.policy(ws, topic=row.topic)),
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
        "facts": facts_json(made.facts),
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
    """The people of a campaign, in the order of the ledger, and how many there are in all.

    ``status`` is one of ``MessageStatus``, or ``pending`` for all that are not settled. ``reason`` is why it was not
    sent, or the kind of what came back later (``came_back``): ``hard``, ``soft`` or ``complaint``.
    """
    wanted = Q(campaign=campaigns.get(ws, key), replaced=False)
    if status == "pending":
        wanted &= Q(status__in=PENDING)
    elif status:
        wanted &= Q(status=status)
    if reason:
        wanted &= Q(reason=reason) | Q(bounced=reason)
    rows = Message.objects.filter(wanted).order_by("pk")
    page = list(rows[offset : offset + limit])
    names = Customer.objects.in_bulk([message.customer_id for message in page])
    return rows.count(), [
        {
            "customer_id": message.customer_id,
            "name": names[message.customer_id].name if message.customer_id in names else "",
            "email": names[message.customer_id].email if message.customer_id in names else "",
            "status": message.status,
            "reason": message.reason or message.bounce_reason,
            "came_back": message.bounced,
            "detail": message.detail,
            "at": message.finished_at or message.handed_over_at or message.planned_at,
        }
        for message in page
    ]


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
