"""Pace at the claim: of the messages that are due, who goes now; the others wait, with the reason, until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.message import MessageStatus
from zhiyin.loop import decide
from zhiyin.loop.decide.pace import Due, Left, Wait
from zhiyin.services import zones
from zhiyin.services.workspace import Workspace

_LATELY = timedelta(minutes=1)  # the longest window of a rate


def hold(ws: Workspace, due: Sequence[Message], now: datetime) -> list[Message]:
    """Those of the due messages that may go now; the others are postponed. Call it within the claim's transaction.

    One worker at a time asks, since what another one claims counts too.
    """
    pace = ws.settings.pace.pace
    if not pace.limits or not due:
        return list(due)
    list(Campaign.objects.select_for_update().filter(status=CampaignStatus.SENDING).order_by("pk")[:1])
    known = zones.of({row.customer_id for row in due}) if pace.clocks else {}
    shop = ZoneInfo(ws.settings.shop.timezone)
    asked = [Due(row.domain, known.get(row.customer_id, shop)) for row in due]
    found = decide.waits(asked, _left(shop, now), pace, now, shop)
    _postpone([(row, wait) for row, wait in zip(due, found, strict=True) if wait is not None])
    return [row for row, wait in zip(due, found, strict=True) if wait is None]


def _left(shop: ZoneInfo, now: datetime) -> Left:
    """What left today and in the last minute; what another worker holds counts as leaving now."""
    held = list(
        Message.objects.filter(status=MessageStatus.CLAIMED).order_by().values_list("domain", flat=True)
    )
    midnight = now.astimezone(shop).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    # what a clock that ran ahead noted is no part of this day
    today = Message.objects.filter(handed_over_at__gte=midnight, handed_over_at__lte=now).count()
    lately = Message.objects.filter(handed_over_at__gt=now - _LATELY, handed_over_at__lte=now).order_by()
    return Left(
        today + len(held),
        [*lately.values_list("handed_over_at", "domain"), *((now, domain) for domain in held)],
    )


def _postpone(waiting: Sequence[tuple[Message, Wait]]) -> None:
    groups: dict[Wait, list[int]] = {}
    for row, wait in waiting:
        groups.setdefault(wait, []).append(row.pk)
    for wait, ids in groups.items():
        Message.objects.filter(pk__in=ids, status=MessageStatus.PLANNED).update(
            due_at=wait.until, reason=wait.reason
        )
