"""Why a customer is in a segment, or is not: every condition with what was found and what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.decision import Fact
from zhiyin.domain.segment import Not, Rule
from zhiyin.entrypoints.console import formats
from zhiyin.entrypoints.console import segment_words as words
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions import Did, Engaged, Interested, Trait
from zhiyin.loop.profile.segment_json import parse
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Why:
    """Why one customer is in or out."""

    customer: Any
    inside: bool
    facts: tuple[dict[str, Any], ...]
    since: datetime | None = None
    until: datetime | None = None

    @property
    def name(self) -> str:
        """The customer's name, or the id where there is none."""
        return str(self.customer)


def why(ws: Workspace, rule: Rule | str, customer_id: str) -> Why:
    """The facts that put one customer in or out, of a rule or of the segment of a key."""
    from zhiyin.services import customers, segments

    customer = customers.get(ws, customer_id)
    found = segments.why(ws, rule, customer_id)
    rows = told(ws, found.facts)
    for number in found.deciding if len(rows) > 1 else ():
        rows[number]["decides"] = True
    return Why(customer, found.inside, tuple(rows), found.since, found.until)


def told(ws: Workspace, facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Facts in words: whether each holds, what was found, and what the rule needs."""
    rows = []
    for one in facts:
        found, needs = fact(ws, one)
        rows.append({"holds": one.holds, "found": words.spaced(found), "needs": words.spaced(needs)})
    return rows


def fact(ws: Workspace, one: Fact) -> tuple[str, str]:
    """A fact of a membership in two sentences: what was found, and what the rule needs."""
    rule, negated = parse(one.detail["condition"]), one.code.endswith("_not")
    assert isinstance(rule, Condition)
    if isinstance(rule, Engaged):
        since = _since(ws, rule.did, one.detail)
        needs = _needs(ws, Not(rule) if negated else rule, negated=False)
        return _did_found(ws, rule.did, one.detail, since), needs
    if isinstance(rule, Did):
        since = _since(ws, rule, one.detail)
        return _did_found(ws, rule, one.detail, since), _did_needs(ws, rule, since, negated=negated)
    if isinstance(rule, Interested):
        return _interest(rule, one.detail, negated=negated)
    needs = _needs(ws, rule, negated=negated)
    if isinstance(rule, Trait):
        return _trait_found(ws, one.detail), needs
    return words.capital(words.told(rule.found_words(one.detail, words.names(ws)))), needs


def _since(ws: Workspace, rule: Did, detail: Mapping[str, Any]) -> str:
    """The start of the window as a day, or to the minute where days are too coarse; empty where it is open."""
    if detail["since"] is None:
        return ""
    since = datetime.fromisoformat(str(detail["since"]))
    if rule.since is None and rule.within is not None and not rule.within % timedelta(days=1):
        return formats.day(since, ws.timezone, get_language() or "en")
    return words.moment(since, ws.timezone)


def _did_found(ws: Workspace, rule: Did, detail: Mapping[str, Any], since: str) -> str:
    found = int(detail["found"])
    parts = {"event": words.event(rule.event), "found": found, "date": since}
    ends = rule.before is not None or rule.until is not None  # then "since" would not be the whole of it
    if not found:
        none = gettext("%(event)s: none since %(date)s") if since else gettext("%(event)s: never")
        return (gettext("%(event)s: none in that time") if ends else none) % parts
    if since and not ends:
        text = ngettext(
            "%(event)s: %(found)s time since %(date)s", "%(event)s: %(found)s times since %(date)s", found
        )
    else:
        text = ngettext("%(event)s: %(found)s time", "%(event)s: %(found)s times", found)
    last = _shown(ws, str(detail["last"]))
    return gettext("%(fact)s, last on %(date)s") % {"fact": text % parts, "date": last}


def _did_needs(ws: Workspace, rule: Did, since: str, *, negated: bool) -> str:
    if rule.at_most is not None or rule.before is not None or rule.until is not None:
        return _needs(ws, Not(rule) if negated else rule, negated=False)
    parts = {"needs": rule.at_least, "date": since}
    if not negated:
        return gettext("needs at least %(needs)s") % parts
    if rule.at_least > 1:
        return gettext("needs fewer than %(needs)s") % parts
    return (gettext("needs none since %(date)s") if since else gettext("needs none")) % parts


def _interest(rule: Interested, detail: Mapping[str, Any], *, negated: bool) -> tuple[str, str]:
    found = gettext("Interest in “%(value)s”: %(score)s of 100") % {
        "value": words.value(rule.kind, rule.value, ""),
        "score": detail["found"],
    }
    needs = gettext("needs fewer than %(needs)s") if negated else gettext("needs at least %(needs)s")
    return found, needs % {"needs": rule.at_least}


def _trait_found(ws: Workspace, detail: Mapping[str, Any]) -> str:
    name, found = str(detail["trait"]), detail["found"]
    if found is None or found == "":
        return gettext("%(trait)s is not known") % {"trait": words.trait(name)}
    timed = TRAIT_KINDS.get(name) == "time"
    shown = _shown(ws, str(found)) if timed else words.value(name, found, ws.settings.shop.currency)
    return gettext("%(trait)s: %(value)s") % {"trait": words.trait(name), "value": shown}


def _needs(ws: Workspace, rule: Rule, *, negated: bool) -> str:
    template = gettext("must not be: %(condition)s") if negated else gettext("needs: %(condition)s")
    return template % {"condition": words.sentence(ws, rule)}


def _shown(ws: Workspace, text: str) -> str:
    """An ISO time as a day for the reader."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return formats.day(aware, ws.timezone, get_language() or "en")
