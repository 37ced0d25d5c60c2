"""rows of a file → the accepted ones, and the rejects with the reason of each. Shared by all kinds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.money import exponent
from zhiyin.domain.reasons import RejectReason
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import say
from zhiyin.loop.collect.cells import Bools, Ints, Values, amounts, given, text
from zhiyin.loop.collect.columns import Column
from zhiyin.loop.collect.moments import Reading, moments
from zhiyin.loop.collect.zones import SECOND, Micros

FUTURE = 300  # seconds that clocks may differ
NOBODY = [
    "",
    "0",
    "-1",
    "null",
    "none",
    "nan",
    "undefined",
    "guest",
    "anonymous",
    "游客",
    "匿名",
    "散客",
    "未知",
]
_MAX_ID = 200
_RAW = 8000
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Shop:
    """What rows are read against: the shop's zone and currency, the present, and the file's order of dates."""

    zone: ZoneInfo
    currency: str
    now: datetime
    dates: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """The accepted rows as a table of the kind, with ``line``, and the rejects; together all rows.

    ``good`` says for each row of the file whether it was accepted.
    """

    rows: pa.Table
    good: pa.Array
    rejects: list[Reject]


class Rows:
    """Rows under examination. Each check marks the rows that fail; the first reason of a row counts."""

    def __init__(self, table: pa.Table, lines: pa.Array, columns: Sequence[Column], shop: Shop) -> None:
        self.table, self.lines, self.columns, self.shop = table, lines, columns, shop
        self._theirs = {
            column.ours: column.theirs for column in columns if column.how not in ("extra", "ignored")
        }
        self._failed = np.zeros(len(lines), bool)
        self._why: dict[int, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, ours: str) -> bool:
        """Whether the file has a column for this field."""
        return self._theirs.get(ours) in self.table.column_names

    def cells(self, ours: str) -> Values:
        """The column of a field as it is in the file; nulls where there is none."""
        return self.table[self._theirs[ours]] if self.has(ours) else pa.nulls(len(self), pa.string())

    def text(self, ours: str) -> pa.Array:
        """Trimmed text of a field, null where empty."""
        return text(self.cells(ours))

    def fail(self, where: Bools, reason: RejectReason, ours: str, says: str) -> None:
        """Reject the rows ``where`` that were fine so far. ``says`` is a text that completes "amount 'x' …"."""
        fresh = np.flatnonzero(where & ~self._failed)
        if not len(fresh):
            return
        self._failed |= where
        name = self._theirs.get(ours, ours)
        cells = text(self.cells(ours)).take(pa.array(fresh)).to_pylist()
        for index, cell in zip(fresh.tolist(), cells, strict=True):
            told = (
                say("{column} {says}", column=name, says=says)
                if cell is None
                else say("{column} {cell!r} {says}", column=name, cell=cell[:_SHOWN], says=says)
            )
            self._why[index] = (reason, told)

    def ids(self, ours: str, *, needed: bool = True, nobody: bool = False) -> pa.Array:
        """Ids of at most 200 characters; ``nobody`` turns placeholders such as 0 and guest into null."""
        found = given(self.cells(ours))
        if nobody:
            placeholder = pc.is_in(pc.utf8_lower(found), value_set=pa.array(NOBODY))
            found = pc.if_else(placeholder, pa.scalar(None, pa.string()), found)
        missing = found.is_null().to_numpy(zero_copy_only=False)
        if needed:
            self.fail(missing, RejectReason.MISSING_ID, ours, say("is empty"))
        self.fail(_true(pc.greater(pc.utf8_length(found), _MAX_ID)), RejectReason.TOO_LARGE, ours,
                  say("is longer than {most} characters", most=_MAX_ID))  # fmt: skip
        return found

    def times(self, ours: str, *, needed: bool = True) -> tuple[Micros, Bools]:
        """UTC in microseconds, and where there is a time; times after the present are rejected."""
        at, filled, bad = moments(self.cells(ours), Reading(self.shop.zone, self.shop.dates))
        if needed:
            self.fail(~filled, RejectReason.MISSING_FIELD, ours, say("is empty"))
        says = say("is no time that can be read; write it like 2026-03-05 14:30")
        if not self.shop.dates and _short_dates(self.cells(ours)):
            says = say("{says} (day or month first? say so with --dates)", says=says)
        self.fail(bad, RejectReason.BAD_DATE, ours, says)
        latest = int((self.shop.now.timestamp() + FUTURE) * SECOND)
        self.fail(filled & ~bad & (at > latest), RejectReason.FUTURE_DATE, ours, say("lies in the future"))
        return at, filled & ~bad

    def currencies(self) -> tuple[pa.Array, Ints]:
        """The currency of each row, the shop's where none is stated, and its minor units to a whole."""
        stated = pc.utf8_upper(self.text("currency"))
        named = pc.replace_substring_regex(stated, "^(RMB|人民币|元|￥|¥)$", "CNY")
        bad = _true(pc.invert(pc.match_substring_regex(named, "^[A-Z]{3}$")))
        self.fail(bad, RejectReason.BAD_CURRENCY, "currency", say("is no currency code such as CNY"))
        found = pc.fill_null(named, self.shop.currency).dictionary_encode()
        factors = np.array([10 ** exponent(code) for code in found.dictionary.to_pylist()], np.int64)
        plain = found.cast(pa.string())
        return plain, factors[found.indices.to_numpy()] if len(plain) else np.zeros(0, np.int64)

    def in_shops_currency(self, currency: pa.Array, *money: pa.Array) -> None:
        """Reject rows with money in another currency than the shop's: sums would mix them."""
        filled = np.zeros(len(self), bool)
        for values in money:
            filled |= values.is_valid().to_numpy(zero_copy_only=False)
        others = _true(pc.not_equal(currency, self.shop.currency))
        says = say(
            "is not the shop's currency {currency}; convert the amounts before importing them, or, if they are "
            "in {currency}, leave out this column with --map '{column}=-'",
            currency=self.shop.currency,
            column=self._theirs.get("currency", "currency"),
        )
        self.fail(filled & others, RejectReason.BAD_CURRENCY, "currency", says)

    def money(self, ours: str, factors: Ints) -> pa.Array:
        """Amounts in minor units, null where empty; what is no amount is rejected."""
        found, bad = amounts(self.cells(ours), factors)
        self.fail(bad, RejectReason.BAD_NUMBER, ours, say("is no amount"))
        return found

    def extras(self) -> list[tuple[str, pa.Array]]:
        """The columns without a field, under the names they are kept by."""
        fields = set(self._theirs.values())
        kept = []
        for column in self.columns:
            own = column.how == "extra" or (column.how == "map" and column.theirs not in fields)
            if own and column.theirs in self.table.column_names:
                kept.append((column.ours, text(self.table[column.theirs])))
        return kept

    def verdict(self, columns: Mapping[str, pa.Array]) -> Understood:
        """The rows that passed, with these columns and their line; the others as rejects."""
        good = pa.array(~self._failed)
        rows = pa.table({"line": self.lines, **columns}).filter(good)
        return Understood(rows, good, self._rejects())

    def _rejects(self) -> list[Reject]:
        if not self._why:
            return []
        indices = sorted(self._why)
        taken = pa.array(indices)
        raw = self.table.take(taken).to_pylist()
        lines = self.lines.take(taken).to_pylist()
        return [
            Reject(line, *self._why[index], raw_json(row))
            for index, line, row in zip(indices, lines, raw, strict=True)
        ]


def raw_json(row: Mapping[str, object]) -> str:
    """A row as it stood in the file, as JSON; of a very long one the beginning of each value.

    It stays JSON, and ids stay whole, so that the row is found when its customer is erased.
    """
    told = json.dumps(row, ensure_ascii=False, default=str)
    if len(told) <= _RAW:
        return told
    most = max(_RAW // len(row), _MAX_ID)
    cut = {name: None if value is None else str(value)[:most] for name, value in row.items()}
    return json.dumps(cut, ensure_ascii=False)


def timestamps(at: Micros, filled: Bools | None = None) -> pa.Array:
    """Microseconds since 1970 as a plain UTC column of the lake; null where not filled."""
    return pa.array(at, mask=None if filled is None else ~filled).cast(pa.timestamp("us"))


def json_objects(columns: Sequence[tuple[str, pa.Array]], count: int) -> pa.Array:
    """One JSON object of texts per row, without the null ones."""
    parts = []
    for name, values in columns:
        key = "," + json.dumps(name, ensure_ascii=False) + ":"
        parts.append(pc.binary_join_element_wise(key, _quoted(values), ""))
    if not parts:
        return pa.array(["{}"] * count, pa.string())
    # not null_handling="skip": that drops a row in which all are null (pyarrow 26)
    inside = pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(inside, 1), "}", "")


def _quoted(values: pa.Array) -> pa.Array:
    special = pc.match_substring_regex(values, r'["\\\x00-\x1f]')
    if pc.any(special).as_py():
        texts = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values.to_pylist()]
        return pa.array(texts, pa.string())
    return pc.binary_join_element_wise('"', values, '"', "")


def _true(mask: pa.Array) -> Bools:
    found: Bools = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return found


def _short_dates(values: Values) -> bool:
    if not pa.types.is_string(values.type):
        return False
    return bool(pc.any(pc.match_substring_regex(values, r"^\s*[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{4}")).as_py())
