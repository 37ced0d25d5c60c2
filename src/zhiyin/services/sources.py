"""Sources: who may send events. Each has a write key, made once, shown once and kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

import msgspec
from django.db import IntegrityError, close_old_connections, transaction
from django.db.models import F

from zhiyin.adapters.records.models import Source, Tally
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.domain.text import say
from zhiyin.services.workspace import Workspace

KINDS = ("web", "server", "app")
OWN, FILES = "zhiyin", "files"  # what happens to messages, and what comes as files: sources without a key
RESERVED = frozenset({OWN, FILES, "shop", "console", ""})
MOST = 1_000_000  # events a second
TEST_EVENT = "Test Event"
_LONGEST = 100


def create(ws: Workspace, name: str, kind: str = "web", limit: int = 0) -> tuple[Source, str]:
    """Make a source; returns it and its key, which cannot be shown again.

    ``kind`` is ``web``, ``server`` or ``app``; ``limit`` is how many events a second it may send, 0 for any
    number. Raises ``Conflict`` where a source in force bears the name.
    """
    name = _checked(name)
    if kind not in KINDS:
        raise BadSetting(
            say("There is no kind of source {kind!r}.", kind=kind),
            fix=say("Choose one of: {kinds}.", kinds=", ".join(KINDS)),
        )
    key = f"zy_{secrets.token_urlsafe(24)}"
    row = Source(name=name, kind=kind, limit=_limit(limit), digest=digest(key), created_at=ws.now())
    _save(row)
    return row, key


def list_(ws: Workspace) -> list[Source]:
    """All sources with a key: those in force by name, then the revoked ones, newest first."""
    return [
        *Source.objects.filter(revoked_at=None).order_by("name"),
        *Source.objects.exclude(revoked_at=None).order_by("-revoked_at", "-pk"),
    ]


def get(ws: Workspace, name: str) -> Source:
    """The source of a name: the one in force, else the one revoked last. Raises ``NotFound``."""
    found = [row for row in list_(ws) if row.name == name.strip()]
    if not found:
        known = ", ".join(row.name for row in list_(ws) if row.revoked_at is None)
        raise NotFound(
            say("There is no source {name!r}.", name=name),
            fix=say("There are: {known}.", known=known) if known else say("Create the first one."),
        )
    return found[0]


def by_id(ws: Workspace, source_id: int) -> Source:
    """The source of an id. Raises ``NotFound``."""
    row = Source.objects.filter(pk=source_id).first()
    if row is None:
        raise NotFound(say("There is no such source."), fix=say("Look at the list of sources."))
    return row


def rename(ws: Workspace, name: str, new: str) -> Source:
    """Give a source in force another name. What was counted follows; events that came keep the old one."""
    row, new = _in_force(ws, name), _checked(new)
    if new == row.name:
        return row
    with transaction.atomic():
        old, row.name = row.name, new
        _save(row)
        known = Tally.objects.filter(source=new)  # of a revoked source that bore the name
        hours = set(known.values_list("hour", flat=True))
        for tally in Tally.objects.filter(source=old, hour__in=hours):
            same = known.filter(hour=tally.hour, outcome=tally.outcome)
            if same.update(events=F("events") + tally.events):
                tally.delete()
        Tally.objects.filter(source=old).update(source=new)
    return row


def limit(ws: Workspace, name: str, events: int) -> Source:
    """State how many events a second a source may send, 0 for any number; in force within ten seconds."""
    row = _in_force(ws, name)
    row.limit = _limit(events)
    row.save(update_fields=["limit"])
    return row


def revoke(ws: Workspace, name: str) -> Source:
    """Switch a source's key off for good; within ten seconds no process accepts it."""
    row = _in_force(ws, name)
    row.revoked_at = ws.now()
    row.save(update_fields=["revoked_at"])
    return row


def test(ws: Workspace, name: str) -> str:
    """Put a test event of a source into the spool, from where it goes the way of all events; returns its id."""
    row = _in_force(ws, name)
    message_id = f"test-{secrets.token_hex(8)}"
    body = {
        "type": "track",
        "event": TEST_EVENT,
        "anonymousId": "test",
        "messageId": message_id,
        "properties": {"note": "sent from the console"},
    }
    entry = {"receivedAt": ws.now(), "source": row.name, "kind": "track", "body": body}
    ws.spool.append([msgspec.json.encode(entry)])
    ws.spool.close()
    return message_id


def find(key: str) -> tuple[str, int] | None:
    """The name and the limit of a key that is in force, None otherwise. Called outside Django's requests, so
    it gives its connection back itself."""
    try:
        rows = Source.objects.filter(digest=digest(key), revoked_at=None)
        return rows.values_list("name", "limit").first()
    finally:
        close_old_connections()


def digest(key: str) -> str:
    """What is kept of a key; the keys are long random texts, so a plain hash cannot be reversed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _in_force(ws: Workspace, name: str) -> Source:
    row = get(ws, name)
    if row.revoked_at is not None:
        raise NotFound(say("The source {name!r} is revoked.", name=row.name), fix=say("Create a new one."))
    return row


def _checked(name: str) -> str:
    """The name as it is kept. Raises ``BadSetting``."""
    name = " ".join(name.replace("\x00", "").split())
    if name.casefold() in RESERVED or len(name) > _LONGEST:
        raise BadSetting(
            say("A source cannot be named {name!r}.", name=name[:_LONGEST]),
            why=say("The name is empty, over 100 characters, or the system's own."),
            fix=say("Name it after what sends, such as 'Web shop'."),
        )
    return name


def _limit(events: int) -> int:
    if not 0 <= events <= MOST:
        raise BadSetting(
            say("{events} events a second is no limit.", events=events),
            fix=say("Give a number from 1 to 1,000,000, or 0 for any number."),
        )
    return events


def _save(row: Source) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(
            say("There is a source {name!r} already.", name=row.name),
            fix=say("Give another name, or revoke that one first."),
        ) from error
