"""E-mail through a provider's API: the contract of channels, our message in its words, its faults as receipts."""

from __future__ import annotations

import base64
import json
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.api import payloads
from tests.integration.providers import KEY, Provider, serving
from tests.services.mailing import campaign, people

from zhiyin.adapters import esp
from zhiyin.adapters.channels import channel
from zhiyin.adapters.channels.esp import EspChannel
from zhiyin.adapters.channels.esp import letter as letter_of
from zhiyin.adapters.records.models import Message
from zhiyin.domain.errors import BadSetting
from zhiyin.domain.esp import ESPS
from zhiyin.domain.message import Envelope, MessageStatus, OutgoingEmail, Receipt
from zhiyin.domain.settings import EspSettings, Settings, SmtpSettings
from zhiyin.loop.deliver import mime
from zhiyin.services import campaigns, sending
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import ChannelContract

TOKEN = "7f3a" * 8


def made(name: str, url: str, key: str = KEY, timeout: float = 5.0, options: str = "") -> EspChannel:
    given = EspSettings(name=name, key=key, options=f"api_url={url}{options}")
    given.check()
    found = channel("email", Settings(Path("."), esp=given, smtp=SmtpSettings(timeout=timeout)))
    assert isinstance(found, EspChannel)
    return found


def letter(to: str = "li@example.com") -> Envelope:
    return mime.envelope(
        OutgoingEmail(
            message_id=f"<{TOKEN}@shop.example>",
            envelope_from="bounces@shop.example",
            to=to,
            to_name="李娜",
            subject="秋茶上新",
            html="<p>茶 <a href='https://shop.example/t/c/x'>看</a></p>",
            text="茶 https://shop.example",
            from_header=mime.mailbox("青禾, 茶舍", "tea@shop.example"),
            headers={
                "List-Unsubscribe": "<https://shop.example/u/abc>, <mailto:tea@shop.example>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "List-ID": "<shop.example>",
                "Feedback-ID": "spring:s1:shop.example",
                "Precedence": "bulk",
                "Reply-To": "answers@shop.example",
            },
        ),
        date=datetime(2026, 11, 1, tzinfo=UTC),
    )


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving() as found:
        yield found


class TestEspChannel(ChannelContract):
    """A provider keeps the contract of channels, over real HTTP."""

    @pytest.fixture(autouse=True)
    def _provider(self, provider: Provider) -> None:
        self.provider = provider

    def channel(self) -> EspChannel:
        return made("postmark", self.provider.url)

    def unreachable(self) -> EspChannel:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        return made("postmark", f"http://127.0.0.1:{port}/")

    def arrived(self) -> list[str]:
        return [told["To"] for told in self.provider.arrived]


def once(found: EspChannel, to: str = "li@example.com") -> Receipt:
    try:
        return found.send(letter(to))
    finally:
        found.close()


def test_postmark_gets_our_message_with_its_headers_and_the_token(provider: Provider) -> None:
    assert (
        once(made("postmark", provider.url, options=", message_stream=broadcast")).detail
        == "postmark 0a129aee"
    )
    (told,) = provider.arrived
    headers = {one["Name"]: one["Value"] for one in told["Headers"]}
    assert headers["List-Unsubscribe"] == "<https://shop.example/u/abc>, <mailto:tea@shop.example>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Feedback-ID"] == "spring:s1:shop.example"
    assert not {"DKIM-Signature", "Message-ID", "Date", "Content-Type", "MIME-Version"} & set(headers)
    assert told["Subject"] == "秋茶上新"
    assert told["From"] == '"青禾, 茶舍" <tea@shop.example>'
    assert told["To"].endswith("<li@example.com>")
    assert told["ReplyTo"] == "answers@shop.example"
    assert told["HtmlBody"].startswith("<p>茶 ")
    assert told["TextBody"].startswith("茶 ")
    assert told["Metadata"] == {"zhiyin": TOKEN}
    assert told["MessageStream"] == "broadcast"


def test_mailgun_gets_the_same_in_its_own_words(provider: Provider) -> None:
    receipt = once(made("mailgun", f"{provider.url}v3", options=", sender_domain=mg.example.com"))
    assert receipt.status == MessageStatus.ACCEPTED
    (told,) = provider.arrived
    assert told["h:List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert told["v:zhiyin"] == TOKEN
    assert told["subject"] == "秋茶上新"


@pytest.mark.parametrize(
    ("answer", "status", "reason", "retry", "everyone"),
    [
        (401, "failed", "authentication", False, True),
        (403, "failed", "authentication", False, True),
        (400, "failed", "server_refused", False, False),
        (429, "failed", "server_refused", True, True),
        (500, "failed", "server_refused", True, True),
        (503, "failed", "server_refused", True, True),
        (502, "unknown", "connection_lost", False, False),
        (504, "unknown", "connection_lost", False, False),
        (0, "unknown", "connection_lost", False, False),
        (-1, "unknown", "timeout", False, False),
    ],
)
def test_every_answer_of_a_provider_is_a_receipt(
    provider: Provider, answer: int, status: str, reason: str, retry: bool, everyone: bool
) -> None:
    provider.status["li"] = answer
    receipt = once(
        made("mailgun", f"{provider.url}v3", options=", sender_domain=mg.example.com", timeout=0.2)
    )
    found = (receipt.status, receipt.reason, receipt.retry, receipt.everyone)
    assert found == (status, reason, retry, everyone)
    assert KEY not in receipt.detail


def test_a_refusal_in_new_words_is_not_taken_for_a_yes(provider: Provider) -> None:
    provider.status["li"] = 422
    receipt = once(made("postmark", provider.url))
    assert (receipt.status, receipt.everyone) == ("failed", False)
    assert "Nothing that anybody knows" in receipt.detail


def test_a_wrong_key_is_nobodys_fault_but_ours(provider: Provider) -> None:
    receipt = once(made("postmark", provider.url, key="other"))
    assert (receipt.reason, receipt.everyone) == ("authentication", True)
    assert provider.arrived == []


def test_without_the_extra_the_install_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "anymail"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "anymail", None)
    found = made("postmark", "http://127.0.0.1:1/")
    for receipt in (found.open(), found.send(letter())):
        assert receipt is not None
        assert receipt.everyone
        assert "pip install 'zhiyin[esp]'" in receipt.detail


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "postmark"}, "esp.key"),
        ({"name": "mailjet", "key": "k"}, "esp.secret"),
        ({"name": "amazon_ses", "key": "k", "secret": "s"}, "region"),
        ({"name": "postmark", "key": "k", "options": "api_url=http://api.example.com"}, "api_url"),
        ({"name": "postmark", "key": "k", "options": "nothing"}, "nothing"),
        ({"name": "postmark", "key": "k", "webhook_secret": "alone"}, "colon"),
    ],
)
def test_what_a_provider_needs_is_said_before_it_is_asked(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadSetting, match=told):
        EspSettings(**given).check()


def test_an_unknown_provider_names_the_known_ones(make_workspace: Any) -> None:
    with pytest.raises(BadSetting, match="mailgun"):
        make_workspace(esp__name="pigeon")


def test_amazons_message_is_the_mime_that_boto_sends() -> None:
    given = EspSettings(name="amazon_ses", key="AKIA0", secret="s", options="region=eu-west-1")
    found = EspChannel(Settings(Path("."), esp=given, smtp=SmtpSettings(timeout=0.5)))
    with found._backend() as backend:
        assert backend.client.meta.region_name == "eu-west-1"
    found.close()


@pytest.mark.parametrize("name", ESPS)
def test_every_provider_has_a_place_for_all_of_our_message(name: str) -> None:
    options = ", ".join(
        f"{one}=https://api.example" if one == "api_url" else f"{one}=x" for one in ESPS[name].needs
    )
    settings = EspSettings(name=name, key=KEY, secret="s", options=options, webhook_secret="hook:1")
    settings.check()
    backend = esp.backend(settings, 5.0)
    mail = letter_of(letter())
    if name == "amazon_ses":
        backend.open()
        made = backend.build_message_payload(mail, {})
        made.finalize_payload()
        backend.close()
        told = str(made.params)
    else:
        payload = backend.build_message_payload(mail, backend.send_defaults)
        told = str(payload.serialize_data() or payload.data)
    for said in ("One-Click", "spring:s1:shop.example", TOKEN, "li@example.com", "tea@shop.example"):
        assert said in told, said
    assert esp.view(settings).esp_name


def test_a_campaign_through_a_provider_and_what_it_tells_later(
    make_workspace: Any, provider: Provider
) -> None:
    given = {"name": "postmark", "key": KEY, "options": f"api_url={provider.url}", "webhook_secret": "hook:1"}
    ws = make_workspace(**{f"esp__{name}": value for name, value in given.items()})
    people(ws, 4)
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring", allow_local_links=True)
    provider.status["c0003"] = 400
    sending.run_until_done(ws, "spring")
    standing = campaigns.progress(ws, "spring")
    assert (standing["accepted"], standing["failed"]) == (3, 1)
    rows = dict(Message.objects.filter(status="accepted").values_list("token", "address"))
    assert {
        told["Metadata"]["zhiyin"]: told["To"].rpartition("<")[2].strip(">") for told in provider.arrived
    } == rows
    token, address = sorted(rows.items())[0]
    assert posted(ws, payloads.postmark(token, address, "SpamComplaint")) == 200
    standing = campaigns.progress(ws, "spring")
    assert standing["came_back"] == {"complaint": 1}
    assert standing["planned"] == standing["accepted"] + standing["failed"] == 4


def posted(ws: Workspace, told: dict[str, Any]) -> int:
    """What the webhook answers."""
    browser: Any = Client()
    basic = base64.b64encode(ws.settings.esp.webhook_secret.encode()).decode()
    headers = {"HTTP_AUTHORIZATION": f"Basic {basic}", "content_type": "application/json"}
    return int(browser.post("/v1/webhooks/postmark", json.dumps(told), **headers).status_code)
