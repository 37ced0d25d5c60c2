"""Reports: what a campaign changed, against its holdout, and what became of everyone it planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Count

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.decision import HOLDOUT
from zhiyin.domain.errors import NotFound
from zhiyin.domain.estimate import Estimate
from zhiyin.domain.event import EMAIL_DELIVERED, EMAIL_LINK_CLICKED, EMAIL_OPENED, UNSUBSCRIBED
from zhiyin.domain.lifecycle import Lifecycle
from zhiyin.domain.message import MessageStatus
from zhiyin.loop.measure import campaign as measure
from zhiyin.loop.measure import opens
from zhiyin.loop.measure.campaign import Effect, Part
from zhiyin.loop.measure.opens import Counts, Hit
from zhiyin.loop.measure.outcomes import OUTCOMES, Group, Responses, arms, decided, outcomes
from zhiyin.loop.profile.lifecycle import lifecycle
from zhiyin.loop.profile.traits import traits
from zhiyin.services.workspace import Workspace
from zhiyin.stats.power import smallest_effect

_SIGNS = (1, -1, -1, 0)  # of the amounts of OUTCOMES: completed, refunded, cancelled, unsubscribed


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
    """What became of everyone planned, from the send ledger: the parts add up to ``planned``."""

    planned: int = 0
    held_out: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    delivered: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    pending: int = 0

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
class Link:
    """A link of the message: clicks by people, and how many people those were."""

    url: str
    clicks: int
    people: int


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The report of a campaign at a moment.

    Amounts are minor units of ``currency``. ``state`` is ``measured``, ``no_effect``, ``not_clear``,
    ``measuring`` or ``no_holdout``; while it is ``measuring`` every interval holds for repeated looking.
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
    rules_version: int = opens.VERSION

    def effect(self, name: str) -> Estimate:
        """The estimate of that name, such as ``bought`` (in points) or ``added_revenue``."""
        for effect in self.effects:
            if effect.name == name:
                return effect.estimate
        raise NotFound(f"The report has no effect {name!r}.", fix=f"Use one of {', '.join(self.names())}.")

    def names(self) -> list[str]:
        """The names of the effects, in order."""
        return [effect.name for effect in self.effects]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON holds it; moments are ISO 8601."""
        plain: dict[str, Any] = _json(asdict(self))
        for form, effect in zip(plain["effects"], self.effects, strict=True):
            form["meaning"] = effect.meaning
        plain["message_group"]["rate"] = self.message_group.rate
        plain["holdout_group"]["rate"] = self.holdout_group.rate
        return plain


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One campaign in a list: how it stands, its lift in points, and the revenue that it added."""

    campaign: str
    name: str
    status: str
    state: str
    started_at: datetime | None
    window_ends: datetime | None
    sent: int
    lift: Estimate
    added_revenue: Estimate

    def to_dict(self) -> dict[str, Any]:
        """The line as JSON holds it."""
        line: dict[str, Any] = _json(asdict(self))
        return line


def campaign(ws: Workspace, key: str, as_of: datetime | None = None) -> CampaignReport:
    """The report of a campaign as it stood at ``as_of``, now if None. Raises ``NotFound``.

    The effect comes from the lake; who was planned, held out, refused and sent from the send ledger, which
    always shows the present.
    """
    row = Campaign.objects.filter(key=key).first()
    if row is None:
        known = list(Campaign.objects.values_list("key", flat=True)[:20])
        raise NotFound(f"There is no campaign {key!r}.", fix=f"Known are: {', '.join(known) or 'none yet'}.")
    moment = as_of or ws.now()
    found = _measured(ws, [row], moment)[row.key]
    message, holdout = found.arms()
    fraction = found.fraction(moment)
    z = measure.reach(fraction)
    cost = row.cost * Message.objects.filter(program=row.program, handed_over_at__isnull=False).count()
    margin = ws.settings.campaign.margin
    effects = measure.effects(message, holdout, cost=cost, margin=margin, z=z)
    lift = effects[0].estimate
    hits = _hits(ws, row, found, moment)
    rate = holdout.buyers.rate or message.buyers.rate or 0.0
    detectable = smallest_effect(message.n, holdout.n, rate)
    return CampaignReport(
        campaign=row.key,
        name=row.name,
        status=row.status,
        state=found.state(lift, moment, ws.settings.campaign.smallest_effect),
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
        groups=tuple(measure.parts(_stages(ws, found), z_fraction=fraction)) if holdout.n else (),
        daily=tuple(_days(ws, found, moment)) if holdout.n else (),
        links=hits.links,
    )


def effects(ws: Workspace) -> list[EffectLine]:
    """One line for every campaign that has started, the latest first."""
    rows = list(Campaign.objects.exclude(status=CampaignStatus.DRAFT).order_by("-started_at", "-pk"))
    now = ws.now()
    found = _measured(ws, rows, now)
    sent = Counter(
        dict(
            Message.objects.filter(campaign__in=rows, handed_over_at__isnull=False)
            .values_list("campaign__key")
            .annotate(n=Count("id"))
        )
    )
    lines = []
    for row in rows:
        one = found[row.key]
        message, holdout = one.arms()
        z = measure.reach(one.fraction(now))
        lift, _, _, added, *_ = (
            effect.estimate for effect in measure.effects(message, holdout, cost=0, margin=1.0, z=z)
        )
        state = one.state(lift, now, ws.settings.campaign.smallest_effect)
        lines.append(
            EffectLine(
                row.key, row.name, row.status, state, row.started_at, one.ends, sent[row.key], lift, added
            )
        )
    return lines


# -- the effect -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """What the lake knows about one campaign: its people and what they did."""

    row: Campaign
    people: pa.Table
    n_message: int
    n_holdout: int
    responses: Responses
    customers: pa.Array  # by the codes of ``responses.person``
    starts: datetime | None
    ends: datetime | None

    def arms(self) -> tuple[Group, Group]:
        return arms(self.responses, self.n_message, self.n_holdout)

    def open(self, moment: datetime) -> bool:
        return (
            self.ends is None
            or moment < self.ends
            or (self.row.planned_at is None and self.row.status == CampaignStatus.SENDING)
        )

    def fraction(self, moment: datetime) -> float | None:
        """The share of the window that has passed, None once it has closed."""
        if not self.open(moment):
            return None
        if self.starts is None or self.ends is None:
            return 0.0
        return min(1.0, (moment - self.starts) / (self.ends - self.starts))

    def state(self, lift: Estimate, moment: datetime, smallest: float) -> str:
        held_out = self.row.holdout > 0 or self.n_holdout > 0
        return measure.state(lift, open_=self.open(moment), held_out=held_out, smallest_effect=smallest)


def _measured(ws: Workspace, rows: Sequence[Campaign], moment: datetime) -> dict[str, _Found]:
    """All campaigns at once: one pass for the people, one for what they did."""
    if not rows:
        return {}
    windows = {row.key: timedelta(days=row.window_days) for row in rows}
    frame = decided(ws.lake.events(properties=["assigned"]), list(windows), moment)
    people = _with_until(ws.lake.collect(frame), windows)
    if people.num_rows:
        since = pc.min(people["at"]).as_py().replace(tzinfo=UTC)
        acts = ws.lake.collect(outcomes(ws.lake.engine.table(people), ws.lake.events(), since, moment))
    else:
        acts = None
    return {row.key: _found(row, people, acts) for row in rows}


def _with_until(people: pa.Table, windows: Mapping[str, timedelta]) -> pa.Table:
    keys = pa.array(list(windows))
    spans = pa.array(list(windows.values()), pa.duration("us"))
    span = spans.take(pc.index_in(people["campaign"].combine_chunks(), value_set=keys))
    return people.append_column("until", pc.add(people["at"].combine_chunks(), span))


def _found(row: Campaign, people: pa.Table, acts: pa.Table | None) -> _Found:
    own = people.filter(pc.equal(people["campaign"], row.key))
    held = pc.sum(pc.equal(own["assigned"], HOLDOUT)).as_py() or 0
    mine = acts.filter(pc.equal(acts["campaign"], row.key)) if acts is not None else None
    responses, customers = _responses(mine) if mine is not None else (_NOTHING, pa.array([], pa.string()))
    return _Found(
        row=row,
        people=own,
        n_message=own.num_rows - held,
        n_holdout=held,
        responses=responses,
        customers=customers,
        starts=_aware(pc.min(own["at"]).as_py()),
        ends=_aware(pc.max(own["until"]).as_py()),
    )


def _responses(acts: pa.Table) -> tuple[Responses, pa.Array]:
    """The rows as arrays, and the customers that their codes stand for."""
    people, customers = _codes(acts["customer_id"])
    orders, _ = _codes(acts["order_id"])
    event = pc.index_in(acts["event"].combine_chunks(), value_set=pa.array(list(OUTCOMES)))
    kinds = event.to_numpy(zero_copy_only=False).astype(np.int64)
    elapsed = pc.subtract(acts["timestamp"], acts["at"]).cast(pa.int64()).to_numpy() / 1e6
    amount = pc.fill_null(acts["amount"], 0).to_numpy().astype(np.float64) * np.array(_SIGNS)[kinds]
    held = pc.equal(acts["assigned"], HOLDOUT).to_numpy()
    return Responses(people, held, elapsed, kinds, orders, amount), customers


def _codes(column: pa.ChunkedArray) -> tuple[np.ndarray[Any, Any], pa.Array]:
    encoded = column.combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary


_EMPTY = np.array([], np.int64)
_NOTHING = Responses(_EMPTY, _EMPTY.astype(bool), _EMPTY.astype(float), _EMPTY, _EMPTY, _EMPTY.astype(float))


def _days(ws: Workspace, found: _Found, moment: datetime) -> list[Day]:
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
    z = [measure.reach(min(1.0, min(day, passed) / whole)) if still_open else None for day in ends]
    first = found.starts.astimezone(ws.timezone).date()
    return [
        Day(day, first + timedelta(days=day), estimate)
        for day, estimate in zip(ends, measure.course(groups, z=z), strict=True)
    ]


def _stages(ws: Workspace, found: _Found) -> dict[str, tuple[Group, Group]]:
    """Both arms by lifecycle stage when the campaign began.

    The stage of today would not do: a message that makes people buy changes it.
    """
    assert found.starts
    orders = ws.lake.events().filter(nw.col("event").is_in(OUTCOMES[:3]))
    then = lifecycle(traits(orders, found.starts), ws.settings.profile.gap_days)
    people = ws.lake.engine.table(found.people.select(["customer_id", "assigned"]))
    staged = ws.lake.collect(
        people.join(then.select("customer_id", "lifecycle"), on="customer_id", how="left")
    )
    stage = pc.fill_null(staged["lifecycle"], Lifecycle.LEAD.value).combine_chunks()
    held = pc.equal(staged["assigned"], HOLDOUT).combine_chunks()
    of_person = stage.take(pc.index_in(found.customers, value_set=staged["customer_id"].combine_chunks()))
    groups = {}
    for name in Lifecycle:
        here = pc.equal(stage, name.value)
        n, n_held = pc.sum(here).as_py() or 0, pc.sum(pc.and_(here, held)).as_py() or 0
        if n:
            rows = pc.equal(of_person, name.value).to_numpy(zero_copy_only=False)[found.responses.person]
            groups[name.value] = arms(found.responses.where(rows), n - n_held, n_held)
    return groups


# -- the ledger and the hits ----------------------------------------------------------------------------------


def _accounted(row: Campaign) -> Accounted:
    held_out = delivered = unknown = pending = 0
    refused: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    counts = (
        Message.objects.filter(program=row.program).values_list("status", "reason").annotate(n=Count("id"))
    )
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
    return Accounted(planned, held_out, dict(refused), delivered, dict(failed), unknown, pending)


@dataclass(frozen=True, slots=True)
class _Hits:
    opened: Counts
    clicked: Counts
    links: tuple[Link, ...]
    unsubscribed: int


def _hits(ws: Workspace, row: Campaign, found: _Found, moment: datetime) -> _Hits:
    """Opens and clicks, classified now from the raw events."""
    if found.starts is None:
        return _Hits(Counts(), Counts(), (), 0)
    own = ws.lake.events(properties=["token", "user_agent", "method", "url"]).filter(
        nw.col("campaign") == row.key,
        nw.col("timestamp") >= found.starts.replace(tzinfo=None),
        nw.col("timestamp") <= moment.astimezone(UTC).replace(tzinfo=None),
    )
    wanted = {name: f"property_{name}" for name in ("token", "user_agent", "method", "url")}
    delivered = (
        own.filter(nw.col("event") == EMAIL_DELIVERED)
        .group_by("property_token")
        .agg(delivered_at=nw.col("timestamp").min())
    )
    # of equal hits on one message the first is enough, save for clicks, which are counted
    seen = (
        own.filter(nw.col("event") == EMAIL_OPENED)
        .group_by("property_token", "property_user_agent", "property_method")
        .agg(timestamp=nw.col("timestamp").min())
        .join(delivered, on="property_token", how="left")
    )
    kinds: dict[str, list[str]] = {}
    for hit in ws.lake.collect(seen).to_pylist():
        kinds.setdefault(hit["property_token"], []).append(opens.opened(_hit(hit)))
    followed = (
        own.filter(nw.col("event") == EMAIL_LINK_CLICKED)
        .select("timestamp", *wanted.values())
        .join(delivered, on="property_token", how="left")
    )
    clicks: dict[str, list[Hit]] = {}
    for hit in ws.lake.collect(followed).to_pylist():
        clicks.setdefault(hit["property_token"], []).append(_hit(hit))
    verdicts = {token: opens.clicked(hits) for token, hits in clicks.items()}
    left = own.filter(nw.col("event") == UNSUBSCRIBED).select(nw.col("customer_id").n_unique())
    return _Hits(
        opened=opens.count(opens.best(each) for each in kinds.values()),
        clicked=opens.count(opens.best(each) for each in verdicts.values()),
        links=_links(clicks, verdicts),
        unsubscribed=ws.lake.collect(left)["customer_id"][0].as_py(),
    )


def _hit(row: Mapping[str, Any]) -> Hit:
    delivered = row["delivered_at"]
    after = (row["timestamp"] - delivered).total_seconds() if delivered else None
    return Hit(
        row["property_user_agent"] or "",
        row["property_method"] or "GET",
        after,
        row.get("property_url") or "",
    )


def _links(clicks: Mapping[str, list[Hit]], verdicts: Mapping[str, list[str]]) -> tuple[Link, ...]:
    total: Counter[str] = Counter()
    people: dict[str, set[str]] = {}
    for token, hits in clicks.items():
        for hit, kind in zip(hits, verdicts[token], strict=True):
            total[hit.url] += kind == opens.HUMAN
            people.setdefault(hit.url, set())
            if kind == opens.HUMAN:
                people[hit.url].add(token)
    return tuple(
        Link(url, total[url], len(people[url])) for url in sorted(people, key=lambda url: (-total[url], url))
    )


def _arm(group: Group) -> Arm:
    return Arm(group.n, group.bought, round(group.revenue.total))


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
