"""The headers that tell mailbox providers what a message is and how to stop it."""

from __future__ import annotations

from urllib.parse import quote

from zhiyin.domain.program import Stream

_SENDER_ID = range(5, 16)  # characters that Google asks of the last part of a Feedback-ID


def unsubscribe(url: str, mailto: str = "") -> dict[str, str]:
    """One click (RFC 8058) first, then a mail to somebody who reads it (RFC 2369).

    >>> unsubscribe("https://m.example/u/1", "team@example.com")["List-Unsubscribe"]
    '<https://m.example/u/1>, <mailto:team@example.com?subject=unsubscribe>'
    """
    ways = [f"<{url}>"]
    if mailto:
        ways.append(f"<mailto:{quote(mailto, safe='@+')}?subject=unsubscribe>")
    return {"List-Unsubscribe": ", ".join(ways), "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def list_id(domain: str, topic: str = "") -> str:
    """The list that a shop's marketing belongs to (RFC 2919): people file it so, and one click leaves just this one.

    >>> list_id("example.com"), list_id("example.com", "news")
    ('<marketing.example.com>', '<news.marketing.example.com>')
    """
    return f"<{f'{topic}.' if topic else ''}{Stream.MARKETING}.{domain}>"


def feedback_id(program: str, group: str, domain: str, stream: Stream = Stream.MARKETING) -> str:
    """How Google's Postmaster Tools tell complaints apart: program, group, stream, shop; never a person.

    https://support.google.com/a/answer/6254652: the last part is the sender's, 5 to 15 characters.

    >>> feedback_id("spring", "s7", "tea.example.com")
    'spring:s7:marketing:teaexamplecom'
    """
    letters = "".join(letter for letter in domain.lower() if letter.isalnum())
    shop = letters[: _SENDER_ID.stop - 1].ljust(_SENDER_ID.start, "0")
    return ":".join((program, group, stream, shop))
