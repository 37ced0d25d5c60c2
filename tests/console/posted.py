"""What a browser would post of a form that nobody has touched."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import QueryDict


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.select: tuple[str, list[tuple[str, bool]]] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        name, value = found.get("name"), found.get("value") or ""
        if tag == "input" and name and (found.get("type") != "radio" or "checked" in found):
            self.fields.append((name, value))
        elif tag == "select" and name:
            self.select = (name, [])
        elif tag == "option" and self.select:
            self.select[1].append((value, "selected" in found))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            name, options = self.select
            chosen = [value for value, selected in options if selected]
            self.fields.append((name, chosen[-1] if chosen else options[0][0]))
            self.select = None


def posted(page: str) -> QueryDict:
    """The fields of all inputs and selects of a page, as they stand."""
    form = _Form()
    form.feed(page)
    data = QueryDict(mutable=True)
    for name, value in form.fields:
        data.appendlist(name, value)
    return data
