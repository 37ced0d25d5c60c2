"""On PostgreSQL too, the same request by many at once is one message, and is kept as it was sent."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.db import connection

from zhiyin.adapters.records.models import Message, SendRequest
from zhiyin.domain.errors import Conflict
from zhiyin.services import copies, send_requests, sending, templates
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]
BODY = "<mjml><mj-body><mj-raw>Order {{ data.number }}</mj-raw></mj-body></mjml>"


def test_one_key_is_one_message_however_many_ask_at_once(postgres_workspace: Workspace) -> None:
    sender = replace(postgres_workspace.settings.sender, email="shop@example.com")
    ws = replace(postgres_workspace, settings=replace(postgres_workspace.settings, sender=sender))
    templates.save(ws, key="receipt", name="Receipt", subject="Order {{ data.number }}", body=BODY)
    asked = send_requests.Asked("receipt", "li@example.com", variables={"number": 7})
    start, answers = threading.Barrier(6), []

    def ask(number: int) -> None:
        start.wait()
        try:
            own = asked if number % 2 else replace(asked, to="wei@example.com")
            answers.append(send_requests.send(ws, own, "receipt-7").message.token)
        except Conflict as error:
            answers.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tokens = {told for told in answers if told != "key_reused"}
    assert (len(answers), len(tokens)) == (6, 1)
    assert answers.count("key_reused") == 3
    assert (Message.objects.count(), SendRequest.objects.count()) == (1, 1)
    channel = FakeChannel()
    while sending.send_step(ws, "test:1", channel=channel):
        pass
    (envelope,) = channel.sent
    assert copies.raw(ws, tokens.pop()) == envelope.content
