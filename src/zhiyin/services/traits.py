"""Traits that a rule can name: the computed ones, the contact ones, and those the customers' data hold."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zhiyin.domain.customer import TRAIT_KINDS
from zhiyin.domain.feature import FEATURES, Feature, Owner, Unit
from zhiyin.domain.segment import Rule, conditions
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile.conditions import Engaged, InSegment
from zhiyin.loop.profile.segment_frame import plan
from zhiyin.services.workspace import Workspace

SAMPLE = 2_000  # customers read to learn the stated traits
MANY = 30  # distinct values above which a trait is text rather than a choice


@dataclass(frozen=True, slots=True)
class TraitInfo:
    """A trait a rule can name. ``kind`` is number, money, time, choice, flag or text; ``values`` are the
    usual ones, as text."""

    name: str
    kind: str
    values: tuple[str, ...] = ()


def _trait(feature: Feature) -> TraitInfo:
    kind = feature.kind
    if feature.closed and kind == "text":  # of a number one may ask for more or less as well
        return TraitInfo(feature.name, "choice", feature.values)
    return TraitInfo(feature.name, "money" if feature.unit == Unit.MONEY else kind, feature.values)


COMPUTED_AND_CONTACT = tuple(
    _trait(feature)
    for feature in sorted(FEATURES, key=lambda one: one.owner == Owner.CONTACT)
    if feature.name != "customer_id"  # an id is no trait to choose by
)


def known(ws: Workspace) -> list[TraitInfo]:
    """All traits a rule can name: the computed and contact ones first, then the stated ones by name.

    Stated traits are learnt from the first 2,000 customers, so a rare one may be missing; a rule may name
    it all the same.
    """
    from zhiyin.adapters.records.models import Customer

    rows = Customer.objects.order_by("customer_id").values_list("traits", flat=True)[:SAMPLE]
    taken = {*TRAIT_KINDS, "phone"}
    return [*COMPUTED_AND_CONTACT, *(info for info in stated(rows) if info.name not in taken)]


def warnings(ws: Workspace, rule: Rule) -> list[Text]:
    """A warning for each trait of a rule that no customer has, and each campaign that there is not: nobody can match
    it, most likely it is misspelt.

    Asks the records for one customer with each trait, so a trait that exists is found at once.
    """
    from zhiyin.adapters.records.models import Campaign, Customer

    named = dict.fromkeys(
        path.partition(".")[2]
        for condition in conditions(rule)
        if not isinstance(condition, InSegment)  # that was warned about where it was made
        for path in plan([condition], ws.now()).needs.traits.values()
    )
    missing = [name for name in named if not Customer.objects.filter(traits__has_key=name).exists()]
    names = [info.name for info in known(ws)] if missing else []
    found = []
    for name in missing:
        close = difflib.get_close_matches(name, names, 1)
        told = say("No customer has the trait {name!r}.", name=name)
        found.append(say("{told} Did you mean {close!r}?", told=told, close=close[0]) if close else told)
    campaigns = dict.fromkeys(c.campaign for c in conditions(rule) if isinstance(c, Engaged) and c.campaign)
    keys = set(Campaign.objects.values_list("key", flat=True)) if campaigns else set()
    for key in campaigns:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, 1)
            told = say("There is no campaign {key!r}.", key=key)
            found.append(say("{told} Did you mean {close!r}?", told=told, close=close[0]) if close else told)
    return found


def stated(rows: Iterable[dict[str, Any]]) -> list[TraitInfo]:
    """The traits found in customers' stated data, by name.

    >>> stated([{"city": "Shanghai", "age": 30}, {"city": "Suzhou", "age": 41}])
    [TraitInfo(name='age', kind='number', values=()), TraitInfo(name='city', kind='choice', values=('Shanghai', 'Suzhou'))]
    """
    values: dict[str, Counter[str]] = {}
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, str | int | float | bool) and value != "":
                text = str(value).lower() if isinstance(value, bool) else str(value)
                values.setdefault(name, Counter())[text] += 1
                kinds.setdefault(name, set()).add(type(value))
    return [_info(name, kinds[name], values[name]) for name in sorted(values)]


def _info(name: str, kinds: set[type], values: Counter[str]) -> TraitInfo:
    if kinds <= {bool}:
        return TraitInfo(name, "flag", ("true", "false"))
    if kinds <= {int, float}:
        return TraitInfo(name, "number")
    usual = tuple(value for value, _ in values.most_common(MANY))
    return TraitInfo(name, "choice" if len(values) <= MANY else "text", usual)
