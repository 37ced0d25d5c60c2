"""Providers of mail on loopback: they speak Postmark's and Mailgun's documented API and answer as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "key-0123456789"


class Provider:
    """What arrived, and what the next answers are: ``status`` by the local part of the recipient."""

    def __init__(self) -> None:
        self.arrived: list[dict[str, Any]] = []
        self.status: dict[str, int] = {"gone": 406, "busy": 429}
        self.url = ""
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/email"):
            self.postmark(json.loads(body))
        else:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            if b"multipart" not in head:
                from urllib.parse import parse_qs

                fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            else:
                parts = message_from_bytes(head + body).get_payload()
                fields = {
                    str(part.get_param("name", header="content-disposition")): part.get_payload(
                        decode=True
                    ).decode()
                    for part in parts
                }
            self.mailgun(fields)

    def postmark(self, told: dict[str, Any]) -> None:
        """https://postmarkapp.com/developer/api/email-api"""
        if self.headers["X-Postmark-Server-Token"] != KEY:
            self.answer(401, {"ErrorCode": 10, "Message": "No Account or Server API tokens were supplied"})
            return
        status = self.status(told["To"])
        if status == 406:
            words = (
                "You tried to send to a recipient that has been marked as inactive.\n"
                f"Found inactive addresses: {told['To']}.\n"
                "Inactive recipients are ones that have generated a hard bounce or a spam complaint."
            )
            self.answer(422, {"ErrorCode": 406, "Message": words})
        elif status == 422:
            self.answer(422, {"ErrorCode": 406, "Message": "Nothing that anybody knows."})
        elif status == 200:
            self.keep(told)
            self.answer(200, {"To": told["To"], "MessageID": "0a129aee", "ErrorCode": 0, "Message": "OK"})
        else:
            self.fail(status, told)

    def mailgun(self, told: dict[str, Any]) -> None:
        """https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages"""
        status = self.status(told["to"])
        if status == 200:
            self.keep(told)
            self.answer(200, {"id": "<2026@mg.example.com>", "message": "Queued. Thank you."})
        else:
            self.fail(status, told)

    def status(self, to: str) -> int:
        local = to.rpartition("<")[2].partition("@")[0]
        return self.provider.status.get(local, 200)

    def keep(self, told: dict[str, Any]) -> None:
        with self.provider.lock:
            self.provider.arrived.append(told)

    def fail(self, status: int, told: dict[str, Any]) -> None:
        if status == 0:  # took it, and says nothing
            self.keep(told)
            self.close_connection = True
            self.connection.close()
        elif status == -1:  # took it, and hangs
            self.keep(told)
            threading.Event().wait(1.0)
            self.close_connection = True
        else:
            self.answer(status, {"ErrorCode": 100, "Message": f"no, {KEY}"})

    def answer(self, status: int, told: dict[str, Any] | None = None) -> None:
        body = json.dumps(told).encode() if told is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side hung up; it was told to."""


@contextmanager
def serving() -> Iterator[Provider]:
    """A provider while the block runs."""
    provider = Provider()
    handler = type("Handler", (_Handler,), {"provider": provider})
    with _Server(("127.0.0.1", 0), handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
