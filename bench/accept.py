"""Durable acceptance of events by the tracking API, against a bare ASGI app that parses, appends and fsyncs.

One worker process each, 64 connections (wrk on the same two cores), five rounds in turn; medians. The bare app
decodes the body with msgspec into typed messages, appends it to one file and shares each fdatasync among the
requests that wait; it knows no key, no limit, no checksum, no segment.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROUNDS, SECONDS, CONNECTIONS = 5, 4, 64

BARE = """
import asyncio, os, sys
from typing import Any, Literal
import msgspec, uvicorn

class Message(msgspec.Struct):
    type: Literal["track", "identify", "page", "screen", "group", "alias"]
    messageId: str
    userId: str | None = None
    anonymousId: str | None = None
    event: str | None = None
    timestamp: str | None = None
    properties: dict[str, Any] | None = None
    context: dict[str, Any] | None = None

class Batch(msgspec.Struct):
    batch: list[Message]

one, many = msgspec.json.Decoder(Message).decode, msgspec.json.Decoder(Batch).decode
out = os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
waiting, writing = [], False
OK = [(b"content-type", b"application/json"), (b"content-length", b"16")]

def write(data):
    os.write(out, data)
    os.fdatasync(out)

async def commit(loop):
    global waiting, writing
    while waiting:
        group, waiting = waiting, []
        await loop.run_in_executor(None, write, b"".join(b for b, _ in group))
        for _, f in group:
            f.set_result(None)
    writing = False

async def app(scope, receive, send):
    global writing
    if scope["type"] != "http":
        return
    body = b""
    while True:
        m = await receive()
        body += m.get("body", b"")
        if not m.get("more_body"):
            break
    (many if scope["path"] == "/v1/batch" else one)(body)
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    waiting.append((body + b"\\n", done))
    if not writing:
        writing = True
        loop.create_task(commit(loop))
    await done
    await send({"type": "http.response.start", "status": 200, "headers": OK})
    await send({"type": "http.response.body", "body": b'{"success":true}'})

uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
"""


def main() -> list[dict[str, Any]]:
    """Rows: events and requests a second, ours and bare, and their ratio."""
    if shutil.which("wrk") is None:
        raise FileNotFoundError("wrk is not installed (apt install wrk)")
    from zhiyin.simulate.server import free_port

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = _workspace(folder / "shop")
        from zhiyin.services import sources  # after Django knows the workspace's records

        key = sources.create(ours, "bench", "server")[1]
        ports = {"bare": free_port(), "ours": free_port()}
        (folder / "bare.py").write_text(BARE)
        commands = {
            "bare": [sys.executable, str(folder / "bare.py"), str(ports["bare"]), str(folder / "bare.log")],
            "ours": [
                sys.executable, "-m", "zhiyin.entrypoints.cli", "serve", "--role", "api",
                "--workspace", str(folder / "shop"), "--port", str(ports["ours"]),
            ],
        }  # fmt: skip
        scripts = {
            "batches of 100": _script(
                folder / "many.lua", "/v1/batch", {"batch": [_event(n) for n in range(100)]}, key
            ),
            "single events": _script(folder / "one.lua", "/v1/track", _event(0), key),
        }
        rates: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):
            for who in ("bare", "ours"):
                with subprocess.Popen(commands[who], stdout=subprocess.DEVNULL) as server:
                    _wait(ports[who])
                    for what, script in scripts.items():
                        rates.setdefault((what, who), []).append(_load(ports[who], script))
                    server.terminate()
                shutil.rmtree(folder / "shop" / "spool", ignore_errors=True)
                (folder / "bare.log").unlink(missing_ok=True)
    rows = []
    for what, unit, each, bar in (
        ("batches of 100", "events/s", 100, "≥ 50,000"),
        ("single events", "requests/s", 1, "≥ 2,500"),
    ):
        ours_rate, bare = (statistics.median(rates[what, who]) * each for who in ("ours", "bare"))
        ratios = [a / b for a, b in zip(rates[what, "ours"], rates[what, "bare"], strict=True)]
        rows += [
            {"what": f"durable accept, {what}", "value": round(ours_rate), "unit": unit, "bar": bar},
            {"what": f"the bare app in the same run, {what}", "value": round(bare), "unit": unit},
            {
                "what": f"ratio, {what}",
                "value": round(statistics.median(ratios), 2),
                "unit": "×",
                "bar": "≥ 0.8",
            },
        ]
    return rows


def _workspace(folder: Path) -> Any:
    from zhiyin.entrypoints.site import create_workspace, open_workspace

    create_workspace(folder, name="Bench")
    return open_workspace(folder, {"collect.max_waiting_mb": 100_000})


def _event(number: int) -> dict[str, Any]:
    return {
        "type": "track", "event": "Product Viewed", "messageId": f"ajs-next-1795304416276-4469bba6-8dca-44d5-b{number:03}",
        "anonymousId": "4499a2d9-4469-4ba6-8dca-24d5f764b513", "userId": "u9", "timestamp": "2026-11-21T23:40:16.276Z",
        "properties": {"product_id": f"tea-{number}", "name": "明前龙井 100 g", "price": 236.0, "currency": "CNY"},
        "context": {
            "page": {"path": "/tea", "url": "https://shop.example/tea?utm_source=mail", "title": "Tea"},
            "locale": "zh-CN", "library": {"name": "analytics.js", "version": "next-1.84.3"},
        },
    }  # fmt: skip


def _script(path: Path, address: str, body: dict[str, Any], key: str) -> Path:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    path.with_suffix(".json").write_text(text)
    path.write_text(
        f'local file = io.open("{path.with_suffix(".json")}", "rb")\n'
        'wrk.method = "POST"\nwrk.body = file:read("*a")\n'
        f'wrk.path = "{address}"\nwrk.headers["Authorization"] = "Bearer {key}"\n'
        'wrk.headers["Content-Type"] = "application/json"\n'
    )
    return path


def _load(port: int, script: Path) -> float:
    """Requests a second that were answered with 200."""
    told = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), f"http://127.0.0.1:{port}/"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in told:
        raise RuntimeError(told)
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")
