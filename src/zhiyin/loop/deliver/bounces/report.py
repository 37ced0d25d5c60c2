"""One message → its report: each reader in turn, the surest first."""

from __future__ import annotations

import re

from zhiyin.domain.bounce import Bounce, BounceKind, BounceReport
from zhiyin.domain.reasons import BounceReason as Why
from zhiyin.loop.deliver.bounces import (
    addresses,
    automatic,
    delivery_status,
    feedback,
    letter,
    notices,
    prose,
    returned,
)
from zhiyin.loop.deliver.bounces.letter import Letter
from zhiyin.loop.deliver.bounces.prose import Prose
from zhiyin.loop.deliver.bounces.verdict import Said, coded, judge, telling

_GRAVITY = (BounceKind.HARD, BounceKind.COMPLAINT, BounceKind.SOFT, BounceKind.NONE)
_ARRIVED = ("delivered", "relayed", "expanded", "deliverable")
_ANSWERS = ("re:", "fw:", "fwd:", "aw:", "回复", "转发", "答复")
# Amazon's servers refuse at RCPT whom nobody receives for; a bounce comes of a rule of the recipient's
# (docs.aws.amazon.com/ses: receipt rules)
_OWN_RULE = re.compile(r"inbound-smtp\.[\w-]+\.amazonaws\.com$")
_TRANSCRIPT = re.compile(r"(?mi)^[ \t]*>>> (?:rcpt to|data).*\n[ \t]*<<< [45]\d\d")
_FINAL, _ACTION = (re.compile(rf"(?mi)^{name}:") for name in ("final-recipient", "action"))
_QUOTED = re.compile(r"(?m)^> ?")  # by who forwards a report


def classify(raw: bytes) -> BounceReport:
    """What a message says of messages that were sent. Reads the first megabyte; raises nothing.

    >>> classify(b"Subject: hello\\n\\nHow are you?").worst.kind.value
    'none'
    """
    return _classify(letter.read(raw), deeper=True)


def _classify(read: Letter, *, deeper: bool) -> BounceReport:
    told = prose.read(read)
    report = next((report for reader in READERS if (report := reader(read, told))), _OTHER)
    if deeper and report.source == "text" and report.bounces[0].reason == Why.UNSPECIFIED:
        # a server that packs another's report into its own
        inner = [letter.read(part.body) for part in read.parts if part.type == "message/rfc822"]
        packed = next(
            (found for one in inner if (found := _classify(one, deeper=False)).source in ("dsn", "text")),
            None,
        )
        if packed:
            return packed
    return BounceReport(
        tuple(sorted(report.bounces, key=lambda bounce: _GRAVITY.index(bounce.kind))),
        report.source,
        report.reporting_mta,
        returned.message_id(told.headers),
        returned.tag(told.headers),
        returned.return_path(read, told.headers),
        read.cut,
    )


def _complaints(read: Letter, told: Prose) -> BounceReport | None:
    found = feedback.read(read)
    return BounceReport(tuple(found[0]), found[1]) if found else None


def _notices(read: Letter, told: Prose) -> BounceReport | None:
    found = next((found for part in read.parts if (found := notices.read(part.text()))), ())
    return BounceReport(tuple(found), "notice") if found else None


def _receipt(read: Letter, told: Prose) -> BounceReport | None:
    """Somebody opened it (RFC 8098): no bounce."""
    if any(part.type == "message/disposition-notification" for part in read.parts):
        return BounceReport((Bounce(BounceKind.NONE, Why.DELIVERED),), "dsn")
    return None


def _delivery_status(read: Letter, told: Prose) -> BounceReport | None:
    """The recipients of the parts for machines."""
    bounces: list[Bounce] = []
    reporter = ""
    for part in read.parts:
        if "delivery-status" in part.type or (part.type == "text/plain" and b"ecipient" in part.body):
            text = _QUOTED.sub("", part.text())
            if "delivery-status" not in part.type and not (_FINAL.search(text) and _ACTION.search(text)):
                continue
            status = delivery_status.read(text)
            reporter = reporter or status.reporting_mta
            bounces += [
                _of_fields(fields, told, reporter, alone=len(status.recipients) == 1)
                for fields in status.recipients
            ]
    return BounceReport(tuple(bounces), "dsn", reporter) if bounces else None


def _of_fields(fields: delivery_status.Fields, told: Prose, reporter: str, *, alone: bool) -> Bounce:
    recipient, final = delivery_status.written_to(fields)
    if not recipient and alone:
        recipient = (returned.recipients(told.headers) or [""])[0]
    around = told.words if alone else prose.of(told, final or recipient)
    if "original-recipient" not in fields and (asked := prose.written_to(around)):
        recipient, final = asked, final or recipient
    action = fields.get("action", "").split(" ")[0].lower()
    words, status = delivery_status.diagnostic(fields), fields.get("status", "")
    remote = delivery_status.host(fields.get("remote-mta", ""))
    if action in _ARRIVED or (not action and status.startswith("2")):
        return Bounce(BounceKind.NONE, Why.DELIVERED, recipient, status[:9], None, final, words[:500], remote)
    around += "\n" + fields.get("x-powermta-bouncecategory", "")
    said = Said(
        words or prose.of(told, final or recipient), around, status, action=action, before=prose.before(told),
        accepted=_OWN_RULE.match(reporter) is not None,
    )  # fmt: skip
    verdict = judge(said)
    about = (verdict.status, verdict.code, final, (words or _line(around))[:500], remote)
    return Bounce(verdict.kind, verdict.reason, recipient, *about, final=action != "delayed")


def _replies(read: Letter, told: Prose) -> BounceReport | None:
    if automatic.reply(read):
        sender = addresses.find(read.header("from"))
        return BounceReport((Bounce(BounceKind.NONE, Why.AUTO_REPLY, sender),), "reply")
    return None


def _for_people(read: Letter, told: Prose) -> BounceReport | None:
    """A text by a mail server, or under a subject that says so, that tells of a failure."""
    failure = automatic.failure(read)
    returns = any(part.type in returned.RETURNED for part in read.parts)
    unanswerable = automatic.no_return(read) or _TRANSCRIPT.search(told.words)
    if automatic.by_server(read) or (unanswerable and returns):
        tells = failure or telling(told.words)
    elif unanswerable:
        tells = failure or coded(told.words)
    else:  # people write of deliveries too, but neither in codes nor with the message
        answer = read.header("subject").lower().lstrip().startswith(_ANSWERS)
        tells = failure and not answer and (returns or coded(told.words))
    if not tells:
        return None
    before = prose.before(told)
    bounces = []
    for address, words in prose.said_of(told, read).items() or [("", told.words)]:
        verdict = judge(Said(words, told.words, before=before))
        asked = prose.written_to(words)
        about = (verdict.status, verdict.code, address if asked else "", _line(words)[:500])
        bounces.append(Bounce(verdict.kind, verdict.reason, asked or address, *about))
    if all(not bounce.recipient and bounce.reason == Why.UNSPECIFIED for bounce in bounces):
        return None  # it says neither who nor why
    return BounceReport(tuple(bounces), "text")


def _line(words: str) -> str:
    return " ".join(words.split())


_OTHER = BounceReport((Bounce(BounceKind.NONE, Why.NOT_A_BOUNCE),))
READERS = (_complaints, _notices, _receipt, _delivery_status, _replies, _for_people)
