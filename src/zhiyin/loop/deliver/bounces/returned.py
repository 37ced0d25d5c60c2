"""What a report returns of the message it tells of: its headers, and by them which message it was."""

from __future__ import annotations

import re

from zhiyin.loop.deliver.bounces import addresses
from zhiyin.loop.deliver.bounces.letter import Headers, Letter, first, split

RETURNED = (
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "message/partial",
)

_TO = ("x-original-to", "delivered-to", "envelope-to", "to")
_TAGGED = re.compile(r"[\w.=-]{1,64}\+[0-9A-Za-z]{4,64}\.[A-Za-z2-7]{16}@[\w.-]{1,255}")

# how reports for people say that the returned message begins
_BEGINS = re.compile(
    r"(?im)^[ \t>]*(?:[-=_*]{2,}.*\b(?:original|returned|copy|header|undelivered|unsent|forwarded)\b.*"
    r"|(?:the )?(?:header of the )?(?:original|returned|undelivered|rejected) (?:message|mail)(?: headers?)?\b.{0,40}"
    r"|.{0,60}\b(?:copy of (?:the|your)|text of your|first few lines of|contents? of the original) .{0,40}"
    r"|received: ?(?:from|by|\(|with)\b.*|return-path: ?.*|message-id: ?<.*|x-[\w-]+-originating-ip: .*)$"
)


def cut(text: str) -> tuple[str, str]:
    """A report's own words, and what it returns after them."""
    for found in _BEGINS.finditer(text):
        if text[: found.start()].strip():
            return text[: found.start()], text[found.start() :]
    return text, ""


def headers(letter: Letter, rest: str) -> Headers:
    """The headers of the message that a report tells of; empty where it returns none."""
    for part in letter.parts:
        if part.type in RETURNED:
            found = split(part.text().encode("utf-8", "replace"))[0]
            if found:
                return found
    for block in re.split(r"\n\s*\n", rest)[:4]:
        found = split(block.encode("utf-8", "replace"))[0]
        if {"from", "to", "subject", "message-id"} & set(found):
            return found
    return {}


def message_id(found: Headers) -> str:
    """The Message-ID with its brackets, the empty text if there is none."""
    told = re.search(r"<[^<>\s]{1,250}>", first(found, "message-id"))
    return told[0] if told else ""


def tag(found: Headers) -> str:
    """The signed token in the link to unsubscribe, which survives a relay that writes its own Message-ID.

    Nobody vouches for it until its signature was checked.
    """
    told = re.search(r"/u/([A-Za-z0-9_.~-]{8,200})", first(found, "list-unsubscribe"))
    return told[1] if told else ""


def return_path(letter: Letter, found: Headers) -> str:
    """The tagged address (``return_path.tagged``) to which the report came, or which it returns; not yet verified."""
    values = [value for name in _TO for value in letter.headers.get(name, ())]
    for value in (*values, first(found, "return-path")):
        if told := _TAGGED.search(value):
            return told[0]
    return ""


def recipients(found: Headers) -> list[str]:
    """To whom the returned message went, by what says it best."""
    for name in ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "x-apparently-to", "to"):
        named = addresses.find_all(" ".join(found.get(name, ())))
        if named:
            return named
    told = addresses.of_return_path(first(found, "return-path").strip("<>"))
    return [told] if told else []
