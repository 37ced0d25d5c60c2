"""The mailbox to which messages come back: read by one process at a time, each message noted before it may go."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db import connections

from zhiyin.adapters import clock
from zhiyin.adapters.lake.lease import lease
from zhiyin.adapters.records.models import Mailbox
from zhiyin.adapters.sources import mailbox, messages
from zhiyin.domain.bounce import Fate
from zhiyin.domain.errors import BadSetting, Busy, MailboxFailed
from zhiyin.domain.settings import BouncesSettings
from zhiyin.domain.text import say
from zhiyin.loop.deliver.bounces import LIMIT
from zhiyin.services import bounce_notes
from zhiyin.services.workspace import Workspace

AT_ONCE = 500  # messages of one session; then others get their turn
_SAVED = 50  # messages after which it is noted how far one is
_LONGEST = timedelta(hours=1)  # between two tries, however often they failed
_PATIENCE = 5.0  # seconds for another who reads
_LOOK = 5.0  # seconds between two questions whether it is time

OnProgress = Callable[[int, int | None], object]


@dataclass(slots=True)
class ReadResult:
    """What was read: received = matched + unmatched + nothing + broken; what was known before is not received."""

    fates: Counter[Fate] = field(default_factory=Counter)
    known: int = 0
    more: bool = False  # messages wait that this session left

    @property
    def received(self) -> int:
        """How many were new."""
        return self.fates.total()

    def add(self, fate: Fate | None) -> None:
        """Count one."""
        if fate is None:
            self.known += 1
        else:
            self.fates[fate] += 1

    def to_dict(self) -> dict[str, int]:
        """The sums by name."""
        return {
            "received": self.received,
            **{fate.value: self.fates[fate] for fate in Fate},
            "known": self.known,
        }


def read_files(ws: Workspace, path: Path, on_progress: OnProgress = lambda done, total: None) -> ReadResult:
    """Take in the messages of a file, a folder or an mbox. Raises ``BadFile`` where there is nothing of that name."""
    result = ReadResult()
    for number, raw in enumerate(messages.messages(path, LIMIT), 1):
        result.add(bounce_notes.take(ws, raw.content, "file", raw.problem))
        on_progress(number, None)
    return result


def read(ws: Workspace, on_progress: OnProgress = lambda done, total: None) -> ReadResult:
    """Read the mailbox now, to its end. Raises ``BadSetting``, ``MailboxFailed``, and ``Busy`` while others read it."""
    mailbox.check(ws.settings.bounces)
    result = ReadResult()
    with lease(_lock(ws), say("Another process reads the mailbox."), patience=_PATIENCE):
        while True:
            result.more = False
            _session(ws, result, on_progress)
            if not result.more:
                return result


def step(ws: Workspace) -> int:
    """Read the mailbox if it is time; how many messages were read. What fails is noted, and tried again later."""
    if not due(ws):
        return 0
    result = ReadResult()
    try:
        with lease(_lock(ws), say("Another process reads the mailbox.")):
            if due(ws):  # others may just have read it
                _session(ws, result, lambda done, total: None)
    except (Busy, BadSetting, MailboxFailed):
        pass  # the state says it
    if result.received:
        ws.spool.close()  # so that who does one round only finds it in the lake
    return result.received + result.known


def due(ws: Workspace) -> bool:
    """Whether there is a mailbox, and the time has come to look into it."""
    if not ws.settings.bounces.protocol:
        return False
    row = state(ws)
    return row is None or row.next_at is None or row.next_at <= clock.system()


def state(ws: Workspace) -> Mailbox | None:
    """When the mailbox of the settings was read last, and what went wrong; None before the first time."""
    return Mailbox.objects.filter(mark=_mark(ws.settings.bounces)).first()


class Beside:
    """Reads the mailbox in a thread of its own, so that a server that hangs keeps nobody waiting."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._thread: threading.Thread | None = None
        self._next = 0.0

    def look(self) -> None:
        """Begin to read, if it is time and nobody is at it; returns at once."""
        if not self._ws.settings.bounces.protocol or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK
        if (self._thread is None or not self._thread.is_alive()) and due(self._ws):
            self._thread = threading.Thread(target=self._read, name="bounces", daemon=True)
            self._thread.start()

    def _read(self) -> None:
        try:
            step(self._ws)
        finally:
            connections.close_all()


def _session(ws: Workspace, result: ReadResult, on_progress: OnProgress) -> None:
    """One session, and what the state says after it. By the real clock: mail servers know no other."""
    settings = ws.settings.bounces
    row, _ = Mailbox.objects.get_or_create(mark=_mark(settings))
    row.tried_at = clock.system()
    pause = timedelta(seconds=settings.every_seconds)
    try:
        with mailbox.opened(settings) as session:
            _read(ws, session, row, result, on_progress)
    except (MailboxFailed, BadSetting) as error:
        row.failures += 1
        row.error = error.told
        row.next_at = clock.system() + min(pause * 2 ** min(row.failures - 1, 12), max(_LONGEST, pause))
        row.save()
        raise
    row.failures, row.error, row.read_at = 0, "", clock.system()
    row.next_at = row.read_at if result.more else row.read_at + pause
    row.save()


def _read(
    ws: Workspace, session: mailbox.Session, row: Mailbox, result: ReadResult, on_progress: OnProgress
) -> None:
    """The messages that wait. A crash between note and mark has one read again, which the note knows."""
    waiting = session.waiting(mailbox.Mark(row.validity, row.last_uid, row.seen))
    if session.validity != row.validity:
        row.validity, row.last_uid = session.validity, 0
    there = getattr(session, "there", ())
    row.seen = [one for one in row.seen if one in there]
    removes = ws.settings.bounces.after == "delete"
    for done, number in enumerate(waiting[:AT_ONCE], 1):
        content = session.content(number, LIMIT + 1)
        if content is not None:
            result.add(bounce_notes.take(ws, content, ws.settings.bounces.protocol))
            session.done(number)
        if session.validity:
            row.last_uid = int(number)
        elif not removes:
            row.seen.append(number)
        if done % _SAVED == 0:
            row.save()
        on_progress(done, len(waiting))
    result.more = len(waiting) > AT_ONCE
    row.save()


def _mark(settings: BouncesSettings) -> str:
    where = (settings.protocol, settings.host.lower(), str(settings.port), settings.user, settings.folder)
    return hashlib.sha256("\n".join(where).encode()).hexdigest()


def _lock(ws: Workspace) -> Path:
    return ws.folder / "bounces.lock"
