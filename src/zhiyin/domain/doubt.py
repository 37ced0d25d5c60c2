"""Doubts about an address: it can be written to, and probably should not be, or not as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from zhiyin.domain.reasons import DoubtReason


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an address is doubted, and for a mistyped one what was probably meant."""

    reason: DoubtReason
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class DoubtedAddress:
    """An address with the doubt about it."""

    email: str
    doubt: Doubt
