"""Bad input over real HTTP: a clear answer to each, what can be kept is kept with its reason, the service goes on."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.api.serving import Client, moved, received, serving

from zhiyin.entrypoints.api import body as bodies
from zhiyin.entrypoints.site import http as protocol
from zhiyin.services.workspace import Workspace

PAGE = {"type": "page", "userId": "ann"}
IDLE = """
import resource, socket, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
opened = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) for _ in range(int(sys.argv[2]))]
print(len(opened), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def post(workspace: Workspace) -> Iterator[Client]:
    with serving(workspace) as client:
        yield client


def stored(workspace: Workspace) -> tuple[list[dict[str, Any]], list[str]]:
    """The events and the reasons of the rejects, in their order."""
    moved(workspace)
    events = workspace.lake.collect(workspace.lake.events()).to_pylist()
    rejects = workspace.lake.collect(workspace.lake.frame("rejects")).to_pylist()
    return sorted(events, key=lambda row: row["event_id"]), sorted(row["reason"] for row in rejects)


def answers(post: Client) -> bool:
    """Whether the service still takes a good event."""
    return post("/v1/page", PAGE) == (200, {"success": True, "accepted": 1})


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


# -- bodies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [b"{", b"", b"\x00", b'{"a":1}}', b"null", b'"', b"[" * 200_000, b'{"a":' * 90_000]
)
def test_malformed_json_is_said_and_kept_as_one_reject(
    workspace: Workspace, post: Client, body: bytes
) -> None:
    for path in ("/v1/track", "/v1/batch"):
        assert post(path, body)[0] == 400
    events, reasons = stored(workspace)
    assert (events, len(reasons)) == ([], 2)
    assert answers(post)


def test_truncated_gzip_is_said_and_nothing_kept(workspace: Workspace, post: Client) -> None:
    packed = gzip.compress(json.dumps({"batch": [PAGE] * 50}).encode())
    for cut in (0, 1, 10, len(packed) // 2, len(packed) - 1):
        code, answer = post("/v1/batch", packed[:cut], **{"Content-Encoding": "gzip"})
        assert (code, "gzip" in answer["error"]) == (400, True)
    assert moved(workspace) == 0


def test_a_gzip_bomb_is_refused_when_it_has_grown_too_large(post: Client) -> None:
    bomb = gzip.compress(b" " * 100_000_000, 9)
    assert post("/v1/batch", bomb, **{"Content-Encoding": "gzip"})[0] == 413
    nested = gzip.compress(gzip.compress(b" " * 10_000_000, 9), 9)
    assert post("/v1/batch", nested, **{"Content-Encoding": "gzip"})[0] == 400
    endless = gzip.compress(b"{}") + b"\x00" * 600_000  # sent in chunks, so that no length gives it away
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part)
        for part in (endless[n : n + 60_000] for n in range(0, len(endless), 60_000))
    )
    head = post.head("/v1/track", "Transfer-Encoding: chunked", "Content-Encoding: gzip", "Connection: close")
    assert status(post.raw(head, chunks, b"0\r\n\r\n")) == 413
    assert answers(post)


def test_a_body_of_10_mb_is_refused_by_its_length_or_as_it_comes(post: Client) -> None:
    assert (
        status(
            post.raw(post.head("/v1/batch", "Content-Length: 10000000", "Connection: close"), b"x" * 100_000)
        )
        == 413
    )
    chunks = (b"%x\r\n%b\r\n" % (100_000, b"x" * 100_000)) * 100
    head = post.head("/v1/batch", "Transfer-Encoding: chunked", "Connection: close")
    assert status(post.raw(head, chunks, b"0\r\n\r\n")) == 413
    assert answers(post)


def test_bodies_under_way_hold_no_more_memory_than_they_may(
    post: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_READING", 200_000)
    with post.open() as first:
        first.sendall(post.head("/v1/batch", "Content-Length: 400000") + b" " * 150_000)
        answer = b""
        while not answer:  # until the first one's bytes are there
            told = post.raw(
                post.head("/v1/batch", "Content-Length: 400000", "Connection: close"), b" " * 150_000
            )
            answer = told if status(told) == 429 else b""
    assert b"retry-after: 1" in answer
    assert answers(post)


def test_a_deep_payload_is_a_reject(workspace: Workspace, post: Client) -> None:
    for depth in (40, 300, 950, 1_000, 1_010, 3_000):
        deep = b'{"type":"page","userId":"ann","properties":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        assert post("/v1/batch", b'{"batch":[' + deep + b"]}")[0] in (200, 400)
    events, reasons = stored(workspace)
    assert (events, len(reasons)) == ([], 6)
    assert answers(post)


def test_a_batch_of_more_messages_than_its_size_can_mean_is_one_reject(
    workspace: Workspace, post: Client
) -> None:
    code, answer = post("/v1/batch", b'{"batch":[' + b"1," * 240_000 + b"1]}")
    assert (code, "more messages" in answer["error"]) == (400, True)
    assert stored(workspace) == ([], ["bad_row"])
    assert answers(post)


# -- values ---------------------------------------------------------------------------------------------------


def test_invalid_utf_8_and_nul_bytes_are_mended(workspace: Workspace, post: Client) -> None:
    for number, city in enumerate((b"\xff\xfe", b"\\u0000A\\u0000", b"\\ud800", b"\xe4\xb8")):
        body = b'{"type":"track","event":"A%b","userId":"ann","messageId":"m%d"}' % (city, number)
        assert post("/v1/track", body)[0] == 200
    events, reasons = stored(workspace)
    assert (len(events), reasons) == (4, [])
    assert "\x00" not in "".join(event["event"] for event in events)


def test_numbers_as_texts_are_numbers_and_nan_is_none(workspace: Workspace, post: Client) -> None:
    order = b'{"type":"track","event":"Order Completed","userId":"ann","messageId":"%b","properties":{"total":%b}}'
    for name, total in ((b"m1", b'"12.50"'), (b"m2", b'" 1,234.5 "'), (b"m3", b"12.5")):
        assert post("/v1/track", order % (name, total))[0] == 200
    for name in (b"NaN", b"Infinity", b"-Infinity", b"1e400"):
        body = b'{"batch":[' + order % (name, b'10,"weight":' + name) + b"]}"
        assert post("/v1/batch", body) == (200, {"success": True, "accepted": 1})
    events, reasons = stored(workspace)
    amounts = {event["event_id"]: event["amount"] for event in events}
    assert reasons == []
    mended = dict.fromkeys(("NaN", "Infinity", "-Infinity", "1e400"), 1000)
    assert amounts == {"m1": 1250, "m2": 123450, "m3": 1250} | mended


def test_dates_of_1970_and_2099_are_rejects_unless_the_clock_explains_them(
    workspace: Workspace, post: Client
) -> None:
    def dated(at: str, **more: str) -> dict[str, Any]:
        return PAGE | {"timestamp": at} | more

    batch = [
        dated("1970-01-01T00:00:00Z"),
        dated("2099-01-01T00:00:00Z"),
        dated("2099-01-01T00:00:00Z", sentAt="2099-01-01T00:00:01Z"),
        dated("1971-01-01T00:00:00Z", sentAt="1971-01-01T00:00:01Z"),
        dated("0000-13-77"),
        dated("9" * 400),
    ]
    assert post("/v1/batch", {"batch": batch}) == (200, {"success": True, "accepted": 6})
    events, reasons = stored(workspace)
    assert reasons == ["bad_date", "bad_date", "bad_date", "future_date"]
    now = datetime.now(UTC).replace(tzinfo=None)
    assert [abs(now - event["timestamp"]) < timedelta(hours=1) for event in events] == [True, True]


def test_names_in_chinese_and_emoji_and_any_number_of_properties_are_kept(
    workspace: Workspace, post: Client
) -> None:
    for number, name in enumerate(("下单成功", "🛒✨", "＇；—", "a\tb", "عربى")):
        properties = {f"{name} {number} {part}": part for part in range(500)}
        message = {"type": "track", "event": name, "userId": name, "messageId": f"m{number}"}
        assert post("/v1/track", message | {"properties": properties})[0] == 200
    events, reasons = stored(workspace)
    assert [event["event"] for event in events] == ["下单成功", "🛒✨", "＇；—", "a\tb", "عربى"]
    assert (len(json.loads(events[0]["properties"])), reasons) == (500, [])


@pytest.mark.parametrize(
    "bad", [1, None, [], "x", {}, {"type": "vote", "userId": "1"}, {"type": 1}, {"userId": {}}]
)
def test_one_bad_event_among_a_hundred_is_refused_alone(workspace: Workspace, post: Client, bad: Any) -> None:
    batch: list[Any] = [PAGE | {"messageId": f"m{number}"} for number in range(99)]
    assert post("/v1/batch", {"batch": [*batch[:50], bad, *batch[50:]]})[1]["accepted"] == 100
    events, reasons = stored(workspace)
    assert (len(events), len(reasons)) == (99, 1)


# -- the wire -------------------------------------------------------------------------------------------------


def test_a_wrong_key_and_a_wrong_method_are_said(post: Client) -> None:
    bare = "{} /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n"
    wrong = post.raw(bare.format("POST").encode())
    assert (status(wrong), b"www-authenticate: Bearer" in wrong) == (401, True)
    for key in ("x" * 5_000, "é", "zy_ / ../"):
        assert post("/v1/track", PAGE, Authorization=f"Bearer {key}")[0] == 401
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        said = post.raw(bare.format(method).encode())
        assert (status(said), b"allow: POST, OPTIONS" in said) == (405, True)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"\x16\x03\x01\x02\x00", (400,)),  # TLS, spoken to a door that has none
        (b"GET\r\n\r\n", (400,)),
        (b"POST /v1/track HTTP/9.9\r\n\r\n", (400,)),
        (b"POST /v1/track HTTP/1.1\r\nContent-Length: -1\r\n\r\n", (400,)),
        (b"POST /v1/track HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", (400,)),
        (b"POST /v1/track HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", (400,)),
        (b"POST /v1/track HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
        (b"POST /v1/track HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n", (400, 401)),
        (b"POST /v1/\xff\xfe HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", (400, 404)),
        (b"POST /v1/%ff%00%2e%2e/ HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", (404,)),
        (b"POST /v1/track HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", (431,)),
        (b"POST /v1/track HTTP/1.1\r\n" + b"X: y\r\n" * 30_000 + b"\r\n", (431,)),
        (b"POST /v1/" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", (431,)),
        (b"POST /v1/track HTTP/1.1\r\nX: " + b"x" * 600_000, (431,)),
    ],
)  # fmt: skip
def test_what_is_no_sane_request_is_refused(post: Client, request_: bytes, expected: tuple[int, ...]) -> None:
    assert status(post.raw(request_)) in expected
    assert answers(post)


def test_chunked_bodies_and_several_requests_at_once_are_understood(
    workspace: Workspace, post: Client
) -> None:
    body = json.dumps(PAGE).encode()
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    request = post.head("/v1/page", "Transfer-Encoding: chunked") + chunks
    last = post.head("/v1/page", f"Content-Length: {len(body)}", "Connection: close") + body
    assert post.raw(request * 3 + last).count(b'"accepted":1') == 4
    assert len(stored(workspace)[0]) == 4


def test_who_goes_away_early_keeps_nobody_waiting_and_nothing_half_is_kept(
    workspace: Workspace, post: Client
) -> None:
    body = json.dumps(PAGE).encode()
    for cut in (0, 5, len(body) - 1):
        with post.open() as connection:
            connection.sendall(post.head("/v1/page", f"Content-Length: {len(body)}") + body[:cut])
    assert answers(post)
    assert len(stored(workspace)[0]) == 1


def test_who_dawdles_over_headers_or_body_is_let_go(
    workspace: Workspace, post: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SECONDS", 0.3)
    monkeypatch.setattr(bodies, "SECONDS", 0.3)
    with (
        post.open() as nothing,
        post.open() as headers,
        post.open() as bare,
        post.open() as body,
        post.open() as refused,
        post.open() as between,
    ):
        headers.sendall(b"POST /v1/page HTTP/1.1\r\nHost: a\r\nX: ")
        bare.sendall(post.head("/v1/page", "Content-Length: 100"))
        body.sendall(post.head("/v1/page", "Content-Length: 100") + b"{")
        refused.sendall(post.head("/v1/nowhere", "Content-Length: 100") + b"{")
        between.sendall(post.head("/v1/nowhere", "Content-Length: 1"))
        told = b""
        while not told.endswith(b"}"):
            told += between.recv(65536)
        assert status(told) == 404
        between.sendall(b"{")  # what is left of the request, after its answer
        for silent in (nothing, headers, bare, between):
            assert list(received(silent)) == []
        assert status(b"".join(received(body))) == 408
        assert status(b"".join(received(refused))) == 404  # and who sends on and on after that is let go
    assert answers(post)
    assert len(stored(workspace)[0]) == 1


def test_ten_thousand_idle_connections_keep_nobody_out(post: Client) -> None:
    resource = pytest.importorskip("resource")
    most = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1_000)
    if most < 1_000:
        pytest.skip("this system allows too few open files")
    command = [sys.executable, "-c", IDLE, str(post.port), str(most)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as idle:
        assert idle.stdout is not None
        assert int(idle.stdout.readline()) == most
        assert answers(post)
        idle.communicate("")
    assert answers(post)


# -- the machine ----------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 1 MB at a folder."""
    folder.mkdir(exist_ok=True)
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True
        ).returncode
    ):
        pytest.skip("only root may mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing_that_it_acknowledged(
    workspace: Workspace,
) -> None:
    accepted: list[str] = []

    def send(post: Client, number: int) -> int:
        name = f"m{number}"
        code, answer = post("/v1/page", PAGE | {"messageId": name, "properties": {"x": "y" * 20_000}})
        if code == 200:
            accepted.append(name)
        else:
            assert (code, "send them again" in answer["error"]) == (503, True)
        return code

    with small_disk(workspace.spool.folder):
        with serving(workspace) as post:
            filler = workspace.spool.folder / "filler"
            filler.write_bytes(b"x" * 500_000)
            codes = [send(post, number) for number in range(60)]
            assert {200, 503} == set(codes)
            filler.unlink()  # somebody makes room
            assert send(post, 60) == 200
            events, reasons = stored(workspace)
            while moved(workspace):
                events, reasons = stored(workspace)
        assert (sorted(event["event_id"] for event in events), reasons) == (sorted(accepted), [])


def test_a_stuck_worker_is_told_with_when_to_come_back(make_workspace: Callable[..., Workspace]) -> None:
    workspace = make_workspace(collect__max_waiting_mb=1)
    workspace.spool.append([b"x" * 1_000_001])
    with serving(workspace) as post:
        body = json.dumps(PAGE).encode()
        said = post.raw(post.head("/v1/page", f"Content-Length: {len(body)}", "Connection: close") + body)
        assert (status(said), b"retry-after: 10" in said) == (503, True)
        assert b"access-control-expose-headers: retry-after" in said


def test_a_clock_that_jumps_loses_nothing_and_counts_nothing_twice(workspace: Workspace) -> None:
    times = [datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(hours=hours) for hours in (0, -30, 24, -1, 0)]
    clock = [times[0]]
    jumping = dataclasses.replace(workspace, now=lambda: clock[0])
    with serving(jumping) as post:
        for number, clock[0] in enumerate(times):
            batch = [PAGE | {"messageId": "same"}, PAGE | {"messageId": f"m{number}"}]
            assert post("/v1/batch", {"batch": batch})[0] == 200
            moved(jumping)
    events, reasons = stored(jumping)
    assert [event["event_id"] for event in events] == ["m0", "m1", "m2", "m3", "m4", "same"]
    assert reasons == []
    assert {event["timestamp"].replace(tzinfo=UTC) for event in events} == set(times)


def test_crc_of_gzip_is_checked(post: Client) -> None:
    packed = bytearray(gzip.compress(json.dumps(PAGE).encode()))
    packed[-5] ^= 0xFF
    assert post("/v1/page", bytes(packed), **{"Content-Encoding": "gzip"})[0] == 400
