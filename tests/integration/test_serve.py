"""A server started by another process does not outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

from zhiyin.simulate.server import free_port

PARENT = """
import subprocess, sys
subprocess.Popen([sys.executable, "-m", "zhiyin.entrypoints.cli", "serve", "--with-parent", *sys.argv[1:]])
sys.stdin.read()
"""


def test_server_and_worker_end_when_the_process_that_started_them_is_killed(workspace):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, "--workspace", str(workspace.folder), "--port", str(free_port())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        assert b"Zhiyin serves" in parent.stdout.readline()
        parent.kill()
        parent.communicate(timeout=60)  # both hold its output open: it ends when they do
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
