"""What the demo's shop calls things, in its language; its letters speak both languages at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Named:
    """A segment of the shop: key, name in English and Chinese, rule in its JSON form."""

    key: str
    name: str
    name_zh: str
    rule: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """A campaign of the shop: key, names, segment, subject and preheader (Liquid), holdout."""

    key: str
    name: str
    name_zh: str
    segment: str
    subject: str
    preheader: str
    holdout: float

    @property
    def body(self) -> str:
        """Its MJML."""
        return files("zhiyin.simulate").joinpath("letters", f"{self.key}.mjml").read_text(encoding="utf-8")


SHOP = {"en": "Cloud Hill Tea", "zh-hans": "云岭茶铺"}
ADDRESS = {"en": "8 Example Lane, Hangzhou", "zh-hans": "杭州市示例路 8 号"}
SENDER = "hello@example.com"

SEGMENTS = (
    Named("buyers", "Everyone who has bought", "买过的客户", {"trait": "orders", "at_least": 1}),
    Named(
        "best-going-quiet",
        "Good customers going quiet",
        "渐渐沉默的好客户",
        {"all": [{"trait": "m", "at_least": 4}, {"trait": "lifecycle", "in": ["at_risk", "lapsed"]}]},
    ),
    Named(
        "looked-not-bought",
        "Looked this month, bought nothing",
        "近一个月只看未买",
        {
            "all": [
                {"did": "Product Viewed", "at_least": 2, "within": "30d"},
                {"not": {"did": "Order Completed", "within": "30d"}},
            ]
        },
    ),
    Named(
        "never-bought", "Signed up, never bought", "注册未购买", {"not": {"trait": "orders", "at_least": 1}}
    ),
)
WELCOME = Letter(
    "welcome",
    "Welcome to those who never bought",
    "欢迎未购买的客户",
    "never-bought",
    '{% if customer.language contains "zh" %}从这几款茶开始{% else %}A good place to start{% endif %}',
    '{% if customer.language contains "zh" %}大家最喜欢的几款。{% else %}What people like best.{% endif %}',
    0.2,
)
NEW_TEAS = Letter(
    "new-teas",
    "The new teas",
    "新茶上市",
    "buyers",
    '{% if customer.language contains "zh" %}{{ customer.name }}，新茶到了'
    "{% else %}{{ customer.name }}, the new teas are here{% endif %}",
    '{% if customer.language contains "zh" %}按您看过和买过的挑选。'
    "{% else %}Chosen from what you looked at and bought.{% endif %}",
    0.2,  # a small shop: with one in ten held back the effect would rarely be visible
)
