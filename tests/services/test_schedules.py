"""A scheduled campaign begins by itself, once, at its moment or at an hour of each recipient's own clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Customer, Message
from zhiyin.domain.errors import BadSetting, Conflict
from zhiyin.services import campaigns, effects, planning, schedules, sending
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

NOW = datetime(2030, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai
TOMORROW = datetime(2030, 3, 2, 2, tzinfo=UTC)  # ten in Shanghai


class Moment:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def ws(workspace: Workspace, moment: Moment) -> Workspace:
    settings = workspace.settings
    changed = replace(settings, smtp=replace(settings.smtp, host="127.0.0.1"))
    return replace(workspace, settings=changed, now=moment)


def work(ws: Workspace) -> list[str]:
    """A worker's round: plan and send what is due; who got something."""
    channel = FakeChannel()
    planning.plan_step(ws)
    while sending.send_step(ws, "w:1", channel=channel):
        pass
    return sorted(envelope.to.split("@")[0] for envelope in channel.sent)


def test_it_begins_at_its_moment_and_not_before_and_whoever_is_in_then_gets_it(
    ws: Workspace, moment: Moment
) -> None:
    people(ws, 2)
    campaign(ws, holdout=0)
    row = schedules.schedule(ws, "spring", TOMORROW)
    assert (row.status, row.send_at, row.segment_version) == ("scheduled", TOMORROW, 1)
    assert work(ws) == []
    assert not Message.objects.exists()
    assert effects.effects(ws) == []
    moment.now = TOMORROW - timedelta(seconds=1)
    assert work(ws) == []
    moment.now = TOMORROW
    assert work(ws) == ["c0000", "c0001"]
    row = campaigns.get(ws, "spring")
    assert (row.status, row.started_at) == ("sent", TOMORROW)
    assert work(ws) == []


def test_a_worker_that_was_down_for_a_moment_begins_it_late_and_once(ws: Workspace, moment: Moment) -> None:
    people(ws, 1)
    campaign(ws, holdout=0)
    schedules.schedule(ws, "spring", TOMORROW)
    moment.now = TOMORROW + timedelta(hours=6)
    assert schedules.begin(ws) == 1
    assert schedules.begin(ws) == 0
    assert work(ws) == ["c0000"]


@pytest.mark.parametrize("local", [False, True])
def test_one_that_is_much_too_late_as_after_a_restore_pauses_and_asks(
    ws: Workspace, moment: Moment, local: bool
) -> None:
    people(ws, 2)
    campaign(ws, holdout=0)
    schedules.schedule(ws, "spring", TOMORROW, local=local)
    moment.now = TOMORROW + timedelta(days=3)
    assert work(ws) == []
    row = campaigns.get(ws, "spring")
    assert row.status == "paused"
    assert "to begin at 2030-03-02 10:00" in str(row.error)
    moment.now += timedelta(hours=1)
    assert campaigns.resume(ws, "spring").error == ""
    assert work(ws) == ["c0000", "c0001"]  # somebody decided that it is still right
    assert campaigns.get(ws, "spring").started_at == moment.now


def test_a_shop_that_wants_it_begins_however_late(ws: Workspace, moment: Moment) -> None:
    people(ws, 1)
    campaign(ws, holdout=0)
    schedules.schedule(ws, "spring", TOMORROW)
    moment.now = TOMORROW + timedelta(days=300)
    patient = replace(ws.settings.campaign, late_hours=0)
    assert work(replace(ws, settings=replace(ws.settings, campaign=patient))) == ["c0000"]


def test_everybody_gets_it_at_the_same_hour_of_their_own_clock(ws: Workspace, moment: Moment) -> None:
    ids = people(ws, 4)
    zones = ("Pacific/Auckland", "Asia/Shanghai", "America/New_York", "Mars/Olympus")
    for who, zone in zip(ids, zones, strict=True):
        Customer.objects.filter(pk=who).update(traits={"timezone": zone})
    campaign(ws, holdout=0)
    schedules.schedule(ws, "spring", TOMORROW, local=True)
    moment.now = datetime(2030, 3, 1, 20, tzinfo=UTC)  # ten on the second where the day begins first
    assert work(ws) == []
    assert campaigns.progress(ws, "spring")["waiting_by_reason"] == {"local_clock": 4}
    moment.now = datetime(2030, 3, 1, 21, tzinfo=UTC)  # ten in Auckland
    assert work(ws) == ["c0000"]
    moment.now = TOMORROW
    assert work(ws) == ["c0001", "c0003"]  # the shop's own clock where nothing sensible is stated
    moment.now = datetime(2030, 3, 2, 14, 59, tzinfo=UTC)
    assert work(ws) == []
    moment.now = datetime(2030, 3, 2, 15, tzinfo=UTC)  # ten in New York
    assert work(ws) == ["c0002"]
    assert campaigns.progress(ws, "spring")["status"] == "sent"


def test_a_scheduled_one_is_frozen_until_it_is_a_draft_again(ws: Workspace, moment: Moment) -> None:
    people(ws, 1)
    campaign(ws, holdout=0)
    schedules.schedule(ws, "spring", TOMORROW)
    with pytest.raises(Conflict, match="draft again"):
        campaigns.update(ws, "spring", subject="Other")
    with pytest.raises(Conflict):
        schedules.schedule(ws, "spring", TOMORROW)
    row = schedules.unschedule(ws, "spring")
    assert (row.status, row.send_at, row.segment_rule) == ("draft", None, None)
    campaigns.update(ws, "spring", subject="Other")
    moment.now = TOMORROW
    assert work(ws) == []
    with pytest.raises(Conflict, match="not scheduled"):
        schedules.unschedule(ws, "spring")


def test_a_scheduled_one_can_be_cancelled(ws: Workspace, moment: Moment) -> None:
    people(ws, 1)
    campaign(ws, holdout=0)
    schedules.schedule(ws, "spring", TOMORROW)
    assert campaigns.cancel(ws, "spring").status == "cancelled"
    moment.now = TOMORROW
    assert work(ws) == []


@pytest.mark.parametrize("at", [NOW, NOW - timedelta(days=1), NOW + timedelta(days=400)])
def test_what_is_past_or_far_away_is_no_moment(ws: Workspace, at: datetime) -> None:
    people(ws, 1)
    campaign(ws, holdout=0)
    with pytest.raises(BadSetting, match="cannot begin at"):
        schedules.schedule(ws, "spring", at)


def test_what_cannot_be_sent_cannot_be_scheduled(ws: Workspace) -> None:
    people(ws, 1)
    campaign(ws, holdout=0, sender_email="")
    with pytest.raises(Conflict, match="cannot be sent yet"):
        schedules.schedule(ws, "spring", TOMORROW)
