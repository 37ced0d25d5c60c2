"""a customer's language + the languages that we have → the one to write in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
# where a place tells the script of Chinese
_SCRIPTS = {
    "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-my": "zh-hans",
    "zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh-mo": "zh-hant",
}  # fmt: skip


def tag(language: str) -> str:
    """A language as we write it; empty where it is none.

    >>> tag("zh_CN"), tag(" EN-gb"), tag("?")
    ('zh-cn', 'en-gb', '')
    """
    written = language.strip().lower().replace("_", "-")
    return written if _TAG.fullmatch(written) else ""


def choose(spoken: str, main: str, others: Iterable[str]) -> str:
    """Which wording somebody gets who speaks a language: the exact one, one of the same language, or the main one.

    The name of one of ``others``, or nothing for the main one, whose language ``main`` may be unknown.

    >>> choose("zh-CN", "en", ["zh-hans", "de"]), choose("en-GB", "en", ["de"]), choose("fr", "en", ["de"])
    ('zh-hans', '', '')
    """
    return _choose(tag(spoken), tag(main), tuple(sorted(others)))


@lru_cache(maxsize=4096)
def _choose(spoken: str, main: str, others: tuple[str, ...]) -> str:
    if not spoken:
        return ""
    names = {main: ""} if main else {}
    names.update({tag(name): name for name in others})
    for wanted in _wider(spoken):
        if wanted in names:
            return names[wanted]
    base = spoken.partition("-")[0]
    if main.partition("-")[0] == base:
        return ""
    return next((name for name in others if tag(name).partition("-")[0] == base), "")


def _wider(spoken: str) -> list[str]:
    """The tag, then what it is a case of: ``zh-cn``, ``zh-hans``, ``zh``."""
    parts = spoken.split("-")
    tags = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    script = _SCRIPTS.get("-".join(parts[:2]))
    return [*tags[:-1], script, tags[-1]] if script else tags
