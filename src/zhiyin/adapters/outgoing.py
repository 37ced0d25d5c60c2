"""Requests to addresses that people wrote: only to the open internet, looked at when connecting, on every hop."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from zhiyin.domain.host import ascii_domain

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
HOPS = 5
PATIENCE = 8.0  # seconds for one address, with all its redirects
_AGENT = "Zhiyin link check"
_READ = 1024  # bytes of an answer's body
_NO_HEAD = (400, 403, 404, 405, 501)  # answers to HEAD after which GET may say something else
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Forbidden(OSError):
    """An address leads into this machine or a private network."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered in the end; ``status`` is 0 where nobody did, and ``detail`` says why."""

    url: str
    status: int
    detail: str = ""
    forbidden: bool = False


def is_open(address: Address) -> bool:
    """Whether an address is one of the open internet, also where it stands inside another one.

    >>> is_open(ipaddress.ip_address("::ffff:127.0.0.1")), is_open(ipaddress.ip_address("9.9.9.9"))
    (False, True)
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_open(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def ask(url: str, *, patience: float = PATIENCE, allowed: Callable[[Address], bool] = is_open) -> Answer:
    """What is at an address. Follows redirects; every connection goes to an address that is ``allowed``.

    Nothing but the status is kept of the answer, and never longer than ``patience`` seconds are spent.
    """
    with _Guard(patience, allowed) as guard:
        try:
            return _follow(url, guard)
        except Forbidden as error:
            return Answer(url, 0, str(error), forbidden=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = guard.late or isinstance(error, TimeoutError)
            return Answer(
                url, 0, f"no answer within {patience:g} s" if late else str(error) or type(error).__name__
            )


class _Guard:
    """Opens connections to allowed addresses, and ends them all when the time is over."""

    def __init__(self, patience: float, allowed: Callable[[Address], bool]) -> None:
        self.patience, self.allowed, self.late = patience, allowed, False
        self._open: list[socket.socket] = []
        self._timer = threading.Timer(patience, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Guard:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def dial(self, host: str, port: int) -> socket.socket:
        """A connection to the host; the address is looked at after it was resolved, and again once connected."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        last: OSError | None = None
        for family, kind, protocol, _name, where in found:
            self._look(host, str(where[0]))
            made = socket.socket(family, kind, protocol)
            self._open.append(made)
            made.settimeout(self.patience)
            try:
                made.connect(where)  # a number: no name is asked for again
            except OSError as error:
                made.close()
                last = error
                continue
            self._look(host, str(made.getpeername()[0]))
            return made
        raise last or OSError(f"{host} has no address")

    def _look(self, host: str, address: str) -> None:
        if self.late:
            raise TimeoutError
        if not self.allowed(ipaddress.ip_address(address.partition("%")[0])):
            for one in self._open:
                one.close()
            raise Forbidden(f"{host} is not on the open internet")

    def _end(self) -> None:
        self.late = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _follow(url: str, guard: _Guard) -> Answer:
    for _ in range(HOPS + 1):
        status, where = _once("HEAD", url, guard)
        if status in _NO_HEAD:
            status, where = _once("GET", url, guard)
        if status not in (301, 302, 303, 307, 308) or not where:
            return Answer(url, status)
        url = urljoin(url, where)
    return Answer(url, 0, f"more than {HOPS} redirects")


def _once(method: str, url: str, guard: _Guard) -> tuple[int, str]:
    parts = urlsplit(url)
    host = ascii_domain(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise ValueError("not an address of the web")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _connected(parts.scheme, host, port, guard) as connection:
        connection.request(
            method, quote(target, safe="/?&=%:;@!$'()*+,~"), headers={"User-Agent": _AGENT, "Accept": "*/*"}
        )
        answer = connection.getresponse()
        if method == "GET":
            answer.read(_READ)
        return answer.status, answer.headers.get("Location", "")


@contextlib.contextmanager
def _connected(scheme: str, host: str, port: int, guard: _Guard) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(host, port, timeout=guard.patience)
    connection.auto_open = 0
    dialled = guard.dial(host, port)
    try:
        connection.sock = (
            ssl.create_default_context().wrap_socket(dialled, server_hostname=host)
            if scheme == "https"
            else dialled
        )
        yield connection
    finally:
        connection.close()
        dialled.close()
