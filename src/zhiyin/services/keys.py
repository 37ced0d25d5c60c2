"""Keys: short names for addresses, made from the names that people give."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from zhiyin.domain.errors import BadSetting
from zhiyin.domain.text import say

_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def free(name: str, taken: Container[str], fallback: str, limit: int = 60) -> str:
    """A key for a name that is not taken yet, Chinese read as pinyin; a name without any letters we can
    write gets the fallback.

    >>> free("Spring tea: early access", {"spring-tea"}, "campaign")
    'spring-tea-early-access'
    >>> free("春季新茶 2026", {}, "campaign")
    'chun-ji-xin-cha-2026'
    >>> free("★", {"campaign"}, "campaign")
    'campaign-2'
    """
    if any("\u3400" <= sign <= "\u9fff" for sign in name):
        from pypinyin import lazy_pinyin  # its dictionary takes a moment to load

        name = " ".join(lazy_pinyin(name))
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    stem = "-".join(words)[:limit].strip("-") or fallback
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    return key


def check(key: str) -> None:
    """Raise ``BadSetting`` for what cannot be a key."""
    if not _KEY.fullmatch(key) or len(key) > 80:
        raise BadSetting(
            say("{key!r} is not a key.", key=key),
            fix=say("Use small letters, digits and hyphens: spring-sale."),
        )
