"""A server started by another process does not outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest

PARENT = """
import os, subprocess, sys
subprocess.Popen(
    [sys.executable, "-m", "zhiyin.entrypoints.cli", "serve", "--with-parent", str(os.getpid()), *sys.argv[1:]]
)
sys.stdin.read()
"""


@pytest.fixture
def port():
    """A port that is bound but not listened at: a server can take it, and nobody else is told that it is free."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_server_and_workers_end_when_the_process_that_started_them_is_killed(workspace, port, monkeypatch):
    monkeypatch.setenv("ZHIYIN_SMTP_WORKERS", "2")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "--workspace", str(workspace.folder), "--port", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        assert b"Zhiyin serves" in parent.stdout.readline()
        parent.kill()
        parent.communicate(timeout=120)  # all hold its output open: it ends when they do
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)


def test_a_server_that_is_told_to_end_waits_for_its_worker(workspace, port):
    command = [sys.executable, "-m", "zhiyin.entrypoints.cli", "serve"]
    server = subprocess.Popen(
        [*command, "--workspace", str(workspace.folder), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        assert b"Zhiyin serves" in server.stdout.readline()
        with socket.socket() as client:
            while client.connect_ex(("127.0.0.1", port)):  # it listens, so that it is the one who is told
                assert server.poll() is None
        server.terminate()
        assert server.wait(120) == 128 + signal.SIGTERM
        with pytest.raises(ProcessLookupError):  # nobody is left of its group
            os.killpg(server.pid, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.communicate(timeout=60)
