"""Templates: wordings to start a campaign from, some of them ready-made in two languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from django.db import IntegrityError, transaction

from zhiyin.adapters.records.models import Block, Customer
from zhiyin.adapters.records.models import Template as TemplateRow
from zhiyin.adapters.records.wording import columns
from zhiyin.domain.errors import BadSetting, BadTemplate, Conflict, NotFound
from zhiyin.domain.template import Wording, Wordings, mark
from zhiyin.domain.text import say
from zhiyin.loop.deliver import languages, render, sandbox, saved_blocks
from zhiyin.loop.deliver.context import DATA
from zhiyin.services import keys
from zhiyin.services.workspace import Workspace

LANGUAGES = {"en": "en", "zh": "zh-hans"}
PAGES = ("new", "blocks")  # addresses beside the keys of templates
TRANSACTIONAL = ("receipt",)  # ready-made ones that a program of one's own fills in, not a campaign
MAX_LANGUAGES = 20  # further ones of one template
_WORD = re.compile(r"\[\[(\w+)\]\]")


def list_(ws: Workspace, *, archived: bool = False) -> list[TemplateRow]:
    """All templates by name; the ready-made ones are put in place on the first call."""
    if not TemplateRow.objects.exists():
        defaults(ws)
    return list(TemplateRow.objects.filter(archived_at__isnull=not archived).order_by("name"))


def for_campaigns(ws: Workspace) -> list[TemplateRow]:
    """The templates that a campaign can use: those that ask for nothing that a message of its own is given."""
    return [row for row in list_(ws) if not names_data(row.subject, row.body)]


@lru_cache(maxsize=256)
def names_data(*sources: str) -> bool:
    """Whether any of these sources asks for ``data``, which only transactional messages have."""
    return any(
        use.path[0] == DATA for source in sources for use in sandbox.uses(saved_blocks.without(source))
    )


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


def spoken(ws: Workspace, key: str, language: str = "") -> TemplateRow:
    """The template of a key; where there is none, that of its name in a language: ``receipt-zh`` for ``receipt``.

    In the shop's language where that one is missing too. Raises ``NotFound``.
    """
    tongues = (language, ws.settings.shop.language, *LANGUAGES)
    shorts = [short for tongue in tongues for short in LANGUAGES if tongue.lower().startswith(short)]
    names = [key, *(f"{key}-{short}" for short in shorts)]
    if not TemplateRow.objects.exists():
        defaults(ws)
    found = {row.key: row for row in TemplateRow.objects.filter(key__in=names)}
    return next((found[name] for name in names if name in found), None) or get(ws, key)


def save(
    ws: Workspace,
    *,
    key: str,
    name: str,
    subject: str,
    body: str,
    language: str = "",
    preheader: str = "",
    text: str = "",
    others: Mapping[str, Wording] | None = None,
    by: str = "",
    expected: int | None = None,
) -> TemplateRow:
    """Create a template or change it, which raises its version. Raises ``BadTemplate`` with the line.

    Further languages are kept where ``others`` does not say them anew. ``by`` is who saves; where somebody else
    saved since version ``expected``, this raises ``Conflict`` and changes nothing.
    """
    row = TemplateRow.objects.filter(key=key).first()
    kept = row.wordings.others if row and others is None else others or {}
    main = Wording(subject, body, preheader, text)
    return save_wordings(ws, key, name, Wordings(main, language, kept), by=by, expected=expected)


def save_wordings(
    ws: Workspace, key: str, name: str, wordings: Wordings, *, by: str = "", expected: int | None = None
) -> TemplateRow:
    """``save`` with the wordings of all languages at once."""
    keys.check(key)
    if key in PAGES:
        raise BadSetting(
            say("{key!r} cannot be the key of a template.", key=key),
            why=say("A page of the console has this address."),
            fix=say("Choose another key."),
        )
    earlier = TemplateRow.objects.filter(key=key).first()
    wordings = checked(wordings, earlier.wordings if earlier else None, data=True)
    now = ws.now()
    row = earlier or TemplateRow(key=key, version=0)
    if expected is not None and row.version != expected:
        raise _changed(row)
    changed = row.version == 0 or row.wordings != wordings
    before, row.version = row.version, row.version + changed
    row.name, row.updated_at = name.strip() or key, now
    row.word(wordings)
    try:
        with transaction.atomic():
            if earlier and not TemplateRow.objects.filter(pk=row.pk, version=before).update(
                version=row.version
            ):
                raise _changed(TemplateRow.objects.get(pk=row.pk))
            row.save()
            if changed:
                row.versions.create(number=row.version, name=row.name, at=now, by=by, **columns(wordings))
    except IntegrityError as error:
        raise _changed(TemplateRow.objects.get(key=key)) from error
    return row


def checked(wordings: Wordings, earlier: Wordings | None = None, *, data: bool = False) -> Wordings:
    """The wordings as they are kept: every one proved, each plain text with the body that it was written for.

    With ``data`` they may name what a message of its own is given.

    Raises ``BadTemplate`` with the line, and with the language where it is not the main one.
    """
    if len(wordings.others) > MAX_LANGUAGES:
        raise BadSetting(
            say("A message has at most {most} further languages.", most=MAX_LANGUAGES),
            fix=say("Take one out first."),
        )
    for name in wordings.others:
        if languages.tag(name) != name or name == wordings.language:
            raise BadSetting(
                say("{name!r} is not a further language.", name=name),
                fix=say("Write it as zh-hans, en or pt-br, and each one once."),
            )
    others = {}
    for name, one in wordings.others.items():
        _check_in(name, one, data)
        others[name] = _marked(one, earlier.others.get(name) if earlier else None)
    main = wordings.main
    check(main.subject, main.body, main.preheader, main.text, data=data)
    main = _marked(wordings.main, earlier.main if earlier else None)
    return Wordings(main, languages.tag(wordings.language), others)


def _check_in(language: str, one: Wording, data: bool) -> None:
    try:
        check(one.subject, one.body, one.preheader, one.text, data=data)
    except BadTemplate as error:
        raise BadTemplate(
            say("In {language}: {what}", language=language, what=error.what), why=error.why, fix=error.fix
        ) from error


def _marked(one: Wording, earlier: Wording | None) -> Wording:
    """The wording with its plain text marked: a text that is as it was is still for the body it was written for."""
    if not one.text.strip():
        return replace(one, text="", text_for="")
    kept = one.text_for if earlier is None else earlier.text_for if earlier.text == one.text else ""
    return replace(one, text_for=kept or mark(one.body))


def _changed(row: TemplateRow) -> Conflict:
    last = row.versions.first()
    return Conflict(
        say(
            "{name} was saved meanwhile as version {version}, by {who}.",
            name=row.name,
            version=row.version,
            who=last.by if last and last.by else say("the command line"),
        ),
        why=say("What you typed is still here and nothing of theirs was changed."),
        fix=say("Look at their version, then save yours again to put it on top."),
    )


def check(
    subject: str, body: str, preheader: str = "", text: str = "", *, data: bool = False
) -> render.Prepared:
    """The wording, proved: it parses, and every variable in it exists. Raises ``BadTemplate`` with the line.

    A trait exists if some customer has it; one customer may lack it. Only with ``data`` may it name what a message
    of its own is given: a campaign has none of that.
    """
    strangers = render.strangers(subject, body, preheader, text)
    stated = {use.path[1] for _, use in strangers if use.path[0] == "customer" and len(use.path) > 1}
    traits = {name for name in stated if Customer.objects.filter(traits__has_key=name).exists()}
    saved = dict(Block.objects.values_list("key", "body")) if saved_blocks.used(body) else {}
    try:
        return render.check(subject, body, preheader, text, traits=frozenset(traits), data=data, saved=saved)
    except BadTemplate:
        if stated - traits:  # for the hint: what some customers have
            sample = Customer.objects.exclude(traits={}).values_list("traits", flat=True)[:500]
            names = frozenset(traits) | frozenset(name for row in sample for name in row)
            return render.check(subject, body, preheader, text, traits=names, data=data, saved=saved)
        raise


def duplicate(ws: Workspace, key: str, *, name: str, by: str = "") -> TemplateRow:
    """A copy under a key of its own."""
    old = get(ws, key)
    taken = set(TemplateRow.objects.values_list("key", flat=True))
    return save_wordings(ws, keys.free(old.key, taken, "template"), name, old.wordings, by=by)


def archive(ws: Workspace, key: str, *, archived: bool = True) -> TemplateRow:
    """Take a template out of the list, or bring it back."""
    row = get(ws, key)
    row.archived_at = ws.now() if archived else None
    row.save(update_fields=["archived_at"])
    return row


def blank(language: str = "") -> str:
    """The body that a new template begins with: a header, a text, a footer."""
    words = tomllib.loads(_read(f"words.{'zh' if language.startswith('zh') else 'en'}.toml"))
    return _designed("blank", words, words["blank"])


def defaults(ws: Workspace) -> list[TemplateRow]:
    """Put the ready-made templates in place, leaving those that were changed; returns them all."""
    made = []
    known = {row.key: row for row in TemplateRow.objects.all()}
    for short, language in LANGUAGES.items():
        words = tomllib.loads(_read(f"words.{short}.toml"))
        for design, own in words["templates"].items():
            key = f"{design}-{short}"
            row = known.get(key)
            if row is None:
                now, main = ws.now(), Wording(own["subject"], _designed(design, words, own))
                row = TemplateRow(key=key, name=own["name"], updated_at=now)
                row.word(Wordings(main, language))
                row.save()
                row.versions.create(number=1, name=row.name, at=now, **columns(row.wordings))
            made.append(row)
    return made


def uses_recommendations(*sources: str) -> bool:
    """Whether any of these sources names the variable ``recommendations``."""
    return any(
        use.path[0] == "recommendations"
        for source in sources
        for use in sandbox.uses(saved_blocks.without(source))
    )


def _designed(design: str, words: Mapping[str, Any], own: Mapping[str, str]) -> str:
    footer = "footer-plain" if design in TRANSACTIONAL else "footer"
    layout = _read("layout.mjml").replace("[[content]]", _read(f"{design}.mjml"))
    return _fill(layout.replace("[[footer]]", _read(f"{footer}.mjml")), {**words["common"], **own})


def _read(name: str) -> str:
    return files("zhiyin.services").joinpath("ready_made", name).read_text(encoding="utf-8")


def _fill(text: str, words: Mapping[str, str]) -> str:
    return _WORD.sub(lambda match: words[match[1]], text)
