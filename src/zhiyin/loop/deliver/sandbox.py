"""Liquid in a sandbox: no files, no attributes of objects, and a bound on loops, depth and output."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from liquid import Environment, StrictUndefined, Undefined
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.context import RenderContext
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.filter import with_context
from liquid.template import BoundTemplate

from zhiyin.domain.errors import BadTemplate
from zhiyin.domain.money import display
from zhiyin.domain.text import Text, say
from zhiyin.loop.deliver import liquid_words

MAX_SOURCE = 200_000  # characters of a template
MAX_OUTPUT = 500_000  # bytes of one rendered message
_MAX_VALUE = 100_000  # characters of one value on its way through filters
_REMOVED_TAGS = ("include", "render", "doc")
_REMOVED_FILTERS = ("safe",)
_TEMPLATE = say("The template")
_BLOCK = re.compile(
    r"\{%-?\s*(?P<end>end)?(?P<name>if|unless|case|for|tablerow|capture|ifchanged|comment|raw)\b"
)
_FOR = re.compile(r"\{%-?\s*for\s+([\w-]+)\s+in\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Use:
    """One variable as a template uses it: its path and the line it stands in."""

    path: tuple[str, ...]
    line: int


class _Environment(Environment):
    block_nesting_limit = 20
    context_depth_limit = 20
    loop_iteration_limit = 10_000
    local_namespace_limit = 200_000
    output_stream_limit = MAX_OUTPUT


def parse(source: str, *, html: bool = False, strict: bool = False, what: str = _TEMPLATE) -> BoundTemplate:
    """A template ready to render. Raises ``BadTemplate`` with the line.

    With ``html`` every value is escaped; with ``strict`` a variable that does not exist is an error when it
    is reached, else it is empty.
    """
    if len(source) > MAX_SOURCE:
        raise BadTemplate(
            say("{what} is longer than {most:,} characters.", what=what, most=MAX_SOURCE),
            fix=say("Make it shorter."),
        )
    try:
        template = _environment(html, strict).from_string(source)
    except LiquidError as error:
        raise _unclosed(source, what) or told(error, what) from error
    for name, spans in template.analyze().filters.items():
        if name not in template.env.filters:
            raise BadTemplate(
                say(
                    "{what}, line {line}: there is no filter {name!r}.",
                    what=what,
                    line=source.count(chr(10), 0, spans[0].index) + 1,
                    name=name,
                ),
                fix=_near(name, template.env.filters),
            )
    if _unbounded(template):
        raise BadTemplate(
            say("{what} uses a range such as (1..9) outside of a for.", what=what),
            fix=say("Use it in {% for i in (1..9) %}."),
        )
    return template


def render(template: BoundTemplate, variables: Mapping[str, Any], *, what: str = _TEMPLATE) -> str:
    """The text of a template. Raises ``BadTemplate`` with the line where a value does not fit or a bound is hit."""
    try:
        return template.render(**variables)
    except LiquidError as error:
        raise told(error, what) from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise BadTemplate(
            say("{what} cannot be rendered.", what=what), why=_said(error), fix=say("Check its filters.")
        ) from error


def uses(source: str, *, what: str = _TEMPLATE) -> list[Use]:
    """Every variable that a template expects from outside, and the fields of those it loops over.

    >>> uses("Dear {{ customer.name }}")
    [Use(path=('customer', 'name'), line=1)]
    """
    found = parse(source, what=what).analyze()
    loops = dict(_FOR.findall(source))
    result = []
    for variables in found.globals.values():
        result += [(variable.segments, variable.span.index) for variable in variables]
    for name, variables in found.variables.items():
        if name in loops and name not in found.globals:
            over = [loops[name], "*"]
            result += [([*over, *variable.segments[1:]], variable.span.index) for variable in variables]
    return [
        Use(tuple(str(segment) for segment in segments), source.count("\n", 0, index) + 1)
        for segments, index in result
    ]


def unknown(use: Use, known: Collection[str], *, what: str = _TEMPLATE) -> BadTemplate:
    """The error for a variable that does not exist, with the nearest that does."""
    name = ".".join(part for part in use.path if part != "*")
    names = sorted(known)[:30]
    return BadTemplate(
        say("{what}, line {line}: there is no variable {name!r}.", what=what, line=use.line, name=name),
        why=say("Known here: {names}.", names=names) if known else "",
        fix=_near(use.path[-1], known),
    )


def told(error: LiquidError, what: str) -> BadTemplate:
    """A Liquid error in the three parts, with its line."""
    context = error.context() if error.token and error.token.start_index >= 0 else None
    why = liquid_words.why(str(error.message or type(error).__name__))
    if context and context[3].strip():
        why = say("{why} The line reads: {line}", why=why, line=context[3].strip()[:120])
    return BadTemplate(
        say("{what}, line {line} cannot be used.", what=what, line=context[0])
        if context
        else say("{what} cannot be used.", what=what),
        why=why,
        fix=say("Correct it and save again."),
    )


def _said(error: Exception) -> str:
    # our own filters raise a sentence, those of Liquid English words
    words = error.args[0] if error.args else ""
    return words if isinstance(words, Text) else say("{said}", said=str(error))


def _unclosed(source: str, what: str) -> BadTemplate | None:
    """The error for a block that never ends, which Liquid tells without a place; None if all end."""
    opened: list[tuple[str, int]] = []
    for match in _BLOCK.finditer(source):
        if not match["end"]:
            opened.append((match["name"], source.count("\n", 0, match.start()) + 1))
        elif opened and opened[-1][0] == match["name"]:
            opened.pop()
        else:
            return None  # closes something else: Liquid names that one's place
    if not opened:
        return None
    name, line = opened[-1]
    return BadTemplate(
        say("{what}, line {line}: {{% {name} %}} is never closed.", what=what, line=line, name=name),
        fix=say("Add {{% end{name} %}} where it ends.", name=name),
    )


def _near(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return say("Did you mean {near!r}?", near=near[0]) if near else say("Correct the name.")


@cache
def _environment(html: bool, strict: bool) -> Environment:
    environment = _Environment(undefined=StrictUndefined if strict else Undefined, autoescape=html)
    for name in _REMOVED_TAGS:
        environment.tags.pop(name, None)
    for name in _REMOVED_FILTERS:
        environment.filters.pop(name, None)
    environment.filters["replace"] = _bounded(environment.filters["replace"], _replaced)
    environment.filters["join"] = _bounded(environment.filters["join"], _joined)
    environment.add_filter("money", _money)
    environment.add_filter("days_until", days_until)
    return environment


def _bounded(filter_: Any, size: Any) -> Any:
    """The filter, refusing what would multiply a value beyond all bounds."""

    def bounded(value: object, *args: object, **kwargs: object) -> object:
        if size(value, *args) > _MAX_VALUE:
            raise ValueError(
                say(
                    "a filter would make a value of more than {most:,} characters",
                    most=_MAX_VALUE,
                )
            )
        return filter_(value, *args, **kwargs)

    for name, flag in vars(filter_).items():
        setattr(bounded, name, flag)
    return bounded


def _replaced(value: object, old: object = "", new: object = "", *rest: object) -> int:
    text, old_text = str(value), str(old)
    return len(text) + text.count(old_text) * len(str(new))


def _joined(value: object, separator: object = " ", *rest: object) -> int:
    items = value if isinstance(value, list | tuple) else [value]
    return sum(len(str(item)) for item in items) + len(items) * len(str(separator))


def days_until(today: object, until: object = "") -> int | None:
    """``{{ today | days_until: "2026-12-24" }}``: the days from one date to another, negative once it is past.

    >>> days_until("2026-12-22", "2026-12-24"), days_until("2026-12-22", "some day")
    (2, None)
    """
    try:
        return (date.fromisoformat(str(until)[:10]) - date.fromisoformat(str(today)[:10])).days
    except ValueError:
        return None


@with_context
def _money(value: object, *, context: RenderContext) -> str:
    """``{{ customer.revenue | money }}``: minor units as people write them."""
    shop = context.scope.get("shop")
    currency = str(shop.get("currency", "")) if isinstance(shop, Mapping) else ""
    return display(value, currency) if isinstance(value, int | float) else ""


def _unbounded(template: BoundTemplate) -> bool:
    context = RenderContext(template)

    def nodes(items: list[Node]) -> Iterator[Node]:
        for node in items:
            yield node
            yield from nodes(list(node.children(context)))

    def ranges(expression: Expression) -> bool:
        return isinstance(expression, RangeLiteral) or any(ranges(child) for child in expression.children())

    return any(
        ranges(expression)
        for node in nodes(template.nodes)
        if not isinstance(node, ForNode | TablerowNode)
        for expression in node.expressions()
    )
