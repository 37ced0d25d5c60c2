"""How many customers a rule finds: the total, who is left after each condition, and whom e-mail reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any as Json

from django.utils.translation import gettext, ngettext

from zhiyin.domain.segment import All, Any, Not, Rule, Window
from zhiyin.entrypoints.console import segment_words as words
from zhiyin.loop.profile.conditions import Did, Trait
from zhiyin.loop.profile.segment_json import parse
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of the cascade."""

    label: str
    left: int
    removed: int | None
    width: float


@dataclass(frozen=True, slots=True)
class Result:
    """The count of a rule, step by step, some of those whom it finds, and what is doubtful about it."""

    count: int
    total: int
    steps: tuple[Step, ...]
    reachable: int
    sample: tuple[Json, ...]
    warnings: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """Of all customers."""
        return self.count / self.total if self.total else None


REACHABLE = All((Trait("email", "exists", True), Trait("email_consent", "is", True)))


def count(ws: Workspace, rule: Rule, sample: int = 0) -> Result:
    """The count of a rule now, with some of those whom it finds."""
    from zhiyin.services import segments, traits

    found = segments.look(ws, rule, REACHABLE, sample)
    counted = found.count
    steps = tuple(_steps(ws, counted.total, counted.steps))
    warnings = tuple(traits.warnings(ws, rule))
    return Result(counted.count, counted.total, steps, found.narrower, found.sample, warnings)


def _steps(ws: Workspace, total: int, steps: Iterable[tuple[Json, int]]) -> Iterable[Step]:
    """The cascade: all customers first, then who is left after each condition."""
    yield Step(gettext("All customers"), total, None, 100.0 if total else 0.0)
    before = total
    for label, left in steps:
        text = short(ws, parse(label))
        yield Step(text[:1].upper() + text[1:], left, left - before, 100 * left / total if total else 0.0)
        before = left


def short(ws: Workspace, rule: Rule) -> str:
    """A rule in a few words, for the label of a bar."""
    return words.spaced(_short(ws, rule))


def _short(ws: Workspace, rule: Rule) -> str:
    match rule:
        case Did(at_most=int()):
            return words.sentence(ws, rule)
        case Did(at_least=1):
            return words.event(rule.event)
        case Did():
            return gettext("%(event)s at least %(times)s times") % {
                "event": words.event(rule.event),
                "times": rule.at_least,
            }
        case Not(Did(at_least=1, at_most=None) as did) if did.window == Window():
            return gettext("Never %(event)s") % {"event": words.event(did.event)}
        case Not(Did(at_least=1, at_most=None) as did) if (days := whole_days(did)) is not None:
            template = ngettext("No %(event)s for %(days)s day", "No %(event)s for %(days)s days", days)
            return template % {"event": words.event(did.event), "days": days}
        case Any(rules) if len(rules) > 1:
            names = list(dict.fromkeys(_subject(inner) for inner in rules))
            return reduce(
                lambda one, other: gettext("%(one)s or %(other)s") % {"one": one, "other": other}, names
            )
        case All(rules) if len(rules) > 1:
            names = list(dict.fromkeys(_subject(inner) for inner in rules))
            return reduce(
                lambda one, other: gettext("%(one)s and %(other)s") % {"one": one, "other": other}, names
            )
        case _:
            return words.sentence(ws, rule)


def whole_days(did: Did) -> int | None:
    """The days of a window that is just the last so many days; None for any other."""
    within, day = did.within, timedelta(days=1)
    if within is None or within % day or did.window != Window(within=within):
        return None
    return within // day


def _subject(rule: Rule) -> str:
    match rule:
        case Trait(name):
            return words.trait(name)
        case Did():
            return words.event(rule.event)
        case Not(inner):
            return gettext("not %(subject)s") % {"subject": _subject(inner)}
        case _:
            return gettext("group")
