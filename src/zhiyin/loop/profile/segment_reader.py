"""Reads the text form of rules into the JSON form, from left to right.

::

    rule    := and ("or" and)*      and := not ("and" not)*      not := "not" not | atom
    atom    := "(" rule ")" | "everyone" | "nobody" | ("all"|"any") "(" [rule ("," rule)*] ")" | call | compare
    call    := KIND "(" (value | list) ("," NAME "=" (value | list | filters))* ")"
    compare := subject sign value | subject ["not"] "in" list | subject "." METHOD "(" [value] ")"
    subject := NAME | "trait" "(" TEXT ")"        within filters: NAME | "field" "(" TEXT ")"
    filters := "[" compare ("," compare)* "]"     list := "[" (value | step) ("," (value | step))* "]"
    step    := "step" "(" TEXT ["," "where" "=" filters] ")"
    sign    := == != < > <= >=                    value := TEXT | NUMBER | True | False
    METHOD  := contains starts ends exists missing has within before after

What cannot be read is a ``BadRule`` that points at the letter.
"""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from typing import Any, NoReturn

from zhiyin.domain.errors import BadRule
from zhiyin.domain.text import Text, say
from zhiyin.loop.profile.conditions import CONDITIONS

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?!\w))"""
    r"""|(?P<name>[^\W\d]\w*)|(?P<mark>==|!=|>=|<=|[<>=(),.\[\]])|(?P<bad>\S.*)|(?P<end>\Z))""",
    re.DOTALL,
)
_OPENS = re.compile(r"\s*\(")
_NAME = re.compile(r"[^\W\d]\w*")
SIGNS = {
    "==": "is", "!=": "is_not", ">=": "at_least", "<=": "at_most", ">": "more_than", "<": "less_than",
}  # fmt: skip
METHODS = ("contains", "starts", "ends", "has", "within", "before", "after")
CALLS = tuple(kind for kind in CONDITIONS if kind != "trait")
SUBJECTS = {"trait": "trait", "property": "field"}  # how a name is called where it is not a plain word
_FULL_WIDTH = "“”‘’，（）：＝【】"
_MAX_DEPTH = 50
_LONGEST_NUMBER = 40


def read(text: str) -> dict[str, Any]:
    """The JSON form of a text, not yet checked for sense. Raises ``BadRule`` with the position."""
    return _Reader(text).whole()


def plain(name: str) -> bool:
    """Whether a name can stand without quotes, here and in Python."""
    return (
        _NAME.fullmatch(name) is not None
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and unicodedata.normalize("NFKC", name) == name
    )


class _Reader:
    """Words of a text, read from left to right into the JSON form."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.kind, self.token, self.start = "", "", 0
        self.next()

    def next(self) -> str:
        """Step to the next word; returns the one before."""
        passed, match = self.token, _TOKEN.match(self.text, self.at)
        assert match is not None
        self.kind = match.lastgroup or "end"
        self.token, self.start, self.at = match[self.kind], match.start(self.kind), match.end()
        return passed

    def fail(self, why: str) -> NoReturn:
        found = self.text[self.start : self.start + 30]
        if found[:1] in _FULL_WIDTH and found:
            why = say("This is a full-width mark; use straight quotes, commas and brackets.")
        elif self.kind == "bad":
            why = say("This cannot be read; is a quote missing?")
        place = say("'{found}'", found=found) if found else say("its end")
        raise BadRule(
            say("The rule cannot be read at letter {letter}, {place}.", letter=self.start + 1, place=place),
            why=why,
            fix=_EXAMPLE,
        )

    def whole(self) -> dict[str, Any]:
        rule = self.either(0)
        if self.kind != "end":
            self.fail(say("Expected 'and', 'or' or the end."))
        return rule

    def take(self, *words: str) -> bool:
        """Step over one of these words or marks if it comes next."""
        if self.kind in ("name", "mark") and self.token in words:
            self.next()
            return True
        return False

    def need(self, *words: str) -> None:
        if not self.take(*words):
            self.fail(_expected(*words))

    def either(self, depth: int) -> dict[str, Any]:
        rules = [self.both(depth)]
        while self.take("or"):
            rules.append(self.both(depth))
        return rules[0] if len(rules) == 1 else {"any": rules}

    def both(self, depth: int) -> dict[str, Any]:
        rules = [self.one(depth)]
        while self.take("and"):
            rules.append(self.one(depth))
        return rules[0] if len(rules) == 1 else {"all": rules}

    def one(self, depth: int) -> dict[str, Any]:
        if depth > _MAX_DEPTH:
            self.fail(say("The rule is nested too deep."))
        if self.take("not"):
            return {"not": self.one(depth + 1)}
        if self.take("("):
            rule = self.either(depth + 1)
            self.need(")")
            return rule
        if self.take("everyone"):
            return {"all": []}
        if self.take("nobody"):
            return {"any": []}
        if self.kind == "name" and self.token in ("all", "any"):
            word = self.next()
            return {word: self.several("(", ")", lambda: self.either(depth + 1))}
        if self.kind == "name" and self.token in CALLS:
            return self.call(self.next())
        return self.compare("trait")

    def call(self, kind: str) -> dict[str, Any]:
        """A condition with its arguments, from the bracket on."""
        if self.kind == "text":
            self.fail(say('Brackets are missing: {kind}("…", …).', kind=kind))
        self.need("(")
        form: dict[str, Any] = {kind: self.argument()}
        while self.take(","):
            if self.kind == "mark" and self.token == ")":
                break
            if self.kind != "name":
                self.fail(say('Expected the name of an argument, such as within="90d".'))
            name, start = self.token, self.start
            self.next()
            if name in form:
                self.start = start
                self.fail(say("{name!r} stands twice.", name=name))
            self.need("=")
            form[name] = self.argument()
        self.need(")")
        return form

    def argument(self) -> Any:
        if self.kind == "mark" and self.token == "[":
            return self.several("[", "]", self.element)
        return self.value()

    def element(self) -> Any:
        if self.kind == "name" and self.token == "step" and _OPENS.match(self.text, self.at):
            self.next()
            return self.call("event")
        named = self.kind == "name" and self.token not in ("True", "False")
        return self.compare("property") if named else self.value()

    def several(self, opening: str, closing: str, read: Any) -> list[Any]:
        """What stands between brackets, parted by commas; one may stand at the end."""
        self.need(opening)
        found = []
        while not self.take(closing):
            found.append(read())
            if not self.take(","):
                self.need(closing)
                break
        return found

    def compare(self, head: str) -> dict[str, Any]:
        name = self.subject(head)
        if self.kind == "mark" and self.token in SIGNS:
            return {head: name, SIGNS[self.next()]: self.value()}
        if self.take("in"):
            return {head: name, "in": self.several("[", "]", self.value)}
        if self.take("not"):
            self.need("in")
            return {head: name, "not_in": self.several("[", "]", self.value)}
        if self.take("."):
            return {head: name, **self.method()}
        if self.kind == "mark" and self.token == "=":
            self.fail(say("Write == to compare."))
        self.fail(
            say(
                "Expected a comparison of {name!r}: {signs}, in […], not in […], .exists(), .contains(…).",
                name=name,
                signs=" ".join(SIGNS),
            )
        )

    def subject(self, head: str) -> str:
        wrapper = SUBJECTS[head]
        if self.kind != "name" or keyword.iskeyword(self.token):
            self.fail(say("Expected a condition, or the name of a trait or property."))
        if self.token == wrapper:
            self.next()
            self.need("(")
            if self.kind != "text":
                self.fail(say("Expected a name in quotes."))
            name = str(self.value())
            self.need(")")
            return name
        if self.token == "never":
            self.fail(say('"Did not" is written not did("…").'))
        if not plain(self.token):
            self.fail(say('A name with such letters is written {wrapper}("…").', wrapper=wrapper))
        name = self.next()
        if self.kind == "mark" and self.token == "(":
            self.fail(say("There is no condition {name!r}; there are {known}.", name=name, known=CALLS))
        return name

    def method(self) -> dict[str, Any]:
        if self.kind != "name" or self.token not in (*METHODS, "exists", "missing"):
            self.fail(say("Expected one of {methods}.", methods=[*METHODS, "exists", "missing"]))
        name = self.next()
        self.need("(")
        form = {"exists": name == "exists"} if name in ("exists", "missing") else {name: self.value()}
        self.need(")")
        return form

    def value(self) -> str | int | float | bool:
        if self.kind == "text":
            return self.quoted()
        if self.kind == "number":
            if len(self.token) > _LONGEST_NUMBER:
                self.fail(say("The number is too long."))
            word = self.next()
            return float(word) if re.search(r"[.eE]", word) else int(word)
        if self.kind == "name" and self.token in ("True", "False"):
            return self.next() == "True"
        if self.kind == "name" and not keyword.iskeyword(self.token):
            self.fail(say('A text stands in quotes: "{word}".', word=self.token))
        self.fail(say("Expected a text in quotes, a number, True or False."))

    def quoted(self) -> str:
        """The text in quotes of either kind, with the escapes of JSON."""
        body = re.sub(r"""\\.|\"""", _double, self.token[1:-1], flags=re.DOTALL)
        try:
            words = str(json.loads(f'"{body}"', strict=False))
        except ValueError:
            self.fail(say("The text in quotes cannot be read."))
        self.next()
        return words


def _double(found: re.Match[str]) -> str:
    """A letter of a quoted text as it stands in double quotes."""
    return {"\\'": "'", '"': '\\"'}.get(found[0], found[0])


def _expected(word: str, *others: str) -> Text:
    if not others:
        return say("Expected {word!r}.", word=word)
    return say("Expected {word!r} or {other!r}.", word=word, other=others[0])


_EXAMPLE = say('An example: orders >= 3 and did("Order Completed", within="45d")')
