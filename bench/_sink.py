"""A mail server that takes everything: postfix's ``smtp-sink`` where it is installed, else a few lines of ours."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# announces what real servers announce; does nothing with what it takes
_OWN = """
import asyncio, sys

class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest, self.data = transport, b"", False
        transport.write(b"220 sink ESMTP\\r\\n")

    def data_received(self, chunk):
        self.rest += chunk
        while True:
            if self.data:
                head, dot, rest = self.rest.partition(b"\\r\\n.\\r\\n")
                if not dot:
                    return
                self.rest, self.data = rest, False
                self.transport.write(b"250 2.0.0 Taken\\r\\n")
                continue
            line, end, rest = self.rest.partition(b"\\r\\n")
            if not end:
                return
            self.rest, word = rest, line[:4].upper()
            if word == b"EHLO":
                self.transport.write(b"250-sink\\r\\n250-PIPELINING\\r\\n250 8BITMIME\\r\\n")
            elif word == b"DATA":
                self.data = True
                self.transport.write(b"354 Go on\\r\\n")
            elif word == b"QUIT":
                self.transport.write(b"221 Bye\\r\\n")
                self.transport.close()
            else:
                self.transport.write(b"250 OK\\r\\n")

async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""


def name() -> str:
    """Which server takes the messages."""
    return "postfix's smtp-sink" if _found() else "a sink of ours"


@contextmanager
def sink() -> Iterator[int]:
    """The port on which it listens, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = _found()
    account = ["-u", "nobody"] if os.geteuid() == 0 else []  # it does not run as root
    theirs = [found or "", *account, f"127.0.0.1:{port}", "256"]
    command = theirs if found else [sys.executable, "-c", _OWN, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until_it_listens(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _found() -> str | None:
    return shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin")


def _until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the mail server ended")
