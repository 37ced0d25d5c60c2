"""A server of its own process, as a user would start it: ``zhiyin serve`` on a workspace."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from zhiyin.domain.errors import ZhiyinError

_PATIENCE = 60.0  # seconds until it must answer


@contextmanager
def serving(
    folder: Path, port: int, environment: Mapping[str, str] | None = None, *, role: str = "all"
) -> Iterator[subprocess.Popen]:
    """Serve a workspace while the block runs; yields the process once it answers.

    ``environment`` adds variables such as ``ZHIYIN_SIMULATION_CLOCK``; ``role`` is that of the
    command. What the server says goes to ``server.log`` in the workspace. Raises ``ZhiyinError`` where it does not come up.
    """
    command = [
        sys.executable, "-m", "zhiyin.entrypoints.cli", "serve", "--workspace", str(folder), "--port", str(port),
        "--role", role, "--with-parent", str(os.getpid()),
    ]  # fmt: skip
    with open(folder / "server.log", "ab") as log:
        # a session of its own: Ctrl+C reaches the one who serves, who then ends the server in order
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(process, port, folder)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port(wanted: int = 0) -> int:
    """The wanted port if it is free on loopback, else another one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ZhiyinError("There is no free port on 127.0.0.1.", fix="Close other programs and try again.")


def _wait_until_it_answers(process: subprocess.Popen, port: int, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    tail = (folder / "server.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise ZhiyinError(
        f"The server did not come up on port {port}.",
        why=" / ".join(tail),
        fix="Try `zhiyin serve` in the workspace to see what is wrong.",
        code="server_down",
    )
