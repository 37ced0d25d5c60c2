"""Topics: what people may want or not want, made, changed, put away, and what was said about them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, Q

from zhiyin.adapters.records.models import Campaign, Consent, Topic
from zhiyin.domain.consent import MARKETING, TRACKING
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.text import say
from zhiyin.domain.topic import LANGUAGES
from zhiyin.services.workspace import Workspace

_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
TAKEN = (
    MARKETING,
    TRACKING,
    "transactional",
    "training",
    "new",
)  # purposes that are no topics; a page's address
_NAME, _DESCRIPTION = 80, 300  # letters


def create(
    ws: Workspace,
    key: str,
    names: Mapping[str, str],
    descriptions: Mapping[str, str] | None = None,
    *,
    public: bool = True,
) -> Topic:
    """A new topic with its name in one language at least (``en``, ``zh-hans``).

    Raises ``BadSetting`` for a key that cannot be one or a missing name, ``Conflict`` for a key in use.
    """
    if not _KEY.fullmatch(key) or len(key) > 40 or key in TAKEN:
        raise BadSetting(
            say("{key!r} is not a key for a topic.", key=key),
            fix=say("Use small letters, digits and hyphens: new-teas."),
        )
    if Topic.objects.filter(key=key).exists():
        raise Conflict(say("There is a topic {key!r} already.", key=key), fix=say("Choose another key."))
    row = Topic(key=key, public=public, created_at=ws.now())
    row.names, row.descriptions = _texts(names, _NAME), _texts(descriptions or {}, _DESCRIPTION)
    _valid(row)
    row.save()
    return row


def update(
    ws: Workspace,
    key: str,
    *,
    names: Mapping[str, str] | None = None,
    descriptions: Mapping[str, str] | None = None,
    public: bool | None = None,
) -> Topic:
    """Change names, descriptions or whether everybody may see it; what is None stays. The key stays for ever,
    since what people said is kept under it."""
    row = get(ws, key)
    if names is not None:
        row.names = _texts({**row.names, **names}, _NAME)
    if descriptions is not None:
        row.descriptions = _texts({**row.descriptions, **descriptions}, _DESCRIPTION)
    row.public = row.public if public is None else public
    _valid(row)
    row.save()
    return row


def archive(ws: Workspace, key: str) -> Topic:
    """Offer it no more; what people said about it is kept and holds for campaigns that have it."""
    row = get(ws, key)
    row.archived_at = row.archived_at or ws.now()
    row.save()
    return row


def restore(ws: Workspace, key: str) -> Topic:
    """Offer it again."""
    row = get(ws, key)
    row.archived_at = None
    row.save()
    return row


def get(ws: Workspace, key: str) -> Topic:
    """The topic of a key. Raises ``NotFound`` with the known keys."""
    row = Topic.objects.filter(key=key).first()
    if row is None:
        known = ", ".join(Topic.objects.values_list("key", flat=True)[:20])
        raise NotFound(
            say("There is no topic {key!r}.", key=key),
            fix=say("Known topics: {known}.", known=known) if known else say("Known topics: none yet."),
        )
    return row


def list_(ws: Workspace, *, archived: bool = True) -> list[Topic]:
    """All topics, in the order in which they were made."""
    rows = Topic.objects.all()
    return list(rows if archived else rows.filter(archived_at=None))


def public(ws: Workspace, keys: Sequence[str] | None = None) -> list[Topic]:
    """Those that pages for everybody may show; of ``keys`` alone if given, in their order."""
    rows = {row.key: row for row in Topic.objects.filter(public=True, archived_at=None)}
    return list(rows.values()) if keys is None else [rows[key] for key in keys if key in rows]


def name(key: str, language: str) -> str:
    """What a reader of ``language`` calls the topic of a key; a key that names none stands for itself."""
    row = Topic.objects.filter(key=key).first()
    return row.noun.name(language) if row else key


def words(ws: Workspace, channel: str = "email") -> dict[str, dict[str, Any]]:
    """What customers said, by purpose: ``yes``, ``no`` and ``campaigns`` (how many are about it)."""
    said = (
        Consent.objects.filter(channel=channel)
        .order_by()
        .values_list("purpose")
        .annotate(yes=Count("pk", filter=Q(granted=True)), no=Count("pk", filter=Q(granted=False)))
    )
    about = dict(Campaign.objects.exclude(topic="").order_by().values_list("topic").annotate(Count("pk")))
    found = {purpose: {"yes": yes, "no": no} for purpose, yes, no in said}
    keys = {MARKETING, *found, *Topic.objects.values_list("key", flat=True)}
    return {
        key: {**found.get(key, {"yes": 0, "no": 0}), "campaigns": about.get(key, 0)} for key in sorted(keys)
    }


def _texts(given: Mapping[str, str], longest: int) -> dict[str, str]:
    unknown = sorted(set(given) - set(LANGUAGES))
    if unknown:
        raise BadSetting(
            say("There is no language {language!r} here.", language=unknown[0]),
            fix=say("Choose one of: {choices}.", choices=", ".join(LANGUAGES)),
        )
    texts = {language: " ".join(text.split()) for language, text in given.items() if text.strip()}
    for text in texts.values():
        if len(text) > longest:
            raise BadSetting(
                say("A text has {n} letters.", n=len(text)), fix=say("It may have {n}.", n=longest)
            )
    return texts


def _valid(row: Topic) -> None:
    if not row.names:
        raise BadSetting(
            say("The topic has no name."), fix=say("Give it a name that customers read, such as New teas.")
        )
