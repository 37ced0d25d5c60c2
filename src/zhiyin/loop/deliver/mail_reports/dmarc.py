"""DMARC aggregate reports: XML → rows by source. RFC 7489 appendix C, the drafts before it, and RFC 9990.

Read as a stream, one record at a time, so that memory grows with different rows only. A document type is refused
before anything in it is looked at, and with it every trick with entities. What receivers write a little differently
from the schema is understood: upper case, another name space, empty elements, text between them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from xml.etree.ElementTree import ParseError, XMLParser

from zhiyin.domain.mail_report import Disposition, MailReport, ReportKind, ReportRow
from zhiyin.domain.reasons import ReportReason
from zhiyin.domain.text import say
from zhiyin.loop.deliver.mail_reports.refusal import DOMAIN, Refusal, bad, checked, missing

MOST_ROWS = 100_000
MOST_COUNT = 10**12
_DEEPEST = 16
_LONGEST = 1_000  # characters of one value
_CHUNK = 1 << 16
_Value = TypeVar("_Value")
_PARTS = ("report_metadata", "policy_published")
_DISPOSITIONS = {
    "": Disposition.NONE,
    "none": Disposition.NONE,
    "pass": Disposition.NONE,  # RFC 9990: the message passed, so that there was nothing to do
    "quarantine": Disposition.QUARANTINE,
    "reject": Disposition.REJECT,
}


def read(data: bytes) -> MailReport:
    """The report of an XML document. Raises ``Refusal``."""
    document = _Document()
    parser = XMLParser(target=document)
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
        parser.close()
    except ParseError as error:
        raise Refusal(
            ReportReason.BROKEN_XML, say("It is no well-formed XML: {error}.", error=error)
        ) from error
    except (ValueError, LookupError) as error:  # an encoding that is unknown or cannot be
        raise Refusal(
            ReportReason.BROKEN_XML, say("Its encoding is not known: {error}.", error=error)
        ) from error
    return _report(document)


@dataclass(slots=True)
class _Node:
    name: str
    text: str = ""
    children: list[_Node] = field(default_factory=list)

    def find(self, *path: str) -> str:
        """The text of the first element of a path, the empty text without one."""
        nodes = [self]
        for name in path:
            nodes = [child for node in nodes for child in node.children if child.name == name]
        return nodes[0].text.strip() if nodes else ""

    def all(self, name: str) -> list[_Node]:
        """The children of a name."""
        return [child for child in self.children if child.name == name]


class _Document:
    """What the XML parser tells its events to; keeps the metadata, the policy and the sums of equal rows."""

    def __init__(self) -> None:
        self.parts: dict[str, _Node] = {}
        self.rows: dict[ReportRow, int] = {}
        self._open: list[_Node] = []

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise Refusal(ReportReason.UNSAFE_XML, say("It declares a document type, which may hold bombs."))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if not self._open and name != "feedback":
            raise Refusal(
                ReportReason.NOT_A_REPORT,
                say(
                    "Its outermost element is {name!r}, that of a report is 'feedback'.", name=name[:_LONGEST]
                ),
            )
        if len(self._open) >= _DEEPEST:
            raise Refusal(ReportReason.NOT_A_REPORT, say("Its elements are nested too deep."))
        self._open.append(_Node(name))

    def data(self, text: str) -> None:
        if self._open and len(self._open[-1].text) < _LONGEST:
            self._open[-1].text += text[:_LONGEST]

    def end(self, tag: str) -> None:
        node = self._open.pop()
        if len(self._open) == 1:
            if node.name == "record":
                self._count(node)
            elif node.name in _PARTS:
                self.parts.setdefault(node.name, node)
        elif self._open and len(self._open[-1].children) < _LONGEST:
            self._open[-1].children.append(node)

    def close(self) -> _Document:
        return self

    def _count(self, record: _Node) -> None:
        row = _row(record)
        key = replace(row, count=0)
        self.rows[key] = self.rows.get(key, 0) + row.count
        if len(self.rows) > MOST_ROWS:
            raise Refusal(ReportReason.TOO_LARGE, say("It has more than {n:,} different rows.", n=MOST_ROWS))


def _report(document: _Document) -> MailReport:
    metadata, policy = (document.parts.get(name) for name in _PARTS)
    if metadata is None or policy is None:
        raise missing(_PARTS[0] if metadata is None else _PARTS[1])
    begin, end = (_moment(metadata, name) for name in ("begin", "end"))
    if end < begin:
        raise bad("date_range", f"{begin:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}")
    domain = checked("policy_published/domain", policy.find("domain"), DOMAIN).lower().rstrip(".")
    if not document.rows:
        raise missing("record")
    org = metadata.find("org_name") or metadata.find("email").rpartition("@")[2].strip("<> ")
    published = [(name, policy.find(name)) for name in ("p", "sp", "np", "adkim", "aspf", "pct", "testing")]
    return MailReport(
        ReportKind.DMARC,
        checked("report_metadata/org_name", org),
        checked("report_metadata/report_id", metadata.find("report_id")),
        domain,
        begin,
        end,
        tuple(replace(row, count=count, domain=row.domain or domain) for row, count in document.rows.items()),
        "; ".join(f"{name}={value}" for name, value in published if value),
    )


def _row(record: _Node) -> ReportRow:
    outcome = "policy_evaluated"
    source = checked("record/row/source_ip", record.find("row", "source_ip"))
    results = [node for node in record.children if node.name == "auth_results"]
    reasons = [
        reason.find("type").lower()
        for row in record.all("row")
        for evaluated in row.all(outcome)
        for reason in evaluated.all("reason")
    ]
    disposition = record.find("row", outcome, "disposition").lower()
    if disposition not in _DISPOSITIONS:
        raise bad("disposition", disposition)
    return ReportRow(
        source=_read("source_ip", source, lambda text: str(ipaddress.ip_address(text))),
        count=_count(checked("record/row/count", record.find("row", "count"))),
        domain=record.find("identifiers", "header_from")[:DOMAIN].lower().rstrip("."),
        result=", ".join(sorted({reason for reason in reasons if reason})),
        disposition=_DISPOSITIONS[disposition],
        dkim=record.find("row", outcome, "dkim").lower() == "pass",
        spf=record.find("row", outcome, "spf").lower() == "pass",
        signed_by=_domains(results, "dkim"),
        sent_by=_domains(results, "spf"),
    )


def _domains(results: list[_Node], kind: str) -> str:
    found = {
        node.find("domain").lower()
        for one in results
        for node in one.all(kind)
        if node.find("result").lower() == "pass"
    }
    return ", ".join(sorted(found - {""}))


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
    if not 0 <= count <= MOST_COUNT:
        raise bad("count", text)
    return count


def _moment(metadata: _Node, name: str) -> datetime:
    text = checked(f"date_range/{name}", metadata.find("date_range", name))
    return _read(f"date_range/{name}", text, lambda given: datetime.fromtimestamp(int(given), UTC))


def _read(part: str, text: str, read: Callable[[str], _Value]) -> _Value:
    try:
        return read(text)
    except (ValueError, OverflowError, OSError) as error:
        raise bad(part, text) from error
