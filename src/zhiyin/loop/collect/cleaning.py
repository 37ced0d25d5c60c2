"""properties as clients send them → trimmed, typed, without what means nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect import normal_forms
from zhiyin.loop.collect.draft import Draft
from zhiyin.loop.collect.facts import Facts

# how clients write that there is no value
MISSING = frozenset(
    {"", "null", "(null)", "none", "nan", "n/a", "#n/a", "na", "undefined", "\\n", "[object object]"}
)
_LONGEST_MISSING = max(map(len, MISSING))
_BIGGEST = 2**63


def cleaning(draft: Draft, facts: Facts) -> Draft | Reject:
    """Properties and traits: trimmed, missing values left out, e-mail and phone in their normal form."""
    payload, kind = draft.payload, draft.type
    if kind == "identify":
        stated = draft.given.get("traits") or {}
        traits = payload.get("traits") or {}
        if type(stated) is not dict or type(traits) is not dict:
            return draft.reject(RejectReason.BAD_ROW, say("traits must be an object"))
        return _traits(draft, cleaned({**stated, **traits}), facts)
    if kind in ("group", "alias"):
        names = ("groupId", "previousId", "traits")
        draft.properties = cleaned({name: payload[name] for name in names if name in payload})
        return draft
    properties = payload.get("properties") or {}
    if type(properties) is not dict:
        return draft.reject(RejectReason.BAD_ROW, say("properties must be an object"))
    draft.properties = cleaned(properties)
    if "category" in payload and "category" not in properties and kind in ("page", "screen"):
        draft.properties |= cleaned({"category": payload["category"]})
    return draft


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping without missing values, however deep.

    >>> cleaned({"city": " Hangzhou ", "age": None, "email": "N/A", "tags": ["a", ""], "score": float("nan")})
    {'city': 'Hangzhou', 'tags': ['a']}
    """
    kept: dict[str, Any] = {}
    for name, value in values.items():
        kind = type(value)
        if kind is str:
            # texts are nearly all, so that this is written out
            if len(value) <= _LONGEST_MISSING or value[0] <= " " or not value.isprintable():
                value = _text(value)
                if value is None:
                    continue
            elif value[-1] == " ":
                value = value.rstrip()
        elif kind is not bool:
            value = _value(value)
            if value is None:
                continue
        kept[name if "\x00" not in name else name.replace("\x00", "")] = value
    return kept


def is_missing(text: str) -> bool:
    """Whether a text stands for no value."""
    return len(text) <= _LONGEST_MISSING and text.lower() in MISSING


def _value(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return cleaned(value)
    if kind is list:
        return [
            one
            for one in (_text(part) if type(part) is str else _value(part) for part in value)
            if one is not None
        ]
    if kind is int:
        return value if -_BIGGEST <= value < _BIGGEST else str(value)
    if kind is float:
        return value if math.isfinite(value) else None
    return value


def _text(value: str) -> str | None:
    if "\x00" in value:
        value = value.replace("\x00", "")
    value = value.strip()
    return None if is_missing(value) else value


def _traits(draft: Draft, traits: dict[str, Any], facts: Facts) -> Draft | Reject:
    draft.properties = traits
    email = traits.get("email")
    if email is not None:
        address = normal_forms.email(email) if type(email) is str and len(email) <= 320 else None
        if address is None:
            detail = say("{value!r} is no e-mail address", value=str(email)[:100])
            return draft.reject(RejectReason.BAD_EMAIL, detail)
        traits["email"] = address
    phone = traits.get("phone")
    if phone is not None and type(phone) in (str, int):
        # what is no number stays as it was written: nothing is sent there unless somebody mends it
        written = str(phone)
        region = normal_forms.region(facts.currency, facts.timezone)
        traits["phone"] = (normal_forms.phone(written, region) if len(written) <= 40 else None) or written
    return draft
