"""Rules in words: one sentence, English, that remembers how it was made so that it can be told in Chinese.

Every kind of condition brings its own words; here is how they are joined, and what several kinds share.
"""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from typing import Protocol

from zhiyin.domain.segment import All, Any, Not, Rule, Value, Window
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile.condition import Condition, Names


class Comparison(Protocol):
    """A trait or a filter."""

    @property
    def name(self) -> str: ...

    @property
    def operator(self) -> str: ...

    @property
    def value(self) -> Value: ...


def sentence(rule: Rule, names: Names) -> Text:
    """A rule as one sentence without a full stop; ``tell`` says it in another language."""
    match rule:
        case All(rules):
            if not rules:
                return say("all customers")
            return reduce(
                lambda one, other: say("{one}, and {other}", one=one, other=other), _each(rules, names)
            )
        case Any(rules):
            if not rules:
                return say("nobody")
            return reduce(
                lambda one, other: say("{one} or {other}", one=one, other=other), _each(rules, names)
            )
        case Not(Condition() as inner):
            return inner.words(names, negated=True)
        case Not(inner):
            return say("not: {rule}", rule=_inner(inner, names))
        case Condition():
            return rule.words(names, negated=False)
    raise TypeError(f"{rule!r} is not a rule")


def compared(subject: str, one: Comparison, names: Names) -> Text:
    """A comparison in words, such as ``City is one of Wuxi, Suzhou``."""
    name, value = one.name, one.value
    if one.operator == "exists":
        known = say("{subject} is known", subject=subject)
        return known if value else say("{subject} is not known", subject=subject)
    if isinstance(value, timedelta):
        return say("{subject} within the last {span}", subject=subject, span=span(value))
    values = value if isinstance(value, tuple) else (value,)
    shown = [names.value(name, raw) for raw in values]
    told = {"subject": subject, "value": shown if isinstance(value, tuple) else shown[0]}
    return Text(_COMPARED[one.operator], told)


def windowed(text: Text, window: Window, names: Names) -> Text:
    """A sentence with the window of time behind it."""
    within, before = window.within, window.before
    if within is not None and before is not None:
        text = say(
            "{condition} between {first} and {last} ago",
            condition=text,
            first=span(within),
            last=span(before),
        )
    elif within is not None:
        text = say("{condition} within {span}", condition=text, span=span(within))
    elif before is not None:
        text = say("{condition} more than {span} ago", condition=text, span=span(before))
    since, until = window.since, window.until
    if since is not None:
        text = say("{condition} since {moment}", condition=text, moment=names.value("", since))
    if until is not None:
        text = say("{condition} before {moment}", condition=text, moment=names.value("", until))
    return text


def span(length: timedelta) -> Text:
    """A span of time in its largest unit.

    >>> span(timedelta(days=45)), span(timedelta(hours=1)), span(timedelta(minutes=90))
    ('45 days', '1 hour', '90 minutes')
    """
    for unit, one, several in (
        (timedelta(days=1), say("1 day"), say("{n} days")),
        (timedelta(hours=1), say("1 hour"), say("{n} hours")),
        (timedelta(minutes=1), say("1 minute"), say("{n} minutes")),
    ):
        if not length % unit:
            return one if length == unit else Text(several, {"n": length // unit})
    raise ValueError(f"{length} is not in whole minutes")


# templates, so that the catalogue has them
_COMPARED = {
    "is": say("{subject} is {value}"),
    "is_not": say("{subject} is not {value}"),
    "in": say("{subject} is one of {value}"),
    "not_in": say("{subject} is none of {value}"),
    "at_least": say("{subject} at least {value}"),
    "at_most": say("{subject} at most {value}"),
    "more_than": say("{subject} more than {value}"),
    "less_than": say("{subject} less than {value}"),
    "contains": say("{subject} contains “{value}”"),
    "starts": say("{subject} begins with “{value}”"),
    "ends": say("{subject} ends with “{value}”"),
    "has": say("{subject} has “{value}”"),
    "before": say("{subject} before {value}"),
    "after": say("{subject} from {value} on"),
}


def _each(rules: tuple[Rule, ...], names: Names) -> list[Text]:
    return [sentence(rules[0], names)] if len(rules) == 1 else [_inner(rule, names) for rule in rules]


def _inner(rule: Rule, names: Names) -> Text:
    """A part of a longer sentence, in brackets where it would not be clear how far it goes."""
    text = sentence(rule, names)
    return say("({rule})", rule=text) if isinstance(rule, All | Any) and len(rule.rules) > 1 else text
