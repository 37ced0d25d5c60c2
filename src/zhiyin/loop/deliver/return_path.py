"""The return path of a message: an address that says which message came back, and that nobody can forge."""

from __future__ import annotations

import base64
import hmac

_MAC = (
    16  # characters of base32, 80 bits; with a token of 32 it leaves 14 of the 64 that a local part may have
)


def tagged(address: str, token: str, key: bytes) -> str:
    """The address to which a message with this token comes back (variable envelope return path).

    ``token`` is in lower case, as the ledger makes it, since servers may change the case of addresses.

    >>> tagged("bounces@mail.example.com", "7f3a", b"key")
    'bounces+7f3a.ncddnztgvlyysoto@mail.example.com'
    """
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}.{_mac(token, key)}@{domain}"


def token_of(address: str, key: bytes) -> str | None:
    """The token in such an address; None where it has none, or one that was not made with this key.

    >>> token_of("Bounces+7F3A.ncddnztgvlyysoto@mail.example.com", b"key")
    '7f3a'
    >>> token_of("bounces+7f3b.ncddnztgvlyysoto@mail.example.com", b"key") is None
    True
    """
    tag = address.strip().strip("<>").rpartition("@")[0].rpartition("+")[2].lower()
    token, dot, mac = tag.rpartition(".")
    if not dot or not token.isascii() or not token.isalnum():
        return None
    return token if hmac.compare_digest(mac.encode(), _mac(token, key).encode()) else None


def _mac(token: str, key: bytes) -> str:
    digest = hmac.digest(key, token.encode(), "sha256")
    return base64.b32encode(digest).decode().lower()[:_MAC]
