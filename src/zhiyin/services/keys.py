"""Keys: short names for addresses, made from the names that people give."""

from __future__ import annotations

import unicodedata
from collections.abc import Container


def free(name: str, taken: Container[str], fallback: str, limit: int = 60) -> str:
    """A key for a name that is not taken yet; names without Latin letters get the fallback and a number.

    >>> free("Spring tea: early access", {"spring-tea"}, "campaign")
    'spring-tea-early-access'
    >>> free("明前茶尝鲜", {"campaign"}, "campaign")
    'campaign-2'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    stem = "-".join(words)[:limit].strip("-") or fallback
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    return key
