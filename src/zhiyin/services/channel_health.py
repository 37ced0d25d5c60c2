"""Channel health: the breaker, what the server answered lately, hour by hour, and the pace that is used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncHour

from zhiyin.adapters.channels import channel as open_channel
from zhiyin.adapters.records.models import Message
from zhiyin.domain.breaker import Breaker
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.loop import decide
from zhiyin.services import channels
from zhiyin.services.workspace import Workspace

HOURS = 24
BOUNCED = "bounced"
OUTCOMES = ("accepted", BOUNCED, "failed", "unknown")
ANSWERS = 8  # of the server, the last ones that differ


@dataclass(frozen=True, slots=True)
class Hour:
    """What became of the messages handed over in an hour of the shop's day, each counted once.

    ``bounced`` were accepted, and something came back later.
    """

    at: datetime
    accepted: int = 0
    bounced: int = 0
    failed: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, when it last said so, and to how many of the latest messages."""

    at: datetime
    status: str
    reason: str
    detail: str
    count: int


@dataclass(frozen=True, slots=True)
class PaceUsed:
    """What left in the last minute and today, and what may; None where nothing limits it."""

    minute: int
    per_minute: int | None
    today: int
    allowed_today: int | None


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How one channel is doing. ``due`` messages could go now, if the channel and the pace let them."""

    name: str
    server: str
    breaker: Breaker
    why: str
    due: int
    hours: list[Hour]
    answers: list[Answer]
    pace: PaceUsed

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        made = asdict(self)
        del made["breaker"]["mark"]
        return {**made, "why": str(self.why)}


def health(ws: Workspace, name: str = channels.EMAIL) -> ChannelHealth:
    """How a channel is doing; nothing is sent and no server asked. Raises ``NotFound``."""
    now, found, smtp = ws.now(), channels.breaker(name), ws.settings.smtp
    due = Message.objects.filter(
        status=MessageStatus.PLANNED, due_at__lte=now, campaign__status=CampaignStatus.SENDING
    )
    alone = Message.objects.filter(status=MessageStatus.PLANNED, due_at__lte=now, campaign=None)
    return ChannelHealth(
        name,
        ws.settings.esp.name or (f"{smtp.host}:{smtp.port}" if smtp.host else ""),
        found,
        channels.told(found),
        due.count() + alone.count(),
        _hours(ws, now),
        _answers(),
        _pace(ws, now),
    )


def try_connection(ws: Workspace, name: str = channels.EMAIL) -> Receipt | None:
    """Ask the server to let us in; None where it does, else its refusal. Nothing is sent."""
    channels.breaker(name)
    channel = open_channel(name, ws.settings)
    try:
        return channel.open()
    finally:
        channel.close()


def _hours(ws: Workspace, now: datetime) -> list[Hour]:
    last = now.astimezone(ws.timezone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    starts = [last - timedelta(hours=back) for back in reversed(range(HOURS))]
    counted: dict[datetime, dict[str, int]] = {}
    rows = (
        Message.objects.filter(handed_over_at__gte=starts[0])
        .order_by()
        .annotate(hour=TruncHour("handed_over_at", tzinfo=ws.timezone))
        .values_list("hour", "status", "bounced")
        .annotate(Count("pk"))
    )
    for hour, status, came_back, count in rows:
        of = counted.setdefault(hour.astimezone(UTC), {})
        name = BOUNCED if came_back and status == MessageStatus.ACCEPTED else status
        of[name] = of.get(name, 0) + count
    return [
        Hour(start.astimezone(ws.timezone), *(counted.get(start, {}).get(name, 0) for name in OUTCOMES))
        for start in starts
    ]


def _answers() -> list[Answer]:
    """The latest different answers, newest first."""
    latest = (
        Message.objects.filter(handed_over_at__isnull=False)
        .exclude(detail="")
        .order_by("-handed_over_at")
        .values_list("handed_over_at", "status", "reason", "detail")[:500]
    )
    found: dict[tuple[str, str], Answer] = {}
    for at, status, reason, detail in latest:
        first = found.get((status, reason))
        found[(status, reason)] = (
            Answer(at, status, reason, str(detail), 1)
            if first is None
            else Answer(first.at, status, reason, first.detail, first.count + 1)
        )
    return list(found.values())[:ANSWERS]


def _pace(ws: Workspace, now: datetime) -> PaceUsed:
    local = now.astimezone(ws.timezone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    left = Message.objects.filter(handed_over_at__isnull=False)
    pace = ws.settings.pace.pace
    return PaceUsed(
        left.filter(handed_over_at__gt=now - timedelta(minutes=1)).count(),
        pace.per_minute or None,
        left.filter(handed_over_at__gte=midnight).count(),
        decide.allowance(pace.warm_up, local) if pace.warm_up else None,
    )
