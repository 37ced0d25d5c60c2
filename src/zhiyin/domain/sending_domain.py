"""Sending domains: whose name messages bear, and the keys that prove it (DKIM)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_LONGEST_STRING = 255  # bytes of one string of a TXT record (RFC 1035 section 3.3)


class KeyAlgorithm(StrEnum):
    """What a key can be. RSA is understood by every mailbox provider, Ed25519 by some; both may sign."""

    RSA = "rsa-2048"
    ED25519 = "ed25519"


class KeyState(StrEnum):
    """Whether a key signs. A retired one stays in the DNS for a week: mail may still be on its way."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """The public side of one key: ``public`` is the base64 text of the record's ``p=``."""

    domain: str
    selector: str
    algorithm: KeyAlgorithm
    public: str
    state: KeyState = KeyState.ACTIVE
    created_at: datetime | None = None

    @property
    def record(self) -> DnsRecord:
        """What to publish so that others can check its signatures."""
        kind = "rsa" if self.algorithm == KeyAlgorithm.RSA else "ed25519"
        name = f"{self.selector}._domainkey.{self.domain}"
        return DnsRecord(name, f"v=DKIM1; k={kind}; p={self.public}")


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A TXT record to publish."""

    name: str
    value: str

    @property
    def strings(self) -> Sequence[str]:
        """The value in pieces of at most 255 bytes, as the DNS keeps it; readers join them without a blank.

        >>> [len(piece) for piece in DnsRecord("a.example", "x" * 300).strings]
        [255, 45]
        """
        return [
            self.value[start : start + _LONGEST_STRING]
            for start in range(0, len(self.value), _LONGEST_STRING)
        ]

    @property
    def zone(self) -> str:
        """The record as a line of a zone file.

        >>> DnsRecord("_dmarc.example.com", "v=DMARC1; p=none").zone
        '_dmarc.example.com. IN TXT "v=DMARC1; p=none"'
        """
        pieces = " ".join(f'"{piece}"' for piece in self.strings)
        return f"{self.name}. IN TXT {pieces}"


def aligned(domain: str, author: str) -> bool:
    """Whether a signature of ``domain`` speaks for an author's domain: the same, or one above it (RFC 7489).

    >>> aligned("example.com", "mail.example.com"), aligned("example.com", "myexample.com")
    (True, False)
    """
    return author == domain or author.endswith(f".{domain}")
