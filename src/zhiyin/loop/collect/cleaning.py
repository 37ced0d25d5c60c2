"""properties as clients send them → trimmed, typed, without what means nothing."""

from __future__ import annotations

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
        # the frequent kinds are written out here, since this runs for every value of every event
        if kind is str:
            value = value.strip()
            if len(value) <= _LONGEST_MISSING and value.lower() in MISSING:
                continue
        elif kind is float:
            if value - value != 0:  # NaN and infinity
                continue
        elif kind is int:
            if not -_BIGGEST <= value < _BIGGEST:
                value = str(value)
        elif kind is dict:
            value = cleaned(value)
        elif kind is list:
            value = [
                part
                for part in (
                    cleaned(one) if type(one) is dict else cleaned({"": one}).get("") for one in value
                )
                if part is not None
            ]
        elif value is None:
            continue
        kept[name] = value
    return kept


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
