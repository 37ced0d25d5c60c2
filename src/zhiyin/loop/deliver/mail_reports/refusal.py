"""How readers of reports refuse: an exception inside the package, a value at its door."""

from __future__ import annotations

from zhiyin.domain.mail_report import RefusedReport
from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import Text, say

SHOWN = 80  # characters of a value that are quoted
LONGEST = 300  # characters of a value that is kept
DOMAIN = 253


class Refusal(Exception):
    """What is being read cannot be taken in."""

    def __init__(self, reason: ReportReason, why: Text) -> None:
        super().__init__(why)
        self.reason, self.why = reason, why

    def value(self, name: str) -> RefusedReport:
        """As it is told, with what to do next."""
        return RefusedReport(name, self.reason, self.why, FIXES[self.reason])


def missing(part: str) -> Refusal:
    """The refusal of a report that lacks a part."""
    return Refusal(ReportReason.MISSING_PART, say("The part {part} is missing or empty.", part=part))


def bad(part: str, value: object) -> Refusal:
    """The refusal of a report with a value that cannot be."""
    return Refusal(
        ReportReason.BAD_VALUE,
        say("The part {part} cannot be {value!r}.", part=part, value=str(value)[:SHOWN]),
    )


def checked(part: str, text: str, longest: int = LONGEST) -> str:
    """A value as it is kept, without blanks at its ends. Raises ``Refusal`` where it is empty, too long or no text."""
    text = text.strip()
    if not text:
        raise missing(part)
    if len(text) > longest or any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in text):
        raise bad(part, text.encode("utf-8", "replace").decode())
    return text


_ASK = say("Look at the file; if its sender always writes so, tell them.")
FIXES: dict[ReportReason, Text] = {
    ReportReason.NOT_A_REPORT: say(
        "Give DMARC reports (XML), TLS reports (JSON), either packed as .gz or .zip, or the mails they came in."
    ),
    ReportReason.BROKEN_ARCHIVE: say("Save it from the mail again; it was cut off or changed on the way."),
    ReportReason.BROKEN_XML: say(
        "Save it from the mail again. If it is broken there too, tell its sender; other reports cover other mail."
    ),
    ReportReason.BROKEN_JSON: say(
        "Save it from the mail again. If it is broken there too, tell its sender; other reports cover other mail."
    ),
    ReportReason.UNSAFE_XML: say("Do not open it: no report needs this. Delete the mail."),
    ReportReason.MISSING_PART: _ASK,
    ReportReason.BAD_VALUE: _ASK,
    ReportReason.TOO_LARGE: say(
        "No report of a real receiver is that large. Delete it, or split a folder of mails."
    ),
}
