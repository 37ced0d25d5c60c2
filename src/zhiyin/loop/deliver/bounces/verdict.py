"""What a server said of one recipient → why, and whether the address is gone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from zhiyin.domain.bounce import COMPLAINTS, HARD, NOTHING, BounceKind
from zhiyin.domain.reasons import BounceReason as Why
from zhiyin.loop.deliver.bounces.addresses import ADDRESS
from zhiyin.loop.deliver.bounces.phrases import PHRASES

_MOST = 2_000  # characters of a text that are looked at

# RFC 3463 and its registry (iana.org/assignments/smtp-enhanced-status-codes): subject.detail -> why
_DETAILS: Mapping[str, Why] = {
    "1.0": Why.USER_UNKNOWN, "1.1": Why.USER_UNKNOWN, "1.2": Why.HOST_UNKNOWN, "1.3": Why.USER_UNKNOWN,
    "1.4": Why.USER_UNKNOWN, "1.6": Why.MOVED, "1.7": Why.SENDER, "1.8": Why.SENDER, "1.9": Why.NETWORK,
    "1.10": Why.NO_MAIL, "2.1": Why.SUSPENDED, "2.2": Why.MAILBOX_FULL, "2.3": Why.TOO_BIG, "2.4": Why.SERVER,
    "3.2": Why.NO_MAIL, "3.4": Why.TOO_BIG, "4.1": Why.EXPIRED, "4.4": Why.HOST_UNKNOWN, "4.5": Why.RATE_LIMITED,
    "4.7": Why.EXPIRED, "5.3": Why.RATE_LIMITED, "7.17": Why.MOVED, "7.18": Why.MOVED, "7.20": Why.AUTH_FAILURE,
    "7.21": Why.AUTH_FAILURE, "7.22": Why.AUTH_FAILURE, "7.23": Why.AUTH_FAILURE, "7.24": Why.AUTH_FAILURE,
    "7.25": Why.BLOCKED, "7.26": Why.AUTH_FAILURE, "7.27": Why.NO_MAIL, "7.28": Why.RATE_LIMITED,
}  # fmt: skip
_SUBJECTS: Mapping[str, Why] = {
    "1": Why.USER_UNKNOWN, "2": Why.FILTERED, "3": Why.SERVER, "4": Why.NETWORK, "5": Why.SERVER, "6": Why.CONTENT,
    "7": Why.POLICY,
}  # fmt: skip
# RFC 5321 section 4.2.3, where neither words nor an enhanced code say more
_CODES: Mapping[int, Why] = {
    421: Why.SERVER, 450: Why.EXPIRED, 451: Why.SERVER, 452: Why.RATE_LIMITED, 521: Why.NO_MAIL, 552: Why.MAILBOX_FULL,
    556: Why.NO_MAIL, 571: Why.POLICY,
}  # fmt: skip

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d]|\.\d)")
CODE = re.compile(r"(?<![\d./@-])(?<!\d:)([245][0-5]\d)(?=[\s:=_\"',)-]|$)")
# Postfix puts it before every reason, the sender's and the network's too
_REFUSED = re.compile(r"\brecipient address rejected:? (?!access denied)(?=\w)")
_LINK = re.compile(r"https?://([^/\s>]+)\S*")
_AFTER_DATA = re.compile(
    r"(?i)in reply to (?:the )?(?:end of )?data|after (?:end of )?data|>>> (?:data|\.)\s*\n(?:.*\n)?.*<<<"
    r"|\(state 1[5-9]\)|smtp command\s*\n\s*data|\(data\b|sent the message\."
)
# Sendmail prints the answers to RCPT and DATA together where it sent both at once; then the others follow
_AT_RCPT = re.compile(
    r"(?i)in reply to rcpt|after rcpt|>>> rcpt|rcpt to response|\[rcpt_to\]|\(state 14\)|does not like recipient"
    r"|<<< 5\d\d.*(?:need rcpt|no valid recipient)|have an? [\w.-]+ account|address rejected: access denied|bad-mailbox"
)
# without any code: the server says that it looked for the address, or has a code of its own
_LOOKED_UP = re.compile(
    r"address (?:not|could ?n[o']t be) found|not listed in|in .{0,30}(?:directory|address book)|no valid recipients"
    r"|check (?:if|that|whether) (?:the )?address|リストにありません"
)
_OWN_CODE = re.compile(r"\([0-9A-F]{8}\)")  # Exchange's
_NAMED = re.compile(r"\b[45]\d\d[ -](?:[\d.]+ )?<?@>?(?::|\.\.\.)")  # as answers to RCPT name the address
_SURE = re.compile(r"invalid|no such|rejected: access denied")
# KDDI leaves the address out where its customer's filter refuses
_NAMELESS = re.compile(r"\b550:? ?: user unknown")
_AT_MAIL = re.compile(r"(?i)after mail from|in reply to mail from|>>> mail from.*\n(?:.*\n)?.*<<< 5")


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of one recipient before it is judged.

    ``text`` is the remote server's own words; ``around`` what the reporting server wrote about it, which may
    be the words too, and tells at which command they were said. ``before`` stands before the first name, and is
    about all of them. ``accepted`` says that the recipient's own server had taken the message before.
    """

    text: str = ""
    around: str = ""
    status: str = ""
    code: int | None = None
    action: str = ""
    before: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a message did not arrive, with the codes that were given."""

    kind: BounceKind
    reason: Why
    status: str
    code: int | None


def judge(said: Said) -> Verdict:
    """Words decide, where they say anything; then the enhanced status, then the reply's code, then the action.

    >>> judge(Said("550 5.1.1 <li@example.com>: user unknown")).kind.value
    'hard'
    >>> judge(Said("452 4.2.2 The mailbox is full")).reason.value
    'mailbox_full'
    """
    said = replace(said, around=said.around[: 2 * _MOST], before=said.before[:_MOST])
    code, status = said.code or code_of(said.text), status_of(said)
    reason = _reason(said, code, status)
    if reason in HARD and (softer := _softer(said.before)):
        reason = softer
    return Verdict(_kind(reason, said, code, status), reason, status, code)


def code_of(text: str) -> int | None:
    """The first SMTP reply code of a refusal in a text."""
    return next((int(found) for found in CODE.findall(text[:_MOST]) if found[0] in "45"), None)


def status_of(said: Said) -> str:
    """The enhanced status that says most: the remote server's if it gave one, else the reporting server's."""
    given = STATUS.search(said.status)
    words = [".".join(found) for found in STATUS.findall(said.text[:_MOST]) if found[0] in "45"]
    told = [*reversed(words), *([given[0]] if given else [])]
    return next((one for one in told if not one.endswith(".0.0")), told[-1] if told else "")


def plain(text: str) -> str:
    """A text as phrases are written for: one line, lower case, without addresses and the paths of links."""
    text = _LINK.sub(r"\1 ", text[:_MOST])
    text = ADDRESS.sub("@", text).lower().replace("\u2019", "'")
    return _REFUSED.sub("", " ".join(text.split()))


def _softer(before: str) -> Why | None:
    """A reason to keep the address, from the head of the report: one that contradicts itself gives nobody up."""
    words = plain(before)
    return next(
        (why for why, form in PHRASES if why in (Why.MAILBOX_FULL, Why.SUSPENDED) and form.search(words)),
        None,
    )


def _reason(said: Said, code: int | None, status: str) -> Why:
    # the other's own words, if they hold an answer; what stands around them is mostly form
    for text in (said.text,) if code_of(said.text) else (said.text, said.around):
        words = plain(text)
        for reason, form in PHRASES:
            if form.search(words):
                return _with_status(reason, said, status, words)
    return _by_number(said, code, status)


def _with_status(reason: Why, said: Said, status: str, words: str) -> Why:
    """A phrase corrected by what else is known."""
    detail = status[2:]
    if reason == Why.SUSPENDED and detail in ("1.1", "1.10"):
        return Why.USER_UNKNOWN
    late = _AFTER_DATA.search(said.around) and not _AT_RCPT.search(f"{said.around}\n{words}")
    of_sender = detail in ("1.7", "1.8") or _AT_MAIL.search(said.around)
    if reason in (Why.HOST_UNKNOWN, Why.USER_UNKNOWN) and of_sender:
        return Why.SENDER
    if (
        reason == Why.HOST_UNKNOWN and late
    ):  # the recipient's host was found, else nobody had taken the address
        return Why.SENDER
    return _of_user(said, detail, words, late=bool(late)) if reason == Why.USER_UNKNOWN else reason


def _of_user(said: Said, detail: str, words: str, *, late: bool) -> Why:
    """Whether a user is unknown who is said to be.

    550 alone says "not found, no access, or policy" (RFC 5321 section 4.2.3), 5.2.1 "not accepting", and words alone
    are hearsay: each takes another witness. At DATA the address was taken already, so it is the message that
    somebody refuses.
    """
    if _NAMELESS.search(words) or said.accepted:
        return Why.FILTERED
    if detail.startswith("1."):
        return Why.USER_UNKNOWN
    if late or (detail == "7.1" and not _SURE.search(words)):
        return Why.FILTERED
    known = bool(_AT_RCPT.search(f"{said.around}\n{words}"))
    known = known or (not detail.startswith("2.") and _NAMED.search(words) is not None)
    if not known and not code_of(said.text):
        known = bool(_LOOKED_UP.search(words) or _OWN_CODE.search(said.text))
    return Why.USER_UNKNOWN if known else Why.FILTERED


def _by_number(said: Said, code: int | None, status: str) -> Why:
    subject, _, detail = status[2:].partition(".")
    if status and f"{subject}.{detail}" != "0.0":
        # Exchange counts on from the registry's numbers: 5.7.5xx authentication, 5.7.6xx banned (learn.microsoft.com)
        if subject == "7" and 500 <= int(detail) < 600:
            return Why.AUTH_FAILURE
        if subject == "7" and 600 <= int(detail) < 700:
            return Why.BLOCKED
        return _DETAILS.get(f"{subject}.{detail}") or _SUBJECTS.get(subject, Why.UNSPECIFIED)
    if code is not None and code in _CODES:
        return _CODES[code]
    return Why.EXPIRED if said.action in ("delayed", "expired") else Why.UNSPECIFIED


def _kind(reason: Why, said: Said, code: int | None, status: str) -> BounceKind:
    if reason in NOTHING:
        return BounceKind.NONE
    if reason in COMPLAINTS:
        return BounceKind.COMPLAINT
    first = str(code)[0] if code else status[:1]
    gave_up = said.action == "failed" and status.endswith(".1.1")
    if reason not in HARD or (first == "4" and not gave_up) or said.action == "delayed":
        return BounceKind.SOFT
    return BounceKind.HARD


def coded(text: str) -> bool:
    """Whether a text holds an SMTP reply code or an enhanced status.

    >>> coded("<li@shop.example>: 550 5.1.1 unknown"), coded("My parcel did not arrive in 7 days.")
    (True, False)
    """
    return bool(STATUS.search(text[:_MOST]) or code_of(text))


def telling(text: str) -> bool:
    """Whether a text says of itself why something was not delivered, in a phrase or by a code."""
    words = plain(text)
    return bool(STATUS.search(words)) or any(form.search(words) for _, form in PHRASES)
