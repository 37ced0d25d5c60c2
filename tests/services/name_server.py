"""A little name server on loopback, UDP and TCP, that answers from a zone in the test."""

from __future__ import annotations

import contextlib
import errno
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL, SILENT, LARGE = "SERVFAIL", "SILENT", "LARGE"
Zone = Mapping[tuple[str, str], list[str] | str]


class Server:
    """Answers from ``zone``: lists of records by name and type; ``SERVFAIL``; ``SILENT``, which never answers; a
    list that begins with ``LARGE`` is answered over TCP only. What it was asked is in ``asked``."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[tuple[str, str]] = []
        self.address = ""

    def answer(self, wire: bytes, *, tcp: bool) -> bytes | None:
        """The answer to a question, None for silence."""
        question = dns.message.from_wire(wire)
        asked = question.question[0]
        key = (asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype))
        self.asked.append(key)
        found = self.zone.get(key, [])
        if found == SILENT:
            return None
        reply = dns.message.make_response(question, recursion_available=True)
        if found == SERVFAIL:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found and found[0] == LARGE and not tcp:
            reply.flags |= dns.flags.TC
        elif found:
            reply.answer.append(
                dns.rrset.from_text(asked.name, 60, "IN", key[1], *(one for one in found if one != LARGE))
            )
        elif not any(name == key[0] for name, _kind in self.zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()


@contextmanager
def serving(zone: Zone) -> Iterator[Server]:
    """A server while the block runs, both protocols on one port."""
    state = Server(zone)

    class Datagrams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            if (reply := state.answer(data, tcp=False)) is not None:
                sock.sendto(reply, self.client_address)

    class Streams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(struct.error, OSError):
                (size,) = struct.unpack("!H", self.request.recv(2, socket.MSG_WAITALL))
                reply = state.answer(self.request.recv(size, socket.MSG_WAITALL), tcp=True)
                if reply is not None:
                    self.request.sendall(struct.pack("!H", len(reply)) + reply)

    udp, tcp = _on_one_port(Datagrams, Streams)
    with udp, tcp:
        state.address = "{}:{}".format(*udp.server_address)
        threads = [
            threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}) for one in (udp, tcp)
        ]
        for thread in threads:
            thread.start()
        try:
            yield state
        finally:
            for one in (udp, tcp):
                one.shutdown()
            for thread in threads:
                thread.join()


Handler = type[socketserver.BaseRequestHandler]


def _on_one_port(
    datagrams: Handler, streams: Handler
) -> tuple[socketserver.ThreadingUDPServer, socketserver.ThreadingTCPServer]:
    """Both servers. The port that the system gives to one protocol may be taken in the other: then another."""
    while True:
        tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), streams)
        try:
            return socketserver.ThreadingUDPServer(tcp.server_address, datagrams), tcp
        except OSError as error:
            tcp.server_close()
            if error.errno != errno.EADDRINUSE:
                raise
