"""The records on PostgreSQL: the same services, the same answers as on SQLite."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from zhiyin.adapters.records.models import Customer
from zhiyin.domain.event import Event
from zhiyin.services import doctor, ingest, sources
from zhiyin.services.workspace import Workspace

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


def test_records_live_on_the_server(postgres_workspace: Workspace) -> None:
    assert connection.vendor == "postgresql"
    levels = {check.name: check.level for check in doctor.check(postgres_workspace)}
    assert levels["records"] == "ok"


def test_keys_and_identified_traits(postgres_workspace: Workspace) -> None:
    ws = postgres_workspace
    assert sources.find(sources.create(ws, "web")[1]) == ("web", 0)
    for city in ("Wuxi", "Suzhou"):
        at = datetime.now(UTC)
        ingest.record(ws, [Event(city, "identify", "identify", at, "ann", properties={"city": city})])
    ws.spool.close()
    assert ingest.drain(ws) == 2
    assert Customer.objects.get(pk="ann").traits == {"city": "Suzhou"}
