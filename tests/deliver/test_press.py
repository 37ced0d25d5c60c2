"""Pressed messages come back byte for byte, and are small."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.message import OutgoingEmail
from zhiyin.loop.deliver import mime, press

TEXT = st.text(max_size=300)


def _content(html, text, subject="Tea", name="Shop"):
    email = OutgoingEmail(
        "<1@shop.example>", "shop@shop.example", "li@example.com", subject, html, text,
        mime.mailbox(name, "shop@shop.example"),
    )  # fmt: skip
    return mime.envelope(email, date=datetime(2026, 3, 1, tzinfo=UTC)).content


@given(html=TEXT, text=TEXT, subject=TEXT, name=TEXT, shared=st.binary(max_size=50))
def test_whatever_was_sent_comes_back_as_it_was(html, text, subject, name, shared):
    content = b"DKIM-Signature: v=1; b=abc\r\n def\r\n" + _content(html, text, subject, name)
    data = press.pressed(content, text, html, shared)
    assert press.unpressed(data, shared) == content


def test_what_all_share_costs_next_to_nothing():
    skeleton = "".join(f"<td class='{hash((n,)):x}'>{{{{ x }}}}</td>" for n in range(600))
    html = skeleton.replace("{{ x }}", "Tea")
    content = _content(html, "Tea")
    alone, named = (
        press.pressed(content, "Tea", html, shared) for shared in (b"", press.dictionary(skeleton))
    )
    assert len(named) < len(alone) / 2 < len(content) / 8
    assert press.unpressed(named, press.dictionary(skeleton)) == content
