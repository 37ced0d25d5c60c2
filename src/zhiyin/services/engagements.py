"""Engagements: hits on pixels and links → who opened and clicked, once a message, as events of our own.

A hit says little by itself: two links within a second are followed by a program. So hits wait in records until
whatever came with them is in the lake; then the rule of ``loop/measure/opens`` judges all hits of their message, as a
report does, and what a person did becomes ``Message Opened`` or ``Message Clicked`` as of that hit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import narwhals as nw
from django.db import transaction
from django.db.models import QuerySet

from zhiyin.adapters import clock
from zhiyin.adapters.records import hit
from zhiyin.adapters.records.among import among
from zhiyin.adapters.records.models import Hit, Judged, Message
from zhiyin.domain.engagement import EMAIL, HUMAN, JUDGED, RULE
from zhiyin.domain.errors import Busy
from zhiyin.domain.event import (
    EMAIL_DELIVERED,
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    MESSAGE_CLICKED,
    MESSAGE_OPENED,
    Event,
)
from zhiyin.loop.measure import opens as rules
from zhiyin.services import ingest
from zhiyin.services.workspace import Workspace

WAIT = timedelta(seconds=30)  # from a hit in the lake to its verdict
BEHIND = timedelta(
    seconds=20
)  # while the spool is further behind, what belongs to a hit may still wait there
DELIVERY = timedelta(
    minutes=10
)  # so much longer where the lake does not know yet when the message was delivered
_STEP = 10  # hits are judged by the ten seconds: each time is a look into the lake
_AT_ONCE = 2_000  # then the worker's others get their turn
_MOMENT = 0.2  # seconds for which the worker waits for the lake
_HITS = {EMAIL_OPENED: MESSAGE_OPENED, EMAIL_LINK_CLICKED: MESSAGE_CLICKED}
_PROPERTIES = ("token", "step", "user_agent", "method", "url", "ip", "rule")


@dataclass(frozen=True, slots=True)
class Touch:
    """One hit on a message: ``human``, ``unknown`` or ``machine``."""

    event_id: str
    name: str
    at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What the lake knows of one message: its hits, in their order, and which events of ours say so already."""

    token: str
    customer_id: str
    campaign: str | None
    step: str | None
    delivered: datetime | None
    touches: tuple[Touch, ...]
    told: frozenset[str]

    def best(self, name: str) -> str | None:
        """The best evidence there is for hits of that name; None where there are none."""
        kinds = [one.kind for one in self.touches if one.name == name]
        return rules.best(kinds) if kinds else None


@dataclass(frozen=True, slots=True)
class Engagement:
    """What one customer did with the messages delivered to them, by the best evidence for each."""

    delivered: int
    opened: rules.Counts
    clicked: rules.Counts


def step(ws: Workspace) -> int:
    """Judge hits whose time has come, some at a time; returns how many. To be repeated; a crash between loses and
    doubles nothing. While somebody is being erased they go on waiting.
    """
    if ws.spool.waiting() > BEHIND.total_seconds():
        return 0
    due = clock.system() - WAIT
    with suppress(Busy), ws.lake.reading(_MOMENT):
        due = due.replace(second=due.second // _STEP * _STEP, microsecond=0)
        return next(_judge(ws, Hit.objects.filter(noted__lt=due), patient=True), 0)
    return 0


def settle(ws: Workspace) -> int:
    """Judge all hits that are in the lake at once: for who knows that nothing else comes."""
    with ws.lake.reading():
        return sum(_judge(ws, Hit.objects.all(), patient=False))


def of(ws: Workspace, customer_id: str) -> list[Letter]:
    """The messages of one customer with their hits, judged now, as reports judge them."""
    return letters(ws, [customer_id])


def engagement(several: Sequence[Letter]) -> Engagement:
    """The sums of some messages."""
    opened, clicked = (
        rules.count(kind for one in several if (kind := one.best(name)) is not None) for name in _HITS
    )
    return Engagement(sum(one.delivered is not None for one in several), opened, clicked)


def letters(
    ws: Workspace,
    customer_ids: Collection[str],
    tokens: Collection[str] | None = None,
    since: datetime | None = None,
) -> list[Letter]:
    """Messages with their hits, judged now; those of ``tokens`` only. Nothing before ``since`` is looked for."""
    if ws.lake.table("events") is None:
        return []
    frame = ws.lake.events(properties=_PROPERTIES).filter(
        nw.col("customer_id").is_in(sorted(customer_ids)),
        nw.col("event").is_in([EMAIL_DELIVERED, *_HITS, *JUDGED]),
    )
    if since is not None:
        frame = frame.filter(nw.col("month") >= f"{since.astimezone(UTC):%Y-%m}")
    columns = ("event_id", "event", "customer_id", "timestamp", "campaign")
    found = frame.select(*columns, *(f"property_{name}" for name in _PROPERTIES))
    wanted = None if tokens is None else set(tokens)
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in ws.lake.collect(found.sort("timestamp", "event_id")).to_pylist():
        token = row["property_token"]
        if token and (wanted is None or token in wanted):
            rows.setdefault(token, []).append(row)
    return [_letter(token, told) for token, told in rows.items()]


def _letter(token: str, rows: Sequence[dict[str, Any]]) -> Letter:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["event"], []).append(row)
    delivered = min((row["timestamp"] for row in by_name.get(EMAIL_DELIVERED, ())), default=None)

    hits = [row for name in _HITS for row in by_name.get(name, ())]
    touches = [
        Touch(row["event_id"], row["event"], _aware(row["timestamp"]), kind)
        for row, kind in zip(hits, rules.judge([_hit(row, delivered) for row in hits]), strict=True)
    ]
    told = {
        name for name in JUDGED if any(row["property_rule"] == str(RULE) for row in by_name.get(name, ()))
    }
    first = rows[0]
    return Letter(
        token,
        first["customer_id"],
        first["campaign"],
        first["property_step"],
        None if delivered is None else _aware(delivered),
        tuple(sorted(touches, key=lambda one: one.at)),
        frozenset(told),
    )


def _hit(row: dict[str, Any], delivered: datetime | None) -> rules.Hit:
    after = None if delivered is None else (row["timestamp"] - delivered).total_seconds()
    return rules.Hit(
        row["property_user_agent"] or "",
        row["property_method"] or "GET",
        after,
        row["property_url"] or "",
        row["property_ip"] or "",
    )


def _judge(ws: Workspace, waiting: QuerySet[Hit], *, patient: bool) -> Iterator[int]:
    """Judge these hits, some at a time; gives how many each time."""
    _again(ws)
    last = 0
    while rows := list(waiting.filter(pk__gt=last).order_by("pk")[:_AT_ONCE]):
        last = rows[-1].pk
        yield _verdicts(ws, rows, patient=patient)


def _verdicts(ws: Workspace, rows: Sequence[Hit], *, patient: bool) -> int:
    """Tell what people did by these hits; then they wait no more, unless their delivery is not known yet."""
    tokens = {row.token for row in rows}
    known = {one.token: one for one in letters(ws, {row.customer_id for row in rows}, tokens, _since(tokens))}
    until: dict[str, datetime] = {}
    over, later = [], []
    for row in rows:
        letter = known.get(row.token)
        if patient and letter is not None and letter.delivered is None and not row.postponed:
            later.append(row.pk)
            continue
        over.append(row.pk)
        until[row.token] = max(row.at, until.get(row.token, row.at))
    # once, so that a message whose outcome nobody knows does not cost a look into the lake each round
    Hit.objects.filter(pk__in=later).update(noted=clock.system() + DELIVERY, postponed=True)
    events = [
        event for token, letter in known.items() if token in until for event in _told(letter, until[token])
    ]
    ingest.record(ws, events)  # first: told twice they count once, lost they are gone
    Hit.objects.filter(pk__in=over).delete()
    return len(over)


def _told(letter: Letter, until: datetime) -> Iterator[Event]:
    """What a person did by the hits up to a moment, unless it was said before; as of the first of them."""
    for hits, name in _HITS.items():
        if name in letter.told:
            continue
        human = (
            one.at for one in letter.touches if one.name == hits and one.kind == HUMAN and one.at <= until
        )
        at = min(human, default=None)
        if at is not None:
            yield Event(
                event_id=f"engaged:{RULE}:{letter.token}:{name.rpartition(' ')[2].lower()}",
                type="track",
                name=name,
                timestamp=at,
                customer_id=letter.customer_id,
                source="zhiyin",
                campaign=letter.campaign,
                properties={
                    "token": letter.token,
                    "step": letter.step,
                    "channel": EMAIL,
                    "rule": str(RULE),
                },
            )


def _since(tokens: Collection[str]) -> datetime | None:
    """When the first of these messages was planned; None where one is not in the ledger."""
    planned = dict(among(Message, "token", tokens, "token", "planned_at"))
    return min(planned.values()) - timedelta(days=1) if len(planned) == len(tokens) else None


def _again(ws: Workspace) -> None:
    """Let all hits of the lake wait, once, where another version of the rule judged them."""
    if Judged.objects.filter(version=RULE).exists():
        return
    with transaction.atomic():
        Hit.objects.all().delete()  # they are in the lake too
        if ws.lake.table("events") is not None:
            frame = ws.lake.events(properties=["token"]).filter(
                nw.col("event").is_in(list(_HITS)),
                ~nw.col("customer_id").is_null(),
                ~nw.col("property_token").is_null(),
            )
            last = frame.group_by("property_token", "customer_id").agg(at=nw.col("timestamp").max())
            for table in ws.lake.stream(last):
                columns = (table[name].to_pylist() for name in ("property_token", "customer_id", "at"))
                rows = ((token, who, _aware(at)) for token, who, at in zip(*columns, strict=True))
                hit.note(rows, clock.system())
        Judged.objects.update_or_create(pk=1, defaults={"version": RULE})


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
