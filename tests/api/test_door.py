"""Requests that the tracking API refuses are counted, and noted together."""

import asyncio

from django.db import OperationalError
from tests.api.serving import ORDER, moved, serving

from zhiyin.entrypoints.api import door
from zhiyin.services import health, sources, tallies
from zhiyin.services.workspace import Workspace


def test_refused_requests_are_noted_when_the_server_ends(workspace: Workspace) -> None:
    with serving(workspace) as post:
        for _ in range(3):
            assert post("/v1/track", ORDER, Authorization="Bearer zy_wrong")[0] == 401
        assert post("/v1/nothing", ORDER)[0] == 404
        assert post("/v1/track", ORDER)[0] == 200
        assert health.get(workspace).door == {}
    assert health.get(workspace).door == {401: 3, 404: 1}


def test_what_is_kept_as_a_reject_is_not_counted_at_the_door_too(workspace: Workspace) -> None:
    with serving(workspace) as post:
        assert post("/v1/track", b"{no json")[0] == 400
        assert post("/v1/track", ORDER | {"x": "y" * 40_000})[0] == 413
    moved(workspace)
    found = health.get(workspace)
    assert found.door == {}
    assert (found.balance.received, found.balance.rejected, found.balance.missing) == (2, 2, 0)


def test_a_flood_is_one_write_after_some_seconds(workspace: Workspace, monkeypatch: object) -> None:
    written: list[dict[int, int]] = []
    monkeypatch.setattr(door, "SECONDS", 0.0)
    monkeypatch.setattr(tallies, "refused", lambda ws, counts: written.append(dict(counts)))

    async def flood() -> None:
        counter = door.Door(workspace)
        for _ in range(1000):
            counter.refused(401)
        while not written:
            await asyncio.sleep(0)

    asyncio.run(flood())
    assert written == [{401: 1000}]


def test_busy_records_lose_no_count(workspace: Workspace, monkeypatch: object) -> None:
    def busy(ws: Workspace, counts: object) -> None:
        raise OperationalError("database is locked")

    counter = door.Door(workspace)
    counter._counts[429] = 2
    noted = tallies.refused
    monkeypatch.setattr(tallies, "refused", busy)
    asyncio.run(counter.write())
    assert health.get(workspace).door == {}
    monkeypatch.setattr(tallies, "refused", noted)
    asyncio.run(counter.write())
    assert health.get(workspace).door == {429: 2}


def test_a_source_whose_limit_is_changed_is_paced_by_the_new_one(workspace: Workspace) -> None:
    with serving(workspace) as post:
        sources.limit(workspace, "web", 2)
        batch = {"batch": [ORDER | {"messageId": f"m{n}"} for n in range(2)]}
        statuses = [post("/v1/batch", batch)[0] for _ in range(3)]
    assert 429 in statuses
    assert health.get(workspace).door.keys() == {429}
