"""Sending is killed with SIGKILL at random moments, again and again; nobody gets anything twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest
from django.db import connections
from tests.services.mailing import Server, campaign, people

from zhiyin.adapters.records.models import Message
from zhiyin.services import campaigns, ingest, sending

KILLS = 6
RECIPIENTS = 300


@pytest.mark.parametrize("seed", [1])
def test_after_many_kills_everyone_got_at_most_one_and_the_counts_add_up(make_workspace, seed):
    rng = random.Random(seed)
    with Server() as server:
        ws = make_workspace(**server.settings)
        people(ws, RECIPIENTS)
        campaign(ws, holdout=0.1)
        campaigns.start(ws, "spring")
        connections.close_all()
        for _ in range(KILLS):
            _killed(ws, server, rng)
        assert _send(ws, server).wait(600) == 0
        standing = campaigns.progress(ws, "spring")
        received = server.received()
    assert set(received.values()) == {1}
    parts = ("held_out", "refused", "accepted", "failed", "unknown")
    assert sum(standing[part] for part in parts) == standing["planned"] == RECIPIENTS
    assert (standing["status"], standing["failed"], standing["refused"]) == ("sent", 0, 0)
    assert standing["unknown"] <= KILLS * sending.HAND_OVER
    got = {address.split("@")[0] for address in received}
    by_status = {
        status: set(Message.objects.filter(status=status).values_list("customer_id", flat=True))
        for status in parts
    }
    assert by_status["accepted"] <= got
    assert got <= by_status["accepted"] | by_status["unknown"]
    assert not got & by_status["held_out"]
    ingest.drain(ws)
    counts = ingest.counts(ws)
    assert counts["Message Decided"] == RECIPIENTS
    assert counts["Email Delivered"] == standing["accepted"]


def _send(ws, server):
    """The command that a person would type, in a process of its own."""
    flags = {f"ZHIYIN_{key}".upper().replace("__", "_"): str(value) for key, value in server.settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "zhiyin.entrypoints.cli", "campaigns", "send", "spring", "--yes", "--json",
         "--workspace", str(ws.folder)],
        env={**os.environ, **flags},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _killed(ws, server, rng):
    """Start sending and kill it at a random message, before or after the server took that one over."""
    victim: list[subprocess.Popen] = []
    left = rng.randrange(1, 45)
    moment = rng.choice(("rcpt", "data", "answered"))

    def strike() -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(victim[0].pid, signal.SIGKILL)
        return left <= 0

    def on_rcpt(address):
        return "451 4.3.0 Dying" if moment == "rcpt" and strike() else "250 OK"

    def on_data(address):
        if moment == "data":
            return "451 4.3.0 Dying" if strike() else "250 OK"
        if moment == "answered":
            strike()
        return "250 OK"

    server.script, server.on_data = on_rcpt, on_data
    victim.append(_send(ws, server))
    assert victim[0].wait(600) == -signal.SIGKILL
    server.script, server.on_data = (lambda address: "250 OK"), (lambda address: "250 OK")
