"""Segments within segments: ``in_segment("vip")`` gives way to the rule of that segment.

So neither interpreter needs to know of other segments, and a rule says all that it means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_DEPTH, MAX_EXPANDED, All, Any, Condition, Not, Rule, conditions
from zhiyin.domain.text import say
from zhiyin.loop.profile.conditions import InSegment


def expand(rule: Rule, get: Callable[[str], Rule], key: str = "") -> Rule:
    """The rule with the rules of the segments that it names in their place.

    ``get`` gives the rule of a key; ``key`` is that of the rule itself, if it has one. Raises ``BadRule`` for
    a circle of segments, and where the whole becomes too large.

    >>> expand(Not(InSegment("vip")), lambda key: Any(()))
    Not(rule=Any(rules=()))
    """
    count = 0

    def put(one: Rule, path: tuple[str, ...]) -> Rule:
        nonlocal count
        if isinstance(one, Condition):
            count += 1
        if count > MAX_EXPANDED:
            raise BadRule(
                say(
                    "With the segments that it names the rule has more than {most} conditions.",
                    most=MAX_EXPANDED,
                ),
                fix=say("Name fewer or smaller segments."),
            )
        match one:
            case All(rules):
                return All(tuple(put(inner, path) for inner in rules))
            case Any(rules):
                return Any(tuple(put(inner, path) for inner in rules))
            case Not(inner):
                return Not(put(inner, path))
            case InSegment(named):
                if named in path:
                    raise BadRule(
                        say("The segments go in a circle: {path}.", path=" → ".join((*path, named))),
                        fix=say("Take one of them out of the other."),
                    )
                if len(path) > MAX_DEPTH:
                    raise BadRule(
                        say("Segments name segments more than {max_depth} deep.", max_depth=MAX_DEPTH),
                        why=" → ".join((*path, named)),
                        fix=say("Make it flatter."),
                    )
                return put(get(named), (*path, named))
        return one

    return put(rule, (key,) if key else ())


def named(rule: Rule) -> Iterator[str]:
    """The keys of the segments that a rule names, left to right."""
    return (one.key for one in conditions(rule) if isinstance(one, InSegment))
