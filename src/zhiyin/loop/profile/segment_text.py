"""The segment language as one line of text, for the command line, notebooks and logs.

::

    lifecycle in (at_risk, lapsed) and did "Order Completed" at least 3 times within 365 days
        where category = Tea and not (city = Shanghai or never "Order Completed" within 45 days)

``not`` binds closest, then ``and``, then ``or``. Conditions on traits: ``= != in (…) not in (…) >= <=
contains exists missing within N days``. Several values of ``where`` are parted by commas. ``everyone`` and
``nobody`` are the rules without conditions; ``all(…)`` and ``any(…)`` group any number of rules. Texts stand
in double quotes where they are not one plain word.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from zhiyin.domain import segment
from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import All, Any, Did, Not, Rule, Scalar, Trait
from zhiyin.domain.text import Text, say

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>>=|<=|!=|[=(),])|(?P<word>[^\s"=!<>(),]+))')
_WORD = re.compile(r'[^\s"=!<>(),]+')
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SIGNS = {"=": "is", "!=": "is_not", ">=": "at_least", "<=": "at_most", "contains": "contains"}
_WORDS = {sign: operator for operator, sign in _SIGNS.items()}
_RESERVED = {
    "and", "or", "not", "all", "any", "did", "never", "everyone", "nobody", "in", "contains", "exists",
    "missing", "within", "where", "at", "true", "false",
}  # fmt: skip
_MAX_PARENTHESES = 50


def parse(text: str) -> Rule:
    """The rule of a text. Raises ``BadRule`` with the position, counted in letters from 1.

    >>> parse("orders >= 3 and city = Shanghai")
    All(rules=(Trait(name='orders', operator='at_least', value=3), Trait(name='city', operator='is', value='Shanghai')))
    """
    reader = _Reader(text)
    rule = reader.either(0)
    reader.end()
    return segment.parse(segment.dump(rule))


def format(rule: Rule) -> str:
    """The text of a rule; ``parse(format(rule)) == rule``.

    >>> format(Not(Did("Order Completed", within_days=45)))
    'never "Order Completed" within 45 days'
    """
    match rule:
        case All(rules):
            return " and ".join(map(_inner, rules)) if len(rules) > 1 else _call("all", rules)
        case Any(rules):
            return " or ".join(map(_inner, rules)) if len(rules) > 1 else _call("any", rules)
        case Not(Did(at_least=1) as did):
            return "never" + _did(did)
        case Not(inner):
            return f"not ({format(inner)})"
        case Did():
            return "did" + _did(rule)
        case Trait():
            return _trait(rule)


def _call(name: str, rules: tuple[Rule, ...]) -> str:
    if not rules:
        return "everyone" if name == "all" else "nobody"
    return f"{name}({format(rules[0])})"


def _inner(rule: Rule) -> str:
    several = isinstance(rule, All | Any) and len(rule.rules) > 1
    return f"({format(rule)})" if several else format(rule)


def _did(did: Did) -> str:
    words = " " + _value(did.event, quoted=True)
    if did.at_least != 1:
        words += f" at least {did.at_least} times"
    if did.within_days is not None:
        words += f" within {_days(did.within_days)}"
    if did.where:
        words += " where " + ", ".join(f"{_value(name)} = {_value(value)}" for name, value in did.where)
    return words


def _trait(trait: Trait) -> str:
    name = _value(trait.name)
    match trait.operator:
        case "in" | "not_in":
            values = trait.value if isinstance(trait.value, tuple) else (trait.value,)
            operator = "in" if trait.operator == "in" else "not in"
            return f"{name} {operator} ({', '.join(map(_value, values))})"
        case "exists":
            return f"{name} exists" if trait.value else f"{name} missing"
        case "within_days":
            return f"{name} within {_days(int(str(trait.value)))}"
    assert not isinstance(trait.value, tuple)
    return f"{name} {_WORDS[trait.operator]} {_value(trait.value)}"


def _expected(word: str, *others: str) -> Text:
    if not others:
        return say("Expected {word!r}.", word=word)
    return say("Expected {word!r} or {other!r}.", word=word, other=others[0])


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _value(value: Scalar, *, quoted: bool = False) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    plain = _WORD.fullmatch(value) and value.lower() not in _RESERVED and not _NUMBER.fullmatch(value)
    return value if plain and not quoted else json.dumps(value, ensure_ascii=False)


class _Reader:
    """Words of a text, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.parentheses = text, 0, 0
        self.token, self.kind, self.start = "", "", 0
        self.next()

    def next(self) -> str:
        """Step to the next word; returns the one before."""
        passed = self.token
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            rest = self.text[self.at :]
            self.start = self.at + len(rest) - len(rest.lstrip())
            self.token, self.kind = "", ""
            if rest.strip():
                self.fail(say("This cannot be read; is a quote missing?"))
            return passed
        self.kind = match.lastgroup or ""
        self.token, self.start, self.at = match[self.kind], match.start(self.kind), match.end()
        return passed

    def fail(self, why: str) -> NoReturn:
        found = self.text[self.start : self.start + 30]
        place = say("'{found}'", found=found) if self.start < len(self.text) else say("its end")
        raise BadRule(
            say("The rule cannot be read at letter {letter}, {place}.", letter=self.start + 1, place=place),
            why=why,
            fix=say('An example: orders >= 3 and never "Order Completed" within 45 days'),
        )

    def end(self) -> None:
        if self.kind:
            self.fail(say("Expected 'and', 'or' or the end."))

    def is_word(self, *words: str) -> bool:
        return self.kind != "text" and self.token.lower() in words

    def take(self, *words: str) -> bool:
        """Step over one of these words if it comes next."""
        if self.is_word(*words):
            self.next()
            return True
        return False

    def need(self, *words: str) -> None:
        if not self.take(*words):
            self.fail(_expected(*words))

    def either(self, depth: int) -> Rule:
        rules = [self.both(depth)]
        while self.take("or"):
            rules.append(self.both(depth))
        return rules[0] if len(rules) == 1 else Any(tuple(rules))

    def both(self, depth: int) -> Rule:
        rules = [self.one(depth)]
        while self.take("and"):
            rules.append(self.one(depth))
        return rules[0] if len(rules) == 1 else All(tuple(rules))

    def one(self, depth: int) -> Rule:
        if depth > _MAX_PARENTHESES:
            self.fail(say("The rule is nested too deep."))
        if self.take("not"):
            return Not(self.one(depth + 1))
        if self.take("("):
            rule = self.either(depth + 1)
            self.need(")")
            return rule
        if self.take("everyone"):
            return All(())
        if self.take("nobody"):
            return Any(())
        if self.is_word("all", "any"):
            every = self.next().lower() == "all"
            self.need("(")
            rules = [self.either(depth + 1)]
            while self.take(","):
                rules.append(self.either(depth + 1))
            self.need(")")
            return All(tuple(rules)) if every else Any(tuple(rules))
        if self.take("did"):
            return self.did()
        if self.take("never"):
            did = self.did()
            if did.at_least != 1:
                self.fail(say("'never' takes no 'at least'; use not (did …)."))
            return Not(did)
        return self.trait()

    def did(self) -> Did:
        event, at_least = str(self.value(text=True)), 1
        within: int | None = None
        where: dict[str, Scalar] = {}
        if self.take("at"):
            self.need("least")
            at_least = self.whole()
            self.need("times", "time")
        if self.take("within"):
            within = self.whole()
            self.need("days", "day")
        if self.take("where"):
            while True:
                name = str(self.value(text=True))
                self.need("=")
                if name in where:
                    self.fail(say("{name!r} stands twice.", name=name))
                where[name] = self.value()
                if not self.take(","):
                    break
        pairs = tuple(sorted((name, _text(value)) for name, value in where.items()))
        return Did(event, at_least, within, pairs)

    def trait(self) -> Trait:
        name = str(self.value(text=True))
        if self.take("exists"):
            return Trait(name, "exists", True)
        if self.take("missing"):
            return Trait(name, "exists", False)
        if self.take("within"):
            days = self.whole()
            self.need("days", "day")
            return Trait(name, "within_days", days)
        if self.is_word("not", "in"):
            operator = "not_in" if self.take("not") else "in"
            self.need("in")
            self.need("(")
            values = [self.value()]
            while self.take(","):
                values.append(self.value())
            self.need(")")
            return Trait(name, operator, tuple(values))
        if not self.is_word(*_SIGNS):
            self.fail(
                say(
                    "Expected a comparison of {name!r}: {signs} in exists missing within.",
                    name=name,
                    signs=" ".join(_SIGNS),
                )
            )
        operator = _SIGNS[self.next().lower()]
        return Trait(name, operator, self.value(text=operator == "contains"))

    def whole(self) -> int:
        if self.kind != "word" or not self.token.isascii() or not self.token.isdigit() or len(self.token) > 9:
            self.fail(say("Expected a whole number."))
        return int(self.next())

    def value(self, *, text: bool = False) -> Scalar:
        """A value; with ``text``, numbers and truth values stay the words they are."""
        if self.kind == "text":
            try:
                words = str(json.loads(self.token, strict=False))
            except ValueError:
                self.fail(say("The text in quotes cannot be read."))
            self.next()
            return words
        if self.kind != "word" or (self.token.lower() in _RESERVED - {"true", "false"}):
            self.fail(say("Expected a name or a value."))
        word = self.next()
        if text:
            return word
        if word.lower() in ("true", "false"):
            return word.lower() == "true"
        if _NUMBER.fullmatch(word):
            return float(word) if re.search(r"[.eE]", word) else int(word)
        return word


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
