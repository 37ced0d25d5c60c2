"""Why a customer is in a segment, or is not: every condition with what was found and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.decision import Fact
from zhiyin.domain.segment import Rule, Trait
from zhiyin.entrypoints.console import formats
from zhiyin.entrypoints.console import segment_words as words
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Why:
    """Why one customer is in or out."""

    customer: Any
    inside: bool
    facts: tuple[dict[str, Any], ...]

    @property
    def name(self) -> str:
        """The customer's name, or the id where there is none."""
        return str(self.customer)


def why(ws: Workspace, rule: Rule, customer_id: str) -> Why:
    """The facts that put one customer in or out."""
    from zhiyin.services import customers, segments

    customer = customers.get(ws, customer_id)
    found = segments.why(ws, rule, customer_id)
    return Why(customer, found.inside, tuple(told(ws, found.facts)))


def told(ws: Workspace, facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Facts in words: whether each holds, what was found, and what the rule needs."""
    show, currency = shower(ws), ws.settings.shop.currency
    rows = []
    for one in facts:
        found, needs = fact(one, currency, show)
        rows.append({"holds": one.holds, "found": found, "needs": needs})
    return rows


def shower(ws: Workspace) -> Callable[[str], str]:
    """Writes ISO dates and times as days for the reader."""

    def show(text: str) -> str:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        return formats.day(
            moment if moment.tzinfo else moment.replace(tzinfo=UTC), ws.timezone, get_language() or "en"
        )

    return show


def fact(one: Fact, currency: str, show: Callable[[str], str]) -> tuple[str, str]:
    """A fact of a membership in two sentences: what was found, and what the rule needs.

    ``show`` writes an ISO date or time for the reader.
    """
    detail = one.detail
    if one.code in ("trait", "trait_not"):
        return words.spaced(_trait_found(detail, currency, show)), words.spaced(
            _trait_needs(one.code, detail, currency)
        )
    parts = {
        "event": words.event(str(detail["event"])),
        "found": detail["found"],
        "needs": detail["needs"],
        "date": show(str(detail["since"])) if detail.get("since") else "",
    }
    return words.spaced(_did_found(parts, detail, show)), words.spaced(_did_needs(one.code, parts))


def _did_found(parts: Mapping[str, Any], detail: Mapping[str, Any], show: Callable[[str], str]) -> str:
    found = int(detail["found"])
    if not found:
        none = gettext("%(event)s: none since %(date)s") if parts["date"] else gettext("%(event)s: never")
        return none % parts
    if parts["date"]:
        text = ngettext(
            "%(event)s: %(found)s time since %(date)s", "%(event)s: %(found)s times since %(date)s", found
        )
    else:
        text = ngettext("%(event)s: %(found)s time", "%(event)s: %(found)s times", found)
    return gettext("%(fact)s, last on %(date)s") % {"fact": text % parts, "date": show(str(detail["last"]))}


def _did_needs(code: str, parts: Mapping[str, Any]) -> str:
    if code == "never":
        return (gettext("needs none since %(date)s") if parts["date"] else gettext("needs none")) % parts
    if code == "did_fewer":
        return gettext("needs fewer than %(needs)s") % parts
    return gettext("needs at least %(needs)s") % parts


def _trait_found(detail: Mapping[str, Any], currency: str, show: Callable[[str], str]) -> str:
    name, found = str(detail["trait"]), detail["found"]
    if found is None or found == "":
        return gettext("%(trait)s is not known") % {"trait": words.trait(name)}
    shown = show(str(found)) if TRAIT_KINDS.get(name) == "time" else words.value(name, found, currency)
    return gettext("%(trait)s: %(value)s") % {"trait": words.trait(name), "value": shown}


def _trait_needs(code: str, detail: Mapping[str, Any], currency: str) -> str:
    needs = detail["needs"]
    rule = Trait(
        str(detail["trait"]), str(detail["operator"]), tuple(needs) if isinstance(needs, list) else needs
    )
    template = gettext("needs: %(condition)s") if code == "trait" else gettext("must not be: %(condition)s")
    return template % {"condition": words.sentence(rule, currency)}
