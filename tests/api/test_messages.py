"""The transactional API: over HTTP in, over SMTP out, once."""

from __future__ import annotations

import email
import http.client
import json
import threading
from collections.abc import Iterator
from email import policy
from typing import Any

import pytest
from tests.api.serving import serving
from tests.services.mailing import Server

from zhiyin.adapters.records.models import Customer, Message, SendRequest, Suppression, Template
from zhiyin.domain.template import Wording
from zhiyin.services import api_keys, sending, sources, templates
from zhiyin.services.workspace import Workspace

BODY = (
    "<mjml><mj-body><mj-section><mj-column>"
    "<mj-text>Order {{ data.number }} for {{ customer.name | default: 'you' }}"
    "{% for line in data.lines %}: {{ line.name }}{% endfor %}</mj-text>"
    "</mj-column></mj-section></mj-body></mjml>"
)
ASKED: dict[str, Any] = {
    "template": "receipt",
    "to": "li@example.com",
    "variables": {"number": "1042", "lines": [{"name": "Tea"}]},
}


class Api:
    """Asks a running server, as a shop's backend would."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    def __call__(
        self, body: Any = None, path: str = "/v1/messages", *, method: str = "", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            sent = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": "k1"}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method or ("GET" if body is None else "POST"), path, data, sent)
            response = connection.getresponse()
            text = response.read()
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, json.loads(text) if text else {}
        finally:
            connection.close()


@pytest.fixture
def smtp() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def ws(make_workspace: Any, smtp: Server) -> Workspace:
    ws: Workspace = make_workspace(**smtp.settings, sender__email="shop@example.com")
    templates.save(ws, key="receipt", name="Receipt", subject="Order {{ data.number }}", body=BODY)
    return ws


@pytest.fixture
def api(ws: Workspace) -> Iterator[Api]:
    with serving(ws) as post:
        yield Api(post.port, api_keys.create(ws, "Shop backend")[1])


def send(ws: Workspace) -> None:
    """As the worker does."""
    while sending.send_step(ws, "test:1"):
        pass


def test_what_is_asked_for_arrives_and_its_state_is_told(ws: Workspace, api: Api, smtp: Server) -> None:
    status, told = api(ASKED)
    assert (status, told["status"], told["to"], told["customer_id"]) == (
        200,
        "planned",
        "li@example.com",
        None,
    )
    send(ws)
    ((to, content),) = smtp.letters
    message = email.message_from_bytes(content, policy=policy.default)
    assert (to, message["Subject"], message["From"]) == (
        "li@example.com",
        "Order 1042",
        "Test shop <shop@example.com>",
    )
    assert "Order 1042 for you: Tea" in message.get_body(("plain",)).get_content()
    assert message["List-Unsubscribe"] is None
    status, told = api(path=f"/v1/messages/{told['id']}")
    assert (status, told["status"], told["attempts"]) == (200, "accepted", 1)
    assert "set-cookie" not in api.headers


def test_the_same_request_again_is_the_same_message(ws: Workspace, api: Api, smtp: Server) -> None:
    _, first = api(ASKED)
    assert "idempotent-replayed" not in api.headers
    send(ws)
    reordered = dict(reversed(ASKED.items())) | {"idempotency_key": "k1"}
    status, again = api(reordered, Idempotency_Key="")
    assert (status, again["id"], again["status"]) == (200, first["id"], "accepted")
    assert api.headers["idempotent-replayed"] == "true"
    send(ws)
    assert smtp.received() == {"li@example.com": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"to": "wei@example.com"},
        {"template": "other"},
        {"variables": {"number": "1043", "lines": []}},
        {"language": "zh"},
    ],
)
def test_the_same_key_with_another_request_is_a_conflict(
    ws: Workspace, api: Api, change: dict[str, Any]
) -> None:
    api(ASKED)
    status, told = api(ASKED | change)
    assert (status, told["error"]["code"]) == (409, "key_reused")
    assert told["error"]["what"]
    assert told["error"]["fix"]
    assert Message.objects.count() == 1


def test_many_at_once_with_one_key_are_one_message(ws: Workspace, api: Api, smtp: Server) -> None:
    answers: list[tuple[int, str]] = []
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        own = Api(api.port, api.key)
        start.wait()
        status, told = own(ASKED | {"to": "li@example.com" if number % 2 else "wei@example.com"})
        answers.append((status, told.get("id", told.get("error", {}).get("code"))))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = {told for status, told in answers if status == 200}
    assert len(good) == 1
    assert sorted(status for status, _ in answers) == [200] * 4 + [409] * 4
    assert (Message.objects.count(), SendRequest.objects.count()) == (1, 1)
    send(ws)
    assert sum(smtp.received().values()) == 1


def test_a_customer_is_known_by_the_address_and_by_the_id(ws: Workspace, api: Api, smtp: Server) -> None:
    Customer.objects.create(customer_id="c1", email="li@example.com", name="Li")
    assert api(ASKED)[1]["customer_id"] == "c1"
    by_id = {"template": "receipt", "customer_id": "c1", "variables": ASKED["variables"]}
    status, told = api(by_id, Idempotency_Key="k2")
    assert (status, told["to"]) == (200, "li@example.com")
    elsewhere = by_id | {"to": "work@example.com"}
    assert api(elsewhere, Idempotency_Key="k3")[1]["to"] == "work@example.com"
    send(ws)
    assert smtp.received() == {"li@example.com": 2, "work@example.com": 1}
    for _, content in smtp.letters:
        text = email.message_from_bytes(content, policy=policy.default).get_body(("plain",)).get_content()
        assert "for Li" in text


def test_a_message_that_the_gate_refuses_says_why(ws: Workspace, api: Api, smtp: Server) -> None:
    Suppression.objects.create(channel="email", address="li@example.com", reason="hard_bounce", at=ws.now())
    status, told = api(ASKED)
    assert (status, told["status"], told["reason"]) == (200, "refused", "suppressed")
    send(ws)
    assert smtp.letters == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"template": "recipt"}, 404, "not_found"),
        ({"to": "", "customer_id": "nobody"}, 404, "unknown_customer"),
        ({"to": ""}, 422, "bad_address"),
        ({"to": "li at example.com"}, 422, "bad_address"),
        ({"to": "li@example.com\r\nBcc: x@example.com"}, 422, "bad_address"),
        ({"variables": {"number": "1"}}, 422, "missing_variable"),
        ({"variables": ASKED["variables"] | {"nubmer": "1"}}, 422, "unknown_variable"),
        ({"variables": {"number": "x" * 40_000, "lines": []}}, 413, "too_large"),
        ({"variables": {"number": "x" * 70_000, "lines": []}}, 413, "too_large"),
        ({"variables": {"number": [[[[[[[[[1]]]]]]]]], "lines": []}}, 422, "too_deep"),
        ({"variables": ["number"]}, 400, "bad_request"),
        ({"variable": {}}, 400, "bad_request"),
        ({"template": 7}, 400, "bad_request"),
        ({"language": "<zh>"}, 422, "bad_language"),
        ({"language": "z" * 20}, 422, "bad_language"),
        ({"template": "marketing"}, 422, "bad_template"),
    ],
)
def test_what_cannot_be_sent_is_told_and_leaves_nothing(
    ws: Workspace, api: Api, change: dict[str, Any], status: int, code: str
) -> None:
    unsubscribing = '<mjml><mj-body><mj-raw><a href="{{ unsubscribe_url }}">no</a></mj-raw></mj-body></mjml>'
    templates.save(ws, key="marketing", name="M", subject="Buy", body=unsubscribing)
    found, told = api(ASKED | change)
    assert (found, told["error"]["code"]) == (status, code), told
    assert told["error"]["what"]
    assert told["error"]["fix"]
    assert not Message.objects.exists()
    assert not SendRequest.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"template":' + b"[" * 30_000])
def test_what_is_no_request_is_said_so(api: Api, body: bytes) -> None:
    status, told = api(body, method="POST")
    assert (status, told["error"]["code"]) == (400, "bad_request")


def test_without_an_idempotency_key_nothing_is_sent(api: Api) -> None:
    status, told = api(ASKED, Idempotency_Key="")
    assert (status, told["error"]["code"]) == (400, "no_key")
    assert "Idempotency-Key" in told["error"]["fix"]
    assert api(ASKED, Idempotency_Key="x" * 256)[1]["error"]["code"] == "no_key"
    assert api(ASKED | {"idempotency_key": "other"})[1]["error"]["code"] == "two_keys"


def test_a_bad_key_is_never_taken_in_silence(ws: Workspace, api: Api) -> None:
    for key, status, code in (
        ("", 401, "no_api_key"),
        ("zk_" + "x" * 43, 401, "bad_api_key"),
        ("x" * 5_000, 401, "bad_api_key"),
        (sources.create(ws, "other")[1], 403, "wrong_scope"),
    ):
        found, told = Api(api.port, key)(ASKED)
        assert (found, told["error"]["code"]) == (status, code)
    assert not Message.objects.exists()
    api_keys.revoke(ws, "Shop backend")
    assert api(ASKED)[0] == 401
    assert api(path="/v1/messages/x")[0] == 401


def test_a_message_of_a_campaign_is_not_told_here(ws: Workspace, api: Api) -> None:
    Message.objects.create(
        token="a" * 32, program="campaign:spring", customer_id="c1", status="accepted",
        planned_at=ws.now(), due_at=ws.now(),
    )  # fmt: skip
    assert api(path=f"/v1/messages/{'a' * 32}")[0] == 404
    assert api(method="DELETE")[0] == 405


def test_without_a_sender_it_is_not_taken_over(make_workspace: Any) -> None:
    ws = make_workspace("other")
    templates.save(ws, key="receipt", name="Receipt", subject="Order {{ data.number }}", body=BODY)
    with serving(ws) as post:
        status, told = Api(post.port, api_keys.create(ws, "Shop backend")[1])(ASKED)
    assert (status, told["error"]["code"]) == (409, "not_set_up")


def test_a_provider_that_takes_it_and_does_not_answer_gets_it_once(
    ws: Workspace, api: Api, smtp: Server
) -> None:
    smtp.on_data = lambda address: None  # taken over, and gone before it could say so
    _, told = api(ASKED)
    send(ws)
    assert api(path=f"/v1/messages/{told['id']}")[1]["status"] == "unknown"
    smtp.on_data = lambda address: "250 OK"
    assert api(ASKED)[1]["status"] == "unknown"
    sending.recover(ws)
    send(ws)
    assert smtp.received() == {"li@example.com": 1}


def test_it_speaks_the_language_that_is_asked_for(ws: Workspace, api: Api, smtp: Server) -> None:
    body = BODY.replace("Order", "订单")
    others = {"zh-hans": Wording("订单 {{ data.number }}", body)}
    templates.save(
        ws,
        key="receipt",
        name="Receipt",
        subject="Order {{ data.number }}",
        body=BODY,
        language="en",
        others=others,
    )
    Customer.objects.create(customer_id="c1", email="wei@example.com", language="zh-CN")
    api(ASKED | {"language": "zh"})
    api(ASKED | {"to": "wei@example.com"}, Idempotency_Key="k2")
    api(ASKED | {"to": "wei@example.com", "language": "en"}, Idempotency_Key="k3")
    send(ws)
    subjects = [
        (to, email.message_from_bytes(content, policy=policy.default)["Subject"])
        for to, content in smtp.letters
    ]
    assert sorted(subjects) == [
        ("li@example.com", "订单 1042"), ("wei@example.com", "Order 1042"), ("wei@example.com", "订单 1042"),
    ]  # fmt: skip


def test_a_name_finds_the_template_of_its_language_where_it_has_none_itself(make_workspace: Any) -> None:
    ws = make_workspace("fresh")
    assert templates.spoken(ws, "receipt", "zh-CN").key == "receipt-zh"  # ready-made
    assert templates.spoken(ws, "receipt", "fr").key == "receipt-en"
    templates.save(ws, key="receipt", name="Receipt", subject="Order", body=BODY)
    assert templates.spoken(ws, "receipt", "zh-CN").key == "receipt"


def test_an_archived_template_is_not_sent(ws: Workspace, api: Api) -> None:
    Template.objects.filter(key="receipt").update(archived_at=ws.now())
    assert (api(ASKED)[0], api(ASKED)[1]["error"]["code"]) == (404, "archived")


def test_its_sender_is_its_own(make_workspace: Any, smtp: Server) -> None:
    ws = make_workspace(
        "own",
        **smtp.settings,
        sender__email="shop@example.com",
        transactional__sender_email="no-reply@mail.example.com",
        transactional__sender_name="Tea",
        transactional__reply_to="help@example.com",
    )
    templates.save(ws, key="receipt-zh", name="收据", subject="订单 {{ data.number }}", body=BODY)
    with serving(ws) as post:
        status, told = Api(post.port, api_keys.create(ws, "Shop backend")[1])(ASKED | {"language": "zh-CN"})
    assert (status, told["template"]) == (200, "receipt-zh")
    send(ws)
    ((_, content),) = smtp.letters
    message = email.message_from_bytes(content, policy=policy.default)
    assert (message["From"], message["Reply-To"]) == ("Tea <no-reply@mail.example.com>", "help@example.com")
    assert message["Message-ID"].endswith("@mail.example.com>")
