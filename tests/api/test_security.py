"""The write key stays at the door, pages of other origins reach only what is meant for them, nothing is echoed."""

from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.serving import Client, moved, serving

from zhiyin.services.workspace import Workspace

PAGE = {"type": "page", "userId": "ann"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def post(workspace: Workspace) -> Iterator[Client]:
    with serving(workspace) as client:
        yield client


def asked(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body.encode(), named)
    response = connection.getresponse()
    answer = {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return answer


def holding(folder: Path, text: bytes) -> list[str]:
    """The files that hold a text."""
    return [path.name for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_the_write_key_is_written_nowhere_wherever_it_came(
    workspace: Workspace, post: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    keyed = PAGE | {"writeKey": post.key, "properties": {"note": f"my key is {post.key}"}}
    with caplog.at_level(logging.DEBUG):
        for headers in ({"Authorization": ""}, {}):
            assert post("/v1/page", keyed, **headers)[0] == 200
            assert (
                post(
                    "/v1/batch",
                    {"batch": [keyed, {**keyed, "type": "vote"}], "writeKey": post.key},
                    **headers,
                )[0]
                == 200
            )
        assert post("/v1/page", f'{{"writeKey":"{post.key}",'.encode())[0] == 400
        assert post("/v1/page", [post.key])[0] == 400
        workspace.spool.close()
        assert holding(workspace.folder, post.key.encode()) == []
        moved(workspace)
    assert workspace.lake.count("rejects") == 4
    rows = [workspace.lake.collect(workspace.lake.frame(name)).to_pylist() for name in ("events", "rejects")]
    assert post.key not in json.dumps(rows, default=str)
    assert holding(workspace.folder, post.key.encode()) == []
    assert post.key not in caplog.text + "".join(capfd.readouterr())


def test_pages_of_other_origins_reach_the_tracking_api_and_the_tag_only(post: Client) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    for method, path in (
        ("OPTIONS", "/v1/batch"), ("POST", "/v1/batch"), ("GET", "/v1/openapi.json"), ("GET", "/zhiyin.js"),
    ):  # fmt: skip
        headers, _ = asked(post.port, method, path, **origin)
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
    for path in ("/", "/login", "/data", "/healthz", "/u/x", "/v1", "/static/x", "/zhiyin.js/", "//v1/batch"):
        for method in ("GET", "OPTIONS", "POST"):
            headers, _ = asked(post.port, method, path, **origin)
            assert not [name for name in headers if name.startswith("access-control")], path


def test_nothing_of_a_request_comes_back_in_an_answer(post: Client) -> None:
    key = {"Authorization": f"Bearer {post.key}"}
    for path, body, headers in (
        (f"/v1/{SCRIPT}", "{}", key),
        ("/v1/page", SCRIPT, key),
        ("/v1/page", f'{{"{SCRIPT}":', key),
        ("/v1/batch", f'{{"batch":"{SCRIPT}"}}', key),
        ("/v1/page", "{}", {"Authorization": f"Bearer {SCRIPT}"}),
        ("/v1/page", f'{{"writeKey":"{SCRIPT}"}}', {}),
        ("/v1/page", "{}", key | {"Content-Encoding": SCRIPT}),
        ("/v1/page", f'{{"type":"page","userId":"{SCRIPT}"}}', key),
    ):
        answer, text = asked(post.port, "POST", path.replace(" ", "%20"), body, **headers)
        assert b"script" not in text
        assert SCRIPT not in str(answer)
        assert (answer["content-type"], answer["x-content-type-options"]) == ("application/json", "nosniff")
