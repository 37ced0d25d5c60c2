"""The send ledger searched: any message, of any program, by whom it went to, its state and its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from zhiyin.adapters.records.erasure import stranger
from zhiyin.adapters.records.models import BounceNote, Campaign, Customer, Decision, Message, MessageCopy
from zhiyin.domain.errors import NotFound
from zhiyin.domain.program import campaign_of
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for. ``q`` is an address, a customer's id, a message's id, or a Message-ID as mail programs show it;
    ``program`` a name or a kind such as ``transactional``."""

    q: str = ""
    status: str = ""
    program: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of messages, the latest first, and whether there are more."""

    rows: list[Message]
    more: bool


def search(ws: Workspace, wanted: Wanted, page: int = 1, per_page: int = 50) -> Found:
    """The messages that fit, the latest first."""
    rows = Message.objects.order_by("-pk")
    q = wanted.q.strip()
    if q:
        token = q.strip("<>").partition("@")[0]
        if "@" in q and not rows.filter(token=token).exists():
            # an address: whose it is now, and where it was written to
            plain = {q, q.lower()}
            ids = [stranger(q), *Customer.objects.filter(email__in=plain).values_list("pk", flat=True)]
            rows = rows.filter(customer_id__in=ids) | rows.filter(address__in=plain)
        else:
            rows = rows.filter(token=token) | rows.filter(customer_id=q)
    if wanted.status:
        # in the order of an index: the few that failed are not looked for among all that did not
        rows = rows.filter(status=wanted.status).order_by("-due_at", "-pk")
    if wanted.program:
        rows = rows.filter(_of(wanted.program))
    if wanted.since:
        rows = rows.filter(planned_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(planned_at__lt=wanted.until)
    start = (page - 1) * per_page
    found = list(rows[start : start + per_page + 1])
    return Found(found[:per_page], len(found) > per_page)


def _of(program: str) -> Q:
    """The rows of a program, or of a kind of programs, in the way that an index finds them."""
    key = campaign_of(program) if ":" in program else None
    if key is not None:
        return Q(campaign=Campaign.objects.filter(key=key).values_list("pk", flat=True).first() or 0)
    if program == "campaign":
        return Q(campaign__isnull=False)
    return (
        Q(campaign=None, program=program)
        if ":" in program
        else Q(campaign=None, program__startswith=f"{program}:")
    )


@dataclass(frozen=True, slots=True)
class Story:
    """All there is to say of one message: its decision, what came back, and until when its copy is kept."""

    row: Message
    decision: Decision | None
    came_back: list[BounceNote]
    copied: bool


def story(ws: Workspace, token: str) -> Story:
    """The story of a message. Raises ``NotFound``."""
    row = get(ws, token)
    return Story(
        row,
        Decision.objects.filter(message=row).first(),
        list(BounceNote.objects.filter(token=row.token).order_by("at")),
        MessageCopy.objects.filter(pk=row.pk).exists(),
    )


def get(ws: Workspace, token: str) -> Message:
    """The message of an id. Raises ``NotFound``."""
    row = Message.objects.filter(token=token).first()
    if row is None:
        raise NotFound(say("There is no message {token!r}.", token=token[:64]), fix=say("Check the id."))
    return row
