"""What Amazon SES says as JSON, by mail here and by webhook elsewhere: bounces, complaints, deliveries."""

from __future__ import annotations

import json
import re
from typing import Any

from zhiyin.domain.bounce import Bounce, BounceKind
from zhiyin.domain.reasons import BounceReason as Why
from zhiyin.loop.deliver.bounces.verdict import Said, judge

# docs.aws.amazon.com/ses: bounce types and what they mean
_SUBTYPES = {
    "Suppressed": Why.USER_UNKNOWN, "OnAccountSuppressionList": Why.USER_UNKNOWN, "NoEmail": Why.USER_UNKNOWN,
    "MailboxFull": Why.MAILBOX_FULL, "MessageTooLarge": Why.TOO_BIG, "ContentRejected": Why.CONTENT,
    "AttachmentRejected": Why.CONTENT,
}  # fmt: skip


def read(text: str) -> list[Bounce]:
    """The bounces in a notification; none where the text is not one."""
    notice = _object(text)
    kind = notice.get("notificationType") or notice.get("eventType")
    if kind == "Bounce":
        bounce = _dict(notice.get("bounce"))
        return [_bounce(bounce, one) for one in _dicts(bounce.get("bouncedRecipients"))]
    if kind == "Complaint":
        told = _dicts(_dict(notice.get("complaint")).get("complainedRecipients"))
        return [Bounce(BounceKind.COMPLAINT, Why.ABUSE, _text(one, "emailAddress")) for one in told]
    if kind == "Delivery":
        given = _dict(notice.get("delivery"))
        addresses = given.get("recipients")
        words = _text(given, "smtpResponse")
        return [
            Bounce(BounceKind.NONE, Why.DELIVERED, str(address)[:320], diagnostic=words[:500])
            for address in (addresses if isinstance(addresses, list) else [""])
        ]
    return []


def _bounce(bounce: dict[str, Any], one: dict[str, Any]) -> Bounce:
    words, status = _text(one, "diagnosticCode"), _text(one, "status")
    verdict = judge(Said(words.removeprefix("smtp; "), status=status, action=_text(one, "action")))
    reason, kind = _SUBTYPES.get(_text(bounce, "bounceSubType")), verdict.kind
    if reason is None:
        reason = verdict.reason
    elif reason == Why.USER_UNKNOWN:
        kind = BounceKind.HARD
    return Bounce(
        kind, reason, _text(one, "emailAddress"), verdict.status, verdict.code, diagnostic=words[:500]
    )


def _object(text: str) -> dict[str, Any]:
    """The notification at the head of a text, or inside the envelope that Amazon SNS puts around it."""
    text = text.lstrip()
    if not text.startswith("{") or "Type" not in text:
        return {}
    try:
        # mail folds long lines, inside strings too
        found = _dict(json.JSONDecoder(strict=False).raw_decode(re.sub(r"\n[ \t]?", "", text))[0])
        return _dict(json.loads(found["Message"])) if isinstance(found.get("Message"), str) else found
    except (ValueError, RecursionError):
        return {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)][:500] if isinstance(value, list) else []


def _text(of: dict[str, Any], name: str) -> str:
    value = of.get(name)
    return value[:2_000] if isinstance(value, str) else ""
