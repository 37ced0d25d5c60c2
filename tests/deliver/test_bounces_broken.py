"""Bounces are written by strangers: nothing raises, and nothing takes long, whatever they send."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.domain.bounce import BounceKind
from zhiyin.loop.deliver.bounces import LIMIT, classify, letter, of_reply

HEAD = b"From: MAILER-DAEMON@mx.example\nSubject: Undelivered mail\n"
REPORT = (
    HEAD + b"Content-Type: multipart/report; boundary=b\n\n--b\n\n<li@shop.example>: 550 5.1.1 no such user\n"
    b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822;"
    b"li@shop.example\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: message/rfc822\n\nTo: li@shop.example\n\n--b--\n"
)


@given(st.binary(max_size=300), st.integers(0, len(REPORT)), st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_no_bytes_raise(noise: bytes, at: int, lost: int) -> None:
    for raw in (noise, HEAD + b"\n" + noise, REPORT[:at] + noise + REPORT[at + lost :]):
        assert classify(raw).bounces


WORDS = (
    "550",
    "450",
    "5.1.1",
    "4.2.2",
    "5.0.0",
    "user",
    "host",
    "unknown",
    "full",
    "mailbox",
    "<a@b.example>:",
    ":",
    "\n",
)


@given(st.lists(st.sampled_from(WORDS), max_size=12), st.integers(400, 599))
@settings(max_examples=80, deadline=None)
def test_no_reply_raises_and_a_temporary_one_is_never_hard(words: list[str], code: int) -> None:
    bounce = of_reply(" ".join(words), code)
    assert bounce.kind in (BounceKind.HARD, BounceKind.SOFT)
    assert code >= 500 or bounce.kind == BounceKind.SOFT


def test_parts_within_parts_within_parts_are_not_followed_to_the_bottom() -> None:
    nested = b"".join(
        b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (depth, depth + 1)
        for depth in range(10_000)
    )
    bomb = HEAD + b'Content-Type: multipart/mixed; boundary="b0"\n\n' + nested
    flat = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 50_000
    assert len(letter.read(bomb).parts) <= 40
    assert len(letter.read(flat).parts) == 40
    assert classify(bomb).bounces


def test_a_message_of_a_hundred_megabytes_is_read_as_far_as_it_matters() -> None:
    raw = (
        HEAD
        + b"\n<li@shop.example>: 550 5.1.1 no such user\n\n--- Original message follows\n"
        + bytes(100 << 20)
    )
    report = classify(raw)
    assert (report.worst.kind, report.worst.recipient, report.cut) == (
        BounceKind.HARD,
        "li@shop.example",
        True,
    )
    assert not classify(raw[:LIMIT]).cut


@pytest.mark.parametrize(
    "noise",
    [b"\0", b"a", b"a@", b".b", b"-", b"<script ", b"<", b'"', b"> ", b"=?utf-8?q?a?= ", b">>> data\n", b"user ", b"to: "],
)  # fmt: skip
def test_a_message_of_one_thing_over_and_over_is_soon_read(noise: bytes) -> None:
    assert classify(HEAD + b"Content-Type: text/html\n\n" + noise * (300_000 // len(noise))).bounces


@pytest.mark.parametrize(
    "charset", ["punycode", "hex", "unicode_escape", "no-such", "utf-16", "", '"', "gb18030"]
)
def test_a_wrong_charset_hides_no_address(charset: str) -> None:
    raw = HEAD + f"Content-Type: text/plain; charset={charset}\n\n".encode()
    report = classify(raw + b"<li@shop.example>: 550 5.1.1 no such user \xff\xfe\x80\n")
    assert charset == "utf-16" or report.worst.recipient == "li@shop.example"


def test_zeros_between_the_letters_are_passed_over() -> None:
    assert classify(b"\0".join(bytes([byte]) for byte in REPORT)) == classify(REPORT)


def test_a_notification_that_is_none_is_not_a_bounce() -> None:
    empty = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b--\n"
    assert classify(empty).worst.reason.value == "not_a_bounce"


def test_a_complaint_with_a_forged_address_names_no_more_than_one() -> None:
    forged = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
        b"Original-Rcpt-To: li@shop.example\\r\\nBcc: all@shop.example, <script>@shop.example\n--b--\n"
    )
    assert [bounce.recipient for bounce in classify(forged).bounces] == ["li@shop.example"]
