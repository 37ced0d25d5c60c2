"""What came back, taken in: believed only where it may be, counted once, and followed by what must follow."""

from __future__ import annotations

import pytest
from tests.services.returned_mail import AWAY, FULL, SPAM, arf, dsn, sent, tagged

from zhiyin.adapters.records import erasure
from zhiyin.adapters.records.models import BounceNote, Message, Suppression
from zhiyin.domain.bounce import Fate
from zhiyin.services import bounce_notes, campaigns, ingest, reports, suppressions
from zhiyin.services.workspace import Workspace


def listed() -> dict[str, str]:
    return dict(Suppression.objects.filter(channel="email").values_list("address", "reason"))


def events(ws: Workspace) -> dict[str, int]:
    ws.spool.close()
    ingest.drain(ws)
    return ingest.counts(ws)


def take(ws: Workspace, *letters: bytes) -> list[Fate | None]:
    return [bounce_notes.take(ws, letter, "file") for letter in letters]


def test_a_hard_bounce_by_its_return_path_ends_the_address(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    # a forwarding server says so of an address that nobody wrote to: the tag says which message it was
    letter = dsn(message, to=tagged(workspace, message), recipient="li@elsewhere.example", message_id="<x@y>")
    assert take(workspace, letter) == [Fate.MATCHED]
    assert listed() == {"li@example.com": "hard_bounce"}
    message.refresh_from_db()
    assert (message.status, message.bounced, message.bounce_reason) == ("accepted", "hard", "user_unknown")
    assert events(workspace) == {"Email Bounced": 1}


def test_what_is_read_twice_counts_once(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    letter = dsn(message)
    assert take(workspace, letter, letter) == [Fate.MATCHED, None]
    again = letter.replace(b"was not delivered", b"was really not delivered")  # told again in other words
    assert take(workspace, again) == [Fate.MATCHED]
    assert events(workspace) == {"Email Bounced": 1}
    assert bounce_notes.sums(workspace).received == 2


def test_a_message_id_is_believed_about_its_own_recipient_only(workspace: Workspace) -> None:
    li, _stranger = sent(workspace, "li", "wang")
    assert take(workspace, arf(li, recipient="wang@example.com")) == [Fate.UNMATCHED]
    assert take(workspace, dsn(li, recipient="wang@example.com")) == [Fate.UNMATCHED]
    assert listed() == {}
    assert not Message.objects.exclude(bounced="").exists()
    assert {note.why for note in bounce_notes.notes(workspace, "unmatched")} == {"other_recipient"}
    assert take(workspace, arf(li)) == [Fate.MATCHED]
    assert listed() == {"li@example.com": "complaint"}
    assert events(workspace) == {"Email Marked as Spam": 1}


@pytest.mark.parametrize("altered", ["token", "mac"])
def test_an_altered_tag_is_refused_and_shown(workspace: Workspace, altered: str) -> None:
    message, _other = sent(workspace, "li", n=2)
    token, mac = tagged(workspace, message).partition("@")[0].rpartition("+")[2].split(".")
    tag = f"{token.replace('li0', 'li1')}.{mac}" if altered == "token" else f"{token}.{mac[::-1]}"
    assert take(workspace, dsn(message, to=f"bounces+{tag}@mail.example.com")) == [Fate.UNMATCHED]
    assert [note.why for note in bounce_notes.notes(workspace)] == ["forged_tag"]
    assert listed() == {}


def test_unmatched_notes_say_why(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    (held,) = sent(workspace, "wang", status="held_out")
    nameless = (
        b"From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n\n<li@example.com>: 550 5.1.1 no such user\n"
    )
    take(workspace, nameless, dsn(message, message_id="<gone@example.com>"), dsn(held))
    assert [note.why for note in reversed(bounce_notes.notes(workspace))] == [
        "no_message",
        "unknown_message",
        "not_sent",
    ]
    assert listed() == {}


def test_received_is_the_sum_of_what_became_of_it(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    take(workspace, dsn(message), dsn(message, message_id="<x@y>"), AWAY, b"", b"\x00\xff" * 100)
    bounce_notes.take(workspace, b"", "file", "not a file")
    found = bounce_notes.sums(workspace)
    assert (found.matched, found.unmatched, found.nothing, found.broken) == (1, 1, 2, 2)
    assert found.received == 6


def test_an_automatic_reply_does_nothing(workspace: Workspace) -> None:
    sent(workspace, "li")
    assert take(workspace, AWAY) == [Fate.NOTHING]
    assert listed() == {}
    assert events(workspace) == {}


def test_five_soft_bounces_in_a_row_end_an_address_and_four_do_not(workspace: Workspace) -> None:
    messages = sent(workspace, "li", n=5)
    for message in messages[:4]:
        take(workspace, dsn(message, **FULL))
    assert listed() == {}
    take(workspace, dsn(messages[4], **FULL))
    assert listed() == {"li@example.com": "soft_bounces"}
    suppressions.lift(workspace, "li@example.com")
    assert listed() == {}


def test_a_delivery_between_soft_bounces_begins_anew(workspace: Workspace) -> None:
    messages = sent(workspace, "li", n=6)
    for message in (*messages[:4], messages[5]):
        take(workspace, dsn(message, **FULL))
    assert listed() == {}
    take(workspace, dsn(messages[4], **FULL))  # it came back after all
    assert listed() == {"li@example.com": "soft_bounces"}


def test_a_bounce_that_the_message_caused_counts_neither_way(workspace: Workspace) -> None:
    messages = sent(workspace, "li", n=6)
    for message in messages[:4]:
        take(workspace, dsn(message, **FULL))
    take(workspace, dsn(messages[4], **SPAM))
    assert listed() == {}
    take(workspace, dsn(messages[5], **FULL))
    assert listed() == {"li@example.com": "soft_bounces"}


def test_five_refusals_of_the_message_end_nobody(workspace: Workspace) -> None:
    for message in sent(workspace, "li", n=5):
        assert take(workspace, dsn(message, **SPAM)) == [Fate.MATCHED]
    assert listed() == {}


def test_the_same_soft_bounce_told_five_times_is_one(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    for number in range(5):
        take(workspace, dsn(message, **FULL) + f"\n{number}\n".encode())
    assert listed() == {}
    assert events(workspace) == {"Email Bounced": 1}


def test_a_server_that_still_tries_ends_nothing(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    assert take(workspace, dsn(message, status="4.4.1", words="451 4.4.1 later", action="delayed")) == [
        Fate.MATCHED
    ]
    message.refresh_from_db()
    assert message.bounced == ""
    assert events(workspace) == {}


def test_where_there_is_no_mailbox_a_complaint_changes_nothing_on_the_list(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    take(workspace, arf(message), dsn(message))
    assert listed() == {"li@example.com": "hard_bounce"}  # not even a receipt may go there
    take(workspace, arf(message))
    assert listed() == {"li@example.com": "hard_bounce"}
    message.refresh_from_db()
    assert message.bounced == "complaint"


def test_a_wish_to_be_left_out_is_an_unsubscription(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    take(workspace, arf(message, kind="opt-out"))
    assert listed() == {"li@example.com": "unsubscribed"}
    assert events(workspace) == {"Consent Changed": 1, "Unsubscribed": 1}


def test_an_authentication_report_is_about_us(workspace: Workspace) -> None:
    (message,) = sent(workspace, "li")
    assert take(workspace, arf(message, kind="auth-failure")) == [Fate.MATCHED]
    assert listed() == {}


def test_reports_tell_what_came_back_and_still_add_up(workspace: Workspace) -> None:
    one, two, _three = sent(workspace, "li", "wang", "ann")
    take(workspace, dsn(one), dsn(two, **FULL))
    found = reports.campaign(workspace, "spring").accounted
    assert found.balances
    assert found.delivered == 3
    assert dict(found.came_back) == {"hard": 1, "soft": 1}
    standing = campaigns.progress(workspace, "spring")
    assert standing["accepted"] == standing["planned"] == 3
    assert standing["came_back"] == {"hard": 1, "soft": 1}


def test_nothing_is_left_of_an_erased_person_not_even_by_what_comes_late(workspace: Workspace) -> None:
    message, other = sent(workspace, "li", n=2)
    take(workspace, dsn(message, words="550 5.1.1 <LI@example.com>: no such user"))
    stray = dsn(
        message, recipient="x@y.example", message_id="<x@y>", words="550 5.1.1 li@example.com unknown"
    )
    take(workspace, stray)
    erasure.erase("li", workspace.now())
    take(
        workspace,
        dsn(other, to=tagged(workspace, other)),
        dsn(other, words="550 5.1.1 not li@example.com here"),
    )
    assert events(workspace).get("Email Bounced", 0) <= 1
    said = " ".join(str(value) for row in BounceNote.objects.values() for value in row.values())
    assert "li@" not in said.lower()
    assert bounce_notes.sums(workspace).received == 4
