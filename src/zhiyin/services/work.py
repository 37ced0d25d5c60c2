"""The worker's round: drain the spool, look again at memberships, plan and send, judge who opened and clicked, tidy
the lake. Beside it the mailbox is read to which messages come back."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import connection

from zhiyin.adapters import clock
from zhiyin.adapters.records.patience import AWAY
from zhiyin.domain.errors import Busy
from zhiyin.domain.text import say
from zhiyin.services import (
    copies,
    engagements,
    ingest,
    mailbox,
    memberships,
    planning,
    renewals,
    sending,
    sign_ups,
)
from zhiyin.services.workspace import Workspace

VACUUM = timedelta(days=1)  # old files are removed that often
FILES = 64  # a dataset with more small files than this is compacted between rounds
MOMENT = 0.2  # seconds for which a round waits for the lake: sending has to go on
BUSY = 5  # times as long features wait where there is always something to do,
FEW = 1_000  # and of so many customers only, so that nothing else waits for long
LONG = timedelta(seconds=30)  # a lake that others keep for longer is told about


def worker_id() -> str:
    """A name for this process in the send ledger."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


def run_once(ws: Workspace, name: str = "") -> int:
    """One round; returns how many things were done, 0 when there was nothing to do.

    Raises ``Busy`` where another process keeps the lake too long and there is nothing to send meanwhile.
    """
    done = 0
    with suppress(Busy):
        done = ingest.drain(ws, MOMENT)
    done += memberships.round(ws)
    done += _send(ws, name or worker_id()) + engagements.step(ws)
    return done or ingest.drain(ws) or mailbox.step(ws) or renewals.renew(ws) or _tidy(ws)


def run(
    ws: Workspace,
    wait: Callable[[float], bool],
    *,
    pause: float = 1.0,
    tell: Callable[[str], object] = lambda text: None,
) -> None:
    """Rounds until ``wait(seconds)`` answers that it is time to stop; idle rounds are ``pause`` apart.

    While another process writes to the lake, events wait in the spool and sending goes on; when that lasts,
    ``tell(text)`` is called, and again when it is over; likewise while the records do not answer. In the first idle
    round and then once a day, files go that the lake has not needed for a week, and addresses that nobody confirmed
    in time.
    """
    name, vacuumed, busy = worker_id(), None, _Busy(tell)
    renewed, letters = ws.now(), mailbox.Beside(ws)

    def turn() -> int:
        nonlocal vacuumed, renewed
        letters.look()
        done = 0
        try:
            done = ingest.drain(ws, MOMENT)
            busy.over()
        except Busy:
            busy.noted()
        done += memberships.round(ws)
        done += _send(ws, name) + engagements.step(ws)
        if ws.now() - renewed >= _pause(ws, busy=done > 0):
            done, renewed = done + renewals.renew(ws, FEW if done else renewals.MOST), ws.now()
        if not done and not busy.since:
            with suppress(Busy), ws.lake.writing(MOMENT):
                done = _tidy(ws)
                if not done and (vacuumed is None or clock.system() - vacuumed > VACUUM):
                    ws.lake.vacuum()
                    sign_ups.forget_expired(ws)
                    vacuumed = clock.system()
        return done

    lasting = _Lasting(turn, tell)
    while not wait(0.0 if lasting.turn() else pause):
        pass


def send(ws: Workspace, wait: Callable[[float], bool], *, pause: float = 1.0) -> None:
    """Hand over what others planned, until ``wait(seconds)`` answers that it is time to stop.

    For processes beside one that does everything: writing and signing is work for several cores.
    """
    name = worker_id()

    def turn() -> int:
        sending.recover(ws)
        return sending.send_step(ws, name)

    lasting = _Lasting(turn, lambda text: None)  # who does everything says it
    while not wait(0.0 if lasting.turn() else pause):
        pass


def _pause(ws: Workspace, *, busy: bool) -> timedelta:
    """How long features may stay as they are; longer where other things have to be done."""
    return timedelta(seconds=ws.settings.profile.refresh_seconds * (BUSY if busy else 1))


def _send(ws: Workspace, name: str) -> int:
    """Plan and send; all of it writes to records and spool, so that it needs no turn at the lake."""
    sending.recover(ws)
    return planning.plan_step(ws) + sending.send_step(ws, name)


def _tidy(ws: Workspace) -> int:
    compacted = sum(
        ws.lake.compact(name) for name in ("events", "rejects") if ws.lake.fragments(name) > FILES
    )
    return compacted + copies.prune(ws)


class _Lasting:
    """Turns that outlast a database which restarts: they are told once when it is away, once when it is back.

    Each step may be cut off anywhere, as by ``kill -9``; what was under way is put right by the turns that follow.
    """

    def __init__(self, turn: Callable[[], int], tell: Callable[[str], object]) -> None:
        self._turn, self._tell, self._away = turn, tell, False

    def turn(self) -> int:
        """One turn; 0 where the database did not answer."""
        try:
            done = self._turn()
        except AWAY as error:
            connection.close()
            if not self._away:
                why = str(error).strip().partition("\n")[0]
                self._tell(say("The records do not answer: {why}. Work waits until they do.", why=why))
            self._away = True
            return 0
        if self._away:
            self._away = False
            self._tell(say("The records answer again."))
        return done


class _Busy:
    """Since when others keep the lake, told once when it lasts and once when it is over."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self.since: datetime | None = None
        self._tell, self._told = tell, False

    def noted(self) -> None:
        self.since = self.since or clock.system()
        if not self._told and clock.system() - self.since >= LONG:
            self._told = True
            self._tell(
                say("Another process is writing to the lake. Events wait in the spool; sending goes on.")
            )

    def over(self) -> None:
        if self._told:
            self._tell(say("The lake is free again; what waited in the spool moves on."))
        self.since, self._told = None, False
