"""Templates: wordings to start a campaign from, five of them ready-made in two languages."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

from zhiyin.adapters.records.models import Customer
from zhiyin.adapters.records.models import Template as TemplateRow
from zhiyin.domain.errors import BadTemplate, NotFound
from zhiyin.domain.text import say
from zhiyin.loop.deliver import render, sandbox
from zhiyin.services.workspace import Workspace

LANGUAGES = {"en": "en", "zh": "zh-hans"}
_WORD = re.compile(r"\[\[(\w+)\]\]")


def list_(ws: Workspace) -> list[TemplateRow]:
    """All templates by name; the ready-made ones are put in place on the first call."""
    if not TemplateRow.objects.exists():
        defaults(ws)
    return list(TemplateRow.objects.order_by("name"))


def get(ws: Workspace, key: str) -> TemplateRow:
    """The template of a key. Raises ``NotFound`` with the known keys."""
    found = TemplateRow.objects.filter(key=key).first()
    if found is None:
        known = [row.key for row in list_(ws)]
        if key in known:
            return TemplateRow.objects.get(key=key)
        raise NotFound(
            say("There is no template {key!r}.", key=key),
            fix=say("Known templates: {known}.", known=list(known)),
        )
    return found


def save(ws: Workspace, *, key: str, name: str, subject: str, body: str, language: str = "") -> TemplateRow:
    """Create a template or change it, which raises its version. Raises ``BadTemplate`` with the line."""
    check(subject, body, data=True)
    now = ws.now()
    row = TemplateRow.objects.filter(key=key).first() or TemplateRow(key=key, version=0)
    if (row.subject, row.body) != (subject, body):
        row.version += 1
    row.name, row.subject, row.body, row.language, row.updated_at = name, subject, body, language, now
    row.save()
    return row


def check(subject: str, body: str, preheader: str = "", *, data: bool = False) -> render.Wording:
    """The wording, proved: it parses, and every variable in it exists. Raises ``BadTemplate`` with the line.

    A trait exists if some customer has it; one customer may lack it. Only with ``data`` may it name what a message
    of its own is given: a campaign has none of that.
    """
    strangers = render.strangers(subject, body, preheader)
    stated = {use.path[1] for _, use in strangers if use.path[0] == "customer" and len(use.path) > 1}
    traits = {name for name in stated if Customer.objects.filter(traits__has_key=name).exists()}
    try:
        return render.check(subject, body, preheader, traits=frozenset(traits), data=data)
    except BadTemplate:
        if stated - traits:  # for the hint: what some customers have
            sample = Customer.objects.exclude(traits={}).values_list("traits", flat=True)[:500]
            names = frozenset(name for row in sample for name in row)
            return render.check(subject, body, preheader, traits=frozenset(traits) | names, data=data)
        raise


def defaults(ws: Workspace) -> list[TemplateRow]:
    """Put the ready-made templates in place, leaving those that were changed; returns them all."""
    now = ws.now()
    made = []
    for short, language in LANGUAGES.items():
        words = tomllib.loads(_read(f"words.{short}.toml"))
        layout = _read("layout.mjml")
        for design, own in words["templates"].items():
            spoken = {**words["common"], **own}
            body = _fill(layout.replace("[[content]]", _read(f"{design}.mjml")), spoken)
            row, _ = TemplateRow.objects.get_or_create(
                key=f"{design}-{short}",
                defaults={
                    "name": own["name"],
                    "subject": own["subject"],
                    "body": body,
                    "language": language,
                    "updated_at": now,
                },
            )
            made.append(row)
    return made


def uses_recommendations(*sources: str) -> bool:
    """Whether any of these sources names the variable ``recommendations``."""
    return any(use.path[0] == "recommendations" for source in sources for use in sandbox.uses(source))


def _read(name: str) -> str:
    return files("zhiyin.services").joinpath("ready_made", name).read_text(encoding="utf-8")


def _fill(text: str, words: dict[str, str]) -> str:
    return _WORD.sub(lambda match: words[match[1]], text)
