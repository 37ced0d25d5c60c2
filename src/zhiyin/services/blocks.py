"""Saved blocks: kept under a key, used in templates with ``{% render 'key' %}``."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from zhiyin.adapters.records.models import Block, BlockVersion, Campaign, Template
from zhiyin.domain.errors import Conflict, NotFound
from zhiyin.domain.text import say
from zhiyin.loop.deliver import languages, saved_blocks
from zhiyin.services import keys, templates
from zhiyin.services.workspace import Workspace


def list_(ws: Workspace) -> list[Block]:
    """All saved blocks by name."""
    return list(Block.objects.order_by("name"))


def get(ws: Workspace, key: str) -> Block:
    """The saved block of a key. Raises ``NotFound`` with the known keys."""
    row = Block.objects.filter(key=key).first()
    if row is None:
        known = list(Block.objects.order_by("key").values_list("key", flat=True)[:30])
        raise NotFound(
            say("There is no saved block {key!r}.", key=key),
            fix=say("Known blocks: {known}.", known=known) if known else say("There are none yet."),
        )
    return row


def save(
    ws: Workspace,
    *,
    key: str,
    name: str,
    body: str,
    language: str = "",
    by: str = "",
    expected: int | None = None,
) -> Block:
    """Keep a block under a key, or change it, which raises its version and changes what is sent from now on.

    Campaigns that were started keep it as it was. Raises ``BadTemplate`` with the line, ``Conflict`` where
    somebody else changed it since version ``expected``.
    """
    keys.check(key)
    saved_blocks.alone(body)
    templates.check("-", saved_blocks.around(body))
    now = ws.now()
    with transaction.atomic():
        row = Block.objects.select_for_update().filter(key=key).first() or Block(key=key, version=0)
        if expected is not None and row.version != expected:
            raise Conflict(
                say(
                    "{name} was changed meanwhile, to version {version}.",
                    name=row.name or key,
                    version=row.version,
                ),
                fix=say("Look at that version, then save yours again."),
            )
        changed = row.body != body
        row.version += changed
        row.name, row.body, row.language = name.strip() or key, body, languages.tag(language)
        row.updated_at = now
        row.save()
        if changed:
            BlockVersion.objects.create(
                block=row, number=row.version, name=row.name, body=body, at=now, by=by
            )
    return row


def versions(ws: Workspace, key: str) -> list[BlockVersion]:
    """Everything that a block ever was, newest first."""
    return list(get(ws, key).versions.all())


def restore(ws: Workspace, key: str, number: int, *, by: str = "") -> Block:
    """Make an earlier version the newest one. Raises ``NotFound``."""
    row = get(ws, key)
    old = row.versions.filter(number=number).first()
    if old is None:
        raise NotFound(
            say("{name} has no version {number}.", name=row.name, number=number),
            fix=say("It has {known}.", known=[one.number for one in row.versions.all()[:30]]),
        )
    return save(ws, key=key, name=row.name, body=old.body, language=row.language, by=by)


def remove(ws: Workspace, key: str) -> None:
    """Take a saved block away. Raises ``Conflict`` where templates or drafts use it."""
    row = get(ws, key)
    users = used_by(ws, key)
    if users:
        raise Conflict(
            say("{name} is used by {users}.", name=row.name, users=users), fix=say("Take it out there first.")
        )
    row.delete()


def used_by(ws: Workspace, key: str) -> list[str]:
    """The names of the templates and unsent campaigns that use a block."""
    templates_ = Template.objects.filter(archived_at=None)
    drafts = Campaign.objects.filter(status="draft")
    return [
        row.name
        for row in (*templates_, *drafts)
        if key in saved_blocks.used(row.body, *(one.body for one in row.wordings.others.values()))
    ]


def bodies(keys_: Collection[str]) -> dict[str, str]:
    """The MJML of saved blocks by their keys."""
    return dict(Block.objects.filter(key__in=keys_).values_list("key", "body")) if keys_ else {}
