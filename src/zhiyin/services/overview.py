"""The overview: what the shop's messages changed, where its customers are, and what needs somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
from django.db.models import Count

from zhiyin.adapters.records.models import Campaign, Customer, Import, Message, Segment
from zhiyin.domain.campaign import NOT_BEGUN, CampaignStatus
from zhiyin.domain.estimate import Estimate
from zhiyin.domain.event import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_REFUNDED
from zhiyin.domain.message import MessageStatus
from zhiyin.loop.collect.order_ids import GUEST, ONCE
from zhiyin.services.workspace import Workspace

_ENGAGED = ("new", "active", "won_back")
_OUT = (MessageStatus.ACCEPTED, MessageStatus.FAILED, MessageStatus.UNKNOWN)


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
    repeated: int = 0  # buyers with two orders or more
    handed_over: int = 0  # messages that left the house
    delivered: int = 0

    @property
    def step(self) -> str:
        """The first step that is not done; empty when all are."""
        return next((step.code for step in self.steps if not step.done), "")

    @property
    def engaged(self) -> int:
        """Customers in the stages new, active and won back."""
        return sum(self.totals["lifecycle"].get(stage, 0) for stage in _ENGAGED)

    @property
    def engaged_share(self) -> float | None:
        """Their share of all customers."""
        return _share(self.engaged, self.totals["customers"])

    @property
    def repeat_share(self) -> float | None:
        """Buyers who ordered again, as a share of buyers."""
        return _share(self.repeated, self.totals["buyers"])

    @property
    def delivered_share(self) -> float | None:
        """Messages that the mail server accepted, as a share of those that left the house."""
        return _share(self.delivered, self.handed_over)

    @property
    def added(self) -> Estimate:
        """Revenue that all measured campaigns added, in minor units."""
        return added(effect.added_revenue for effect in self.effects)


def get(ws: Workspace) -> Overview:
    """All of the overview but the weeks, from records."""
    from zhiyin.services import profiles, reports

    outcomes = Counter(
        dict(Message.objects.values_list("status").annotate(rows=Count("pk")).values_list("status", "rows"))
    )
    return Overview(
        profiles.totals(ws),
        reports.effects(ws),
        needs(ws),
        steps(ws),
        repeated=Customer.objects.filter(orders__gte=2).count(),
        handed_over=sum(outcomes[status] for status in _OUT),
        delivered=outcomes[MessageStatus.ACCEPTED],
    )


def added(estimates: Iterable[Estimate]) -> Estimate:
    """The sum of independent estimates; half-widths add up as the root of their squares.

    >>> total = added([Estimate(100.0, 70.0, 130.0), Estimate(50.0, 10.0, 90.0)])
    >>> (total.value, total.low, total.high)
    (150.0, 100.0, 200.0)
    """
    known = [
        (estimate.value, estimate.low, estimate.high)
        for estimate in estimates
        if estimate.value is not None and estimate.low is not None and estimate.high is not None
    ]
    if not known:
        return Estimate(None, None, None, note="no_holdout")
    value = sum(middle for middle, _, _ in known)
    below = sum((middle - low) ** 2 for middle, low, _ in known) ** 0.5
    above = sum((high - middle) ** 2 for middle, _, high in known) ** 0.5
    return Estimate(value, value - below, value + above)


def live_campaigns(ws: Workspace) -> int:
    """How many campaigns are being sent now."""
    return Campaign.objects.filter(status=CampaignStatus.SENDING).count()


def needs(ws: Workspace) -> list[Need]:
    """What waits for a person, the most urgent first; empty where all is well."""
    found = []
    unknown = Message.objects.filter(status=MessageStatus.UNKNOWN, replaced=False)
    for campaign in Campaign.objects.filter(messages__in=unknown).distinct():
        count = unknown.filter(campaign=campaign).count()
        found.append(Need("unknown", count, campaign.name, campaign.key))
    for campaign in Campaign.objects.filter(status=CampaignStatus.PAUSED):
        left = campaign.messages.filter(status=MessageStatus.PLANNED).count()
        found.append(Need("stopped" if campaign.error else "paused", left, campaign.name, campaign.key))
    since = ws.now() - timedelta(days=7)
    for run in Import.objects.filter(rejected__gt=0, started_at__gte=since)[:3]:
        found.append(
            Need("rejects", run.rejected, ", ".join(Path(file).name for file in run.files), run.import_id)
        )
    return found


def steps(ws: Workspace) -> list[Step]:
    """The four first steps of a new shop."""
    settings = ws.settings
    sent = Campaign.objects.exclude(status__in=NOT_BEGUN).exists()
    return [
        Step("data", Customer.objects.exists()),
        Step("segment", Segment.objects.filter(archived=False).exists()),
        Step("sender", sent or bool(settings.sends_mail and settings.sender.email)),
        Step("campaign", sent),
    ]


def _counted(sold: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Orders without those that a guest made by one account and a customer by another: the customer's counts."""
    named = sold.filter(~nw.col("customer_id").is_null(), nw.col("event").is_in(sorted(ONCE)))
    of_guests = sold.filter(nw.col("event_id").str.starts_with(GUEST)).select("event_id", "event", "order_id")
    twice = of_guests.join(named.select("event", "order_id").unique(), on=["event", "order_id"], how="semi")
    return sold.join(twice.select("event_id"), on="event_id", how="anti")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def weekly(ws: Workspace, weeks: int = 12) -> list[Week]:
    """Revenue of the last full weeks and the present one, oldest first, in the shop's time zone."""
    if ws.lake.table("events") is None:
        return []
    today = ws.today().date()
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    money = [ORDER_COMPLETED, ORDER_REFUNDED, ORDER_CANCELLED]
    sold = ws.lake.events().filter(
        nw.col("local_date") >= first, nw.col("local_date") <= today, nw.col("event").is_in(money)
    )
    days = ws.lake.collect(
        _counted(sold)
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
