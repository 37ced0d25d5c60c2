"""Buckets: a number from 0 to 1 for a person and a seed, the same everywhere and for ever."""

from __future__ import annotations


def bucket(seed: str, value: str) -> float:
    """GrowthBook's hash, version 2: ``fnv32a(str(fnv32a(seed + value))) % 10000 / 10000``.

    >>> bucket("spring", "c1") == bucket("spring", "c1")
    True
    """
    return fnv32a(str(fnv32a(seed + value))) % 10000 / 10000


def fnv32a(text: str) -> int:
    """The 32-bit FNV-1a hash of a text in UTF-8.

    >>> fnv32a("a")
    3826002220
    """
    digest = 0x811C9DC5
    for byte in text.encode():
        digest = ((digest ^ byte) * 0x01000193) & 0xFFFFFFFF
    return digest
