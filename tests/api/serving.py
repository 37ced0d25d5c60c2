"""A running server of a workspace, and a client that can misbehave."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from zhiyin.entrypoints.site.asgi import application
from zhiyin.entrypoints.site.http import PromptProtocol
from zhiyin.services import ingest, sources
from zhiyin.services.workspace import Workspace

ORDER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "ann",
    "messageId": "m1",
    "properties": {"order_id": "1", "total": 10},
}


def order(number: int) -> dict[str, Any]:
    """Another one."""
    return ORDER | {"messageId": f"m{number}", "properties": {"order_id": str(number), "total": 10}}


class Client:
    """Posts to a running server."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    def __call__(
        self, path: str, body: Any, *, method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            basic = base64.b64encode(f"{self.key}:".encode()).decode()
            connection.request(method, path, data, {"Authorization": f"Basic {basic}", **headers})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else {}
        finally:
            connection.close()

    def open(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, *parts: bytes) -> bytes:
        """What the server says to these bytes, until it closes the connection as they ask it to."""
        with self.open() as connection:
            for part in parts:
                with suppress(ConnectionError):  # it has said enough
                    connection.sendall(part)
            return b"".join(received(connection))

    def head(self, path: str = "/v1/track", *headers: str, key: bool = True) -> bytes:
        """The beginning of a request, up to its body."""
        bearer = [f"Authorization: Bearer {self.key}"] if key else []
        lines = [f"POST {path} HTTP/1.1", "Host: shop", *bearer, *headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"


def received(connection: socket.socket) -> Iterator[bytes]:
    """What comes until the other side closes or resets."""
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            yield data


@contextmanager
def serving(workspace: Workspace) -> Iterator[Client]:
    """The server as ``zhiyin serve`` runs it, in a thread; gives a client with a key."""
    config = uvicorn.Config(
        application(workspace), port=0, log_level="error", ws="none", http=PromptProtocol, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Client(port, sources.create(workspace, "web")[1])
    finally:
        server.should_exit = True
        thread.join()


def moved(workspace: Workspace) -> int:
    """Drain what was acknowledged so far."""
    workspace.spool.close()
    return ingest.drain(workspace)
