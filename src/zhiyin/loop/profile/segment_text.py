"""The segment language as one line of text, a part of Python's own expressions.

::

    did("Order Completed", at_least=3, within="90d", where=[category == "Tea"]) and city in ["上海", "Hangzhou"]
        and not (last_seen.within("12h") or in_segment("vip"))

The text is turned into the JSON form and read as that, so both can say the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_LETTERS, Rule
from zhiyin.domain.text import say
from zhiyin.loop.profile import segment_json
from zhiyin.loop.profile.segment_reader import CALLS, SIGNS, SUBJECTS, plain, read

SIGN_OF = {operator: sign for sign, operator in SIGNS.items()}
RESERVED = frozenset({"everyone", "nobody", "all", "any", "trait", *CALLS})


def parse(text: str, zone: tzinfo = UTC) -> Rule:
    """The rule of a text. Raises ``BadRule`` with the position, counted in letters from 1.

    >>> parse('orders >= 3 and city == "上海"')
    All(rules=(Trait(name='orders', operator='at_least', value=3), Trait(name='city', operator='is', value='上海')))
    """
    if len(text) > MAX_LETTERS:
        raise BadRule(
            say("The rule has {n:,} letters; {most:,} are the most.", n=len(text), most=MAX_LETTERS),
            fix=say("Split it into segments, or write it as JSON."),
        )
    return segment_json.parse(read(text), zone)


def format(rule: Rule) -> str:
    """The text of a rule; ``parse(format(rule)) == rule``.

    >>> format(parse("not (did('Order Completed', within='45d'))"))
    'not did("Order Completed", within="45d")'
    """
    return _format(segment_json.dump(rule))


def _format(form: Mapping[str, Any]) -> str:
    if "all" in form or "any" in form:
        word = "all" if "all" in form else "any"
        rules: Sequence[Mapping[str, Any]] = form[word]
        if not rules:
            return "everyone" if word == "all" else "nobody"
        if len(rules) == 1:
            return f"{word}({_format(rules[0])})"
        return (" and " if word == "all" else " or ").join(map(_inner, rules))
    if "not" in form:
        inner = _format(form["not"])
        called = next(iter(form["not"])) in CALLS
        return f"not {inner}" if called else f"not ({inner})"
    kind = next(iter(form))
    if kind == "trait":
        return _compare(form, "trait")
    return f"{kind}({_arguments(form, kind)})"


def _inner(form: Mapping[str, Any]) -> str:
    several = len(form.get("all", form.get("any", ()))) > 1
    return f"({_format(form)})" if several else _format(form)


def _argument(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_element, value))}]"
    return _value(value)


def _element(one: Any) -> str:
    if not isinstance(one, dict):
        return _value(one)
    return f"step({_arguments(one, 'event')})" if "event" in one else _compare(one, "property")


def _arguments(form: Mapping[str, Any], head: str) -> str:
    """What stands in the brackets of a call."""
    rest = [f"{key}={_argument(value)}" for key, value in form.items() if key != head]
    return ", ".join([_argument(form[head]), *rest])


def _compare(form: Mapping[str, Any], head: str) -> str:
    subject = _subject(form[head], head)
    ((operator, value),) = ((key, one) for key, one in form.items() if key != head)
    if operator in SIGN_OF:
        return f"{subject} {SIGN_OF[operator]} {_value(value)}"
    if operator in ("in", "not_in"):
        return f"{subject} {operator.replace('_', ' ')} {_argument(value)}"
    if operator == "exists":
        return f"{subject}.exists()" if value else f"{subject}.missing()"
    return f"{subject}.{operator}({_value(value)})"


def _subject(name: str, head: str) -> str:
    reserved = RESERVED if head == "trait" else {"field"}
    return name if plain(name) and name not in reserved else f"{SUBJECTS[head]}({_value(name)})"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
