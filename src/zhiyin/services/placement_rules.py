"""Rules of a placement, checked where they are set: numbers in bounds, items and categories that there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.placement import Placement
from zhiyin.domain.text import say
from zhiyin.services import catalogue
from zhiyin.services.workspace import Workspace

Value = int | None | Sequence[str]
NUMBERS = ("exclude_bought_days", "most_per_category")
NAMES = ("pinned", "excluded_items", "excluded_categories")
_MOST = 3_650
_PINNED = 20  # items that fill a long list already
_SHOWN = 8  # known names that an error lists


def checked(ws: Workspace, name: str, value: Value) -> int | list[str] | None:
    """A value as it is stored. Raises ``BadSetting`` where it is none, or there is no such rule."""
    if name in NUMBERS:
        return _number(name, value)
    if name not in NAMES:
        raise BadSetting(
            say("A placement has no {name}.", name=name),
            fix=say("Its rules are {known}.", known=", ".join((*NUMBERS, *NAMES))),
        )
    if isinstance(value, int | str):
        raise BadSetting(say("{name} is {value}.", name=name, value=value), fix=say("Give a list of names."))
    given = list(dict.fromkeys(word.strip() for word in value or () if word.strip()))
    items = catalogue.all_items(ws)
    if name == "excluded_categories":
        known: Collection[str] = {item.category for item in items.values() if item.category}
    else:
        known = items
    strange = next((word for word in given if word not in known), None)
    if strange is not None:
        raise BadSetting(
            say("There is no category {name!r}.", name=strange)
            if name == "excluded_categories"
            else say("There is no item {name!r} in the catalogue.", name=strange),
            fix=say("Known are: {known}.", known=_some(known)),
        )
    if name == "pinned" and len(given) > _PINNED:
        raise BadSetting(
            say("{count} items are pinned.", count=len(given)),
            why=say("They would fill every list, and nothing would be recommended."),
            fix=say("Pin {most} at most.", most=_PINNED),
        )
    return given


def agree(placement: Placement) -> None:
    """Raises ``BadSetting`` where an item is to come first and never."""
    both = [item_id for item_id in placement.pinned if item_id in placement.excluded_items]
    if both:
        raise BadSetting(
            say("{item!r} is pinned and left out.", item=both[0]),
            fix=say("Take it out of one of the two."),
        )


def _number(name: str, value: Value) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not 0 <= value <= _MOST:
        raise BadSetting(
            say("{name} is {value}.", name=name, value=value), fix=say("Write a number between 0 and 3,650.")
        )
    return value or None


def _some(known: Collection[str]) -> str:
    first = sorted(known)[:_SHOWN]
    return ", ".join(first) + (", …" if len(known) > len(first) else "") if first else "-"
