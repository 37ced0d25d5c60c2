"""What customers state, as they write it in English and Chinese → one form: age, gender, income, occupation.

Each function takes one text and is called once for each different text, not for each customer. None means that
nothing can be made of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

_YOUNGEST, _OLDEST = 13, 110  # years; beyond it is a mistake
_LONGEST = 80  # letters of an occupation
_GENDERS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "f",
            "female",
            "woman",
            "w",
            "girl",
            "女",
            "女性",
            "女士",
            "女生",
            "小姐",
            "太太",
            "ms",
            "mrs",
            "miss",
        ),
        "female",
    ),
    **dict.fromkeys(("m", "male", "man", "boy", "男", "男性", "男士", "男生", "先生", "mr"), "male"),
    **dict.fromkeys(
        ("other", "others", "x", "d", "diverse", "nonbinary", "non-binary", "non binary", "其他", "其它"),
        "other",
    ),
}
OCCUPATIONS: Mapping[str, tuple[str, ...]] = {
    "student": ("学生", "大学生", "研究生", "college student", "university student", "pupil"),
    "teacher": ("教师", "老师", "讲师", "教授", "professor", "lecturer"),
    "engineer": (
        "工程师",
        "软件工程师",
        "程序员",
        "software engineer",
        "programmer",
        "developer",
        "技术人员",
    ),
    "doctor": ("医生", "医师", "physician", "大夫"),
    "nurse": ("护士",),
    "civil servant": ("公务员", "政府职员", "government employee", "public servant"),
    "manager": ("经理", "管理人员", "企业管理者", "主管", "高管", "executive"),
    "office worker": ("职员", "白领", "上班族", "文员", "公司职员", "企业职员", "clerk", "employee"),
    "sales": ("销售", "销售员", "salesperson", "salesman", "saleswoman"),
    "worker": ("工人", "技工", "blue collar"),
    "farmer": ("农民", "农场主"),
    "self-employed": ("个体", "个体户", "自营", "创业者", "entrepreneur", "business owner", "self employed"),
    "freelancer": ("自由职业", "自由职业者", "freelance"),
    "retired": ("退休", "离退休", "退休人员", "pensioner", "retiree"),
    "homemaker": ("家庭主妇", "全职妈妈", "全职太太", "housewife", "stay-at-home parent"),
    "unemployed": ("待业", "失业", "无业", "无", "none"),
}
_OCCUPATIONS = {
    **{name: name for name in OCCUPATIONS},
    **{other: name for name, others in OCCUPATIONS.items() for other in others},
}
_LEVELS: Mapping[str, int] = {
    **dict.fromkeys(("low", "低", "低收入", "较低"), 1),
    **dict.fromkeys(("medium", "middle", "mid", "average", "中", "中等", "中等收入"), 3),
    **dict.fromkeys(("high", "高", "高收入", "较高"), 5),
}
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_UNIT = r"\s*(k|m|w|千|万|百万)?"
_TO = r"\s*(?:元|rmb|cny|usd|[$¥€£])?\s*(?:-|–|—|~|to|至|到)\s*[$¥€£]?\s*"
_RANGE = re.compile(rf"({_NUMBER}){_UNIT}{_TO}({_NUMBER}){_UNIT}")
_ONE = re.compile(rf"({_NUMBER}){_UNIT}")
_TIMES = {"k": 1e3, "千": 1e3, "w": 1e4, "万": 1e4, "m": 1e6, "百万": 1e6}
_MONTHLY = re.compile(r"/\s*月|每月|月薪|月收入|per month|/\s*mo|monthly|a month")
_AGES = re.compile(r"(\d{1,3})(?:\.0*)?(?:\s*[-–~至到]\s*(\d{1,3}))?\s*(?:岁|周岁|years?(?: old)?|yrs?)?")
_DAY = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})\s*日?(?!\d)")
_YEAR = re.compile(r"(\d{4})(?:\.0*)?\s*年?")


def age(text: str) -> int | None:
    """Years of an age; the middle of a range, rounded down.

    >>> age("35岁"), age("25-34"), age("3"), age("unknown")
    (35, 29, None, None)
    """
    found = _AGES.fullmatch(_plain(text))
    if found is None:
        return None
    low = int(found[1])
    return _possible((low + int(found[2])) // 2 if found[2] else low)


def age_of_birth(text: str, today: date) -> int | None:
    """Years of who was born on a day, or in a year, of which then the later half is assumed to lie behind.

    >>> age_of_birth("1990年5月1日", date(2026, 3, 1)), age_of_birth("1990", date(2026, 3, 1))
    (35, 36)
    """
    written = _plain(text)
    if found := _DAY.match(written):
        try:
            born = date(*map(int, found.groups()))
        except ValueError:
            return None
        return _possible(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))
    year = _YEAR.fullmatch(written)
    return _possible(today.year - int(year[1])) if year else None


def gender(text: str) -> str | None:
    """One of ``domain/feature.GENDERS``.

    >>> gender("女士"), gender(" Male "), gender("?")
    ('female', 'male', None)
    """
    return _GENDERS.get(_plain(text).rstrip("."))


def occupation(text: str) -> str | None:
    """One of ``OCCUPATIONS`` where it is known under a usual name, else as it is written, in small letters.

    >>> occupation("程序员"), occupation(" Beekeeper ")
    ('engineer', 'beekeeper')
    """
    named = _plain(text)
    return _OCCUPATIONS.get(named, named) if named and len(named) <= _LONGEST else None


def income(text: str) -> float | None:
    """Money a year in whatever the shop's customers state it; the middle of a range, twelve times a month's.

    >>> income("8k-12k/月"), income("15万"), income("$50,000 to 74,999"), income("high")
    (120000.0, 150000.0, 62499.5, None)
    """
    if text.isascii() and text.isdigit():  # most are, and nearly every one is another text
        return float(text)
    written = _plain(text)
    if found := _RANGE.search(written):
        low, low_unit, high, high_unit = found.groups()
        amount = (_amount(low, low_unit or high_unit) + _amount(high, high_unit)) / 2
    elif found := _ONE.search(written):
        amount = _amount(found[1], found[2])
    else:
        return None
    return amount * 12 if _MONTHLY.search(written) else amount


def income_level(text: str) -> int | None:
    """The fifth that a word stands for.

    >>> income_level("高"), income_level("120000")
    (5, None)
    """
    return _LEVELS.get(_plain(text))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _amount(number: str, unit: str | None) -> float:
    return float(number.replace(",", "")) * _TIMES.get(unit or "", 1.0)


def _possible(years: int) -> int | None:
    return years if _YOUNGEST <= years <= _OLDEST else None
