"""Complaints: feedback reports (RFC 5965), and those of providers that send another form."""

from __future__ import annotations

import re

from zhiyin.domain.bounce import COMPLAINTS, Bounce, BounceKind
from zhiyin.domain.reasons import BounceReason as Why
from zhiyin.loop.deliver.bounces import addresses, returned
from zhiyin.loop.deliver.bounces.letter import Headers, Letter

_FIELD = re.compile(r"(?im)^([A-Za-z-]+):[ \t]*(.*)$")
_TYPES = {
    "fraud": Why.FRAUD, "phishing": Why.FRAUD, "virus": Why.VIRUS, "not-spam": Why.NOT_SPAM, "opt-out": Why.OPT_OUT,
    "opt-out-list": Why.OPT_OUT, "unsubscribe": Why.OPT_OUT, "auth-failure": Why.AUTH_FAILURE, "dmarc": Why.AUTH_FAILURE,
}  # fmt: skip
# Microsoft's junk mail reporting returns the message alone, under this subject
_COMPLAINT = re.compile(
    r"(?i)^\s*(complaint about (a )?message from|abuse complaint|spam complaint|junk (mail|e-?mail) report)"
)
_UNSUBSCRIBE = re.compile(r"(?i)^\s*(unsubscribe|opt[ -]?out|退订|取消订阅|登録解除|配信停止)\s*$")


def read(letter: Letter) -> tuple[list[Bounce], str] | None:
    """The complaints in a letter and how they were told; None where there is none."""
    fields = _fields(letter)
    if "feedback-type" in fields:
        return _report(letter, fields), "arf"
    if _COMPLAINT.match(letter.header("subject")) and any(
        part.type in returned.RETURNED for part in letter.parts
    ):
        named = returned.recipients(returned.headers(letter, ""))
        return [_complaint(address, Why.ABUSE) for address in named[:1] or [""]], "complaint"
    if _UNSUBSCRIBE.match(letter.header("subject")) and letter.type in (
        "text/plain",
        "multipart/alternative",
    ):
        return [_complaint(addresses.find(letter.header("from")), Why.OPT_OUT)], "complaint"
    return None


def _report(letter: Letter, fields: Headers) -> list[Bounce]:
    reason = _TYPES.get(fields["feedback-type"][0].strip().lower(), Why.ABUSE)
    named = [
        address
        for name in ("original-rcpt-to", "removal-recipient")
        for value in fields.get(name, ())
        if (address := addresses.of_field(value))
    ]
    if not named:
        named = returned.recipients(returned.headers(letter, ""))[:1]
    mail_from = addresses.of_return_path(fields.get("original-mail-from", [""])[0].strip("<> "))
    named = list(dict.fromkeys(named)) or [mail_from]
    return [_complaint(address, reason) for address in named[:500]]


def _complaint(address: str, reason: Why) -> Bounce:
    """A report is a complaint unless it says that the message was wanted; a technical one blames the message."""
    kind = BounceKind.NONE if reason == Why.NOT_SPAM else BounceKind.COMPLAINT
    assert reason in COMPLAINTS or reason in (Why.NOT_SPAM, Why.AUTH_FAILURE, Why.VIRUS)
    return Bounce(kind, reason, address)


def _fields(letter: Letter) -> Headers:
    """The fields of the part for machines; an old report has them in a text."""
    fields: Headers = {}
    for part in letter.parts:
        if part.type in ("message/feedback-report", "text/feedback-report") or (
            letter.type == "multipart/report" and part.type == "text/plain" and b"eedback-Type:" in part.body
        ):
            for name, value in _FIELD.findall(part.text()):
                fields.setdefault(name.lower(), []).append(value)
    return fields
