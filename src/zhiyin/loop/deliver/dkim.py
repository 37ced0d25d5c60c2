"""Signatures of the sender's domain (DKIM): RFC 6376, with RFC 8463 for Ed25519 and RFC 8301 for what is strong.

Relaxed canonicalisation of header and body. One message may bear several signatures, one for every key.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from zhiyin.domain.sending_domain import KeyAlgorithm

# signed once more often than they occur, so that nobody on the way can add one (RFC 6376 section 5.4.2)
OVERSIGNED = (
    "from", "to", "subject", "date", "reply-to", "cc", "list-id", "list-unsubscribe", "list-unsubscribe-post"
)  # fmt: skip
COVERED = ("message-id", "feedback-id", "mime-version", "content-type", "content-transfer-encoding")

_NAMES = {KeyAlgorithm.RSA: "rsa-sha256", KeyAlgorithm.ED25519: "ed25519-sha256"}
_BLANKS = re.compile(rb"[ \t]+")
_BLANKS_AT_END = re.compile(rb"[ \t]+(?=\r\n)")
_LINE = 72  # characters of a folded line

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """One key of a sending domain, ready to sign: ``sign(data)`` gives the bytes of a signature."""

    domain: str
    selector: str
    algorithm: KeyAlgorithm
    sign: Callable[[bytes], bytes]


def signer(domain: str, selector: str, key: PrivateKey) -> Signer:
    """A signer from a private key."""
    if isinstance(key, rsa.RSAPrivateKey):
        own, pad, digest = key, padding.PKCS1v15(), SHA256()
        return Signer(domain, selector, KeyAlgorithm.RSA, lambda data: own.sign(data, pad, digest))
    pure = key  # RFC 8463 section 3: the hash of the data is what is signed
    return Signer(
        domain, selector, KeyAlgorithm.ED25519, lambda data: pure.sign(hashlib.sha256(data).digest())
    )


def signed(content: bytes, signers: Sequence[Signer], *, at: datetime) -> bytes:
    """The message with a ``DKIM-Signature`` of every signer on top; without signers it is unchanged.

    Lines of ``content`` end with CR LF.
    """
    if not signers:
        return content
    head, _, body = content.partition(b"\r\n\r\n")
    fields = _fields(head)
    digest = base64.b64encode(hashlib.sha256(_body(body)).digest()).decode()
    chosen, data = _chosen(fields)
    # all at once: no signature covers another one
    made = [_signature(one, chosen, data, digest, int(at.timestamp())) for one in signers]
    return b"".join([*made, content])


def _signature(one: Signer, chosen: Sequence[str], data: bytes, digest: str, at: int) -> bytes:
    tags = [
        f"v=1; a={_NAMES[one.algorithm]}; c=relaxed/relaxed; d={one.domain}; s={one.selector};",
        f"t={at};",
        *_folded("h=", chosen),
        f"bh={digest};",
        "b=",
    ]
    open_ = "DKIM-Signature: " + "\r\n ".join(tags)
    (own,) = _fields(open_.encode())
    value = base64.b64encode(one.sign(data + b":".join(own))).decode()
    lines = [value[start : start + _LINE] for start in range(0, len(value), _LINE)]
    return (open_ + "\r\n ".join(lines) + "\r\n").encode()


def _folded(tag: str, names: Iterable[str]) -> list[str]:
    """The list of names in lines that are not too long."""
    lines, line = [], tag
    for name in names:
        if len(line) + len(name) >= _LINE:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return [*lines, f"{line[:-1]};"]


def _chosen(fields: Sequence[tuple[bytes, bytes]]) -> tuple[list[str], bytes]:
    """Which header fields are signed, by name, and their bytes in that order (RFC 6376 section 5.4.2)."""
    found: dict[str, list[bytes]] = {}
    for field, value in fields:
        found.setdefault(field.decode("ascii", "replace"), []).append(b":".join((field, value)))
    names: list[str] = []
    lines: list[bytes] = []
    for name in (*OVERSIGNED, *COVERED):
        own = found.get(name, [])
        lines += reversed(own)  # from the bottom up
        names += [name] * (len(own) + (name in OVERSIGNED))
    return names, b"".join(line + b"\r\n" for line in lines)


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """The header in relaxed form (RFC 6376 section 3.4.2)."""
    whole = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    parts = (line.partition(b":") for line in whole.split(b"\r\n"))
    return [(name.strip(b" \t").lower(), _BLANKS.sub(b" ", value).strip(b" ")) for name, _, value in parts]


def _body(body: bytes) -> bytes:
    """The body in relaxed form (RFC 6376 section 3.4.4)."""
    if b"  " in body or b"\t" in body or b" \r\n" in body:
        body = _BLANKS.sub(b" ", _BLANKS_AT_END.sub(b"", body))
    if not body.endswith(b"\r\n"):
        body = body.rstrip(b" ") + b"\r\n"
    end = len(body)
    while body.endswith(b"\r\n", 0, end):  # empty lines at the end do not count
        end -= 2
    return body[:end] + b"\r\n" if end else b""
