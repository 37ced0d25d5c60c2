"""What ``/v1/openapi.json`` says about sign-ups."""

from __future__ import annotations

from typing import Any

PATH = "/v1/forms/{key}"
PATHS = (PATH,)
_KEY = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[a-z0-9_-]+$"},
}
_REFUSALS = {
    400: "The body is not JSON, or not what is expected.",
    403: "The site that posts is not among those of the form.",
    404: "There is no such form, or it takes nothing any more.",
    405: "Sign-ups are sent with POST.",
    413: "The body is larger than 16 KB.",
    422: "The sign-up was not taken; `code` says why, `suggestion` what was probably meant.",
}


def paths() -> dict[str, Any]:
    """The address of every form."""
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/SignUpRefused"}}}
    responses: dict[str, Any] = {
        "202": {
            "description": "It was received. The answer is the same whether the address is known or not.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SignUpReceived"}}},
        },
        **{str(status): {"description": text, "content": refused} for status, text in _REFUSALS.items()},
    }
    responses["405"] = responses["405"] | {
        "headers": {"Allow": {"required": True, "schema": {"type": "string"}}}
    }
    return {
        PATH: {
            "post": {
                "operationId": "sign-up",
                "summary": "Sign somebody up through a form",
                "description": "Nothing follows before the address is confirmed, where the form works by double opt-in. "
                "At most 10 an hour from one network, and 3 messages a day to one address; more are received and "
                "refused without a word.",
                "security": [],
                "parameters": [_KEY],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SignUp"}}},
                },
                "responses": responses,
            },
            "options": {
                "operationId": "sign-up-preflight",
                "summary": "A browser's question whether a page may sign people up",
                "security": [],
                "parameters": [_KEY],
                "responses": {
                    "204": {"description": "Pages of this origin may, or the request names none."},
                    "403": {"description": "Pages of this origin may not."},
                },
            },
        }
    }


def schemas() -> dict[str, Any]:
    """What is sent and answered."""
    text = {"type": "string", "maxLength": 500}
    return {
        "SignUp": {
            "type": "object",
            "required": ["email"],
            "additionalProperties": False,
            "properties": {
                "email": text,
                "fields": {
                    "type": "object",
                    "description": "name, city: those that the form asks for.",
                    "additionalProperties": text,
                },
                "topics": {"type": "array", "maxItems": 50, "items": text, "description": "Keys of topics."},
                "language": text
                | {"description": "en or zh-hans; of what was shown, and of what will be written."},
                "page": text | {"description": "The page on which it was typed; kept as a proof."},
                "sure": {
                    "type": "boolean",
                    "description": "The address is right, although it looks mistyped.",
                },
                "fax": text
                | {"description": "A field that people do not see; who fills it in is a program."},
            },
        },
        "SignUpReceived": {
            "type": "object",
            "required": ["success", "message"],
            "additionalProperties": False,
            "properties": {"success": {"const": True}, "message": {"type": "string"}},
        },
        "SignUpRefused": {
            "type": "object",
            "required": ["success", "code", "error", "message"],
            "additionalProperties": False,
            "properties": {
                "success": {"const": False},
                "code": {"type": "string"},
                "error": {"type": "string", "description": "What is wrong."},
                "message": {"type": "string", "description": "What to do."},
                "suggestion": {"type": "string", "description": "The address that was probably meant."},
            },
        },
    }
