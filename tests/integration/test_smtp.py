"""Real SMTP: servers that refuse, stall, hang up, want a password, or cannot be trusted."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from tests.services.mailing import Server, campaign, people

from zhiyin.adapters.channels import channel
from zhiyin.adapters.channels.email import EmailChannel
from zhiyin.adapters.records.models import Message
from zhiyin.domain.errors import NotFound
from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.domain.settings import Settings, SmtpSettings
from zhiyin.services import campaigns, planning, sending
from zhiyin.testing.channel import ChannelContract, FakeChannel

LETTER = Envelope(
    "<1@example.com>", "shop@example.com", "li@example.com", b"Subject: x\r\n\r\n.dot\r\n..two\r\n"
)


def _channel(port: int, **changes: object) -> EmailChannel:
    smtp = SmtpSettings(host="127.0.0.1", port=port, security="none", timeout=60.0)
    return EmailChannel(Settings(Path("."), smtp=replace(smtp, **changes)))


def _once(port: int, letter: Envelope = LETTER, **changes: object) -> Receipt:
    made = _channel(port, **changes)
    receipt = made.send(letter)
    made.close()
    return receipt


def _answers(address: str) -> str:
    return {"gone": "550 5.1.1 No such user", "busy": "451 4.3.0 Later"}.get(address.split("@")[0], "250 OK")


class TestEmailChannel(ChannelContract):
    """E-mail keeps the contract of channels, against a real server."""

    @pytest.fixture(autouse=True)
    def _server(self):
        with Server(_answers) as self.server:
            yield

    def channel(self):
        return _channel(self.server.port)

    def unreachable(self):
        return _channel(1)  # where nobody listens

    def arrived(self):
        return [address for address, _ in self.server.letters]


class TestFakeChannel(ChannelContract):
    """The shipped fake keeps it too."""

    def channel(self):
        self.fake = FakeChannel({"gone@example.com": "refuse", "busy@example.com": "later"})
        return self.fake

    def unreachable(self):
        return FakeChannel(down=True)

    def arrived(self):
        return [envelope.to for envelope in self.fake.sent]


def test_an_unknown_channel_lists_the_known_ones():
    with pytest.raises(NotFound, match="email"):
        channel("pigeon", Settings(Path(".")))


def test_lines_that_start_with_a_dot_arrive_as_they_were():
    with Server() as server:
        assert _once(server.port).status == MessageStatus.ACCEPTED
    assert server.letters[0][1] == LETTER.content


def test_connections_are_used_again():
    with Server() as server:
        pool = _channel(server.port)
        for _ in range(20):
            assert pool.send(LETTER).status == MessageStatus.ACCEPTED
        pool.close()
    assert server.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_is_replaced_without_a_trace():
    with Server() as server:
        pool = _channel(server.port)
        assert pool.send(LETTER).status == MessageStatus.ACCEPTED
        server.hang_up()
        while pool._idle[0].session.sock.recv(200):
            pass  # until the server has closed it
        assert pool.send(LETTER).status == MessageStatus.ACCEPTED
        pool.close()
    assert (server.connections, len(server.letters)) == (2, 2)


def test_a_header_in_an_address_is_refused_before_it_leaves():
    with Server() as server:
        receipt = _once(server.port, replace(LETTER, to="li@example.com>\r\nRCPT TO:<x@y.example"))
    assert (receipt.status, receipt.reason) == (MessageStatus.FAILED, "recipient_refused")
    assert server.letters == []


def test_a_sender_refused_for_good_is_a_refusal_for_everyone():
    with Server() as server:
        server.on_mail = "553 5.7.1 Sender not owned"
        receipt = _once(server.port)
    assert (receipt.reason, receipt.everyone, receipt.retry) == ("server_refused", True, False)
    assert "Sender not owned" in receipt.detail


def test_content_refused_is_about_this_message_only():
    with Server() as server:
        server.on_data = lambda address: "554 5.7.1 Looks like spam"
        receipt = _once(server.port)
    assert (receipt.reason, receipt.everyone) == ("server_refused", False)


def test_a_server_that_hangs_up_after_the_content_leaves_it_unknown():
    with Server() as server:
        server.on_data = lambda address: None
        receipt = _once(server.port)
    assert (receipt.status, receipt.reason) == (MessageStatus.UNKNOWN, "connection_lost")
    assert len(server.letters) == 1  # it did take it over: a second try would have been a second message


def _announces(server, *words):
    async def announce(server_, session, envelope, hostname, responses):
        session.host_name = hostname
        server.connections += 1
        return [responses[0], *(f"250-{word}" for word in words), *responses[1:]]

    server.handle_EHLO = announce


def test_a_server_that_pipelines_takes_good_ones_and_refuses_others_on_one_connection():
    with Server(_answers) as server:
        _announces(server, "PIPELINING")
        pool = _channel(server.port)
        names = ("good", "gone", "busy", "fine")
        found = [pool.send(replace(LETTER, to=f"{name}@example.com")) for name in names]
        pool.close()
    assert [(one.status, one.reason, one.retry) for one in found] == [
        (MessageStatus.ACCEPTED, "", False),
        (MessageStatus.FAILED, "recipient_refused", False),
        (MessageStatus.FAILED, "recipient_refused", True),
        (MessageStatus.ACCEPTED, "", False),
    ]
    assert server.connections == 1
    assert [content for _, content in server.letters] == [LETTER.content] * 2


def test_a_server_that_wants_content_for_a_refused_recipient_gets_none():
    lines = (b"220 hi", b"250-hello\r\n250 PIPELINING", b"250 ok", b"550 5.1.1 no such user", b"354 go on")
    port, thread = _talk(*lines)
    receipt = _once(port)
    thread.join()  # the connection was ended
    assert (receipt.status, receipt.reason, receipt.retry) == (
        MessageStatus.FAILED,
        "recipient_refused",
        False,
    )


def test_an_address_in_chinese_goes_where_the_server_takes_it_and_is_refused_elsewhere():
    letter = replace(LETTER, to="李娜@example.com", content="To: 李娜@example.com\r\n\r\nx\r\n".encode())
    with Server(enable_SMTPUTF8=False) as server:
        receipt = _once(server.port, letter)
        assert (receipt.status, receipt.reason, server.letters) == (MessageStatus.FAILED, "no_smtputf8", [])
    with Server() as server:
        assert _once(server.port, letter).status == MessageStatus.ACCEPTED
    assert server.letters == [("李娜@example.com", letter.content)]


SOON = 1.5  # seconds until a silent server is given up; long enough for its thread to say all that it has


def _talk(*lines: bytes):
    """A server that gives these answers, all at once so that none is late, then stays silent or hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with listening, connection, connection.makefile("rb") as heard:
            connection.sendall(b"".join(line + b"\r\n" for line in lines if line != b"hang up"))
            if b"hang up" in lines:
                for _ in lines[1:]:
                    heard.readline()  # the last command has no answer
                return
            while heard.readline():
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listening.getsockname()[1], thread


GREET = (b"220 hi", b"250 hello", b"250 sender ok")


@pytest.mark.parametrize(
    ("lines", "reason", "everyone"),
    [
        ((b"220 hi", b"250 hello"), "timeout", False),  # silent at MAIL
        (GREET, "timeout", False),  # silent at RCPT
        ((*GREET, b"hang up"), "connection_lost", False),
        ((*GREET, b"250 ok", b"hang up"), "connection_lost", False),  # at DATA
        ((b"421 4.3.2 Too busy",), "unreachable", True),
        ((), "timeout", True),  # no greeting at all
    ],
)
def test_what_fails_before_the_content_is_out_may_be_tried_again(lines, reason, everyone):
    port, thread = _talk(*lines)
    receipt = _once(port, timeout=SOON if reason == "timeout" else 60.0)
    thread.join()
    assert receipt.status == MessageStatus.FAILED
    assert receipt.everyone is everyone
    assert receipt.retry or everyone
    assert receipt.reason == reason


def test_silence_after_the_content_is_unknown():
    port, thread = _talk(*GREET, b"250 ok", b"354 go on")
    receipt = _once(port, timeout=SOON)
    thread.join()
    assert (receipt.status, receipt.reason) == (MessageStatus.UNKNOWN, "timeout")


UNSAFE = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # on loopback it is not


class _Password:
    def __call__(self, server, session, envelope, mechanism, data):
        good = data.login == b"shop" and data.password == b"tea"
        return AuthResult(success=good, handled=False)


@UNSAFE
def test_the_right_password_opens_and_the_wrong_one_is_named():
    with Server(authenticator=_Password(), auth_required=True, auth_require_tls=False) as server:
        good = _once(server.port, user="shop", password="tea")
        bad = _once(server.port, user="shop", password="coffee")
        none = _once(server.port)
    assert good.status == MessageStatus.ACCEPTED
    assert (bad.reason, bad.everyone) == ("authentication", True)
    assert none.status == MessageStatus.FAILED


def test_a_server_without_starttls_gets_no_password():
    with Server() as server:
        receipt = _once(server.port, security="starttls", user="shop", password="tea")
    assert receipt.everyone
    assert "STARTTLS" in receipt.detail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate that signed itself, for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate, security):
    _, context = certificate
    options = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    with Server(**options) as server:
        receipt = _once(server.port, security=security)
    assert receipt.everyone
    assert "not to be trusted" in receipt.detail
    assert server.letters == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_is_vouched_for_opens(certificate, security, monkeypatch):
    path, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    options = (
        {"tls_context": context, "require_starttls": True}
        if security == "starttls"
        else {"ssl_context": context}
    )
    with Server(**options) as server:
        assert _once(server.port, security=security).status == MessageStatus.ACCEPTED
    assert len(server.letters) == 1


# -- a whole campaign against such servers -----------------------------------------------------------------------


def _send(ws, count=60):
    ids = people(ws, count)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    sending.run_until_done(ws, "spring")
    return ids, campaigns.progress(ws, "spring")


def test_half_of_the_recipients_refused_fail_and_the_others_are_sent(make_workspace):
    with Server(lambda address: "550 5.1.1 No" if int(address[1:5]) % 2 else "250 OK") as server:
        _, standing = _send(make_workspace(**server.settings))
    assert (standing["status"], standing["accepted"], standing["failed"]) == ("sent", 30, 30)
    assert set(server.received().values()) == {1}
    assert "550 5.1.1 No" in Message.objects.filter(status="failed").first().detail


@UNSAFE
def test_a_wrong_password_holds_everybody_and_says_so_and_fails_nobody(make_workspace):
    with Server(authenticator=_Password(), auth_required=True, auth_require_tls=False) as server:
        ws = make_workspace(**server.settings, smtp__user="shop", smtp__password="coffee")
        _, standing = _send(ws)
    assert (standing["status"], standing["failed"], standing["waiting"]) == ("sending", 0, 60)
    assert "smtp.password" in standing["channel"]


def test_a_server_that_takes_messages_over_and_hangs_up_gets_none_twice(make_workspace):
    seen = set()

    def on_data(address):
        if int(address[1:5]) % 3 == 0 and address not in seen:
            seen.add(address)
            return None
        return "250 OK"

    with Server() as server:
        server.on_data = on_data
        _, standing = _send(make_workspace(**server.settings))
    assert (standing["status"], standing["accepted"], standing["unknown"]) == ("sent", 40, 20)
    assert set(server.received().values()) == {1}
    assert len(server.letters) == 60


def test_a_server_that_goes_away_in_the_middle_loses_nobody(make_workspace):
    server = Server()
    server.__enter__()
    ws = make_workspace(**server.settings)
    people(ws, 80)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", limit=30)
    server.__exit__()
    sending.run_until_done(ws, "spring")
    standing = campaigns.progress(ws, "spring")
    assert (standing["status"], standing["accepted"], standing["waiting"]) == ("sending", 30, 50)
    assert "cannot be reached" in standing["channel"]
