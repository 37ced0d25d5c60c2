"""Items: what can be bought or shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """Something the shop offers. ``price`` is in minor units; ``names`` maps a language to the name in it.

    ``properties`` is what else the shop tells: brand, colour, a description, vectors of text or image.
    """

    item_id: str
    name: str
    category: str = ""
    price: int | None = None
    currency: str = ""
    url: str = ""
    image_url: str = ""
    available: bool = True
    names: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    def name_in(self, language: str) -> str:
        """The name for a reader of ``language``, else the plain name.

        >>> Item("1", "Oolong", names={"zh": "乌龙茶"}).name_in("zh-CN")
        '乌龙茶'
        """
        return self.names.get(language) or self.names.get(language.split("-")[0]) or self.name
