"""Resending: only on demand, once for each unknown outcome, and everybody stays accounted for."""

from __future__ import annotations

import pytest
from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Campaign, Consent, Decision, Message
from zhiyin.domain.errors import Conflict
from zhiyin.services import campaigns, explanations, overview, planning, reports, resending, sending
from zhiyin.testing.channel import FakeChannel


@pytest.fixture
def lost(make_workspace):
    """A campaign to five customers; what became of one message is not known."""
    ws = make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")
    ids = people(ws, 5)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    while sending.send_step(ws, "test:1", channel=FakeChannel({f"{ids[2]}@example.com": "silence"})):
        pass
    assert resending.waiting(ws, "spring") == 1
    return ws


def _send(ws):
    channel = FakeChannel()
    while sending.send_step(ws, "test:1", channel=channel):
        pass
    return [envelope.to for envelope in channel.sent]


def test_nothing_is_sent_again_by_itself(lost):
    assert _send(lost) == []


def test_an_unknown_outcome_is_sent_again_on_demand_and_only_once(lost):
    assert resending.again(lost, "spring") == 1
    assert resending.again(lost, "spring") == 0
    assert Campaign.objects.get().status == "sending"
    assert _send(lost) == ["c0002@example.com"]
    assert Campaign.objects.get().status == "sent"


def test_the_first_message_stays_unknown_in_the_ledger_and_is_counted_once(lost):
    resending.again(lost, "spring")
    _send(lost)
    first, second = Message.objects.filter(customer_id="c0002").order_by("pk")
    assert (first.status, first.occurrence, first.replaced) == ("unknown", "1", True)
    assert (second.status, second.occurrence) == ("accepted", "2")
    assert first.token != second.token
    standing = campaigns.progress(lost, "spring")
    assert (standing["planned"], standing["accepted"], standing["unknown"]) == (5, 5, 0)
    accounted = reports.campaign(lost, "spring").accounted
    assert (accounted.planned, accounted.delivered, accounted.unknown) == (5, 5, 0)
    assert explanations.people(lost, "spring")[0] == 5
    assert explanations.why(lost, "spring", "c0002")["message"]["status"] == "accepted"
    assert [need for need in overview.needs(lost) if need.code == "unknown"] == []


def test_it_stands_for_the_same_decision(lost):
    before = Decision.objects.get(customer_id="c0002")
    resending.again(lost, "spring")
    after = Decision.objects.get(message__occurrence="2")
    assert (after.assigned, after.probability) == (before.assigned, before.probability)
    assert after.versions["occurrence"] == "2"


def test_the_gate_is_asked_again(lost):
    resending.again(lost, "spring")
    Consent.objects.filter(customer="c0002").update(granted=False)
    assert _send(lost) == []
    assert campaigns.progress(lost, "spring")["refused_by_reason"] == {"no_consent": 1}


def test_nothing_of_a_cancelled_campaign_is_sent_again(lost):
    Campaign.objects.update(status="cancelled")
    with pytest.raises(Conflict, match="cancelled"):
        resending.again(lost, "spring")
