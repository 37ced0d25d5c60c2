"""Forms: made, changed, put away, and what to paste to have one on a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from zhiyin.adapters.records.models import Form
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.form import FIELDS, TEXTS, OptIn
from zhiyin.domain.text import say
from zhiyin.domain.topic import LANGUAGES
from zhiyin.services import topics as all_topics
from zhiyin.services.workspace import Workspace

_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
TAKEN = ("new",)  # a page's address
_SHOWN = ("texts", "fields", "topics")  # another version where one of these changes
_EDITABLE = ("name", "texts", "fields", "topics", "opt_in", "take_disposable", "origins", "redirects")
_LONGEST = 2_000  # letters of a text


def create(ws: Workspace, key: str, name: str, **given: Any) -> Form:
    """A new form; what is left out is ready-made. See ``update`` for what may be given.

    Raises ``Conflict`` for a key in use, ``BadSetting`` for what cannot be.
    """
    if not _KEY.fullmatch(key) or len(key) > 60 or key in TAKEN:
        raise BadSetting(
            say("{key!r} is not a key for a form.", key=key),
            fix=say("Use small letters, digits and hyphens: home-page."),
        )
    if Form.objects.filter(key=key).exists():
        raise Conflict(say("There is a form {key!r} already.", key=key), fix=say("Choose another key."))
    row = Form(key=key, name=name.strip() or key, created_at=ws.now())
    _set(ws, row, given)
    row.save()
    return row


def update(ws: Workspace, key: str, **given: Any) -> Form:
    """Change a form: ``name``, ``texts`` (language → name → text), ``fields``, ``topics``, ``opt_in``,
    ``take_disposable``, ``origins``, ``redirects``; what is None stays. What people read or are asked becomes another
    version, so that every sign-up still says what was shown."""
    row = get(ws, key)
    before = {name: getattr(row, name) for name in _SHOWN}
    _set(ws, row, given)
    if before != {name: getattr(row, name) for name in _SHOWN}:
        row.version += 1
    row.save()
    return row


def archive(ws: Workspace, key: str) -> Form:
    """Take nothing in through it any more; what came in stays."""
    row = get(ws, key)
    row.archived_at = row.archived_at or ws.now()
    row.save()
    return row


def restore(ws: Workspace, key: str) -> Form:
    """Take sign-ups in again."""
    row = get(ws, key)
    row.archived_at = None
    row.save()
    return row


def get(ws: Workspace, key: str) -> Form:
    """The form of a key. Raises ``NotFound`` with the known keys."""
    row = Form.objects.filter(key=key).first()
    if row is None:
        known = ", ".join(Form.objects.values_list("key", flat=True)[:20])
        raise NotFound(
            say("There is no form {key!r}.", key=key),
            fix=say("Known forms: {known}.", known=known) if known else say("Known forms: none yet."),
        )
    return row


def find(ws: Workspace, key: str) -> Form | None:
    """The form of a key, None for what names none; for those who must not read which there are."""
    return Form.objects.filter(key=key).first()


def list_(ws: Workspace) -> list[Form]:
    """All forms, newest first."""
    return list(Form.objects.all())


def address(ws: Workspace, row: Form) -> str:
    """Where everybody can open it."""
    return f"{ws.settings.base_url}/f/{row.key}"


def origin(url: str) -> str:
    """Scheme, host and port of a site, as browsers send them."""
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise BadSetting(say("{url!r} is no site.", url=url), fix=say("Write https://shop.example."))
    standard = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != standard else "")


def is_own(ws: Workspace, site: str, host: str) -> bool:
    """Whether a page of this origin is one of ours: at the public address, or at the host that was asked."""
    return site == origin(ws.settings.base_url) or urlsplit(site).netloc == host


def _set(ws: Workspace, row: Form, given: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(_EDITABLE))
    if unknown:
        raise BadSetting(say("A form has no {unknown}.", unknown=unknown), fix=say("Check the name."))
    told = {name: value for name, value in given.items() if value is not None}
    if "texts" in told:
        told["texts"] = _texts(
            {code: {**row.texts.get(code, {}), **texts} for code, texts in told["texts"].items()}
        )
        told["texts"] = {
            **{code: row.texts[code] for code in row.texts if code not in told["texts"]},
            **told["texts"],
        }
    for name, value in told.items():
        setattr(row, name, list(dict.fromkeys(value)) if isinstance(value, tuple | list) else value)
    row.name = row.name.strip()[:120] or row.key
    _listed(row.fields, FIELDS)
    _listed([row.opt_in], [one.value for one in OptIn])
    for key in row.topics:
        topic = all_topics.get(ws, key)
        if not topic.public or topic.archived_at:
            raise BadSetting(
                say("The topic {key!r} is not for everybody.", key=key),
                fix=say("Make it public, or offer another one."),
            )
    row.origins = [origin(one) for one in row.origins]
    for url in row.redirects:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise BadSetting(
                say("{url!r} is no address of a page.", url=url),
                fix=say("Write https://shop.example/thanks."),
            )


def _texts(given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    _listed(list(given), LANGUAGES)
    for texts in given.values():
        _listed(list(texts), TEXTS)
        for text in texts.values():
            if len(text) > _LONGEST:
                raise BadSetting(
                    say("A text has {n} letters.", n=len(text)), fix=say("It may have {n}.", n=_LONGEST)
                )
    return {
        code: {name: text.strip() for name, text in texts.items() if text.strip()}
        for code, texts in given.items()
    }


def _listed(given: Sequence[str], known: Sequence[str]) -> None:
    for one in given:
        if one not in known:
            raise BadSetting(
                say("{given!r} is nothing that a form can have here.", given=one),
                fix=say("Choose one of: {choices}.", choices=", ".join(known)),
            )
