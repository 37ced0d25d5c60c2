"""Sentences for users: English, each remembering how it was made, so that it can be told in another language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_MARK = "\x02"  # no text that people write starts with it


class Text(str):
    """An English sentence with the template and the values that it was made from.

    >>> text = say("There is a campaign {key!r} already.", key="spring")
    >>> text, text.template, dict(text.values)
    ("There is a campaign 'spring' already.", 'There is a campaign {key!r} already.', {'key': 'spring'})
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Text:
        text = super().__new__(cls, _filled(template, values, _english))
        text.template, text.values = template, MappingProxyType(dict(values))
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Text, (self.template, dict(self.values))


def say(template: str, /, **values: Any) -> Text:
    """A sentence; the template is collected for translation. Values may be texts too, or lists of them.

    >>> say("{n:,} of {names}", n=1200, names=["a", "b"])
    '1,200 of a, b'
    """
    return Text(template, values)


def joined(*texts: str) -> Text:
    """Sentences one after the other; empty ones are left out.

    >>> joined(say("It is {n}.", n=3), "", "Wait.")
    'It is 3. Wait.'
    """
    values = {f"part_{number}": text for number, text in enumerate(filter(None, texts))}
    return Text(" ".join(f"{{{name}}}" for name in values), values)


def tell(text: str, translate: Callable[[str], str], comma: str = ", ") -> str:
    """A sentence in another language: ``translate`` knows templates. A plain text stays as it is.

    >>> tell(say("No {name}.", name="tea"), {"No {name}.": "没有 {name}。"}.get)
    '没有 tea。'
    """
    if not isinstance(text, Text):
        return str(text)

    def value(one: Any) -> Any:
        if isinstance(one, list | tuple):
            return comma.join(str(value(inner)) for inner in one)
        return tell(one, translate, comma) if isinstance(one, Text) else one

    return _filled(translate(text.template), text.values, value)


def dump(text: str) -> str:
    """A sentence as one string to be kept; ``load(dump(text)) == text``. A plain text is kept as it is."""
    return _MARK + json.dumps(_form(text), ensure_ascii=False) if isinstance(text, Text) else text


def load(kept: str) -> str:
    """The sentence of a kept string."""
    return _sentence(json.loads(kept[1:])) if kept.startswith(_MARK) else kept


def _filled(template: str, values: Mapping[str, Any], shown: Callable[[Any], Any]) -> str:
    return template.format(**{name: shown(value) for name, value in values.items()}) if values else template


def _english(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _form(value: Any) -> Any:
    if isinstance(value, Text):
        return {"say": value.template, "with": {name: _form(one) for name, one in value.values.items()}}
    if isinstance(value, list | tuple):
        return [_form(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _sentence(form: Any) -> Any:
    if isinstance(form, dict):
        return Text(form["say"], {name: _sentence(one) for name, one in form["with"].items()})
    return [_sentence(one) for one in form] if isinstance(form, list) else form
