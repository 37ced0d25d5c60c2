"""A small world for campaigns: customers, a segment of all, a mail server that does as it is told."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from aiosmtpd.controller import Controller
from tests.prepared import once

from zhiyin.adapters.records.models import Campaign, Consent, Customer, Decision, Message
from zhiyin.domain.settings import CampaignSettings, PaceSettings, TrackingSettings
from zhiyin.services import campaigns, profiles, segments
from zhiyin.services.workspace import Workspace

BODY = (
    "<mjml><mj-body><mj-section><mj-column>"
    '<mj-text>Dear {{ customer.name }}, <a href="https://shop.example/tea?a=1&amp;b=2">tea</a></mj-text>'
    '<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)


# what a receipt can be given
RECEIPT = {
    "number": "1042",
    "date": "2026-03-01",
    "lines": [{"name": "Oolong", "quantity": 2, "price": "¥96.00"}, {"name": "铁观音", "price": "¥128.00"}],
    "shipping": "¥10.00",
    "discount": None,
    "total": "¥234.00",
    "address": "1 Tea Street, Hangzhou",
    "url": "https://shop.cn/orders/1042",
}


def people(ws: Workspace, count: int, *, consent: bool | None = True, profile: bool = True) -> list[str]:
    """Customers ``c0000`` and on, with addresses and (unless None) an answer about consent."""
    asked = replace(
        ws.settings, campaign=CampaignSettings(), pace=PaceSettings(), tracking=TrackingSettings()
    )
    alike = replace(ws, settings=asked)  # of these settings nobody here depends
    return once(alike, _people, count, consent=consent, profile=profile)


def _people(ws: Workspace, count: int, *, consent: bool | None, profile: bool) -> list[str]:
    ids = [f"c{n:04}" for n in range(count)]
    now = ws.now() - timedelta(days=30)
    Customer.objects.bulk_create(
        Customer(customer_id=i, email=f"{i}@example.com", name=i.upper(), created_at=now) for i in ids
    )
    if consent is not None:
        Consent.objects.bulk_create(
            Consent(customer_id=i, channel="email", granted=consent, source="import", at=now) for i in ids
        )
    segments.create(ws, "everyone", "Everyone", {"all": []})
    if profile:
        profiles.run(ws)
    return ids


def campaign(ws: Workspace, key: str = "spring", **changes: Any) -> Campaign:
    """A draft for everyone."""
    given = {
        "name": "Spring",
        "segment": "everyone",
        "subject": "Hello {{ customer.name }}",
        "body": BODY,
        "sender_email": "shop@example.com",
        "seed": key,  # who is held out is the same in every run
    }
    return campaigns.create(ws, key=key, **(given | changes))


def balanced(ws: Workspace, server: Server | None = None, key: str = "spring") -> dict[str, Any]:
    """How a campaign stands, after everybody in it was found in exactly one place, and with at most one letter."""
    standing = campaigns.progress(ws, key)
    parts = ("waiting", "held_out", "refused", "claimed", "handed_over", "accepted", "failed", "unknown")
    assert sum(standing[part] for part in parts) == standing["planned"]
    assert sum(standing["refused_by_reason"].values()) == standing["refused"]
    assert sum(standing["failed_by_reason"].values()) == standing["failed"]
    rows = Message.objects.filter(campaign__key=key, replaced=False)
    people = rows.values_list("customer_id", flat=True)
    assert len(set(people)) == len(people) == standing["planned"]
    assert Decision.objects.filter(message__in=rows).count() == standing["planned"]
    if server is not None:
        got = server.received()
        assert max(got.values(), default=0) <= 1
        taken = set(rows.filter(status="accepted").values_list("address", flat=True))
        assert (
            taken <= set(got) <= taken | set(rows.filter(status="unknown").values_list("address", flat=True))
        )
    return standing


@dataclass
class Later:
    """A clock that one can move on."""

    ws: Workspace
    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> Any:
        return self.ws.now() + self.ahead


def moving(ws: Workspace) -> tuple[Workspace, Later]:
    """The workspace with a clock that can be moved on."""
    clock = Later(ws)
    return replace(ws, now=clock), clock


class Server:
    """A real SMTP server. ``script(address)`` answers RCPT; the rest of the answers are attributes."""

    def __init__(self, script: Callable[[str], str] = lambda address: "250 OK", **options: Any) -> None:
        self.script = script
        self.on_mail = "250 OK"
        self.on_data: Callable[[str], str | None] = lambda address: "250 2.0.0 Queued"
        self.options = options
        self.letters: list[tuple[str, bytes]] = []
        self.connections = 0
        self._sessions: list[Any] = []
        self._lock = threading.Lock()
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self._controller = _on(listening, self)

    def __enter__(self) -> Server:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that lead here."""
        return {"smtp__host": "127.0.0.1", "smtp__port": self.port, "smtp__security": "none"}

    def hang_up(self) -> None:
        """End the open connections, as servers do with idle ones."""

        def end() -> None:
            for session in self._sessions:
                session.transport.write(b"421 4.4.2 Idle for too long\r\n")
                session.transport.close()

        self._controller.loop.call_soon_threadsafe(end)

    def received(self) -> Counter[str]:
        """How many messages everybody got."""
        return Counter(address for address, _ in self.letters)

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any
    ) -> Any:
        self.connections += 1
        self._sessions.append(server)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.on_mail.startswith("250"):
            envelope.mail_from = address
        return self.on_mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.script(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        (address,) = envelope.rcpt_tos
        answer = self.on_data(address)
        with self._lock:
            if answer is None or answer.startswith("250"):
                self.letters.append((address, envelope.content))
        if answer is None:  # taken over, and gone before it could say so
            server.transport.abort()
            return "250 nobody hears this"
        return answer


def _on(listening: socket.socket, server: Server) -> Controller:
    class OnFreePort(Controller):
        def _create_server(self) -> Any:
            return self.loop.create_server(self._factory_invoker, sock=listening, ssl=self.ssl_context)

    return OnFreePort(server, hostname="127.0.0.1", port=server.port, **server.options)
