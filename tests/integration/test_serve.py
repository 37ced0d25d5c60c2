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


def test_server_and_worker_end_when_the_process_that_started_them_is_killed(workspace, port):
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
        parent.communicate(timeout=120)  # both hold its output open: it ends when they do
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
