"""A slow start: a share first, the rest later, and not at all where too many of the first fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.services.mailing import campaign, moving, people

from zhiyin.adapters.records.models import Message
from zhiyin.services import campaigns, planning, sending, slow_start
from zhiyin.testing.channel import FakeChannel


@pytest.fixture
def large(make_workspace, monkeypatch):
    """A campaign to a hundred, which counts as large here; a fifth goes first."""
    monkeypatch.setattr(slow_start, "LARGE", 100)
    ws, clock = moving(
        make_workspace(
            smtp__host="127.0.0.1",
            smtp__port=1,
            smtp__security="none",
            campaign__first_share=0.2,
            campaign__first_minutes=30,
        )
    )
    people(ws, 100)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    return ws, clock


def _send(ws, script=None):
    channel = FakeChannel(script or {})
    while sending.send_step(ws, "test:1", channel=channel):
        pass
    return len(channel.sent)


def test_a_share_goes_first_and_the_rest_after_the_wait(large):
    ws, clock = large
    first = _send(ws)
    assert 5 <= first <= 40
    assert slow_start.rest_at(ws, campaigns.get(ws, "spring")) is not None
    assert _send(ws) == 0
    clock.ahead += timedelta(minutes=31)
    assert _send(ws) == 100 - first
    assert campaigns.get(ws, "spring").status == "sent"


def test_too_many_failures_hold_the_rest_back_until_somebody_resumes(large):
    ws, _clock = large
    first = list(
        Message.objects.filter(due_at__lte=ws.now()).order_by("pk").values_list("address", flat=True)
    )
    _send(ws, dict.fromkeys(first[::2], "refuse"))
    _send(ws)
    stopped = campaigns.get(ws, "spring")
    assert stopped.status == "paused"
    assert "failed" in str(stopped.error)
    campaigns.resume(ws, "spring")
    assert _send(ws) == 100 - len(first)
    assert campaigns.get(ws, "spring").status == "sent"


def test_a_small_campaign_goes_at_once(large, monkeypatch):
    ws, _clock = large
    monkeypatch.setattr(slow_start, "LARGE", 101)
    campaign(ws, "summer", holdout=0)
    campaigns.start(ws, "summer")
    planning.plan_step(ws)
    assert slow_start.rest_at(ws, campaigns.get(ws, "summer")) is None
