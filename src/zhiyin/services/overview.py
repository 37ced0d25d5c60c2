"""The overview: what the shop's messages changed, where its customers are, and what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import narwhals as nw

from zhiyin.adapters.records.models import Campaign, Customer, Import, Message, Segment
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED
from zhiyin.domain.message import MessageStatus
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Week:
    """One week, named by its Monday: completed orders, and revenue in minor units less what went back."""

    start: date
    orders: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person: a code, how many, and what it is about."""

    code: str  # unknown | failed | paused | stopped | rejects
    count: int
    about: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four first steps and whether it is done."""

    code: str  # data | segment | sender | campaign
    done: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows; ``effects`` are those of ``reports.effects``, newest campaign first."""

    totals: dict[str, Any]
    effects: list[Any] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def get(ws: Workspace) -> Overview:
    """All of the overview but the weeks, from records."""
    from zhiyin.services import profiles, reports

    return Overview(profiles.totals(ws), reports.effects(ws), needs(ws), steps(ws))


def fresh(ws: Workspace) -> datetime | None:
    """When customers were last profiled."""
    latest = Customer.objects.exclude(profiled_at=None).values_list("profiled_at", flat=True)
    return latest.first()


def live_campaigns(ws: Workspace) -> int:
    """How many campaigns are being sent now."""
    return Campaign.objects.filter(status=CampaignStatus.SENDING).count()


def needs(ws: Workspace) -> list[Need]:
    """What waits for a person, the most urgent first; empty where all is well."""
    found = []
    unknown = Message.objects.filter(status=MessageStatus.UNKNOWN)
    for campaign in Campaign.objects.filter(messages__in=unknown).distinct():
        count = unknown.filter(campaign=campaign).count()
        found.append(Need("unknown", count, campaign.name, campaign.key))
    for campaign in Campaign.objects.filter(status=CampaignStatus.PAUSED):
        left = campaign.messages.filter(status=MessageStatus.PLANNED).count()
        found.append(Need("stopped" if campaign.error else "paused", left, campaign.name, campaign.key))
    since = ws.now() - timedelta(days=7)
    for run in Import.objects.filter(rejected__gt=0, started_at__gte=since)[:3]:
        found.append(Need("rejects", run.rejected, ", ".join(run.files), run.import_id))
    return found


def steps(ws: Workspace) -> list[Step]:
    """The four first steps of a new shop."""
    settings = ws.settings
    return [
        Step("data", Customer.objects.exists()),
        Step("segment", Segment.objects.filter(archived=False).exists()),
        Step("sender", bool(settings.smtp.host and settings.sender.email)),
        Step("campaign", Campaign.objects.exclude(status=CampaignStatus.DRAFT).exists()),
    ]


def weekly(ws: Workspace, weeks: int = 12) -> list[Week]:
    """Revenue of the last full weeks and the present one, oldest first, in the shop's time zone."""
    if ws.lake.table("events") is None:
        return []
    today = ws.today().date()
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    money = [ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED]
    days = ws.lake.collect(
        ws.lake.events()
        .filter(nw.col("local_date") >= first, nw.col("local_date") <= today, nw.col("event").is_in(money))
        .group_by("local_date", "event")
        .agg(nw.col("amount").sum().alias("amount"), nw.len().alias("rows"))
    ).to_pylist()
    totals = {first + timedelta(weeks=index): [0, 0] for index in range(weeks)}
    for row in days:
        week = totals[row["local_date"] - timedelta(days=row["local_date"].weekday())]
        if row["event"] == ORDER_COMPLETED:
            week[0] += row["rows"]
            week[1] += row["amount"] or 0
        else:
            week[1] -= row["amount"] or 0
    return [Week(start, orders, revenue) for start, (orders, revenue) in totals.items()]
