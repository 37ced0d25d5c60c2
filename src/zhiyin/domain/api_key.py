"""API keys: what a program of the shop may ask of us."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a key opens; nothing else. ``messages`` sends transactional messages and asks what became of them."""

    MESSAGES = "messages"
