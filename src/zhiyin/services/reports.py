"""Reports: what a campaign changed, against its holdout, and what became of everyone it planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.errors import NotFound
from zhiyin.domain.estimate import Estimate
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.text import say
from zhiyin.loop.measure import campaign as measure
from zhiyin.loop.measure import opens as rules
from zhiyin.loop.measure.campaign import Effect, Part
from zhiyin.loop.measure.opens import Counts
from zhiyin.loop.measure.outcomes import Group, arms
from zhiyin.services import bounce_notes, opens, outcomes
from zhiyin.services.effects import EffectLine, as_json, effects, state_of
from zhiyin.services.opens import Hits, Link
from zhiyin.services.outcomes import Found
from zhiyin.services.workspace import Workspace
from zhiyin.stats.power import smallest_effect

__all__ = ["Accounted", "Arm", "CampaignReport", "Counts", "Day", "EffectLine", "Link", "campaign", "effects"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One group as assigned by chance: its people, those who bought, and their revenue in minor units."""

    n: int
    bought: int
    revenue: int

    @property
    def rate(self) -> float | None:
        """The share that bought."""
        return self.bought / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Accounted:
    """What became of everyone planned, from the send ledger: the parts add up to ``planned``.

    ``came_back`` are those of ``delivered`` for which something came back later, by kind; they stay delivered.
    """

    planned: int = 0
    held_out: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    delivered: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    pending: int = 0
    came_back: Mapping[str, int] = field(default_factory=dict)

    @property
    def balances(self) -> bool:
        """Whether the parts add up."""
        parts = self.held_out + sum(self.refused.values()) + self.delivered + sum(self.failed.values())
        return self.planned == parts + self.unknown + self.pending


@dataclass(frozen=True, slots=True)
class Day:
    """Extra customers who bought, from the decisions to the end of a day of the window."""

    day: int
    date: date
    added_orders: Estimate


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The report of a campaign at a moment.

    Amounts are minor units of ``currency``. ``state`` is ``measured``, ``no_effect``, ``not_clear``,
    ``measuring``, ``no_holdout`` or ``draft``; while it is ``measuring`` every interval holds for repeated
    looking, and there is none (``too_early``) before the first day is over and somebody bought.
    ``detectable`` is the smallest lift in points that this holdout finds with 80 % power.
    """

    campaign: str
    name: str
    status: str
    state: str
    as_of: datetime
    started_at: datetime | None
    window_days: int
    window_ends: datetime | None
    currency: str
    holdout: float
    message_group: Arm
    holdout_group: Arm
    probability_positive: float | None
    effects: tuple[Effect, ...]
    smallest_effect: float
    detectable: float | None
    accounted: Accounted
    opened: Counts
    clicked: Counts
    unsubscribed: int
    converted: int
    revenue: int
    cost: int
    roi: Estimate
    groups: tuple[Part, ...]
    daily: tuple[Day, ...]
    links: tuple[Link, ...]
    rules_version: int = rules.VERSION

    def effect(self, name: str) -> Estimate:
        """The estimate of that name, such as ``bought`` (in points) or ``added_revenue``."""
        for effect in self.effects:
            if effect.name == name:
                return effect.estimate
        raise NotFound(
            say("The report has no effect {name!r}.", name=name),
            fix=say("Use one of {names}.", names=list(self.names())),
        )

    def names(self) -> list[str]:
        """The names of the effects, in order."""
        return [effect.name for effect in self.effects]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON holds it; moments are ISO 8601."""
        plain: dict[str, Any] = as_json(asdict(self))
        for form, effect in zip(plain["effects"], self.effects, strict=True):
            form["meaning"] = effect.meaning
        plain["message_group"]["rate"] = self.message_group.rate
        plain["holdout_group"]["rate"] = self.holdout_group.rate
        return plain


def campaign(ws: Workspace, key: str, as_of: datetime | None = None) -> CampaignReport:
    """The report of a campaign as it stood at ``as_of``, now if None. Raises ``NotFound``.

    The effect comes from the lake; who was planned, held out, refused and sent from the send ledger, which
    always shows the present.
    """
    row = Campaign.objects.filter(key=key).first()
    if row is None:
        known = list(Campaign.objects.values_list("key", flat=True)[:20])
        raise NotFound(
            say("There is no campaign {key!r}.", key=key),
            fix=say("Known are: {known}.", known=list(known)) if known else say("Known are: none yet."),
        )
    moment = as_of or ws.now()
    found = outcomes.of(ws, [row], moment)[row.key]
    message, holdout = found.arms()
    fraction = found.fraction(moment)
    z = measure.reach(fraction)
    cost = row.cost * Message.objects.filter(program=row.program, handed_over_at__isnull=False).count()
    margin = ws.settings.campaign.margin
    early = found.too_early(moment)
    effects = measure.effects(message, holdout, cost=cost, margin=margin, z=z)
    if early and found.held_out:
        effects = measure.withheld(effects)
    lift = effects[0].estimate
    hits = opens.of(ws, row.key, found.starts, moment) if found.starts else Hits()
    rate = holdout.buyers.rate or message.buyers.rate or 0.0
    detectable = smallest_effect(message.n, holdout.n, rate)
    return CampaignReport(
        campaign=row.key,
        name=row.name,
        status=row.status,
        state=state_of(ws, found, lift, moment),
        as_of=moment,
        started_at=row.started_at,
        window_days=row.window_days,
        window_ends=found.ends,
        currency=ws.settings.shop.currency,
        holdout=row.holdout,
        message_group=_arm(message),
        holdout_group=_arm(holdout),
        probability_positive=lift.probability_positive,
        effects=tuple(effects),
        smallest_effect=ws.settings.campaign.smallest_effect,
        detectable=None if detectable is None else detectable * 100,
        accounted=_accounted(row),
        opened=hits.opened,
        clicked=hits.clicked,
        unsubscribed=hits.unsubscribed,
        converted=message.bought,
        revenue=round(message.revenue.total),
        cost=cost,
        roi=measure.roi(effects[3].estimate, cost=cost, margin=margin),
        groups=tuple(_parts(ws, found, moment)) if holdout.n else (),
        daily=tuple(_days(ws, found, moment)) if holdout.n else (),
        links=hits.links,
    )


def _parts(ws: Workspace, found: Found, moment: datetime) -> list[Part]:
    parts = measure.parts(outcomes.stages(ws, found), z_fraction=found.fraction(moment))
    return [replace(part, lift=measure.TOO_EARLY) for part in parts] if found.too_early(moment) else parts


def _days(ws: Workspace, found: Found, moment: datetime) -> list[Day]:
    """The course of the effect, day by day from nothing; a window that is open ends with what is so far."""
    assert found.starts
    whole = found.row.window_days
    passed = (moment - found.starts) / timedelta(days=1)
    ends = [*range(min(whole, int(passed)) + 1)]
    still_open = found.open(moment)
    if still_open and passed < whole and passed > ends[-1]:
        ends.append(ends[-1] + 1)
    groups = [
        arms(found.responses.where(found.responses.elapsed < day * 86_400), found.n_message, found.n_holdout)
        for day in ends
    ]
    z = [measure.reach(day / whole) if still_open else None for day in ends[:-1]]
    z.append(measure.reach(found.fraction(moment)))  # the headline's
    first = found.starts.astimezone(ws.timezone).date()
    days = []
    for day, both, estimate in zip(ends, groups, measure.course(groups, z=z), strict=True):
        so_far = min(day, passed)  # the last day may not be over
        early = still_open and measure.too_early(so_far, *both)
        days.append(Day(day, first + timedelta(days=day), measure.TOO_EARLY if early else estimate))
    return days


def _accounted(row: Campaign) -> Accounted:
    held_out = delivered = unknown = pending = 0
    refused: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    rows = Message.objects.filter(program=row.program, replaced=False)
    counts = rows.values_list("status", "reason").annotate(n=Count("id"))
    for status, reason, n in counts.order_by("-n", "reason"):
        match MessageStatus(status):
            case MessageStatus.HELD_OUT:
                held_out += n
            case MessageStatus.REFUSED:
                refused[reason] += n
            case MessageStatus.ACCEPTED:
                delivered += n
            case MessageStatus.FAILED:
                failed[reason] += n
            case MessageStatus.UNKNOWN:
                unknown += n
            case MessageStatus.PLANNED | MessageStatus.CLAIMED | MessageStatus.HANDED_OVER:
                pending += n
    planned = held_out + refused.total() + delivered + failed.total() + unknown + pending
    came_back = bounce_notes.of_program(row.program)
    return Accounted(planned, held_out, dict(refused), delivered, dict(failed), unknown, pending, came_back)


def _arm(group: Group) -> Arm:
    return Arm(group.n, group.bought, round(group.revenue.total))
