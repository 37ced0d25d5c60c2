"""The mailbox is read by IMAP and POP3: nothing is lost, nothing counts twice, nothing waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.services.mailboxes import PASSWORD, Box, serving
from tests.services.returned_mail import AWAY, dsn, sent, tagged

from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records.models import Mailbox, Message, Suppression
from zhiyin.adapters.sources import mailbox as source
from zhiyin.domain.errors import BadSetting, Busy, MailboxFailed
from zhiyin.services import bounce_notes, doctor, ingest, mailbox, work
from zhiyin.services.workspace import Workspace

Make = Callable[..., Workspace]


@pytest.fixture(params=["imap", "pop3"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def box(protocol: str) -> Iterator[Box]:
    with serving(protocol) as opened:
        yield opened


def test_an_empty_mailbox_is_read_and_holds_nothing(make_workspace: Make, box: Box, protocol: str) -> None:
    ws = make_workspace(**box.settings(protocol))
    assert mailbox.read(ws).to_dict()["received"] == 0
    state = mailbox.state(ws)
    assert state is not None
    assert (state.failures, state.error) == (0, "")
    assert not mailbox.due(ws)  # for some minutes


def test_what_is_kept_is_read_once(make_workspace: Make, box: Box, protocol: str) -> None:
    ws = make_workspace(**box.settings(protocol))
    one, two = sent(ws, "li", "wang")
    box.put(dsn(one, to=tagged(ws, one)), AWAY)
    assert mailbox.read(ws).to_dict() == {
        "received": 2, "matched": 1, "unmatched": 0, "nothing": 1, "broken": 0, "known": 0,
    }  # fmt: skip
    box.put(dsn(two))
    box.said.clear()
    assert mailbox.read(ws).to_dict()["received"] == 1
    assert sum("RETR" in said or "FETCH" in said for said in box.said) == 1  # the others not even asked for
    assert len(box.letters) == 3
    assert set(Suppression.objects.values_list("address", flat=True)) == {
        "li@example.com",
        "wang@example.com",
    }


def test_what_is_taken_in_is_removed_if_wanted(make_workspace: Make, box: Box, protocol: str) -> None:
    ws = make_workspace(**box.settings(protocol, after="delete"))
    box.put(dsn(*sent(ws, "li")), AWAY)
    assert mailbox.read(ws).received == 2
    assert box.letters == {}


def test_imap_without_uidplus_removes_at_the_end(make_workspace: Make) -> None:
    with serving("imap") as box:
        box.capabilities = "IMAP4rev1"
        ws = make_workspace(**box.settings("imap", after="delete"))
        box.put(dsn(*sent(ws, "li")))
        mailbox.read(ws)
        assert box.letters == {}


@pytest.mark.parametrize("after", ["keep", "delete"])
def test_a_crash_before_it_is_removed_has_it_read_again_and_counted_once(
    make_workspace: Make, box: Box, protocol: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(**box.settings(protocol, after=after))
    box.put(*(dsn(message) for message in sent(ws, "li", "wang")))
    real = bounce_notes.take

    def dies(*given: object) -> object:
        real(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(bounce_notes, "take", dies)
    with pytest.raises(KeyboardInterrupt):
        mailbox.read(ws)
    assert len(box.letters) == 2
    monkeypatch.setattr(bounce_notes, "take", real)
    found = mailbox.read(ws)
    assert (found.received, found.known) == (1, 1)
    ws.spool.close()
    ingest.drain(ws)
    assert ingest.counts(ws) == {"Email Bounced": 2}
    assert len(box.letters) == (0 if after == "delete" else 2)


def test_a_folder_made_anew_is_read_again_and_counts_nothing_twice(make_workspace: Make) -> None:
    with serving("imap") as box:
        ws = make_workspace(**box.settings("imap"))
        box.put(dsn(*sent(ws, "li")))
        mailbox.read(ws)
        box.validity = 8
        found = mailbox.read(ws)
        assert (found.received, found.known) == (0, 1)


@pytest.mark.parametrize(("fault", "at"), [("hang", "letter"), ("drop", "login"), ("drop", "letter")])
def test_a_server_that_fails_is_told_and_tried_again(
    make_workspace: Make, box: Box, protocol: str, fault: str, at: str
) -> None:
    ws = make_workspace(**box.settings(protocol, timeout=0.1))
    one, two = sent(ws, "li", "wang")
    box.put(dsn(one), dsn(two))
    words = {"login": ("LOGIN", "PASS"), "letter": ("UID FETCH 2", "RETR 2")}[at]
    box.fault = lambda command: fault if any(word in command for word in words) else ""
    with pytest.raises(MailboxFailed) as told:
        mailbox.read(ws)
    state = Mailbox.objects.get()
    assert (state.failures, state.error) == (1, told.value.told)
    assert PASSWORD not in told.value.told
    assert not mailbox.due(ws)
    assert mailbox.step(ws) == 0
    check = next(one for one in doctor.check(ws) if one.name == "bounces")
    assert check.level == "problem"
    box.fault = lambda command: ""
    mailbox.read(ws)
    assert set(Message.objects.values_list("bounced", flat=True)) == {"hard"}
    assert bounce_notes.sums(ws).received == 2
    assert next(one for one in doctor.check(ws) if one.name == "bounces").level == "ok"


def test_each_failure_has_it_wait_twice_as_long_up_to_an_hour(
    make_workspace: Make, box: Box, protocol: str
) -> None:
    ws = make_workspace(**box.settings(protocol, every_seconds=60))
    box.fault = lambda command: "drop"
    waits = []
    for _ in range(9):
        with pytest.raises(MailboxFailed):
            mailbox.read(ws)
        state = Mailbox.objects.get()
        assert state.next_at is not None
        assert state.tried_at is not None
        waits.append(round((state.next_at - state.tried_at).total_seconds(), -1))
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_wrong_password_is_told_without_it(
    make_workspace: Make, box: Box, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ws = make_workspace(**box.settings(protocol, password="geheim-77"))
    with pytest.raises(MailboxFailed) as told:
        mailbox.read(ws)
    assert "•••" in told.value.told  # both servers say it back
    assert "geheim-77" not in told.value.told + Mailbox.objects.get().error + caplog.text
    assert told.value.__cause__ is None


def test_a_server_that_only_says_it_encrypts_gets_no_password(
    make_workspace: Make, box: Box, protocol: str
) -> None:
    ws = make_workspace(**box.settings(protocol, security="starttls"))
    with pytest.raises(MailboxFailed, match="SSL"):
        mailbox.read(ws)
    assert not any("LOGIN" in said or "PASS" in said for said in box.said)


def test_a_mail_of_ten_megabytes_is_read_as_far_as_needed(
    make_workspace: Make, box: Box, protocol: str
) -> None:
    ws = make_workspace(**box.settings(protocol))
    (message,) = sent(ws, "li")
    line = b"x" * 5_000 + b"\n"  # longer than poplib takes
    box.put(dsn(message) + b"\n.\n..\n" + line * 2_000, AWAY)
    assert mailbox.read(ws).to_dict()["matched"] == 1
    assert bounce_notes.sums(ws).received == 2


def test_two_processes_do_not_read_at_once(
    make_workspace: Make, box: Box, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(**box.settings(protocol))
    monkeypatch.setattr(mailbox, "_PATIENCE", 0.0)
    with lease(ws.folder / "bounces.lock", "held"):
        with pytest.raises(Busy):
            mailbox.read(ws)
        assert mailbox.step(ws) == 0
    assert box.said == []


def test_the_worker_reads_beside_its_round_and_does_not_wait(
    make_workspace: Make, box: Box, protocol: str
) -> None:
    ws = make_workspace(**box.settings(protocol, timeout=20.0))
    (message,) = sent(ws, "li")
    box.put(dsn(message))
    box.fault = lambda command: "hang"
    left = iter([False] * 3)
    work.run(ws, lambda seconds: next(left, True))  # ends, although the server says nothing
    readers = [one for one in threading.enumerate() if one.name == "bounces"]
    assert len(readers) == 1
    box.over.set()  # it hangs up
    readers[0].join()
    assert Mailbox.objects.get().failures == 1


def test_one_round_reads_it_when_it_is_time(make_workspace: Make, box: Box, protocol: str) -> None:
    ws = make_workspace(**box.settings(protocol))
    box.put(dsn(*sent(ws, "li")))
    while work.run_once(ws):
        pass
    assert ingest.counts(ws) == {"Email Bounced": 1}


def test_a_password_does_not_cross_the_network_in_the_clear_unless_told(make_workspace: Make) -> None:
    given: dict[str, object] = {
        "bounces__protocol": "imap",
        "bounces__host": "mail.example.com",
        "bounces__user": "u",
    }
    with pytest.raises(BadSetting, match="another machine"):
        make_workspace("open", **given, bounces__security="none")
    source.check(make_workspace("told", **given, bounces__security="unsafe").settings.bounces)
    with pytest.raises(BadSetting, match="No mailbox"):
        mailbox.read(make_workspace())
