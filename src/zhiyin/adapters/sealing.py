"""Sealing: secrets that have to be read again, kept so that only ``server.secret`` opens them."""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


def seal(secret: str, data: bytes, about: str) -> str:
    """The data, unreadable without the secret. ``about`` says whose they are; opened as another's they are worthless.

    >>> unseal("s", seal("s", b"private", "a.example"), "a.example")
    b'private'
    """
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + AESGCM(_key(secret)).encrypt(nonce, data, about.encode())).decode()


def unseal(secret: str, sealed: str, about: str) -> bytes | None:
    """The data again; None where secret or ``about`` are others, or the text was altered.

    >>> unseal("other", seal("s", b"private", "a.example"), "a.example") is None
    True
    """
    data = base64.b64decode(sealed)
    try:
        return AESGCM(_key(secret)).decrypt(data[:_NONCE], data[_NONCE:], about.encode())
    except InvalidTag:
        return None


def _key(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"zhiyin sealed").derive(secret.encode())
