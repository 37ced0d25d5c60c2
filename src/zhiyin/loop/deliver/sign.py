"""Signs what stands in public links: one key for every purpose, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hmac

OPEN, CLICK, UNSUBSCRIBE = "open", "click", "unsubscribe"
FORM, CONFIRM = "form", "confirm"  # when a form was shown, and which sign-up is confirmed
RETURN = "return"  # of return paths, see return_path.py
_BYTES = 16  # 128 bits of HMAC-SHA256: short enough for a link, far too long to guess


def key(secret: str, purpose: str) -> bytes:
    """The key of one purpose, so that a token of one kind is worth nothing as another."""
    return hmac.digest(secret.encode(), f"zhiyin link {purpose}".encode(), "sha256")


def sign(signing_key: bytes, text: str) -> str:
    """A token for a URL: the text and its signature, both readable by nobody's mail filter as a URL.

    >>> verify(key("s", OPEN), sign(key("s", OPEN), "hello"))
    'hello'
    """
    payload = text.encode()
    return f"{_encode(payload)}.{_encode(_signature(signing_key, payload))}"


def verify(signing_key: bytes, token: str) -> str | None:
    """The signed text, or None where the token was not made with this key or was altered.

    >>> verify(key("s", CLICK), sign(key("s", OPEN), "hello")) is None
    True
    """
    head, dot, tail = token.rpartition(".")
    try:
        payload, signature = _decode(head), _decode(tail)
    except (binascii.Error, ValueError):
        return None
    if not dot or not hmac.compare_digest(signature, _signature(signing_key, payload)):
        return None
    if token != f"{_encode(payload)}.{_encode(signature)}":
        return None  # another spelling of the same bytes
    return payload.decode()


def _signature(signing_key: bytes, payload: bytes) -> bytes:
    return hmac.digest(signing_key, payload, "sha256")[:_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
