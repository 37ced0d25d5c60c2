"""Webhooks of providers: believed when signed, about the address that was written to, and once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.payloads import mailgun, postmark, postmark_delivery, sendgrid
from tests.api.serving import serving
from tests.console.small_shop import client
from tests.services.returned_mail import sent

from zhiyin.adapters.records.models import BounceNote, Message, Suppression
from zhiyin.domain.esp import EspEvent
from zhiyin.entrypoints.site import current
from zhiyin.loop.deliver.esp_event import bounce_of
from zhiyin.services import bounce_notes, ingest
from zhiyin.services.workspace import Workspace

SECRET = "hook:4b1d"
Make = Callable[..., Workspace]


def shop(make: Make, name: str = "postmark", **more: object) -> Workspace:
    return make(esp__name=name, esp__key="key-1", **({"esp__webhook_secret": SECRET} | more))


def post(name: str, told: Any, secret: str = SECRET) -> int:
    basic = base64.b64encode(secret.encode()).decode()
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    browser: Any = client()
    answer = browser.post(
        f"/v1/webhooks/{name}", body, content_type="application/json", HTTP_AUTHORIZATION=f"Basic {basic}"
    )
    return int(answer.status_code)


def listed() -> dict[str, str]:
    return dict(Suppression.objects.filter(channel="email").values_list("address", "reason"))


def events(ws: Workspace) -> dict[str, int]:
    ws.spool.close()
    ingest.drain(ws)
    return ingest.counts(ws)


def test_a_bounce_and_a_complaint_are_taken_in_once(make_workspace: Make) -> None:
    ws = shop(make_workspace)
    li, wang, ann = sent(ws, "li", "wang", "ann")
    for _ in range(2):
        assert post("postmark", postmark(li.token, li.address)) == 200
        assert post("postmark", postmark(wang.token, wang.address, "SpamComplaint")) == 200
        assert post("postmark", postmark_delivery(ann.token, ann.address)) == 200
    assert listed() == {"li@example.com": "hard_bounce", "wang@example.com": "complaint"}
    assert events(ws) == {"Email Bounced": 1, "Email Marked as Spam": 1}
    assert bounce_notes.sums(ws).matched == bounce_notes.sums(ws).received == 2
    assert set(BounceNote.objects.values_list("source", flat=True)) == {"postmark"}


def test_a_wrong_secret_leaves_no_trace(make_workspace: Make) -> None:
    ws = shop(make_workspace)
    (li,) = sent(ws, "li")
    assert post("postmark", postmark(li.token, li.address), "hook:other") == 403
    assert post("mailgun", postmark(li.token, li.address)) == 404
    for told in (b"", b"{", b"[]", b"null", b"\xff", json.dumps({"RecordType": 7}).encode()):
        assert post("postmark", told) in (200, 400)
    assert client().get("/v1/webhooks/postmark").status_code == 200  # type: ignore[attr-defined]
    assert events(ws) == {}
    assert bounce_notes.sums(ws).received == 0


def test_without_a_secret_the_door_is_closed(make_workspace: Make) -> None:
    ws = shop(make_workspace, esp__webhook_secret="")
    (li,) = sent(ws, "li")
    assert post("postmark", postmark(li.token, li.address)) == 403
    assert listed() == {}


def test_without_a_provider_there_is_no_door(workspace: Workspace) -> None:
    assert post("postmark", {}) == 404


def test_mailgun_is_believed_by_its_signature(make_workspace: Make) -> None:
    ws = shop(make_workspace, "mailgun", esp__webhook_secret="", esp__webhook_key="sign-1")
    li, wang = sent(ws, "li", "wang")
    assert post("mailgun", mailgun("sign-2", li.token, li.address), "") == 403
    assert listed() == {}
    assert post("mailgun", mailgun("sign-1", li.token, li.address), "") == 200
    later = mailgun("sign-1", wang.token, wang.address, severity="temporary")
    assert post("mailgun", later, "") == 200  # it goes on trying
    assert listed() == {"li@example.com": "hard_bounce"}
    assert dict(Message.objects.values_list("customer_id", "bounced")) == {"li": "hard", "wang": ""}


@pytest.mark.parametrize(
    "name", ["mailgun", "postmark", "sendgrid", "amazon_ses", "mandrill", "unisender_go"]
)
def test_a_body_of_no_form_is_refused_whoever_sends_it(make_workspace: Make, name: str) -> None:
    more = {"amazon_ses": "region=x", "unisender_go": "api_url=https://api.example"}.get(name, "")
    shop(
        make_workspace,
        name,
        esp__options=more,
        esp__secret="s",
        esp__webhook_key="k" if name == "mandrill" else "",
    )
    for told in (
        b"[" * 100_000,
        b"[]",
        b"[1]",
        b"{}",
        b'{"signature": 1}',
        b'{"signature": {"token": 1}}',
        b"\xff",
    ):
        assert post(name, told) in (200, 400, 403), told[:20]  # 200: a list without events
    assert bounce_notes.notes(current()) == []


def test_several_events_in_one_post_each_find_their_message(make_workspace: Make) -> None:
    ws = shop(make_workspace, "sendgrid")
    li, wang, ann, bob = sent(ws, "li", "wang", "ann", "bob")
    told = sendgrid(
        (li.token, li.address, "bounce", "550 5.1.1 no such user"),
        (wang.token, wang.address, "bounce", "550 5.7.1 rejected as spam"),
        (ann.token, ann.address, "spamreport", ""),
        (bob.token, bob.address, "unsubscribe", ""),
        (bob.token, bob.address, "open", ""),
    )
    assert post("sendgrid", told) == 200
    assert listed() == {
        "li@example.com": "hard_bounce", "ann@example.com": "complaint", "bob@example.com": "unsubscribed",
    }  # fmt: skip


def test_an_event_about_another_address_than_the_message_went_to_is_not_believed(
    make_workspace: Make,
) -> None:
    ws = shop(make_workspace)
    li, _wang = sent(ws, "li", "wang")
    assert post("postmark", postmark(li.token, "wang@example.com")) == 200
    assert post("postmark", postmark("0" * 32, "wang@example.com")) == 200
    assert post("postmark", postmark("", "wang@example.com")) == 200
    assert listed() == {}
    assert [note.why for note in reversed(bounce_notes.notes(ws))] == [
        "other_recipient", "unknown_message", "no_message",
    ]  # fmt: skip


def test_the_running_server_leads_webhooks_to_their_door(make_workspace: Make) -> None:
    ws = shop(make_workspace)
    (li,) = sent(ws, "li")
    with serving(ws) as call:
        basic = base64.b64encode(SECRET.encode()).decode()
        status, _ = call(
            "/v1/webhooks/postmark", postmark(li.token, li.address), Authorization=f"Basic {basic}"
        )
        assert status == 200
        assert call("/v1/webhooks/postmark", {})[0] == 403
    assert listed() == {"li@example.com": "hard_bounce"}


@pytest.mark.parametrize(
    ("event", "kind", "reason", "final"),
    [
        (EspEvent("1", "bounced", said="550 5.1.1 unknown"), "hard", "user_unknown", True),
        (EspEvent("1", "bounced", said="", hard=True), "hard", "user_unknown", True),
        (
            EspEvent("1", "bounced", said="552 5.2.2 mailbox full", hard=True),
            "soft",
            "mailbox_full",
            True,
        ),
        (EspEvent("1", "bounced", said="550 5.7.1 spam", hard=True), "soft", "spam", True),
        (EspEvent("1", "bounced", reason="blocked"), "soft", "blocked", True),
        (EspEvent("1", "deferred", said="451 later"), "soft", "expired", False),
        (EspEvent("1", "rejected", reason="invalid"), "hard", "user_unknown", True),
        (EspEvent("1", "rejected", reason="unsubscribed"), "complaint", "opt_out", True),
        (EspEvent("1", "failed"), "soft", "unspecified", True),
    ],
)
def test_the_words_of_the_server_weigh_more_than_the_providers(
    event: EspEvent, kind: str, reason: str, final: bool
) -> None:
    bounce = bounce_of(event)
    assert bounce is not None
    assert (bounce.kind, bounce.reason, bounce.final) == (kind, reason, final)


@pytest.mark.parametrize(
    "kind", ["delivered", "opened", "clicked", "sent", "queued", "autoresponded", "unknown"]
)
def test_what_is_no_bounce_is_left_alone(kind: str) -> None:
    assert bounce_of(EspEvent("1", kind, said="550 5.1.1 no such user")) is None
