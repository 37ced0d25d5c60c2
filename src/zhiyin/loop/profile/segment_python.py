"""The segment language, one customer at a time: does a rule hold, and why.

``segment_frame`` says the same for all customers at once; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from zhiyin.domain.decision import Fact
from zhiyin.domain.segment import All, Any, Not, Rule, conditions
from zhiyin.loop.profile.condition import Condition, One

_TURNS = 400
_LOOKS = 200_000  # at events, all turns together


def holds(rule: Rule, one: One) -> bool:
    """Whether the rule holds for one customer."""
    match rule:
        case All(rules):
            return all(holds(inner, one) for inner in rules)
        case Any(rules):
            return any(holds(inner, one) for inner in rules)
        case Not(inner):
            return not holds(inner, one)
        case Condition():
            return one.found(rule).holds
    raise TypeError(f"{rule!r} is not a rule")


def until(rule: Rule, one: One) -> datetime | None:
    """The next moment at which time alone may change whether the rule holds; None if it never does.

    It may come too early, since a condition can turn without turning the rule, but never too late.
    """
    found = (one.found(leaf).until for leaf in conditions(rule) if isinstance(leaf, Condition))
    return min((moment for moment in found if moment is not None), default=None)


def since(rule: Rule, as_of: datetime) -> datetime | None:
    """What happened before this counts for no condition, now or later; None where anything may."""
    windows = [leaf.looks_at for leaf in conditions(rule) if isinstance(leaf, Condition)]
    starts = [window.start(as_of) for window in windows if window is not None]
    known = [start for start in starts if start is not None]
    return min(known) if known and len(known) == len(starts) else None


def turn(rule: Rule, one: One) -> datetime | None:
    """When time alone changes whether the rule holds, if nothing else happens; None where it never does.

    Nor where too many turns of its conditions come before: more than a year of midnights, fewer for whoever did
    very much.
    """
    before = holds(rule, one)
    for _ in range(min(_TURNS, 1 + _LOOKS // (1 + len(one.events)))):
        moment = until(rule, one)
        if moment is None or moment <= one.as_of:
            return None
        one = replace(one, as_of=moment)
        if holds(rule, one) != before:
            return moment
    return None


def deciding(rule: Rule, one: One) -> tuple[int, ...]:
    """Which of the ``facts`` would change whether the rule holds, if they alone were otherwise; by their number."""
    answers = [one.found(leaf).holds for leaf in conditions(rule) if isinstance(leaf, Condition)]
    stands = _with(rule, iter(answers))
    turned = ([*answers[:i], not answer, *answers[i + 1 :]] for i, answer in enumerate(answers))
    return tuple(i for i, other in enumerate(turned) if _with(rule, iter(other)) != stands)


def _with(rule: Rule, answers: Iterator[bool]) -> bool:
    """Whether the rule holds where its conditions, left to right, have these answers."""
    match rule:
        case All(rules) | Any(rules):
            found = [_with(inner, answers) for inner in rules]  # each takes its own, whatever the others say
            return all(found) if isinstance(rule, All) else any(found)
        case Not(inner):
            return not _with(inner, answers)
    return next(answers)


def facts(rule: Rule, one: One) -> tuple[Fact, ...]:
    """Each condition of the rule with what was found; ``holds`` says whether it speaks for membership.

    The code is the condition's kind, with ``_not`` behind it where the rule asks for the opposite. Detail of
    ``trait``: trait, operator, needs, found (and since, for ``within``). Of ``did``: event, needs, at_most,
    found, where, since (ISO time, None for ever) and last (ISO time of the latest such event). ``condition``
    is the JSON form of the condition.
    """
    return tuple(_facts(rule, one, wanted=True))


def _facts(rule: Rule, one: One, *, wanted: bool) -> Iterator[Fact]:
    match rule:
        case All(rules) | Any(rules):
            for inner in rules:
                yield from _facts(inner, one, wanted=wanted)
        case Not(inner):
            yield from _facts(inner, one, wanted=not wanted)
        case Condition():
            found = one.found(rule)
            code = found.code if wanted else f"{found.code}_not"
            yield Fact(code, found.holds == wanted, {**found.detail, "condition": rule.dump()})
