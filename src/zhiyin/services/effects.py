"""Effects: one line for every campaign, kept once its window has closed, so that lists cost the same with many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count

from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.campaign import NOT_BEGUN, CampaignStatus
from zhiyin.domain.estimate import Estimate
from zhiyin.loop.measure import campaign as measure
from zhiyin.services import outcomes
from zhiyin.services.outcomes import Found
from zhiyin.services.workspace import Workspace

_OVER = (CampaignStatus.SENT, CampaignStatus.CANCELLED)
_BEHIND = 100  # versions of the lake after which it is noted that a kept line still holds


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
        line: dict[str, Any] = as_json(asdict(self))
        return line


def effects(ws: Workspace) -> list[EffectLine]:
    """One line for every campaign that has started, the latest first.

    Lines of campaigns whose window has closed are kept. They are computed anew where events came in late that
    lie before its end, where somebody was erased, and where the campaign itself or a setting is another one.
    """
    rows = list(Campaign.objects.exclude(status__in=NOT_BEGUN).order_by("-started_at", "-pk"))
    now, version = ws.now(), ws.lake.version("events")
    lines = _kept(ws, rows, now, version)
    fresh = [row for row in rows if row.pk not in lines]
    for row, line in zip(fresh, _computed(ws, fresh, now), strict=True):
        lines[row.pk] = line
        if row.status in _OVER and line.window_ends and line.window_ends <= now:
            _keep(row, {"version": version, "about": _about(ws, row), "line": line.to_dict()})
    return [lines[row.pk] for row in rows]


def state_of(ws: Workspace, found: Found, lift: Estimate, moment: datetime) -> str:
    """How a campaign stands, one of the states of ``loop.measure.campaign``."""
    if found.row.status in NOT_BEGUN:
        return measure.DRAFT
    return measure.state(
        lift,
        open_=found.open(moment),
        held_out=found.held_out,
        smallest_effect=ws.settings.campaign.smallest_effect,
    )


def as_json(value: Any) -> Any:
    """A value as JSON holds it; moments are ISO 8601."""
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _computed(ws: Workspace, rows: list[Campaign], now: datetime) -> Iterable[EffectLine]:
    found = outcomes.of(ws, rows, now)
    handed_over = Message.objects.filter(campaign__in=rows, handed_over_at__isnull=False).order_by()
    sent = Counter(dict(handed_over.values_list("campaign__key").annotate(n=Count("id")))) if rows else {}
    for row in rows:
        one = found[row.key]
        message, holdout = one.arms()
        z = measure.reach(one.fraction(now))
        found_effects = measure.effects(message, holdout, cost=0, margin=1.0, z=z)
        if one.held_out and one.too_early(now):
            found_effects = measure.withheld(found_effects)
        lift, _, _, added, *_ = (effect.estimate for effect in found_effects)
        yield EffectLine(
            row.key,
            row.name,
            row.status,
            state_of(ws, one, lift, now),
            row.started_at,
            one.ends,
            sent[row.key],
            lift,
            added,
        )


def _kept(ws: Workspace, rows: list[Campaign], now: datetime, version: int) -> dict[int, EffectLine]:
    """The kept lines that still hold, by campaign."""
    changes: dict[int, datetime | None] = {}
    lines = {}
    for row in rows:
        kept = row.summary
        if not kept or row.status not in _OVER or kept["about"] != _about(ws, row):
            continue
        line = _line(row, kept["line"])
        since = int(kept["version"])
        if since not in changes:
            changes[since] = ws.lake.changed("events", since, version)
        changed = changes[since]
        if line.window_ends is None or line.window_ends > now or (changed and changed < line.window_ends):
            continue
        lines[row.pk] = line
        if version - since > _BEHIND:
            _keep(row, {**kept, "version": version})
    return lines


def _line(row: Campaign, kept: Mapping[str, Any]) -> EffectLine:
    return EffectLine(
        row.key,
        row.name,
        row.status,
        kept["state"],
        row.started_at,
        datetime.fromisoformat(kept["window_ends"]) if kept["window_ends"] else None,
        kept["sent"],
        Estimate(**kept["lift"]),
        Estimate(**kept["added_revenue"]),
    )


def _about(ws: Workspace, row: Campaign) -> list[Any]:
    """What a line depends on besides the lake."""
    moments = (row.started_at, row.planned_at, row.finished_at)
    own = [row.status, row.window_days, row.holdout, ws.settings.campaign.smallest_effect]
    return [*own, *(moment.isoformat() if moment else None for moment in moments)]


def _keep(row: Campaign, summary: dict[str, Any]) -> None:
    Campaign.objects.filter(pk=row.pk).update(summary=summary)
