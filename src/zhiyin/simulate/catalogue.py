"""seed → the items of a tea shop: categories, kinds, styles, prices and names in English and Chinese.

An item is one kind (Longjing) in one style (spring picking). The five styles mean the same taste in every
category, so that a customer's liking for one carries over: what neighbour and factor models find.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

STYLES = 5  # everyday, fresh, classic, rare, gift
_STYLE_PRICE = np.array([0.6, 1.0, 1.15, 2.3, 1.7])


@dataclass(frozen=True, slots=True)
class Category:
    """A category: its names, its usual price in yuan, its kinds and the wording of the five styles."""

    name: str
    name_zh: str
    price: float
    kinds: tuple[tuple[str, str], ...]
    styles: tuple[tuple[str, str], ...]


_LEAF = (
    ("Everyday", "口粮"),
    ("Spring", "春茶"),
    ("Classic", "传统"),
    ("Reserve", "珍藏"),
    ("Gift Box", "礼盒"),
)

CATEGORIES = (
    Category(
        "Green tea", "绿茶", 98,
        (("Longjing", "龙井"), ("Biluochun", "碧螺春"), ("Huangshan Maofeng", "黄山毛峰"), ("Xinyang Maojian", "信阳毛尖"),
         ("Lu'an Guapian", "六安瓜片"), ("Taiping Houkui", "太平猴魁"), ("Anji Baicha", "安吉白茶")),
        _LEAF,
    ),
    Category(
        "Oolong tea", "乌龙茶", 128,
        (("Tieguanyin", "铁观音"), ("Da Hong Pao", "大红袍"), ("Rougui", "肉桂"), ("Shuixian", "水仙"),
         ("Dancong", "单丛"), ("Dongding", "冻顶乌龙"), ("Oriental Beauty", "东方美人")),
        _LEAF,
    ),
    Category(
        "Black tea", "红茶", 88,
        (("Lapsang Souchong", "正山小种"), ("Keemun", "祁门红茶"), ("Dianhong", "滇红"), ("Jin Jun Mei", "金骏眉"),
         ("Yingde", "英德红茶"), ("Yixing Black", "宜兴红茶"), ("Tanyang Gongfu", "坦洋工夫")),
        _LEAF,
    ),
    Category(
        "White tea", "白茶", 138,
        (("Silver Needle", "白毫银针"), ("White Peony", "白牡丹"), ("Shou Mei", "寿眉"), ("Gong Mei", "贡眉"),
         ("Moonlight White", "月光白"), ("Zhenghe White", "政和白茶"), ("Fuding Cake", "福鼎茶饼")),
        _LEAF,
    ),
    Category(
        "Pu'er tea", "普洱茶", 158,
        (("Yiwu", "易武"), ("Lao Banzhang", "老班章"), ("Bingdao", "冰岛"), ("Jingmai", "景迈"),
         ("Menghai Ripe", "勐海熟普"), ("Nannuo", "南糯"), ("Tangerine Pu'er", "小青柑")),
        (("Everyday", "口粮"), ("New Cake", "新饼"), ("Classic", "传统"), ("Old Tree", "古树"), ("Gift Box", "礼盒")),
    ),
    Category(
        "Scented tea", "花茶", 58,
        (("Jasmine Pearls", "茉莉龙珠"), ("Jasmine Snow", "茉莉飘雪"), ("Osmanthus Oolong", "桂花乌龙"),
         ("Rose Black", "玫瑰红茶"), ("Orchid Green", "兰花绿茶"), ("Lychee Black", "荔枝红茶"), ("Gardenia", "栀子花茶")),
        _LEAF,
    ),
    Category(
        "Herbal infusions", "花草茶", 42,
        (("Chrysanthemum", "菊花"), ("Goji and Jujube", "枸杞红枣"), ("Honeysuckle", "金银花"), ("Roselle", "洛神花"),
         ("Buckwheat", "苦荞"), ("Tangerine Peel", "陈皮"), ("Barley", "大麦")),
        (("Everyday", "日常装"), ("Fresh", "鲜焙"), ("Classic", "原味"), ("Wild", "野生"), ("Gift Box", "礼盒")),
    ),
    Category(
        "Teaware", "茶具", 148,
        (("Gaiwan", "盖碗"), ("Teapot", "茶壶"), ("Fairness Cup", "公道杯"), ("Tasting Cups", "品茗杯"),
         ("Tea Tray", "茶盘"), ("Travel Set", "旅行茶具"), ("Tea Caddy", "茶叶罐")),
        (("Glass", "玻璃"), ("White Porcelain", "白瓷"), ("Yixing Clay", "紫砂"), ("Ru Glaze", "汝窑"), ("Boxed", "礼盒")),
    ),
    Category(
        "Tea snacks", "茶点", 36,
        (("Mung Bean Cake", "绿豆糕"), ("Osmanthus Cake", "桂花糕"), ("Walnut Cookies", "核桃酥"),
         ("Sesame Brittle", "芝麻糖"), ("Pineapple Cake", "凤梨酥"), ("Dried Plums", "话梅"), ("Pine Nut Candy", "松子糖")),
        (("Small Pack", "小袋"), ("Fresh", "现制"), ("Classic", "传统"), ("Handmade", "手工"), ("Gift Box", "礼盒")),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All items as columns; ``price`` is in minor units, ``weight`` the popularity (sums to one)."""

    item_id: tuple[str, ...]
    name: tuple[str, ...]
    name_zh: tuple[str, ...]
    category: NDArray[np.int64]
    style: NDArray[np.int64]
    price: NDArray[np.int64]
    weight: NDArray[np.float64]
    url: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.item_id)


@lru_cache(maxsize=8)
def catalogue(seed: int, items: int = 300) -> Catalogue:
    """The items of a market, at most 315 (nine categories, seven kinds, five styles)."""
    combinations = [
        (category, kind, style)
        for kind in range(7)
        for style in range(STYLES)
        for category in range(len(CATEGORIES))
    ]
    if not 1 <= items <= len(combinations):
        raise ValueError(f"a market has 1 to {len(combinations)} items, not {items}")
    rng = np.random.default_rng([seed, 1])
    dropped = set(rng.permutation(len(combinations))[items:].tolist())
    chosen = sorted(c for number, c in enumerate(combinations) if number not in dropped)
    category, _, style = (np.array(column) for column in zip(*chosen, strict=True))
    base = np.array([c.price for c in CATEGORIES])
    yuan = base[category] * _STYLE_PRICE[style] * np.exp(rng.normal(0, 0.25, items))
    price = np.maximum(9, np.rint(yuan)).astype(np.int64) * 100
    weight = 1.0 / (rng.permutation(items) + 12.0) ** 0.8  # a long tail without a single star
    names, names_zh = [], []
    for c, k, s in chosen:
        family = CATEGORIES[c]
        names.append(f"{family.styles[s][0]} {family.kinds[k][0]}")
        names_zh.append(f"{family.styles[s][1]}{family.kinds[k][1]}")
    ids = tuple(f"t{number:03d}" for number in range(1, items + 1))
    return Catalogue(
        ids,
        tuple(names),
        tuple(names_zh),
        category,
        style,
        price,
        weight / weight.sum(),
        tuple(f"https://shop.example/items/{item_id}" for item_id in ids),
    )
