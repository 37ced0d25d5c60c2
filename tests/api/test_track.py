"""The tracking API over real HTTP: what is acknowledged is on disk, what is refused says why."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.api.serving import ORDER, Client, moved, order, serving

from zhiyin.adapters.records.models import Customer, Source
from zhiyin.entrypoints.api import write_key
from zhiyin.services import ingest, sources
from zhiyin.services.workspace import Workspace


@pytest.fixture
def post(workspace: Workspace) -> Iterator[Client]:
    with serving(workspace) as client:
        yield client


def test_an_accepted_event_reaches_the_lake_once(workspace: Workspace, post: Client) -> None:
    assert post("/v1/track", ORDER) == (200, {"success": True, "accepted": 1})
    assert post("/v1/batch", {"batch": [ORDER, order(2)]})[0] == 200
    assert moved(workspace) == 3
    assert ingest.counts(workspace) == {"Order Completed": 2}


def test_short_paths_gzip_and_plain_text_are_understood(workspace: Workspace, post: Client) -> None:
    assert post("/v1/t", ORDER, **{"Content-Type": "text/plain"})[0] == 200
    body = gzip.compress(json.dumps({"batch": [order(2)]}).encode())
    assert post("/v1/b", body, **{"Content-Encoding": "gzip"})[0] == 200
    moved(workspace)
    assert workspace.lake.count("events") == 2


def test_the_key_may_stand_in_the_body_or_be_a_bearer(workspace: Workspace, post: Client) -> None:
    assert post("/v1/track", ORDER | {"writeKey": post.key}, Authorization="")[0] == 200
    assert post("/v1/track", ORDER, Authorization=f"Bearer {post.key}")[0] == 200
    moved(workspace)
    properties = workspace.lake.collect(workspace.lake.events())["properties"].to_pylist()
    assert not any(post.key in text for text in properties)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "says"),
    [
        ("/v1/track", ORDER, {"Authorization": ""}, 401, "missing"),
        ("/v1/track", ORDER, {"Authorization": "Bearer wrong"}, 401, "not known"),
        ("/v1/track", ORDER, {"Authorization": "Basic ???"}, 401, "not Basic"),
        ("/v1/track", b"{", {"Authorization": ""}, 401, "missing"),
        ("/v1/track", b"x", {"Content-Encoding": "gzip"}, 400, "not gzip"),
        ("/v1/track", b"x", {"Content-Encoding": "br"}, 415, "packed with gzip"),
        ("/v1/batch", b"x" * 600_000, {}, 413, "larger than 500 KB"),
        ("/v1/nothing", ORDER, {}, 404, "nothing at"),
    ],
)
def test_a_refused_request_says_why_and_keeps_nothing(
    workspace: Workspace, post: Client, path: str, body: Any, headers: dict[str, str], status: int, says: str
) -> None:
    code, answer = post(path, body, **headers)
    assert (code, answer["success"]) == (status, False)
    assert says in answer["error"]
    assert moved(workspace) == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "says", "reason"),
    [
        ("/v1/track", b"{", 400, "not JSON", "bad_row"),
        ("/v1/track", [1], 400, "must be a JSON object", "bad_row"),
        ("/v1/batch", {"batch": 1}, 400, "a list named batch", "bad_row"),
        ("/v1/track", ORDER | {"x": "y" * 40_000}, 413, "larger than 32 KB", "too_large"),
    ],
)
def test_what_is_refused_for_its_content_is_kept_with_its_reason(
    workspace: Workspace, post: Client, path: str, body: Any, status: int, says: str, reason: str
) -> None:
    code, answer = post(path, body)
    assert (code, answer["success"]) == (status, False)
    assert says in answer["error"]
    assert moved(workspace) == 1
    (reject,) = workspace.lake.collect(workspace.lake.frame("rejects")).to_pylist()
    assert reject["reason"] == reason


def test_a_batch_with_one_event_too_large_says_which_and_keeps_the_rest(
    workspace: Workspace, post: Client
) -> None:
    batch = [order(n) for n in range(100)]
    batch[41]["x"] = "y" * 40_000
    status, answer = post("/v1/batch", {"batch": batch})
    assert (status, answer["accepted"]) == (200, 99)
    assert [(one["index"], one["reason"]) for one in answer["rejected"]] == [(41, "too_large")]
    assert moved(workspace) == 100
    assert (workspace.lake.count("events"), workspace.lake.count("rejects")) == (99, 1)


def test_a_key_with_a_limit_is_told_when_to_come_back(
    workspace: Workspace, post: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_key, "time", SimpleNamespace(monotonic=lambda: 1000.0))  # no second goes by
    Source.objects.update(limit=10)
    batch = {"batch": [order(n) for n in range(10)]}
    assert post("/v1/batch", batch)[0] == 200
    status, answer = post("/v1/batch", batch)
    assert (status, "10 events a second" in answer["error"]) == (429, True)


def test_a_stuck_worker_or_a_full_disk_is_told_before_anything_is_lost(
    make_workspace: Callable[..., Workspace],
) -> None:
    for setting, says in (("max_waiting_mb", "wait for the worker"), ("disk_reserve_mb", "nearly full")):
        value = 1 if setting == "max_waiting_mb" else 1_000_000_000
        workspace = make_workspace(setting, **{f"collect__{setting}": value})
        workspace.spool.append([b"x" * 1_000_001])
        with serving(workspace) as post:
            status, answer = post("/v1/track", ORDER)
        assert (status, says in answer["error"]) == (503, True)


def test_get_is_refused_and_a_preflight_answered(post: Client) -> None:
    assert post("/v1/track", b"", method="GET")[0] == 405
    assert post("/v1/track", b"", method="OPTIONS", Authorization="")[0] == 204


def test_a_payload_that_cannot_be_understood_is_kept_as_a_reject(workspace: Workspace, post: Client) -> None:
    assert post("/v1/batch", {"batch": [ORDER, {"type": "vote", "userId": "ann"}]})[0] == 200
    assert moved(workspace) == 2
    assert workspace.lake.count("events") == 1
    (reject,) = workspace.lake.collect(workspace.lake.frame("rejects")).to_pylist()
    assert (reject["reason"], reject["file"], reject["customer_id"]) == ("unknown_type", "web", "ann")


def test_identify_publishes_traits_later_over_earlier(workspace: Workspace, post: Client) -> None:
    def identify(minute: int, **traits: Any) -> dict[str, Any]:
        at = f"2026-01-01T00:0{minute}:00Z"
        return {"type": "identify", "userId": "ann", "timestamp": at, "traits": traits}

    batch = [identify(2, city="Suzhou", email=" Ann@Example.com "), identify(1, city="Wuxi", age=30)]
    assert post("/v1/batch", {"batch": batch})[0] == 200
    moved(workspace)
    ann = Customer.objects.get(pk="ann")
    assert (ann.email, ann.traits) == ("ann@example.com", {"city": "Suzhou", "age": 30})
    assert post("/v1/identify", {"userId": "ann", "traits": {"age": 31}})[0] == 200
    moved(workspace)
    assert Customer.objects.get(pk="ann").traits == {"city": "Suzhou", "age": 31}


def test_a_revoked_key_is_refused(workspace: Workspace, post: Client) -> None:
    sources.revoke(workspace, "web")
    assert post("/v1/track", ORDER)[0] == 401


def test_draining_again_after_a_crash_counts_once(workspace: Workspace, post: Client) -> None:
    post("/v1/track", ORDER)
    workspace.spool.close()
    (segment,) = workspace.spool.folder.glob("*.spool")
    copy = segment.read_bytes()
    ingest.drain(workspace)
    segment.write_bytes(copy)  # as if the process died before it removed the segment
    ingest.drain(workspace)
    assert workspace.lake.count("events") == 1


def test_an_event_nested_too_deeply_is_kept_as_a_reject(workspace: Workspace, post: Client) -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"a": deep}
    assert post("/v1/track", {**ORDER, "properties": deep})[0] == 200
    assert moved(workspace) == 1
    assert (workspace.lake.count("events"), workspace.lake.count("rejects")) == (0, 1)


def test_a_header_that_is_no_basic_authentication_is_refused(workspace: Workspace, post: Client) -> None:
    for header in ("Basic \xe9", "Basic /w==", "Basic x"):
        assert post("/v1/track", ORDER, Authorization=header)[0] == 401
