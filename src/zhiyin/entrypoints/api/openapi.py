"""``/v1/openapi.json``: what tracking and transactional API take and answer, as OpenAPI 3.1, for people and tools.

Beside it ``/v1/segment.schema.json``, the JSON Schema of the rules of segments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from zhiyin import __version__
from zhiyin.entrypoints.api import forms_openapi, messages_openapi
from zhiyin.entrypoints.api.body import MAX_BATCH
from zhiyin.entrypoints.api.track import PATHS
from zhiyin.loop.collect.shape import MAX_BYTES
from zhiyin.loop.profile import segment_json

PATH, SCHEMA_PATH = "/v1/openapi.json", "/v1/segment.schema.json"
_MANY = ("batch", "import")
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"public, max-age=3600"),
]
_SUMMARIES = {
    "identify": "Say who somebody is, and what is known of them",
    "track": "Say that somebody did something",
    "page": "Say that somebody saw a page of a website",
    "screen": "Say that somebody saw a screen of an app",
    "group": "Say that somebody belongs to a group",
    "alias": "Say that two ids are one person",
    "batch": "Send several messages at once",
    "import": "Send history: the times that messages state are kept as they are",
}
_REFUSALS = {
    400: "The body is not JSON, not gzip, or not what is expected; what could be read is kept among the rejects.",
    401: "The write key is missing, unknown or revoked.",
    404: "There is nothing at this address.",
    405: "Events are sent with POST.",
    408: "The body did not come in time.",
    413: f"The body is larger than {MAX_BATCH // 1024} KB, or the message than {MAX_BYTES // 1024} KB.",
    415: "The body is packed in a way other than gzip.",
    429: "The key sends more events than it may; Retry-After says when to come back.",
    503: "Events cannot be kept right now; Retry-After says when to come back. None of these is kept.",
}
_AGAIN = (429, 503)

Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


def documents() -> dict[str, Document]:
    """The ASGI applications of the documents that everybody may read, by their paths."""
    return {PATH: Document(document()), SCHEMA_PATH: Document(segment_json.schema())}


class Document:
    """The ASGI application of a document, encoded once."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._body = msgspec.json.encode(content)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            headers = [(b"allow", b"GET, HEAD"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 405, "headers": headers})
            await send({"type": "http.response.body"})
            return
        headers = [*_HEADERS, (b"content-length", b"%d" % len(self._body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else self._body
        await send({"type": "http.response.body", "body": body})


def document() -> dict[str, Any]:
    """The description of every path, made from the paths themselves."""
    paths: dict[str, Any] = {}
    for path, kind in PATHS.items():
        paths[path] = {"post": _post(path, kind), "options": _options(path)}
    paths |= messages_openapi.paths() | forms_openapi.paths()
    paths[PATH] = _read("openapi", "This document")
    paths[SCHEMA_PATH] = _read("segment-schema", "The JSON Schema of the rules of segments")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Zhiyin tracking and transactional API",
            "version": __version__,
            "summary": "Events in, as the libraries of Segment and RudderStack send them; single messages out.",
            "description": "A 200 means that the events are on disk. A message that cannot be understood is kept "
            "with its reason among the rejects, beside the others of its batch. Messages with a messageId that "
            "came before count once, and so do orders with an order_id that came before.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas() | messages_openapi.schemas() | forms_openapi.schemas(),
            "responses": {str(status): _refusal(status, text) for status, text in _REFUSALS.items()},
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The write key is the user; there is no password.",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The write key is the token."},
                **messages_openapi.security(),
            },
        },
    }


def _read(name: str, summary: str) -> dict[str, Any]:
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "security": [],
            "responses": {"200": {"description": "The document.", "content": _json({"type": "object"})}},
        }
    }


def _post(path: str, kind: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{'Batch' if kind in _MANY else 'Message'}"}
    responses: dict[str, Any] = {
        "200": {
            "description": "The events are on disk. Those listed as rejected are kept among the rejects.",
            "content": _json({"$ref": "#/components/schemas/Accepted"}),
        }
    }
    responses |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS}
    return {
        "operationId": path.removeprefix("/v1/"),
        "summary": _SUMMARIES[kind],
        # without a header, the body names the key as writeKey
        "security": [{"basic": []}, {"bearer": []}, {}],
        "parameters": [
            {
                "name": "Content-Encoding",
                "in": "header",
                "description": "How the body is packed.",
                "schema": {"type": "string", "enum": ["gzip", "identity"]},
            }
        ],
        "requestBody": {
            "required": True,
            "description": "JSON, whatever the content type says; text/plain spares browsers a question first.",
            "content": {"application/json": {"schema": schema}, "text/plain": {"schema": schema}},
        },
        "responses": responses,
    }


def _options(path: str) -> dict[str, Any]:
    return {
        "operationId": f"{path.removeprefix('/v1/')}-preflight",
        "summary": "A browser's question whether a page may send events",
        "security": [],
        "responses": {"204": {"description": "Pages of every origin may."}},
    }


def _refusal(status: int, text: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": text,
        "content": _json({"$ref": "#/components/schemas/Refused"}),
    }
    if status in _AGAIN:
        answer["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait.",
                "required": True,
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    if status == 405:
        answer["headers"] = {"Allow": {"required": True, "schema": {"type": "string"}}}
    return answer


def _schemas() -> dict[str, Any]:
    text, thing = {"type": "string"}, {"type": "object"}
    person = {"type": ["string", "integer", "null"], "maxLength": 200}
    time = {
        "type": ["string", "null"],
        "description": "ISO 8601, with an offset.",
        "examples": ["2026-03-01T10:00:00Z"],
    }
    message = {
        "type": "object",
        "description": "A message of the Segment spec. What is not named here is kept or ignored, never refused.",
        "properties": {
            "type": text | {"description": "Of messages in a batch: identify, track, page, screen, group or alias."},
            "messageId": text | {"maxLength": 200, "description": "Two messages of one id count once."},
            "userId": person | {"description": "The customer."},
            "anonymousId": person | {"description": "The visitor."},
            "previousId": person | {"description": "Of alias: the id until now."},
            "groupId": person | {"description": "Of group: the group."},
            "event": text | {"maxLength": 200, "description": "Of track: what happened, such as Order Completed."},
            "name": text | {"maxLength": 200, "description": "Of page and screen: which one."},
            "properties": thing | {"description": "Of track, page and screen: what there is to say about it."},
            "traits": thing | {"description": "Of identify and group: what is known."},
            "context": thing | {"description": "Where it happened: page, campaign, device, locale, time zone."},
            "timestamp": time | {"description": "When it happened; when it came, if not stated."},
            "sentAt": time | {"description": "When it was sent; tells a wrong clock."},
            "writeKey": text | {"description": "The write key, where no header names it."},
        },
    }  # fmt: skip
    return {
        "Message": message,
        "Batch": {
            "type": "object",
            "required": ["batch"],
            "properties": {
                "batch": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}},
                "sentAt": time,
                "context": thing | {"description": "Holds for every message that does not say otherwise."},
                "writeKey": text,
            },
        },
        "Accepted": {
            "type": "object",
            "required": ["success", "accepted"],
            "additionalProperties": False,
            "properties": {
                "success": {"const": True},
                "accepted": {"type": "integer", "minimum": 0},
                "rejected": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["index", "reason", "detail"],
                        "additionalProperties": False,
                        "properties": {
                            "index": {"type": "integer", "minimum": 0},
                            "reason": text,
                            "detail": text,
                        },
                    },
                },
            },
        },
        "Refused": {
            "type": "object",
            "required": ["success", "error", "code", "message"],
            "additionalProperties": False,
            "properties": {
                "success": {"const": False},
                "error": text | {"description": "What is wrong, and what to do."},
                "code": text | {"description": "The HTTP status, for libraries that read it here."},
                "message": text,
            },
        },
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
