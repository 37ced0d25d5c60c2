"""``/zhiyin.js`` as it is served: small, current, cached, the same for everybody."""

from __future__ import annotations

import asyncio
import gzip
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from zhiyin.entrypoints.api import tag

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(tag.__file__).parent


def asked(method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(tag.Tag()({"method": method, "path": tag.PATH, "headers": named}, receive, send))
    start, body = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


def test_the_tag_is_under_5_kb_as_it_is_served() -> None:
    status, headers, body = asked(accept_encoding="gzip, br")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert len(body) == int(headers["content-length"]) < 5 * 1024
    assert gzip.decompress(body) == asked()[2]


def test_it_is_cached_and_readable_from_every_origin() -> None:
    _, headers, _ = asked()
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert headers["cache-control"].startswith("public, max-age=")
    assert headers["access-control-allow-origin"] == "*"
    for coding in ("", "gzip"):
        etag = asked(accept_encoding=coding)[1]["etag"]
        assert asked(accept_encoding=coding, if_none_match=etag)[::2] == (304, b"")


def test_head_has_no_body_and_other_methods_are_refused() -> None:
    status, headers, body = asked("HEAD")
    assert (status, body, int(headers["content-length"])) == (200, b"", len(asked()[2]))
    assert asked("POST")[0] == 405


def test_the_served_file_was_made_from_the_source_beside_it() -> None:
    if not (ROOT / "tests/clients/node_modules/.bin/esbuild").exists():
        pytest.skip("esbuild is not installed; tools/install test does that")
    made = subprocess.run(
        [ROOT / "tools" / "tag", "--stdout"], capture_output=True, text=True, check=True
    ).stdout
    assert made == (FOLDER / "zhiyin.min.js").read_text("utf-8"), "run tools/tag"


def test_it_needs_no_permission_that_a_strict_policy_refuses() -> None:
    source = (FOLDER / "zhiyin.js").read_text("utf-8")
    assert [
        word for word in ("eval(", "new Function", "innerHTML", "document.write", ".style") if word in source
    ] == []


def test_every_option_and_function_is_documented() -> None:
    source = (FOLDER / "zhiyin.js").read_text("utf-8")
    page = (ROOT / "docs/how-to/collect-events.md").read_text("utf-8")
    options = set(re.findall(r'\b(?:option|has)\("([a-z-]+)"\)', source))
    functions = set(
        re.findall(r"^    (\w+)(?:,|:|\()", source.split("const functions = {")[1].split("\n  };")[0], re.M)
    )
    assert {"key", "consent", "cookieless", "hash"} < options
    assert functions == {"consent", "reset", "track", "group", "alias", "page", "identify"}
    assert [name for name in options if f"`data-{name}" not in page] == []
    assert [name for name in functions if f"`zy.{name}(" not in page] == []
