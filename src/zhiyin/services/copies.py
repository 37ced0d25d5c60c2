"""Copies: every message as it was sent, byte for byte, kept for some weeks and erased with its person."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser

from zhiyin.adapters.records.models import Dictionary, Message, MessageCopy
from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say
from zhiyin.loop.deliver import press
from zhiyin.services.envelopes import Written
from zhiyin.services.workspace import Workspace

_PRUNED = 5_000  # taken away at a time
_PIXEL = re.compile(r"<img\b[^>]*/t/o/[^>]*>")
_USED = timedelta(hours=1)  # the use of a dictionary is noted that often


Pressed = tuple[int, int, bytes]  # of a message's row, its dictionary's, and the content


@dataclass(frozen=True, slots=True)
class Shown:
    """A kept message to look at: its header lines as they are, its header fields to read, and both bodies."""

    head: str
    fields: tuple[tuple[str, str], ...]
    text: str
    html: str


class Keeper:
    """Makes the copies of the messages of one round; what those of one wording share is found once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, bytes]] = {}

    def pressed(self, ws: Workspace, going: Sequence[tuple[Message, Written]]) -> list[Pressed]:
        """The copies of messages that are about to leave; none where the settings keep none."""
        if not ws.settings.messages.keep_days:
            return []
        now, made = ws.now(), []
        for row, written in going:
            dictionary, shared = self._shared(written.skeleton, now)
            seen = written.rendered
            made.append(
                (row.pk, dictionary, press.pressed(written.envelope.content, seen.text, seen.html, shared))
            )
        return made

    def _shared(self, skeleton: str, now: datetime) -> tuple[int, bytes]:
        if skeleton not in self._known:
            shared = press.dictionary(skeleton)
            digest = hashlib.sha256(shared).hexdigest()
            row, _ = Dictionary.objects.get_or_create(
                digest=digest, defaults={"content": shared, "used_at": now}
            )
            if now - row.used_at > _USED:
                Dictionary.objects.filter(pk=row.pk).update(used_at=now)
            self._known[skeleton] = (row.pk, shared)
        return self._known[skeleton]


def raw(ws: Workspace, token: str) -> bytes | None:
    """A message as it was sent; None where no copy is kept, or not any more."""
    found = _found(token)
    return press.unpressed(bytes(found.content), bytes(found.dictionary.content)) if found else None


def get(ws: Workspace, token: str) -> bytes:
    """A message as it was sent. Raises ``NotFound`` where no copy is kept, or not any more."""
    content = raw(ws, token)
    if content is None:
        raise NotFound(
            say("The message {token!r} is not kept as it was sent.", token=token[:64]),
            why=say("It never left, it is older than messages.keep_days, or its reader was erased."),
            fix=say("Look at what became of it: zhiyin messages show."),
        )
    return content


def shown(ws: Workspace, token: str) -> Shown | None:
    """The same to look at: without its pixel, since looking at it here is no opening."""
    found = _found(token)
    if found is None:
        return None
    head, text, html = press.parts(bytes(found.content), bytes(found.dictionary.content))
    fields = BytesHeaderParser(policy=policy.default).parsebytes(head + b"\r\n\r\n")
    told = tuple((name, str(value)) for name, value in fields.items())
    return Shown(head.decode("utf-8", "replace"), told, text, _PIXEL.sub("", html))


def prune(ws: Workspace) -> int:
    """Take away some of the copies that are older than ``messages.keep_days``; returns how many."""
    before = ws.now() - timedelta(days=ws.settings.messages.keep_days)
    old = list(MessageCopy.objects.filter(made_at__lt=before).values_list("pk", flat=True)[:_PRUNED])
    if not old:
        return 0
    MessageCopy.objects.filter(pk__in=old).delete()
    # one that is in use is not taken from under a message on its way
    Dictionary.objects.filter(copies=None, used_at__lt=min(before, ws.now() - 2 * _USED)).delete()
    return len(old)


def _found(token: str) -> MessageCopy | None:
    return MessageCopy.objects.select_related("dictionary").filter(message__token=token).first()
