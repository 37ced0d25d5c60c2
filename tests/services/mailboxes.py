"""Little mail servers on loopback, IMAP and POP3, that hold what a test puts in and fail when it says so."""

from __future__ import annotations

import contextlib
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

USER, PASSWORD = "bounces", "s3cret pass"


class Box:
    """A mailbox: messages by number. ``fault(command)`` may answer ``drop`` or ``hang`` before a command is done."""

    def __init__(self) -> None:
        self.letters: dict[int, bytes] = {}
        self.validity = 7
        self.fault: Callable[[str], str] = lambda command: ""
        self.said: list[str] = []
        self.capabilities = "IMAP4rev1 UIDPLUS ID STARTTLS"
        self.port = 0
        self.over = threading.Event()
        self._next = 1

    def put(self, *letters: bytes) -> None:
        """Deliver messages."""
        for letter in letters:
            self.letters[self._next] = letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            self._next += 1

    def settings(self, protocol: str, **more: object) -> dict[str, Any]:
        """The settings that lead here."""
        given = {
            "protocol": protocol, "host": "127.0.0.1", "port": self.port, "security": "none", "user": USER,
            "password": PASSWORD, "timeout": 5.0,
        }  # fmt: skip
        return {f"bounces__{name}": value for name, value in (given | more).items()}


class _Handler(socketserver.StreamRequestHandler):
    box: Box

    def say(self, text: str | bytes) -> None:
        self.wfile.write(text.encode() if isinstance(text, str) else text)
        self.wfile.write(b"\r\n")

    def handle(self) -> None:
        with contextlib.suppress(OSError, ConnectionError):
            self.greet()
            while line := self.rfile.readline():
                command = line.decode(errors="replace").strip()
                self.box.said.append(command)
                fault = self.box.fault(command)
                if fault == "hang":
                    self.box.over.wait(30)
                    return
                if fault == "drop" or not self.obey(command):
                    return

    def greet(self) -> None:
        raise NotImplementedError

    def obey(self, command: str) -> bool:
        raise NotImplementedError


class Pop3(_Handler):
    """RFC 1939, as far as it is used."""

    def greet(self) -> None:
        self.numbers = dict(enumerate(self.box.letters, 1))
        self.gone: set[int] = set()
        self.say("+OK ready")

    def obey(self, command: str) -> bool:
        word, _, rest = command.partition(" ")
        word = word.upper()
        if word == "PASS" and rest != PASSWORD:
            self.say(f"-ERR no {rest} is not it")
        elif word == "CAPA":
            self.say("+OK")
            self.say("STLS")
            self.say(".")
        elif word == "UIDL":
            self.say("+OK")
            for number, uid in self.numbers.items():
                self.say(f"{number} id-{uid}")
            self.say(".")
        elif word == "RETR":
            letter = self.box.letters[self.numbers[int(rest)]]
            self.say(b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", letter.removesuffix(b"\r\n")))
            self.say(".")
        elif word == "DELE":
            self.gone.add(self.numbers[int(rest)])
            self.say("+OK")
        elif word == "QUIT":
            for uid in self.gone:
                self.box.letters.pop(uid, None)
            self.say("+OK bye")
            return False
        else:
            self.say("+OK")
        return True


class Imap(_Handler):
    """RFC 9051, as far as it is used."""

    def greet(self) -> None:
        self.marked: set[int] = set()
        self.say("* OK ready")

    def obey(self, command: str) -> bool:
        tag, _, rest = command.partition(" ")
        words = rest.split()
        word = words[0].upper()
        if word == "UID":
            word = f"UID {words[1].upper()}"
        done = f"{tag} OK done"
        if word == "CAPABILITY":
            self.say(f"* CAPABILITY {self.box.capabilities}")
        elif word == "LOGIN" and f'{USER} "{PASSWORD}"' not in rest.replace(f'"{USER}"', USER):
            done = f"{tag} NO [AUTHENTICATIONFAILED] {rest}"
        elif word in ("SELECT", "EXAMINE"):
            self.say(f"* {len(self.box.letters)} EXISTS")
            self.say(f"* OK [UIDVALIDITY {self.box.validity}] valid")
        elif word == "UID SEARCH":
            first = int(re.search(r"UID (\d+):\*", rest)[1])  # type: ignore[index]
            last = max(self.box.letters, default=0)
            found = [uid for uid in sorted(self.box.letters) if uid >= first or uid == last]
            self.say("* SEARCH " + " ".join(map(str, found)))
        elif word == "UID FETCH":
            asked = re.search(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", rest)
            uid, most = int(asked[1]), int(asked[2])  # type: ignore[index]
            letter = self.box.letters[uid][:most]
            self.say(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n" % (uid, len(letter)) + letter + b")")
        elif word == "UID STORE":
            self.marked.add(int(words[2]))
        elif word in ("UID EXPUNGE", "EXPUNGE"):
            for uid in {int(words[2])} if word == "UID EXPUNGE" else self.marked:
                self.box.letters.pop(uid, None)
        elif word == "LOGOUT":
            self.say("* BYE")
        self.say(done)
        return word != "LOGOUT"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(protocol: str) -> Iterator[Box]:
    """A server of that protocol while the block runs; the system chooses the port, which stays bound."""
    box = Box()
    handler = type("Handler", ({"pop3": Pop3, "imap": Imap}[protocol],), {"box": box})
    with _Server(("127.0.0.1", 0), handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield box
        finally:
            box.over.set()
            server.shutdown()
            thread.join()
