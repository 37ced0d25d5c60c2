"""The channel's breaker over the ledger: nothing is claimed while it is open, and all goes on by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.services.mailing import Later, campaign, moving, people

from zhiyin.adapters.records.models import ChannelState, Message
from zhiyin.domain.breaker import Breaker, BreakerState
from zhiyin.domain.errors import NotFound
from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.loop.deliver import breaker as rule
from zhiyin.services import campaigns, channels, planning, sending
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

World = tuple[Workspace, Later]
LOCKED = Receipt(MessageStatus.FAILED, "535 no", FailReason.AUTHENTICATION, everyone=True)
LOST = Receipt(MessageStatus.FAILED, "gone", FailReason.CONNECTION_LOST, retry=True)


class Locked(FakeChannel):
    """A server that lets nobody in; it counts who knocks."""

    knocks = 0

    def open(self) -> Receipt | None:
        self.knocks += 1
        return LOCKED


class Breaking(FakeChannel):
    """A server that loses every connection."""

    def send(self, message: Envelope) -> Receipt:
        self.sent.append(message)
        return LOST


@pytest.fixture
def world(make_workspace: Any) -> World:
    ws, later = moving(make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none"))
    people(ws, 40)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    return ws, later


def everything(ws: Workspace, channel: FakeChannel, **options: Any) -> int:
    steps = 0
    while sending.send_step(ws, "test:1", channel=channel, **options):
        steps += 1
        assert steps < 50, "it never ends"
    return steps


def test_it_opens_after_failures_in_a_row_and_nothing_is_claimed_then(world: World) -> None:
    ws, _ = world
    assert everything(ws, FakeChannel(down=True)) == rule.THRESHOLD
    assert channels.breaker("email").state == BreakerState.OPEN
    assert set(Message.objects.values_list("status", "claimed_by", "attempts")) == {("planned", "", 0)}
    fine = FakeChannel()
    assert (everything(ws, fine), fine.sent) == (0, [])


def test_then_a_few_try_and_all_others_follow_by_themselves(world: World) -> None:
    ws, later = world
    everything(ws, FakeChannel(down=True))
    later.ahead = timedelta(minutes=1)
    fine = FakeChannel()
    assert sending.send_step(ws, "test:1", channel=fine) == rule.PROBE
    assert channels.breaker("email") == Breaker()
    everything(ws, fine)
    assert len(fine.sent) == 40
    assert campaigns.get(ws, "spring").status == "sent"


def test_while_a_few_try_no_other_worker_claims(world: World) -> None:
    ws, later = world
    everything(ws, FakeChannel(down=True))
    later.ahead = timedelta(minutes=1)
    others: list[int] = []

    class Slow(FakeChannel):
        def open(self) -> Receipt | None:
            if not others:
                others.append(sending.send_step(ws, "test:2", channel=FakeChannel()))
            return None

    sending.send_step(ws, "test:1", channel=Slow())
    assert others == [0]


def test_a_failed_try_waits_longer(world: World) -> None:
    ws, later = world
    everything(ws, FakeChannel(down=True))
    first = channels.breaker("email").next_try
    assert first is not None
    later.ahead = timedelta(minutes=1)
    assert everything(ws, FakeChannel(down=True)) == 1
    found = channels.breaker("email")
    assert (found.state, found.openings) == (BreakerState.OPEN, 2)
    assert found.next_try is not None
    assert found.next_try - ws.now() >= rule.PAUSES[1] - timedelta(seconds=1)


def test_a_refused_password_is_tried_once_until_the_settings_change_or_a_person_resets(world: World) -> None:
    ws, later = world
    locked = Locked()
    everything(ws, locked)
    assert locked.knocks == 1
    later.ahead = timedelta(days=30)
    everything(ws, locked)
    assert locked.knocks == 1
    assert "smtp.password" in campaigns.progress(ws, "spring")["channel"]
    assert channels.reset("email")
    everything(ws, locked)
    assert locked.knocks == 2
    changed = replace(ws, settings=replace(ws.settings, smtp=replace(ws.settings.smtp, password="cured")))
    fine = FakeChannel()
    everything(changed, fine)
    assert len(fine.sent) == 40


def test_connections_lost_one_after_the_other_open_it_and_those_messages_try_again_later(
    world: World,
) -> None:
    ws, later = world
    breaking = Breaking()
    everything(ws, breaking)
    assert len(breaking.sent) == sending.HAND_OVER  # one chunk, then nobody else
    assert Message.objects.filter(status="planned").count() == 40
    later.ahead = timedelta(hours=1)
    fine = FakeChannel()
    everything(ws, fine)
    assert len(fine.sent) == 40


def test_a_refused_recipient_leaves_it_closed(world: World) -> None:
    ws, _ = world
    everything(ws, FakeChannel({f"c{n:04}@example.com": "refuse" for n in range(10)}))
    assert channels.breaker("email") == Breaker()
    assert not ChannelState.objects.exists()


def test_a_try_that_could_hand_over_nothing_leaves_the_way_free(world: World) -> None:
    ws, later = world
    everything(ws, FakeChannel(down=True))
    later.ahead = timedelta(minutes=1)
    ChannelState.objects.update(state="half_open", trying="test:9", next_try=ws.now() + rule.PATIENCE)
    assert sending.send_step(ws, "test:1", channel=FakeChannel()) == 0
    channels.ended("email", "test:9", ws.now())
    assert sending.send_step(ws, "test:1", channel=FakeChannel()) == rule.PROBE


def test_an_unknown_channel_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="no channel 'fax'"):
        channels.breaker("fax")
