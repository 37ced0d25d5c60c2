"""Copies: what was sent is what is kept, its signature holds, and it goes with its person and its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.services.mailing import Server, campaign, moving, people
from tests.services.test_sending_domain import _verified as verified

from zhiyin.adapters.records.models import Dictionary, Message, MessageCopy
from zhiyin.services import campaigns, copies, planning, privacy, sending, sending_domain, work
from zhiyin.testing.channel import FakeChannel


def _send(ws: Any, count: int = 3, **options: Any) -> None:
    people(ws, count)
    campaign(ws, holdout=0.0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    while sending.send_step(ws, "test:1", **options):
        pass


def test_the_kept_message_is_the_one_that_arrived_and_its_signature_holds(make_workspace: Any) -> None:
    with Server() as smtp:
        ws = make_workspace(**smtp.settings)
        sending_domain.add(ws, "example.com")
        _send(ws)
    assert len(smtp.letters) == 3
    for address, content in smtp.letters:
        row = Message.objects.get(address=address)
        kept = copies.raw(ws, row.token)
        assert kept == content
        assert verified(kept) == [True]
        shown = copies.shown(ws, row.token)
        assert shown is not None
        assert ("Subject", f"Hello {row.customer_id.upper()}") in shown.fields
        assert "Dear" in shown.html
    assert Dictionary.objects.count() == 1


@pytest.fixture
def ws(make_workspace: Any) -> Any:
    return make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")


def test_what_was_sent_is_small_beside_itself(ws: Any) -> None:
    channel = FakeChannel()
    _send(ws, channel=channel)
    sizes = {
        copy.message.address: len(copy.content) for copy in MessageCopy.objects.select_related("message")
    }
    for envelope in channel.sent:
        assert sizes[envelope.to] < len(envelope.content) / 3


def test_of_several_tries_the_last_is_kept(ws: Any) -> None:
    ws, later = moving(ws)
    channel = FakeChannel({"c0000@example.com": "later"})
    _send(ws, channel=channel)
    first = copies.raw(ws, Message.objects.get(customer_id="c0000").token)
    channel.answers.clear()
    later.ahead = timedelta(minutes=3)
    sending.send_step(ws, "test:1", channel=channel)
    kept = copies.raw(ws, Message.objects.get(customer_id="c0000").token)
    assert kept != first
    assert kept == next(one.content for one in channel.sent if one.to == "c0000@example.com")
    assert MessageCopy.objects.count() == 3


def test_what_never_left_has_no_copy(ws: Any) -> None:
    people(ws, 2)
    campaign(ws, holdout=0.0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    assert copies.raw(ws, Message.objects.all()[0].token) is None
    assert copies.shown(ws, "nobody") is None


def test_copies_are_kept_for_so_long(ws: Any) -> None:
    ws, later = moving(ws)
    _send(ws, channel=FakeChannel())
    later.ahead = timedelta(days=29)
    assert copies.prune(ws) == 0
    later.ahead = timedelta(days=31)
    while work.run_once(ws):
        pass
    assert not MessageCopy.objects.exists()
    assert not Dictionary.objects.exists()
    assert Message.objects.filter(status="accepted").count() == 3


def test_with_no_days_nothing_is_kept(make_workspace: Any) -> None:
    _send(make_workspace(smtp__host="127.0.0.1", messages__keep_days=0), channel=FakeChannel())
    assert not MessageCopy.objects.exists()


def test_a_copy_is_erased_with_its_person(ws: Any) -> None:
    _send(ws, channel=FakeChannel())
    token = Message.objects.get(customer_id="c0001").token
    assert copies.raw(ws, token)
    privacy.erase(ws, "c0001")
    assert copies.raw(ws, token) is None
    assert MessageCopy.objects.count() == 2
    for file in ws.folder.rglob("*"):
        if file.is_file():
            assert b"C0001" not in file.read_bytes(), file
