"""Snippets: what to paste where, so that a website or a server sends events. Text alone; each is run by a test."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import urlsplit

from zhiyin.domain.errors import NotFound
from zhiyin.domain.text import say

Kind = Literal["web", "server"]
KEY = "YOUR_WRITE_KEY"  # where the key itself is not known: it is shown once


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to send: its short name, what people call it, where it runs, and the text itself.

    ``install`` is the command that fetches the library, empty where there is none; ``language`` is that of the
    code, as Markdown names it.
    """

    name: str
    title: str
    kind: Kind
    language: str
    install: str
    code: str


def snippets(base_url: str, key: str = KEY) -> tuple[Snippet, ...]:
    """All snippets for a server at ``base_url`` and a source's write key, the simplest first.

    >>> snippets("https://zhiyin.example.com", "zy_1")[0].code.splitlines()[0]
    '<script async src="https://zhiyin.example.com/zhiyin.js" data-key="zy_1"></script>'
    """
    base = base_url.rstrip("/")
    return tuple(
        Snippet(name, title, kind, language, install, code(base, key))
        for name, title, kind, language, install, code in _ALL
    )


def named(base_url: str, key: str = KEY, name: str = "") -> tuple[Snippet, ...]:
    """The snippet of a name, or all. Raises ``NotFound`` for an unknown name."""
    found = snippets(base_url, key)
    chosen = tuple(one for one in found if name in ("", one.name))
    if not chosen:
        raise NotFound(
            say("There is no snippet {name!r}.", name=name),
            fix=say("There are: {known}.", known=", ".join(one.name for one in found)),
        )
    return chosen


def _tag(base: str, key: str) -> str:
    return f"""\
<script async src="{escape(base)}/zhiyin.js" data-key="{escape(key)}"></script>
<script>
  window.zy = window.zy || [];
  zy.push(["track", "Product Viewed", {{ product_id: "tea-7" }}]);
</script>
"""


def _analytics_next(base: str, key: str) -> str:
    url = urlsplit(base)
    return f"""\
import {{ AnalyticsBrowser }} from "@segment/analytics-next";

const writeKey = {json.dumps(key)};
const server = {{ apiHost: {json.dumps(url.netloc + url.path + "/v1")}, protocol: {json.dumps(url.scheme)} }};
const analytics = AnalyticsBrowser.load(
  {{ writeKey, cdnSettings: {{ integrations: {{ "Segment.io": {{ apiKey: writeKey }} }} }} }},
  {{ integrations: {{ "Segment.io": server }} }},
);

analytics.page();
analytics.track("Product Viewed", {{ product_id: "tea-7" }});
"""


def _analytics_node(base: str, key: str) -> str:
    return f"""\
import {{ Analytics }} from "@segment/analytics-node";

const analytics = new Analytics({{ writeKey: {json.dumps(key)}, host: {json.dumps(base)} }});

analytics.track({{ userId: "customer-1", event: "Product Viewed", properties: {{ product_id: "tea-7" }} }});
await analytics.closeAndFlush(); // before the process ends
"""


def _rudder_node(base: str, key: str) -> str:
    return f"""\
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

// by default it gives up after three tries within two seconds
const analytics = new RudderAnalytics({json.dumps(key)}, {{ dataPlaneUrl: {json.dumps(base)}, retryCount: 10 }});

analytics.track({{ userId: "customer-1", event: "Product Viewed", properties: {{ product_id: "tea-7" }} }});
await analytics.flush(); // before the process ends
"""


def _segment_python(base: str, key: str) -> str:
    return f"""\
import segment.analytics as analytics

analytics.write_key = {json.dumps(key)}
analytics.host = {json.dumps(base)}

analytics.track("customer-1", "Product Viewed", {{"product_id": "tea-7"}})
analytics.flush()  # before the process ends
"""


def _rudder_python(base: str, key: str) -> str:
    return f"""\
import rudderstack.analytics as analytics

analytics.write_key = {json.dumps(key)}
analytics.dataPlaneUrl = {json.dumps(base)}

analytics.track("customer-1", "Product Viewed", {{"product_id": "tea-7"}})
analytics.flush()  # before the process ends
"""


def _curl(base: str, key: str) -> str:
    event = {"userId": "customer-1", "event": "Product Viewed", "properties": {"product_id": "tea-7"}}
    return f"""\
curl -u {shlex.quote(key + ":")} {shlex.quote(base + "/v1/track")} \\
  -d {shlex.quote(json.dumps(event))}
"""


_ALL: tuple[tuple[str, str, Kind, str, str, Callable[[str, str], str]], ...] = (
    ("tag", "zhiyin.js", "web", "html", "", _tag),
    (
        "analytics-next",
        "Segment analytics.js",
        "web",
        "js",
        "npm install @segment/analytics-next",
        _analytics_next,
    ),
    (
        "analytics-node",
        "Segment Node",
        "server",
        "js",
        "npm install @segment/analytics-node",
        _analytics_node,
    ),
    (
        "segment-python",
        "Segment Python",
        "server",
        "python",
        "pip install segment-analytics-python",
        _segment_python,
    ),
    (
        "rudder-node",
        "RudderStack Node",
        "server",
        "js",
        "npm install @rudderstack/rudder-sdk-node",
        _rudder_node,
    ),
    (
        "rudder-python",
        "RudderStack Python",
        "server",
        "python",
        "pip install rudder-sdk-python",
        _rudder_python,
    ),
    ("curl", "curl", "server", "sh", "", _curl),
)


def message(url: str, key: str = "KEY") -> str:
    """What a server sends for one transactional message, as curl.

    >>> message("https://m.example").splitlines()[0]
    'curl -X POST https://m.example/v1/messages \\\\'
    """
    return f"""curl -X POST {url.rstrip("/")}/v1/messages \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Idempotency-Key: receipt-1042' \\
  -d '{{"template": "receipt", "to": "li@example.com", "variables": {{"number": "1042"}}}}'"""
