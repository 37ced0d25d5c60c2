"""The part of a delivery status notification that machines read (RFC 3464), as it should be and as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from zhiyin.loop.deliver.bounces import addresses

MANY = 500  # recipients of one notification

_FIELD = re.compile(r"^\s?([A-Za-z][A-Za-z0-9-]{2,40})[ \t]*:[ \t]*(.*)$")
_RECIPIENT = ("final-recipient", "original-recipient")
_OWN = frozenset((*_RECIPIENT, "action", "status", "diagnostic-code", "remote-mta"))
_COMMENT = re.compile(r"\s*\([^()]*\)")

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Status:
    """The fields of the message, and those of each recipient, by name in lower case."""

    message: Fields = field(default_factory=dict)
    recipients: Sequence[Fields] = ()

    @property
    def reporting_mta(self) -> str:
        """The server that reports, without its type."""
        return host(self.message.get("reporting-mta", ""))


def read(text: str) -> Status:
    """The fields in a text. Blocks may lack the empty line between them, or stand apart where they should not."""
    message: Fields = {}
    recipients: list[Fields] = []
    current: Fields = {}
    for name, value in _fields(text):
        if not name:
            if "final-recipient" in current and ("action" in current or "status" in current):
                recipients.append(current)
                current = {}
            continue
        if name not in _OWN and not current:
            message.setdefault(name, value)
            continue
        if name in _RECIPIENT and name in current:
            recipients.append(current)
            current = {}
        current.setdefault(name, value)
        if len(recipients) >= MANY:
            break
    if current:
        recipients.append(current)
    return Status(message, _whole(recipients))


def written_to(fields: Fields) -> tuple[str, str]:
    """The address that was written to, and the one that it became, where that is another."""
    final, original = (addresses.of_field(fields.get(name, "")) for name in _RECIPIENT)
    asked = original or final
    actual = fields.get("x-actual-recipient", "").partition(";")[2].strip()
    if addresses.ADDRESS.fullmatch(actual):  # it may be a command, too
        final = actual
    return asked, final if final.lower() != asked.lower() else ""


def diagnostic(fields: Fields) -> str:
    """What the remote server said, without the type that stands before it."""
    value = fields.get("diagnostic-code", "")
    kind, mark, rest = value.partition(";")
    return rest.strip() if mark and re.fullmatch(r"[\w-]{1,30}", kind.strip()) else value.strip()


def host(value: str) -> str:
    """The name of a server in a field such as ``dns; mx.example.com (mx.example.com, 192.0.2.1)``."""
    return _COMMENT.sub("", value.rpartition(";")[2]).strip()[:255]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Names and values, with the lines that go on joined to them; an empty line is a pair of nothing."""
    name, value = "", ""
    for line in text.split("\n"):
        if name and line[:1] in (" ", "\t") and line.strip():
            value = f"{value} {line.strip()}"[:2_000]
            continue
        if name:
            yield name, value
        found = _FIELD.match(line)
        name, value = (found[1].lower(), found[2].strip()) if found else ("", "")
        if not line.strip():
            yield "", ""
    if name:
        yield name, value


def _whole(recipients: Sequence[Fields]) -> list[Fields]:
    """Recipients with an address or an outcome; one without an address is kept only if it is alone."""
    named = [fields for fields in recipients if any(name in fields for name in _RECIPIENT)]
    return named or [fields for fields in recipients[:1] if "status" in fields or "action" in fields]
