"""Decisions: kept as rows of the records, and told to the lake as events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from zhiyin.adapters.records.erasure import NOBODY
from zhiyin.adapters.records.models import Campaign, Decision, Message
from zhiyin.domain.decision import Decision as DecisionNoun
from zhiyin.domain.decision import Fact
from zhiyin.domain.event import MESSAGE_DECIDED, Event
from zhiyin.services import ingest
from zhiyin.services.batches import batches
from zhiyin.services.workspace import Workspace

_EVENTS = 2_000  # read and recorded at a time


def row(message: Message, made: DecisionNoun, now: datetime) -> Decision:
    """The row of the decision about a message of the ledger."""
    return Decision(
        message=message,
        customer_id=made.customer_id,
        choice=made.choice,
        assigned=made.assigned,
        probability=made.probability,
        alternatives=[asdict(alternative) for alternative in made.alternatives],
        facts=facts_json(made.facts),
        versions=dict(made.versions),
        reason=made.reason,
        decided_at=now,
    )


def facts_json(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Facts as a decision record keeps them."""
    return [{"code": fact.code, "holds": fact.holds, "detail": dict(fact.detail)} for fact in facts]


def publish(ws: Workspace, campaign: Campaign) -> None:
    """Every decision of a campaign as an event. Repeating it adds nothing: the ids are the same."""
    rows = (
        Decision.objects.filter(message__campaign=campaign)
        .exclude(customer_id__startswith=NOBODY)
        .order_by("pk")
        .values_list(
            "message__token",
            "message__step",
            "customer_id",
            "choice",
            "assigned",
            "probability",
            "reason",
            "decided_at",
        )
    )
    for batch in batches(rows.iterator(chunk_size=_EVENTS), _EVENTS):
        ingest.record(
            ws,
            [
                Event(
                    event_id=f"decided:{token}",
                    type="track",
                    name=MESSAGE_DECIDED,
                    timestamp=at,
                    customer_id=customer_id,
                    source="zhiyin",
                    campaign=campaign.key,
                    properties={
                        "token": token,
                        "choice": choice,
                        "assigned": assigned,
                        "probability": probability,
                        "reason": reason,
                        "step": step,
                    },
                )
                for token, step, customer_id, choice, assigned, probability, reason, at in batch
            ],
        )
