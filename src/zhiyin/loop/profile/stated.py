"""stated traits → age, gender, region, income and occupation in one form, and what to assume of who did not state them.

What was stated is never touched: ``…_stated`` is its clean form, and ``…_imputed`` is there exactly where that is
missing and enough others stated theirs. Python sees each different text once; customers stay in the engine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw
import pyarrow as pa

from zhiyin.domain.customer import LIST
from zhiyin.loop.profile.regions import region
from zhiyin.loop.profile.stated_values import age, age_of_birth, gender, income, income_level, occupation

ENOUGH = 30  # customers who stated something, from which on it tells of others
_FIFTHS = 5
Frame = nw.LazyFrame[Any]
Answer = str | int
Counts = Mapping[str, Mapping[str, int]]

# the raw columns, and the stated traits that each is taken from, the first that is known
SOURCES: Mapping[str, tuple[str, ...]] = {
    "age": ("age", "Age", "年龄"),
    "birth": ("birthday", "birth_date", "date_of_birth", "dob", "birth_year", "生日", "出生日期", "出生年份"),
    "gender": ("gender", "Gender", "sex", "性别"),
    "region": ("region", "province", "state", "省份", "省", "地区", "city", "城市"),
    "income": ("income", "annual_income", "收入", "年收入"),
    "monthly": ("monthly_income", "月收入"),
    "occupation": ("occupation", "profession", "job", "职业"),
}
# What an engine takes to extract from a column ``traits``.
COLUMNS: Mapping[str, tuple[str, str]] = {
    f"{raw}_{place}": ("traits", name) for raw, names in SOURCES.items() for place, name in enumerate(names)
}
NUMBERS = ("age", "income")
# an attribute, and by what else a customer stated it is assumed; an age goes by its decade
GOES_BY: Mapping[str, tuple[str, str]] = {
    "age": ("gender", "region"),
    "gender": ("occupation", "decade"),
    "region": ("gender", "decade"),
    "income": ("gender", "decade"),
    "occupation": ("gender", "decade"),
}
NAMES = tuple(f"{attribute}_{how}" for attribute in GOES_BY for how in ("stated", "imputed"))


@dataclass(frozen=True, slots=True)
class Learnt:
    """What all customers tell of one: facts that stay until the next run over all.

    ``borders`` are the smallest incomes of the second to the fifth fifth, None where nobody is; ``by`` holds of each
    attribute what is assumed of a group, as the two things that it goes by and the answer; ``otherwise`` what is
    assumed of everyone else.
    """

    borders: tuple[float | None, ...] = ()
    by: Mapping[str, tuple[tuple[str, str, Answer], ...]] = field(default_factory=dict)
    otherwise: Mapping[str, Answer] = field(default_factory=dict)

    def fifth(self, amount: float) -> int:
        """The fifth of an income a year."""
        return 1 + sum(least is not None and amount >= least for least in self.borders)

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        by = {attribute: [list(row) for row in rows] for attribute, rows in self.by.items()}
        return {"borders": list(self.borders), "by": by, "otherwise": dict(self.otherwise)}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Learnt:
        """Of JSON."""
        by = {
            attribute: tuple((a, b, c) for a, b, c in rows) for attribute, rows in data.get("by", {}).items()
        }
        return cls(tuple(data.get("borders", ())), by, dict(data.get("otherwise", {})))


def raws(customers: Frame) -> Frame:
    """``customer_id`` and the texts of ``SOURCES`` of those who stated any. Needs ``COLUMNS``."""

    def text(name: str) -> nw.Expr:  # a list is no answer
        return nw.when(~nw.col(name).str.starts_with(LIST)).then(nw.col(name))

    columns = {
        raw: nw.coalesce(*(text(f"{raw}_{place}") for place in range(len(names))))
        for raw, names in SOURCES.items()
    }
    stated = customers.select("customer_id", **columns)
    return stated.filter(reduce(or_, (~nw.col(raw).is_null() for raw in SOURCES)))


def borders(counts: Counts) -> tuple[float | None, ...]:
    """Where the fifths of those who stated an income begin, equal incomes in one fifth, by the middle of their places.

    ``counts`` says of each raw column how many customers stated which text.
    """
    how_many = Counter[float]()
    for raw, read in (("income", income), ("monthly", _of_month)):
        for text, n in counts[raw].items():
            if (amount := read(text)) is not None:
                how_many[amount] += n
    total, below = how_many.total(), 0
    least: list[float | None] = [None] * (_FIFTHS - 1)
    for amount in sorted(how_many):
        n = how_many[amount]
        for fifth in range(1, 1 + (2 * below + n) * _FIFTHS // (2 * total)):
            least[fifth - 1] = amount if least[fifth - 1] is None else least[fifth - 1]
        below += n
    return tuple(least)


def meanings(counts: Counts, today: date, learnt: Learnt) -> dict[str, pa.Table]:
    """What each text means: of each raw column a table of ``text`` and ``meaning``. On ``today`` depends only the age
    of who stated a birthday; incomes become fifths by the borders that were ``learnt``."""

    def fifth(amount: float | None, text: str) -> int | None:
        return income_level(text) if amount is None else learnt.fifth(amount)

    readers: dict[str, Callable[[str], Answer | None]] = {
        "age": age,
        "birth": lambda text: age_of_birth(text, today),
        "gender": gender,
        "region": lambda text: region(text) or None,
        "income": lambda text: fifth(income(text), text),
        "monthly": lambda text: fifth(_of_month(text), text),
        "occupation": occupation,
    }
    found = {}
    for raw, read in readers.items():
        known = {text: meaning for text in counts[raw] if (meaning := read(text)) is not None}
        kind = pa.string() if raw in ("gender", "region", "occupation") else pa.int64()
        columns = {
            "text": pa.array(list(known), pa.string()),
            "meaning": pa.array(list(known.values()), kind),
        }
        found[raw] = pa.table(columns)
    return found


def cleaned(stated: Frame, known: Mapping[str, Frame]) -> Frame:
    """``customer_id``, ``age_stated``, ``gender_stated``, … of ``raws``, and what assumptions go by, as texts: ``gender``,
    ``region``, ``occupation``, ``decade``. ``known`` are ``meanings``. An age beats a birthday, an income a year one a
    month."""
    frame = stated
    for raw in SOURCES:
        table = known[raw].rename({"text": f"{raw}_text", "meaning": f"{raw}_meaning"})
        frame = frame.join(table, left_on=raw, right_on=f"{raw}_text", how="left")
    years = nw.coalesce("age_meaning", "birth_meaning")
    return frame.select(
        "customer_id",
        age_stated=years,
        gender_stated=nw.col("gender_meaning"),
        region_stated=nw.col("region_meaning"),
        income_stated=nw.coalesce("income_meaning", "monthly_meaning"),
        occupation_stated=nw.col("occupation_meaning"),
        gender=nw.col("gender_meaning"),
        region=nw.col("region_meaning"),
        occupation=nw.col("occupation_meaning"),
        decade=(years / 10).floor().cast(nw.Int64).cast(nw.String),
    )


def assumptions(
    attribute: str, counts: Iterable[tuple[str | None, str | None, Answer, int]]
) -> tuple[tuple[tuple[str, str, Answer], ...], Answer | None]:
    """What to assume of a group, and of everyone else: of numbers the lower median, of names the most frequent, each
    of at least ``ENOUGH`` customers who stated it; None where nothing.

    ``counts`` says how many customers of which group, by the two columns of ``GOES_BY``, stated what.
    """
    groups: dict[tuple[str, str], Counter[Answer]] = defaultdict(Counter)
    everyone: Counter[Answer] = Counter()
    for first, second, answer, n in counts:
        everyone[answer] += n
        if first is not None and second is not None:
            groups[first, second][answer] += n
    pick = _median if attribute in NUMBERS else _most_frequent
    rows = tuple((*key, pick(found)) for key, found in sorted(groups.items()) if found.total() >= ENOUGH)
    return rows, pick(everyone) if everyone.total() >= ENOUGH else None


def tables(learnt: Learnt) -> dict[str, pa.Table]:
    """The assumptions of groups as tables, one an attribute: ``first``, ``second``, ``assumed``."""
    found = {}
    for attribute in GOES_BY:
        rows = learnt.by.get(attribute, ())
        kind = pa.int64() if attribute in NUMBERS else pa.string()
        columns = (
            pa.array([row[place] for row in rows], kind if place == 2 else pa.string()) for place in range(3)
        )
        found[attribute] = pa.table(dict(zip(("first", "second", "assumed"), columns, strict=True)))
    return found


def imputed(clean: Frame, by: Mapping[str, Frame]) -> Frame:
    """``cleaned`` with ``age_imputed``, ``gender_imputed``, … of who did not state it, as far as their group tells it.
    ``by`` are ``tables``."""
    frame = clean
    for attribute, goes_by in GOES_BY.items():
        names = {
            "first": f"{attribute}_first",
            "second": f"{attribute}_second",
            "assumed": f"{attribute}_assumed",
        }
        groups = by[attribute].rename(names)
        keys = [f"{attribute}_first", f"{attribute}_second"]
        frame = frame.join(groups, left_on=list(goes_by), right_on=keys, how="left")
        missing = nw.col(f"{attribute}_stated").is_null()
        frame = frame.with_columns(
            nw.when(missing).then(nw.col(f"{attribute}_assumed")).alias(f"{attribute}_imputed")
        )
    return frame.select("customer_id", *NAMES)


def completed(everyone: Frame, otherwise: Mapping[str, Answer]) -> Frame:
    """All customers with what is assumed of those whom no group tells of, who stated nothing at all among them."""
    columns = {}
    for attribute, answer in otherwise.items():
        told = nw.col(f"{attribute}_imputed")
        unknown = nw.col(f"{attribute}_stated").is_null() & told.is_null()
        columns[f"{attribute}_imputed"] = nw.when(unknown).then(nw.lit(answer)).otherwise(told)
    return everyone.with_columns(**columns) if columns else everyone


def _of_month(text: str) -> float | None:
    """An income a year of one a month; a text that says so itself is not multiplied twice."""
    amount = income(text)
    return (
        None
        if amount is None
        else amount * 12
        if text.isascii() and text.isdigit()
        else income(f"{text} / 月")
    )


def _median(found: Counter[Answer]) -> Answer:
    """The lower one, so that it is one of the answers."""
    seen, half = 0, (found.total() + 1) // 2
    for answer in sorted(found, key=int):
        seen += found[answer]
        if seen >= half:
            break
    return answer


def _most_frequent(found: Counter[Answer]) -> Answer:
    """Of several the first by name."""
    return min(found, key=lambda answer: (-found[answer], str(answer)))
