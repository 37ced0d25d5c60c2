"""Schedules: a campaign that begins by itself at a moment, or at an hour of each recipient's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from zhiyin.adapters.records.models import Campaign
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.errors import BadSetting, Conflict
from zhiyin.domain.text import say
from zhiyin.services import campaigns
from zhiyin.services.workspace import Workspace

LONGEST = timedelta(days=366)
_FIRST = timezone(timedelta(hours=14))  # where a day begins first


def schedule(
    ws: Workspace, key: str, at: datetime, *, local: bool = False, allow_local_links: bool = False
) -> Campaign:
    """Let a draft begin at ``at``; segment rule and wording are frozen now, who is in the segment is seen then.

    With ``local`` the hour is that of each recipient's own clock. Raises ``BadSetting`` for a moment that is past
    or more than a year away, ``Conflict`` where something must be mended first.
    """
    row = campaigns.get(ws, key)
    now = ws.now()
    if not now < at <= now + LONGEST:
        raise BadSetting(
            say("{name} cannot begin at {at}.", name=row.name, at=at.astimezone(ws.timezone).isoformat(" ", "minutes")),
            why=say("That is past, or more than a year away."),
            fix=say("Choose a moment to come."),
        )  # fmt: skip
    campaigns.ready(ws, row, allow_local_links=allow_local_links)
    changed = Campaign.objects.filter(pk=row.pk, status=CampaignStatus.DRAFT).update(
        status=CampaignStatus.SCHEDULED, send_at=at, local_clock=local, **campaigns.frozen(ws, row)
    )
    if not changed:
        raise Conflict(
            say("{name} is no draft.", name=row.name),
            fix=say("Make it a draft again, or make a new campaign."),
        )
    return campaigns.get(ws, key)


def unschedule(ws: Workspace, key: str) -> Campaign:
    """Make a scheduled campaign a draft again, which can be changed. Raises ``Conflict`` once it has begun."""
    row = campaigns.get(ws, key)
    changed = Campaign.objects.filter(pk=row.pk, status=CampaignStatus.SCHEDULED).update(
        status=CampaignStatus.DRAFT, send_at=None, local_clock=False, **campaigns.THAWED
    )
    if not changed:
        raise Conflict(say("{name} is not scheduled.", name=row.name), fix=say("Look at it again."))
    return campaigns.get(ws, key)


def begin(ws: Workspace) -> int:
    """Start the campaigns whose time has come; returns how many began or were found too late.

    One that is late by more than ``campaign.late_hours``, since no worker ran or a backup was restored, does not
    surprise anybody: it is paused, and says so. Whoever resumes it sends it then.
    """
    now, patience = ws.now(), timedelta(hours=ws.settings.campaign.late_hours)
    waiting = Campaign.objects.filter(status=CampaignStatus.SCHEDULED, send_at__isnull=False)
    due = [(row, begins(ws, row)) for row in waiting]
    late = [row for row, at in due if patience and now - at > patience]
    prompt = [row.pk for row, at in due if at <= now and row not in late]
    begun = Campaign.objects.filter(pk__in=prompt, status=CampaignStatus.SCHEDULED).update(
        status=CampaignStatus.SENDING, started_at=now, error=""
    )
    return begun + sum(_too_late(ws, row, now) for row in late)


def _too_late(ws: Workspace, row: Campaign, now: datetime) -> int:
    assert row.send_at is not None
    error = say(
        "It was to begin at {at}, when nobody was here to begin it. "
        "If it is still right, resume to send it now; else cancel.",
        at=row.send_at.astimezone(ws.timezone).isoformat(" ", "minutes"),
    )
    found = Campaign.objects.filter(pk=row.pk, status=CampaignStatus.SCHEDULED)
    return found.update(status=CampaignStatus.PAUSED, started_at=now, error=error)


def begins(ws: Workspace, row: Campaign) -> datetime:
    """When a scheduled campaign begins: on recipients' own clocks, where the hour comes first."""
    assert row.send_at is not None
    at: datetime = row.send_at
    return _wall(ws, at).replace(tzinfo=_FIRST).astimezone(UTC) if row.local_clock else at


def wall_time(ws: Workspace, row: Campaign) -> datetime | None:
    """What recipients' own clocks show when the message is due; None where all get it at one moment."""
    return _wall(ws, row.send_at) if row.local_clock and row.send_at is not None else None


def _wall(ws: Workspace, at: datetime) -> datetime:
    return at.astimezone(ws.timezone).replace(tzinfo=None)
