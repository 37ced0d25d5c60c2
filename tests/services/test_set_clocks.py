"""Clocks that jump, at every step of a send: nobody is mailed twice, nobody is skipped, nobody waits for a year."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.services.mailing import Later, balanced, campaign, moving, people

from zhiyin.adapters import clock
from zhiyin.adapters.records.models import Campaign, Message
from zhiyin.domain.message import MessageStatus
from zhiyin.services import campaigns, planning, sending, set_clocks
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

YEAR, HOUR = timedelta(days=365), timedelta(hours=1)
STEPS = ("start", "plan", "send", "retry")


@pytest.fixture
def shop(make_workspace) -> tuple[Workspace, Later]:
    ws = make_workspace(smtp__host="127.0.0.1")
    people(ws, 12)
    campaign(ws, holdout=0)
    return moving(ws)


def sent(ws: Workspace, channel: FakeChannel) -> None:
    for _ in range(50):
        if not sending.send_step(ws, "test:1", limit=4, channel=channel):
            return


@pytest.mark.parametrize("jump", [YEAR, -HOUR, -YEAR], ids=["a year on", "an hour back", "a year back"])
@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_jumps_at_any_step_loses_nobody_and_sends_nobody_two(shop, step, jump):
    ws, now = shop
    channel = FakeChannel({"c0003@example.com": "later"})

    def at(name: str) -> None:
        now.ahead += jump if name == step else timedelta(0)

    campaigns.start(ws, "spring")
    at("start")
    planning.plan_step(ws)
    at("plan")
    sending.send_step(ws, "test:1", limit=4, channel=channel)
    at("send")
    sent(ws, channel)
    channel.answers.clear()
    at("retry")
    now.ahead += 2 * HOUR  # as long as the clock was set back by, and the pause
    sent(ws, channel)
    standing = balanced(ws)
    assert (standing["status"], standing["accepted"]) == ("sent", 12)
    assert max(Counter(envelope.to for envelope in channel.sent).values()) == 1


def test_whom_a_clock_that_ran_ahead_for_a_moment_put_off_for_a_year_is_written_to_at_once(shop):
    ws, now = shop
    channel = FakeChannel({"c0003@example.com": "later"})
    now.ahead = YEAR
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", limit=4, channel=channel)
    assert Message.objects.get(customer_id="c0003").attempts == 1
    now.ahead = timedelta(0)
    channel.answers.clear()
    sent(ws, channel)
    standing = balanced(ws)
    assert (standing["status"], standing["accepted"]) == ("sent", 12)
    assert max(Counter(envelope.to for envelope in channel.sent).values()) == 1
    row = Campaign.objects.get()
    assert row.started_at <= ws.now()
    assert set_clocks.put_right(ws) == 0


def test_what_was_sent_in_a_future_does_not_count_against_the_pace_of_today(shop):
    ws, now = shop
    pace = replace(ws.settings.pace, per_minute=24)  # four in ten seconds
    ws = replace(ws, settings=replace(ws.settings, pace=pace))
    channel = FakeChannel()
    now.ahead = YEAR
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    assert len(channel.sent) == 4
    now.ahead = timedelta(0)
    sending.send_step(ws, "test:1", channel=channel)
    assert len(channel.sent) == 8


def test_a_claim_from_a_future_is_given_up_like_one_from_long_ago(shop):
    ws, _ = shop
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    far = "elsewhere:1:0123456789ab"
    Message.objects.update(status=MessageStatus.CLAIMED, claimed_by=far, claimed_at=clock.system() + YEAR)
    assert sending.recover(ws) == 12
    assert balanced(ws)["waiting"] == 12
