"""Signatures, checked by dkimpy, which shares no code with ours."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy

import dkim as peer
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhiyin.domain.message import OutgoingEmail
from zhiyin.domain.sending_domain import DkimKey, DnsRecord, KeyAlgorithm, aligned
from zhiyin.loop.deliver import dkim, headers, mime
from zhiyin.services import dkim_keys

NOW = datetime(2026, 3, 1, 8, 5, 9, tzinfo=UTC)
PAIRS = {"r1": dkim_keys.make(KeyAlgorithm.RSA), "e1": dkim_keys.make(KeyAlgorithm.ED25519)}
DNS = {
    f"{record.name}.": record.value
    for record in (
        DkimKey("example.com", selector, pair.algorithm, pair.public).record
        for selector, pair in PAIRS.items()
    )
}
SIGNERS = [
    dkim.signer("example.com", selector, serialization.load_der_private_key(pair.private, None))
    for selector, pair in PAIRS.items()
]
anything = st.text(st.characters(codec="utf-8", exclude_characters="\ue000"), max_size=300)


def _signed(subject="Hello", name="Tea house", to_name="", text="x", html="<p>x</p>", **more):
    outgoing = OutgoingEmail(
        message_id="<t1@example.com>",
        envelope_from="shop@example.com",
        to="li@example.com",
        to_name=to_name,
        subject=subject,
        html=html,
        text=text,
        from_header=mime.mailbox(name, "shop@example.com"),
        headers={
            **headers.unsubscribe("https://m.example.com/u/x", "team@example.com"),
            "List-ID": headers.list_id("example.com"),
            "Feedback-ID": headers.feedback_id("spring", "s1", "example.com"),
            **more,
        },
    )
    return dkim.signed(mime.envelope(outgoing, date=NOW).content, SIGNERS, at=NOW)


def _holds(content: bytes, which: int) -> bool:
    try:
        return peer.DKIM(content).verify(
            idx=which, dnsfunc=lambda name, timeout=5: DNS[name.decode()].encode()
        )
    except peer.ValidationError:
        return False


@settings(max_examples=60, deadline=None)
@given(anything, anything, anything, anything)
@example("双11 \U0001f375", "知音 茶舍", "李" * 90, "字" * 3000)
@example("x" * 990, "a\r\nBcc: v@example.com", '"\\', "lone\rcr and lone\nlf  \t \r\n\r\n \r\n")
@example("=?utf-8?b?eA==?=", "", ".\r\n.", "trailing blanks   ")
def test_any_message_holds_with_both_keys_and_reads_back_as_it_was_written(subject, name, to_name, text):
    content = _signed(subject, name, to_name, text, html=f"<p>{text}</p>")
    assert _holds(content, 0)
    assert _holds(content, 1)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    message = email.message_from_bytes(content, policy=policy.SMTP.clone(raise_on_defect=True))
    assert message["Bcc"] is None
    plain, rich = message.iter_parts()
    assert plain.get_payload(decode=True).decode() == text
    assert rich.get_payload(decode=True).decode() == f"<p>{text}</p>"
    controls = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ")
    assert message["Subject"].split() == subject.translate(controls).split()
    assert message["From"].addresses[0].addr_spec == "shop@example.com"
    assert message["To"].addresses[0].addr_spec == "li@example.com"


ALTERATIONS = {
    "the body": lambda content: content.replace(b"--=_", b"--=-"),
    "the subject": lambda content: content.replace(b"Subject: Hello", b"Subject: Hallo"),
    "where to unsubscribe": lambda content: content.replace(b"m.example.com/u", b"m.example.org/u"),
    "one click": lambda content: content.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two"),
    "the feedback id": lambda content: content.replace(b"Feedback-ID: spring", b"Feedback-ID: autumn"),
    "another author": lambda content: b"From: evil@example.org\r\n" + content,
    "another subject": lambda content: b"Subject: Win\r\n" + content,
    "another list": lambda content: b"List-Unsubscribe: <https://evil.example>\r\n" + content,
    "an answer to others": lambda content: b"Reply-To: evil@example.org\r\n" + content,
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_what_was_altered_or_added_on_the_way_does_not_hold(what):
    altered = ALTERATIONS[what](_signed())
    assert altered != _signed()
    assert not _holds(altered, 0)
    assert not _holds(altered, 1)


def test_what_relays_do_to_blanks_and_folds_does_not_matter():
    content = _signed(subject="Hello  there")
    relayed = content.replace(b"Subject: Hello  there", b"SUBJECT:  Hello\r\n\tthere ") + b"\r\n\r\n"
    assert relayed != content
    assert _holds(b"Received: from a by b; now\r\n" + relayed, 0)


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"x", b". "]), max_size=12).map(b"".join))
def test_bodies_of_blanks_and_empty_lines_hold(body):
    content = b"From: a@example.com\r\nSubject: x\r\n\r\n" + body + b"\r\n"
    assert _holds(dkim.signed(content, SIGNERS[1:], at=NOW), 0)


def test_without_a_key_nothing_changes():
    assert dkim.signed(b"From: a@b.example\r\n\r\nx", [], at=NOW) == b"From: a@b.example\r\n\r\nx"


def test_long_records_are_split_and_read_back_whole():
    record = DkimKey("example.com", "r1", KeyAlgorithm.RSA, PAIRS["r1"].public).record
    assert "".join(record.strings) == record.value
    assert [len(piece) for piece in record.strings] == [255, len(record.value) - 255]
    assert DnsRecord("a.example", "v=1").zone == 'a.example. IN TXT "v=1"'


def test_a_domain_speaks_for_itself_and_what_is_below_it():
    assert aligned("example.com", "example.com")
    assert aligned("example.com", "news.example.com")
    assert not aligned("news.example.com", "example.com")
    assert not aligned("example.com", "notexample.com")


def test_keys_in_memory_show_nothing_of_their_private_side():
    assert repr(PAIRS["r1"].private)[2:20] not in repr(PAIRS["r1"])
    assert isinstance(serialization.load_der_private_key(PAIRS["r1"].private, None), rsa.RSAPrivateKey)
    assert isinstance(
        serialization.load_der_private_key(PAIRS["e1"].private, None), ed25519.Ed25519PrivateKey
    )
