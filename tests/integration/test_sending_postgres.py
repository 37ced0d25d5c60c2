"""The send ledger on PostgreSQL, where workers claim side by side instead of one after the other."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest
from django.db import connection
from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Consent
from zhiyin.services import campaigns, planning, sending
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


def test_workers_share_a_campaign_and_nobody_gets_two(postgres_workspace: Workspace) -> None:
    settings = postgres_workspace.settings
    ws = replace(
        postgres_workspace, settings=replace(settings, smtp=replace(settings.smtp, host="127.0.0.1"))
    )
    ids = people(ws, 120)
    campaign(ws, holdout=0.1)
    campaigns.start(ws, "spring")
    planning.plan_step(ws)
    Consent.objects.filter(customer__in=ids[:5]).update(granted=False)
    channel = FakeChannel()

    def work(name: str) -> None:
        try:
            while sending.send_step(ws, name, limit=10, channel=channel):
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(f"w:{n}",)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    standing = campaigns.progress(ws, "spring")
    assert standing["status"] == "sent"
    assert standing["accepted"] == len(channel.sent) == 120 - standing["held_out"] - standing["refused"]
    assert max(Counter(envelope.to for envelope in channel.sent).values()) == 1
