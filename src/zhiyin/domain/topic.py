"""Topics: what a shop writes about, so that people can want one thing and not another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LANGUAGES = ("en", "zh-hans")  # in which people can read what we write by ourselves


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of messages. Its key is a purpose of consent, its names are what people read.

    Only ``public`` ones stand on pages that everybody can open; what is ``archived`` is offered no more.
    """

    key: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    public: bool = True
    archived: bool = False

    def name(self, language: str) -> str:
        """What a reader of ``language`` calls it.

        >>> Topic("news", {"en": "Newsletter", "zh-hans": "资讯"}).name("zh-CN")
        '资讯'
        """
        return spoken(self.names, language) or self.key

    def description(self, language: str) -> str:
        """A sentence about it, empty if nobody wrote one."""
        return spoken(self.descriptions, language)


def spoken(texts: Mapping[str, str], language: str) -> str:
    """The text for a reader of ``language``, else that of the other language, empty if there is none.

    >>> spoken({"en": "Tea"}, "zh-hans"), spoken({"en": "Tea", "zh-hans": "茶"}, "zh-TW")
    ('Tea', '茶')
    """
    mine = spoken_language(language)
    return texts.get(mine, "") or next((texts[other] for other in LANGUAGES if texts.get(other)), "")


def spoken_language(language: str) -> str:
    """The language among ours that a reader of ``language`` is shown.

    >>> spoken_language("zh-CN"), spoken_language("de"), spoken_language("")
    ('zh-hans', 'en', 'en')
    """
    return "zh-hans" if language.lower().startswith("zh") else "en"
