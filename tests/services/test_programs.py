"""Programs beside campaigns: one message to one address goes the same way, under rules of its own."""

import email
from datetime import timedelta
from email import policy

import pytest
from tests.services import notes
from tests.services.mailing import campaign, moving, people

from zhiyin.adapters.records.models import Campaign, Consent, Customer, Decision, Message, Suppression
from zhiyin.domain.errors import NotFound
from zhiyin.domain.event import EMAIL_DELIVERED
from zhiyin.domain.message import MessageStatus
from zhiyin.services import addressed, campaigns, ingest, planning, privacy, programs, sending
from zhiyin.testing.channel import FakeChannel


@pytest.fixture
def ws(make_workspace, monkeypatch):
    monkeypatch.setattr(programs, "KINDS", {**programs.KINDS, "note": notes.KIND})
    return make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")


def _note(ws, address="li@example.com", *, key="code", occurrence="1", **more):
    program = notes.program(ws, key)
    return addressed.plan(ws, program, address, occurrence=occurrence, data={"code": "471"}, **more)


def _sent(ws):
    channel = FakeChannel()
    while sending.send_step(ws, "test:1", channel=channel):
        pass
    return channel.sent


def test_an_unknown_kind_of_program_is_told_with_those_there_are(workspace):
    with pytest.raises(NotFound, match="carrier pigeon"):
        programs.of(workspace, "carrier pigeon:coo")


def test_a_stranger_gets_the_message_as_it_is_given_without_marks_or_list(ws):
    row = _note(ws)
    assert row.customer_id.startswith("address:")
    (envelope,) = _sent(ws)
    message = email.message_from_bytes(envelope.content, policy=policy.default)
    assert (envelope.to, message["Subject"]) == ("li@example.com", "Your code 471")
    assert not [name for name in message if name.startswith(("List-", "Precedence"))]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Feedback-ID"].split(":")[2] == "transactional"
    html = message.get_body(("html",)).get_content()
    assert 'href="https://shop.example/x?code=471"' in html
    assert "/t/" not in html
    assert Message.objects.get().status == MessageStatus.ACCEPTED
    assert not list(ws.lake.collect(ws.lake.events()).to_pylist())  # nothing is told of nobody


def test_what_a_customer_gets_is_an_event_that_names_the_program(ws):
    people(ws, 1, profile=False)
    _note(ws, "C0000@example.com".lower())
    _sent(ws)
    ws.spool.close()
    ingest.drain(ws)
    (event,) = ws.lake.collect(ws.lake.events(["program"])).to_pylist()
    assert (event["event"], event["customer_id"], event["campaign"], event["property_program"]) == (
        EMAIL_DELIVERED, "c0000", None, "note:code"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("unsubscribed", MessageStatus.ACCEPTED),
        ("complaint", MessageStatus.ACCEPTED),
        ("hard_bounce", MessageStatus.REFUSED),
        ("manual", MessageStatus.REFUSED),
    ],
)
def test_only_what_makes_an_address_useless_or_forbidden_stops_it(ws, reason, outcome):
    people(ws, 1, consent=False, profile=False)
    Suppression.objects.create(channel="email", address="c0000@example.com", reason=reason, at=ws.now())
    _note(ws, "c0000@example.com")
    _sent(ws)
    row = Message.objects.get()
    assert row.status == outcome
    assert [fact["code"] for fact in row.decision.facts] == [
        "erased",
        "no_address",
        "bad_address",
        "suppressed",
    ]


def test_the_gate_is_asked_again_at_the_claim(ws):
    _note(ws)
    Suppression.objects.create(channel="email", address="li@example.com", reason="hard_bounce", at=ws.now())
    assert _sent(ws) == []
    assert Message.objects.get().reason == "suppressed"
    assert Decision.objects.get().choice == "refuse"


def test_the_same_occurrence_is_one_message(ws):
    assert _note(ws).token == _note(ws).token
    assert _note(ws, occurrence="2").token != _note(ws).token
    assert len(_sent(ws)) == 2


def test_it_goes_before_marketing_and_keeps_no_pace(make_workspace, monkeypatch):
    monkeypatch.setattr(programs, "KINDS", {**programs.KINDS, "note": notes.KIND})
    ws = make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none", pace__per_minute=2)
    people(ws, 4)
    campaign(ws, holdout=0.0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    ws, later = moving(ws)
    later.ahead = timedelta(seconds=1)
    for number in range(3):
        _note(ws, f"x{number}@example.com")
    channel = FakeChannel()
    sending.send_step(ws, "test:1", channel=channel)
    to = [envelope.to for envelope in channel.sent]
    assert sorted(to[:3]) == [f"x{number}@example.com" for number in range(3)]
    assert len(to) < 7  # the pace holds the marketing


def test_a_campaign_is_sent_while_messages_of_other_programs_wait(ws):
    people(ws, 2)
    campaign(ws, holdout=0.0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    _note(ws)
    Message.objects.filter(campaign=None).update(due_at=ws.now() + timedelta(days=1))
    assert len(_sent(ws)) == 2
    assert Campaign.objects.get().status == "sent"


@pytest.mark.parametrize("key", ["gone", "unset"])
def test_a_program_that_cannot_send_now_waits_and_says_why(ws, key):
    row = _note(ws)
    Message.objects.filter(pk=row.pk).update(program=f"note:{key}")
    assert _sent(ws) == []
    row.refresh_from_db()
    assert (row.status, row.claimed_by) == (MessageStatus.PLANNED, "")
    assert row.due_at > ws.now()
    assert "There is no" in str(row.detail)


def test_a_server_that_takes_nobody_makes_it_wait_not_fail(ws):
    ws, later = moving(ws)
    row = _note(ws)
    while sending.send_step(ws, "test:1", channel=FakeChannel(down=True)):
        pass
    row.refresh_from_db()
    assert row.status == MessageStatus.PLANNED
    assert _sent(ws) == []
    later.ahead = timedelta(minutes=1)
    assert len(_sent(ws)) == 1


def test_a_worker_that_dies_while_the_server_has_it_leaves_it_unknown_and_sends_no_second(ws):
    class Dies(FakeChannel):
        def send(self, message):
            super().send(message)
            raise KeyboardInterrupt  # as good as a kill: nothing is written down

    row, dying = _note(ws), Dies()
    with pytest.raises(KeyboardInterrupt):
        sending.send_step(ws, "test:1", channel=dying)
    assert len(dying.sent) == 1
    Message.objects.filter(pk=row.pk).update(claimed_at=ws.now() - timedelta(days=1))
    sending.recover(ws)
    row.refresh_from_db()
    assert (row.status, row.data) == (MessageStatus.UNKNOWN, None)
    assert _note(ws).token == row.token
    assert _sent(ws) == []


def test_who_is_no_customer_is_erased_by_the_address(ws):
    row = _note(ws)
    _sent(ws)
    privacy.erase(ws, "li@example.com")
    row.refresh_from_db()
    assert (row.address, row.data, row.status) == ("", None, MessageStatus.ACCEPTED)
    assert row.customer_id.startswith("erased:")
    assert _note(ws, occurrence="2").reason == "erased"


def test_what_came_before_they_were_a_customer_goes_with_them(ws):
    row = _note(ws)
    Customer.objects.create(customer_id="c9", email="li@example.com")
    Consent.objects.create(customer_id="c9", channel="email", granted=True, at=ws.now())
    privacy.erase(ws, "c9")
    row.refresh_from_db()
    assert (row.address, row.data, row.reason) == ("", None, "erased")
