"""Requests to addresses that people wrote reach the open internet only, whatever the name, the redirect or the notation."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from zhiyin.adapters import outgoing


class Handler(BaseHTTPRequestHandler):
    """/NUMBER answers that; /to?URL leads there; /get says no to HEAD; /slow never ends."""

    def do_HEAD(self) -> None:
        self.server.seen.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        name = self.path.strip("/").partition("?")
        if name[0] == "slow":
            self.server.over.wait(5)  # type: ignore[attr-defined]
            return
        status = (
            302 if name[0] in ("to", "loop") else 405 if name[0] == "get" and self.command == "HEAD" else 200
        )
        self.send_response(int(name[0]) if name[0].isdigit() else status)
        if status == 302:
            self.send_header("Location", name[2] if name[0] == "to" else "/loop")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def web() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.over = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def at(web: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{web.server_port}/{path}"


def anything(address: outgoing.Address) -> bool:
    return True


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("9.9.9.9", True), ("2620:fe::fe", True), ("64:ff9b::909:909", True), ("::ffff:9.9.9.9", True),
        ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1", False), ("fc00::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False), ("::ffff:a00:1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2002:a9fe:a9fe::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False), ("ff02::1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_open_internet_are_open(text: str, is_open: bool) -> None:
    assert outgoing.is_open(ipaddress.ip_address(text)) is is_open


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"]
)
def test_this_machine_is_never_asked_however_it_is_written(web: ThreadingHTTPServer, host: str) -> None:
    answer = outgoing.ask(f"http://{host}:{web.server_port}/")
    assert answer.status == 0
    assert web.seen == []  # type: ignore[attr-defined]


def test_a_redirect_into_the_private_network_is_not_followed(web: ThreadingHTTPServer) -> None:
    asked: list[str] = []

    def first_only(address: outgoing.Address) -> bool:
        asked.append(str(address))
        return str(address) != "127.0.0.2"

    answer = outgoing.ask(at(web, f"to?http://127.0.0.2:{web.server_port}/"), allowed=first_only)
    assert (answer.status, answer.forbidden) == (0, True)
    assert asked[-1] == "127.0.0.2"
    assert len(web.seen) == 1  # type: ignore[attr-defined]


def test_the_address_that_is_connected_to_is_the_one_that_was_looked_at(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means another address each time it is asked gets no further."""
    real, asked = socket.getaddrinfo, []

    def changing(host: str, *args: object, **kwargs: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if len(asked) > 1 else "127.0.0.9", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    looked: list[str] = []

    def never_mine(address: outgoing.Address) -> bool:
        looked.append(str(address))
        return str(address) == "127.0.0.9"

    outgoing.ask(f"http://rebinding.cn:{web.server_port}/", allowed=never_mine, patience=1)
    assert set(looked) == {"127.0.0.9"}  # what was looked at is a number, and that was dialled


@pytest.mark.parametrize(
    ("path", "status"), [("200", 200), ("404", 404), ("get", 200), ("to?/410", 410), ("500", 500)]
)
def test_the_last_answer_counts(web: ThreadingHTTPServer, path: str, status: int) -> None:
    assert outgoing.ask(at(web, path), allowed=anything).status == status


def test_a_circle_of_redirects_ends(web: ThreadingHTTPServer) -> None:
    assert outgoing.ask(at(web, "to?/to?/200"), allowed=anything).status == 200
    answer = outgoing.ask(at(web, "loop"), allowed=anything)
    assert (answer.status, answer.detail) == (0, "more than 5 redirects")
    assert web.seen.count("HEAD /loop") == 6  # type: ignore[attr-defined]


def test_who_says_nothing_is_given_up_in_time(web: ThreadingHTTPServer) -> None:
    answer = outgoing.ask(at(web, "slow"), allowed=anything, patience=0.2)
    assert (answer.status, answer.detail) == (0, "no answer within 0.2 s")


@pytest.mark.parametrize(
    "url", ["ftp://shop.cn/", "http:///x", "http://a@9.9.9.9/", "http://[::1", "http://x:99999/"]
)
def test_what_is_no_address_of_the_web_is_not_asked(url: str) -> None:
    assert outgoing.ask(url).status == 0
