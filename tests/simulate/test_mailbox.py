"""The local mail server: takes letters for those who exist, and knows what is in them."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from zhiyin.simulate.mailbox import Mailbox, read

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def message(to: str = "ann@example.com") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "shop@example.com", to, "新茶到了"
    made["List-Unsubscribe"] = "<mailto:out@example.com>, <http://127.0.0.1:1/u/abc>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content("plain")
    made.add_alternative(
        '<a href="http://127.0.0.1:1/t/c/1?a=1&amp;b=2">茶</a>'
        '<a href="http://127.0.0.1:1/t/c/2" style="display:none"></a><img src="http://127.0.0.1:1/t/o/1" width="1">',
        subtype="html",
    )
    return made


def test_a_letter_is_kept_as_it_came_and_read() -> None:
    with Mailbox(now=lambda: NOW) as mailbox:
        with smtplib.SMTP(mailbox.host, mailbox.port) as smtp:
            smtp.send_message(message())
            smtp.send_message(message("bob@example.com"))
        first, second = mailbox.slips
        letter = mailbox.open(first)
        assert (first.to, first.at, second.to) == ("ann@example.com", NOW, "bob@example.com")
    assert letter.subject == "新茶到了"
    assert letter.links == ("http://127.0.0.1:1/t/c/1?a=1&b=2",)
    assert letter.hidden == ("http://127.0.0.1:1/t/c/2",)
    assert letter.images == ("http://127.0.0.1:1/t/o/1",)
    assert (letter.unsubscribe, letter.one_click) == ("http://127.0.0.1:1/u/abc", True)


def test_nobody_home_is_refused() -> None:
    with Mailbox(exists=lambda address: address != "gone@example.com") as mailbox:
        with smtplib.SMTP(mailbox.host, mailbox.port) as smtp:
            with pytest.raises(smtplib.SMTPRecipientsRefused, match="no such mailbox"):
                smtp.send_message(message("gone@example.com"))
            smtp.send_message(message())
        assert mailbox.refused == ["gone@example.com"]
        assert [slip.to for slip in mailbox.slips] == ["ann@example.com"]


def test_a_letter_without_extras_offers_nothing() -> None:
    letter = read(b"Subject: hi\r\n\r\nplain text only\r\n")
    assert (letter.links, letter.images, letter.unsubscribe, letter.one_click) == ((), (), "", False)
