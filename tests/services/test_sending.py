"""Sending: the ledger adds up, nobody gets anything twice, and the gate is asked at the claim."""

from __future__ import annotations

import email
import os
import socket
import threading
from collections import Counter
from datetime import timedelta
from email import policy

import pytest
from django.db import connection
from tests.services.mailing import Server, campaign, moving, people

from zhiyin.adapters import clock
from zhiyin.adapters.records.models import Campaign, Consent, Customer, Decision, Message, Suppression
from zhiyin.domain.message import MessageStatus
from zhiyin.services import (
    campaigns,
    checks,
    claims,
    decisions,
    explanations,
    ingest,
    planning,
    receipts,
    segments,
    sending,
)
from zhiyin.testing.channel import FakeChannel


def _started(ws, count=40, **changes):
    ids = people(ws, count)
    campaign(ws, **changes)
    campaigns.start(ws, "spring")
    return ids


def _adds_up(ws, key="spring"):
    standing = campaigns.progress(ws, key)
    parts = ("waiting", "held_out", "refused", "claimed", "handed_over", "accepted", "failed", "unknown")
    assert sum(standing[part] for part in parts) == standing["planned"]
    assert sum(standing["refused_by_reason"].values()) == standing["refused"]
    assert Decision.objects.filter(message__campaign__key=key).count() == standing["planned"]
    return standing


@pytest.fixture
def ws(make_workspace):
    return make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")


def _everything(ws, channel, rounds=50):
    planning.plan_step(ws)
    for _ in range(rounds):
        if not sending.send_step(ws, "test:1", channel=channel):
            return
    raise AssertionError("it never ends")


def test_everyone_in_the_segment_gets_one_row_and_one_decision(ws):
    ids = _started(ws, holdout=0.3)
    assert planning.plan_step(ws) == 40
    assert planning.plan_step(ws) == 0
    assert set(Message.objects.values_list("customer_id", flat=True)) == set(ids)
    standing = _adds_up(ws)
    assert 0 < standing["held_out"] < 40
    assert standing["waiting"] == 40 - standing["held_out"]


def test_an_interrupted_planning_goes_on_where_it_stopped(ws, monkeypatch):
    _started(ws, holdout=0.3)
    monkeypatch.setattr(planning, "PLAN_BATCH", 10)
    real, calls = planning._plan_batch, []

    def dies_on_the_third(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(planning, "_plan_batch", dies_on_the_third)
    with pytest.raises(KeyboardInterrupt):
        planning.plan_step(ws)
    before = dict(Message.objects.values_list("customer_id", "token"))
    assert len(before) == 20
    assert sending.send_step(ws, "test:1", channel=FakeChannel()) == 0  # not before everyone has a row
    assert planning.plan_step(ws) == 20
    after = dict(Message.objects.values_list("customer_id", "token"))
    assert len(after) == 40
    assert before.items() <= after.items()


def test_a_whole_campaign_reaches_all_but_the_holdout_once(ws):
    _started(ws, holdout=0.2)
    channel = FakeChannel()
    _everything(ws, channel)
    standing = _adds_up(ws)
    assert standing["status"] == "sent"
    assert standing["accepted"] == len(channel.sent) == 40 - standing["held_out"]
    assert max(Counter(envelope.to for envelope in channel.sent).values()) == 1
    held = set(Message.objects.filter(status="held_out").values_list("customer_id", flat=True))
    assert not held & {envelope.to.split("@")[0] for envelope in channel.sent}


def test_the_message_has_its_headers_links_and_parts(ws):
    _started(ws, count=1, holdout=0, reply_to="answers@example.com")
    channel = FakeChannel()
    _everything(ws, channel)
    message = email.message_from_bytes(channel.sent[0].content, policy=policy.default)
    token = Message.objects.get().token
    base = ws.settings.base_url
    assert message["Subject"] == "Hello C0000"
    assert message["To"] == "C0000 <c0000@example.com>"
    assert message["Message-ID"] == f"<{token}@example.com>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    https, mailto = message["List-Unsubscribe"].split(", ")
    assert https.startswith(f"<{base}/u/")
    assert mailto == "<mailto:answers@example.com?subject=unsubscribe>"
    assert message["List-ID"] == "<marketing.example.com>"
    assert message["Feedback-ID"] == f"spring:s{Campaign.objects.get().segment_id}:marketing:examplecom"
    assert channel.sent[0].sender == "shop@example.com"
    assert message["Reply-To"] == "answers@example.com"
    html = message.get_body(("html",)).get_content()
    text = message.get_body(("plain",)).get_content()
    assert html.count(f"{base}/t/c/") == 2  # with the one that nobody sees
    assert html.count(f"{base}/t/o/") == 1
    assert "shop.example/tea" not in html
    assert f'{https.strip("<>")}"' in html
    assert "Dear C0000" in text
    assert f"tea: {base}/t/c/" in text


def test_consent_withdrawn_between_plan_and_claim_is_not_mailed(ws):
    _started(ws, count=10, holdout=0)
    planning.plan_step(ws)
    Consent.objects.filter(customer="c0003").update(granted=False, source="unsubscribe:page")
    Suppression.objects.create(channel="email", address="c0004@example.com", reason="complaint", at=ws.now())
    Customer.objects.filter(pk="c0005").delete()
    channel = FakeChannel()
    _everything(ws, channel)
    sent = {envelope.to for envelope in channel.sent}
    assert not sent & {f"c000{n}@example.com" for n in (3, 4, 5)}
    standing = _adds_up(ws)
    assert standing["refused_by_reason"] == {"erased": 1, "suppressed": 1, "unsubscribed": 1}
    record = explanations.why(ws, "spring", "c0003")
    assert (record["choice"], record["assigned"], record["reason"]) == ("refuse", "send", "unsubscribed")
    assert any(fact["code"] == "unsubscribed" and not fact["holds"] for fact in record["facts"])


def test_an_address_changed_after_planning_is_the_one_written_to(ws):
    _started(ws, count=2, holdout=0)
    planning.plan_step(ws)
    Customer.objects.filter(pk="c0001").update(email="New@Example.com")
    channel = FakeChannel()
    _everything(ws, channel)
    assert {envelope.to for envelope in channel.sent} == {"c0000@example.com", "New@Example.com"}
    assert Message.objects.get(customer_id="c0001").address == "New@Example.com"


def test_the_refused_fail_and_the_others_are_sent(ws):
    ids = _started(ws, count=30, holdout=0)
    channel = FakeChannel({f"{i}@example.com": "refuse" for i in ids[::2]})
    _everything(ws, channel)
    standing = _adds_up(ws)
    assert (standing["accepted"], standing["failed"], standing["status"]) == (15, 15, "sent")
    assert standing["failed_by_reason"] == {"recipient_refused": 15}
    gone = Suppression.objects.filter(reason="hard_bounce").count()
    assert gone == 15  # 5.1.1: these addresses do not exist


def test_a_temporary_refusal_is_tried_again_later_and_not_before(make_workspace):
    ws, now = moving(make_workspace(smtp__host="127.0.0.1"))
    ids = _started(ws, count=4, holdout=0)
    channel = FakeChannel({f"{ids[0]}@example.com": "later"})
    _everything(ws, channel)
    row = Message.objects.get(customer_id=ids[0])
    assert (row.status, row.attempts) == ("planned", 1)
    assert row.due_at > ws.now()
    assert _adds_up(ws)["status"] == "sending"
    channel.answers.clear()
    assert sending.send_step(ws, "test:1", channel=channel) == 0
    now.ahead += timedelta(minutes=2)
    assert sending.send_step(ws, "test:1", channel=channel) == 1
    assert _adds_up(ws)["status"] == "sent"
    assert Counter(envelope.to for envelope in channel.sent).most_common(1)[0][1] == 1


def test_after_the_last_try_it_has_failed(make_workspace):
    ws, now = moving(make_workspace(smtp__host="127.0.0.1"))
    ids = _started(ws, count=1, holdout=0)
    channel = FakeChannel({f"{ids[0]}@example.com": "later"})
    planning.plan_step(ws)
    for _ in range(6):
        sending.send_step(ws, "test:1", channel=channel)
        now.ahead += timedelta(hours=8)  # the longest pause, and a quarter
    assert Message.objects.get().attempts == 6
    assert _adds_up(ws)["failed_by_reason"] == {"recipient_refused": 1}


def test_silence_after_the_content_is_unknown_and_never_sent_again(ws):
    ids = _started(ws, count=5, holdout=0)
    channel = FakeChannel({f"{ids[2]}@example.com": "silence"})
    _everything(ws, channel)
    assert _adds_up(ws)["unknown"] == 1
    assert len(channel.sent) == 5
    assert sending.recover(ws, timedelta(0)) == 0
    assert sending.send_step(ws, "test:1", channel=channel) == 0


def test_while_a_server_is_down_everybody_waits_and_nobody_fails(ws):
    ws, later = moving(ws)
    _started(ws, count=30, holdout=0)
    channel = FakeChannel(down=True)
    _everything(ws, channel)
    standing = _adds_up(ws)
    assert (standing["status"], standing["waiting"], standing["failed"]) == ("sending", 30, 0)
    assert "cannot be reached" in standing["channel"]
    channel.down = False
    _everything(ws, channel)
    assert channel.sent == []
    later.ahead = timedelta(minutes=1)
    _everything(ws, channel)
    standing = _adds_up(ws)
    assert (standing["status"], standing["accepted"], standing["channel"]) == ("sent", 30, "")


def test_a_server_that_refuses_one_after_the_other_stops_the_campaign(ws):
    ids = _started(ws, count=200, holdout=0)
    channel = FakeChannel({f"{i}@example.com": "refuse" for i in ids})
    _everything(ws, channel)
    standing = _adds_up(ws)
    assert standing["status"] == "paused"
    assert standing["failed"] < 60
    assert "in a row" in standing["error"]


def test_pause_keeps_what_is_not_handed_over_and_resume_goes_on(ws):
    _started(ws, count=60, holdout=0)
    planning.plan_step(ws)
    channel = FakeChannel()
    sending.send_step(
        ws,
        "test:1",
        channel=channel,
        on_sent=lambda n: (
            campaigns.pause(ws, "spring") if Campaign.objects.get().status == "sending" else None
        ),
    )
    standing = _adds_up(ws)
    assert standing["status"] == "paused"
    assert standing["accepted"] == sending.HAND_OVER
    assert standing["waiting"] == 60 - sending.HAND_OVER
    assert sending.send_step(ws, "test:1", channel=channel) == 0
    campaigns.resume(ws, "spring")
    _everything(ws, channel)
    assert _adds_up(ws)["accepted"] == len(channel.sent) == 60


def test_a_cancelled_campaign_accounts_for_everybody(ws):
    _started(ws, count=60, holdout=0)
    planning.plan_step(ws)
    channel = FakeChannel()
    sending.send_step(
        ws,
        "test:1",
        channel=channel,
        on_sent=lambda n: (
            campaigns.cancel(ws, "spring") if Campaign.objects.get().status == "sending" else None
        ),
    )
    standing = _adds_up(ws)
    assert standing["status"] == "cancelled"
    assert standing["accepted"] == sending.HAND_OVER
    assert standing["refused_by_reason"] == {"cancelled": 60 - sending.HAND_OVER}


def test_one_message_that_cannot_be_rendered_is_refused_alone(ws):
    people(ws, 3)
    Customer.objects.filter(pk="c0001").update(traits={"n": 0})
    Customer.objects.exclude(pk="c0001").update(traits={"n": 2})
    row = campaign(ws, holdout=0, subject="{{ 6 | divided_by: customer.n }} for you")
    told = {one.code: one.level for one in checks.check(ws, row)}
    assert told["not_for_all"] == "warning"
    campaigns.start(ws, "spring")
    channel = FakeChannel()
    _everything(ws, channel)
    standing = _adds_up(ws)
    assert standing["refused_by_reason"] == {"render_failed": 1}
    assert standing["accepted"] == 2
    assert "line 1" in Message.objects.get(customer_id="c0001").detail


def test_two_workers_share_the_work_and_nobody_gets_two(ws):
    if connection.vendor == "sqlite":
        connection.close()
    _started(ws, count=120, holdout=0)
    planning.plan_step(ws)
    channel = FakeChannel()

    def work(name):
        try:
            while sending.send_step(ws, name, limit=10, channel=channel):
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(f"w:{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(channel.sent) == 120
    assert max(Counter(envelope.to for envelope in channel.sent).values()) == 1
    assert _adds_up(ws)["accepted"] == 120


def test_an_address_that_changed_since_the_claim_goes_through_the_gate_again(ws, monkeypatch):
    _started(ws, count=2, holdout=0)
    planning.plan_step(ws)
    Suppression.objects.create(channel="email", address="gone@example.com", reason="manual", at=ws.now())
    claim = claims.claim

    def moved(*args):
        claimed = claim(*args)
        Customer.objects.filter(pk="c0000").update(email="gone@example.com")
        return claimed

    monkeypatch.setattr(claims, "claim", moved)
    channel = FakeChannel()
    _everything(ws, channel)
    assert [envelope.to for envelope in channel.sent] == ["c0001@example.com"]
    assert _adds_up(ws)["refused_by_reason"] == {"suppressed": 1}


def _left_behind(ws, status, claim):
    _started(ws, count=4, holdout=0)
    planning.plan_step(ws)
    Message.objects.all().update(status=status, claimed_by=claim, claimed_at=clock.system())


GONE = f"{socket.gethostname()[:40]}:99999999:0123456789ab"


def test_what_a_dead_worker_claimed_is_planned_again(ws):
    _left_behind(ws, MessageStatus.CLAIMED, GONE)
    assert sending.recover(ws) == 4
    assert _adds_up(ws)["waiting"] == 4


def test_what_a_dead_worker_handed_over_is_unknown_for_ever(ws):
    _left_behind(ws, MessageStatus.HANDED_OVER, GONE)
    assert sending.recover(ws) == 4
    assert _adds_up(ws)["unknown"] == 4
    channel = FakeChannel()
    _everything(ws, channel)
    assert channel.sent == []
    assert _adds_up(ws)["status"] == "sent"


@pytest.mark.parametrize(
    "claim",
    [f"{socket.gethostname()[:40]}:{os.getpid()}:0123456789ab", "far:1:0123456789ab"],
    ids=["living", "far"],
)
def test_a_living_worker_and_one_on_another_machine_keep_their_claims(ws, claim):
    _left_behind(ws, MessageStatus.CLAIMED, claim)
    assert sending.recover(ws) == 0
    assert sending.recover(ws, timedelta(0)) == 4  # until they are too old


def test_decisions_and_outcomes_are_events_once(ws):
    ids = _started(ws, count=30, holdout=0.3)
    channel = FakeChannel({f"{i}@example.com": "refuse" for i in ids[:5]})
    _everything(ws, channel)
    standing = _adds_up(ws)
    decisions.publish(ws, Campaign.objects.get())  # as after a crash
    Message.objects.update(published=False)
    receipts.publish(ws)
    ws.spool.close()
    ingest.drain(ws)
    counts = ingest.counts(ws)
    assert counts["Message Decided"] == 30
    assert counts["Email Delivered"] == standing["accepted"]
    assert counts["Email Bounced"] == standing["failed"]


def test_the_frozen_rule_and_wording_are_used_though_the_segment_changed(ws):
    _started(ws, count=5, holdout=0)
    segments.update(ws, "everyone", rule={"trait": "name", "is": "C0001"})
    assert planning.plan_step(ws) == 5


def test_run_until_done_over_real_smtp_reports_its_progress(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        _started(ws, count=60, holdout=0.1)
        seen = []
        counts = sending.run_until_done(
            ws, "spring", on_progress=lambda done, total: seen.append((done, total))
        )
    assert counts["accepted"] == len(server.letters)
    assert sum(counts.values()) == 60
    assert seen[-1] == (60, 60)
    assert seen == sorted(seen)
    assert server.connections <= ws.settings.smtp.connections + 1
