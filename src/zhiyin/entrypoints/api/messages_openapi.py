"""What ``/v1/openapi.json`` says of the transactional API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyin.domain.message import MessageStatus
from zhiyin.services.send_requests import LONGEST, MOST

PATHS = ("/v1/messages", "/v1/messages/{id}")
_PROBLEMS = {
    400: "The request cannot be read, names something that does not exist, or has no idempotency key.",
    401: "The API key is missing, unknown or revoked.",
    403: "The key is the write key of a source.",
    404: "There is no such template, customer or message.",
    405: "The address takes another method.",
    409: "The idempotency key came with another request before, or nothing can be sent yet.",
    413: "The request is too large.",
    422: "The address, the variables or the template cannot be.",
}


def paths() -> dict[str, Any]:
    """The two addresses."""
    answer = {"description": "The message as it stands.", "content": _json("MessageState")}
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "What the message is about, such as receipt-1042. The same key with the same request is the "
        "same message; the body may name it as idempotency_key instead.",
        "schema": {"type": "string", "maxLength": LONGEST},
    }
    token = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        PATHS[0]: {
            "post": {
                "operationId": "send",
                "summary": "Send one transactional message",
                "description": "A 200 means that the message stands in the send ledger, once; a worker sends it within "
                "seconds, unless `status` is `refused`.",
                "security": [{"apiKey": []}],
                "parameters": [key],
                "requestBody": {"required": True, "content": _json("SendRequest")},
                "responses": {
                    "200": answer
                    | {
                        "headers": {
                            "Idempotent-Replayed": {
                                "description": "`true` where the message was there before.",
                                "schema": {"type": "string"},
                            }
                        }
                    },
                    **_problems(400, 401, 403, 404, 405, 409, 413, 422),
                },
            }
        },
        PATHS[1]: {
            "get": {
                "operationId": "message",
                "summary": "What became of a message",
                "security": [{"apiKey": []}],
                "parameters": [token],
                "responses": {"200": answer, **_problems(401, 403, 404, 405)},
            }
        },
    }


def schemas() -> dict[str, Any]:
    """What is sent and answered."""
    text = {"type": "string", "maxLength": 255}
    said, time = {"type": ["string", "null"]}, {"type": ["string", "null"], "format": "date-time"}
    state = {
        "id": {"type": "string"},
        "status": {"enum": [status.value for status in MessageStatus]},
        "reason": said | {"description": "Why it was refused, waits or failed."},
        "detail": said | {"description": "What the mail server said."},
        "template": {"type": "string"},
        "to": said,
        "customer_id": said | {"description": "null where the address is no customer's."},
        "attempts": {"type": "integer"},
        "planned_at": time,
        "handed_over_at": time,
        "finished_at": time,
    }
    return {
        "SendRequest": {
            "type": "object",
            "required": ["template"],
            "additionalProperties": False,
            "description": "`to`, `customer_id` or both: then it goes to that address and speaks of that customer.",
            "properties": {
                "template": text | {"description": "The key of a template."},
                "to": text | {"description": "An e-mail address."},
                "customer_id": text,
                "variables": {
                    "type": "object",
                    "description": f"What the template shows as data.NAME; all of them, up to {MOST // 1024} KB.",
                },
                "language": text
                | {"description": "Such as en or zh-hans; the customer's, else the shop's, if left out."},
                "idempotency_key": text | {"description": "Where no header names it."},
            },
        },
        "MessageState": {"type": "object", "required": list(state), "properties": state},
        "Problem": {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["code", "what", "why", "fix"],
                    "properties": {name: {"type": "string"} for name in ("code", "what", "why", "fix")},
                }
            },
        },
    }


def security() -> dict[str, Any]:
    """The key that both ask for."""
    told = "An API key of the scope messages, made with `zhiyin keys create`; a write key opens nothing here."
    return {"apiKey": {"type": "http", "scheme": "bearer", "description": told}}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(one): {"description": _PROBLEMS[one], "content": _json("Problem")} for one in statuses}


def _json(name: str) -> Mapping[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
