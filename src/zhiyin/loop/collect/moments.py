"""dates and times as people write them → UTC, whole columns at a time."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.loop.collect.cells import Bools, Values, given, text
from zhiyin.loop.collect.zones import SECOND, Micros, to_utc

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"

_CLOCK = (
    r"(?:[T\s]+(?P<h>[0-9]{1,2})[:时点](?P<mi>[0-9]{1,2})(?:[:分](?P<s>[0-9]{1,2}))?(?:[.,](?P<f>[0-9]{1,9}))?[分秒]?"
    r"\s*(?P<p>[AaPp][Mm])?)?\s*(?P<z>Z|UTC|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})?$"
)
_YMD = r"^(?P<y>[0-9]{4})\s*[-/.年]\s*(?P<m>[0-9]{1,2})\s*[-/.月]\s*(?P<d>[0-9]{1,2})日?" + _CLOCK
_COMPACT = (
    r"^(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"
    r"(?:T?(?P<h>[0-9]{2})(?P<mi>[0-9]{2})(?P<s>[0-9]{2}))?(?P<z>Z)?$"
)
_ANY = r"^(?P<a>[0-9]{1,2})(?P<sep>[-/.])(?P<b>[0-9]{1,2})[-/.](?P<y>[0-9]{4})" + _CLOCK
_NAMED = (
    r"^(?:(?P<d>[0-9]{1,2})[ -](?P<n>[A-Za-z]{3})[A-Za-z]*\.?[ -]"
    r"|(?P<n2>[A-Za-z]{3})[A-Za-z]*\.? (?P<d2>[0-9]{1,2}),? )(?P<y>[0-9]{4})" + _CLOCK
)
_EXCEL = r"^[0-9]{5}(\.[0-9]+)?$"
_EPOCH = r"^-?[0-9]{9,16}$"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIRST, _LAST = 0, 4_102_444_800 * SECOND  # 1970 to 2100


@dataclass(frozen=True, slots=True)
class Reading:
    """How dates of a file are read: the zone of naive times, and whether 3/4/2026 is in March or in April."""

    zone: ZoneInfo
    order: str = ""  # day-first, month-first, or not known


def moments(values: Values, reading: Reading) -> tuple[Micros, Bools, Bools]:
    """Microseconds since 1970 in UTC, where a cell is filled, and where a filled one is no time.

    >>> at, _, _ = moments(pa.array(["2026年3月5日 08:00"]), Reading(ZoneInfo("Asia/Shanghai")))
    >>> str(at.view("datetime64[us]")[0])
    '2026-03-05T00:00:00.000000'
    """
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zoned = pa.types.is_timestamp(kind) and kind.tz is not None
        filled = values.is_valid().to_numpy(zero_copy_only=False)
        plain = values.cast(pa.timestamp("us", kind.tz if zoned else None), safe=False).cast(pa.int64())
        at = pc.fill_null(plain, 0).to_numpy(zero_copy_only=False)
        return (at if zoned else to_utc(at, reading.zone)), filled, filled & ~_sane(at)
    cells = given(values)
    filled = cells.is_valid().to_numpy(zero_copy_only=False)
    encoded = cells.dictionary_encode()  # the lines of one order share their time: fewer texts to read
    at, good = _parse(encoded.dictionary, reading)
    if not len(at):
        return np.zeros(len(cells), np.int64), filled, np.zeros(len(cells), bool)
    index = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    return at[index], filled, filled & ~good[index]


def date_order(values: Values) -> str:
    """Whether dates like 3/4/2026 have the day or the month first, where any of them shows it, else ``""``."""
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return ""
    parts = pc.extract_regex(pc.unique(text(values)).drop_null(), _ANY).drop_null()
    if not len(parts):
        return ""
    first, second = _ints(pc.struct_field(parts, "a")), _ints(pc.struct_field(parts, "b"))
    if (first > 12).any() and not (second > 12).any():
        return DAY_FIRST
    if (second > 12).any() and not (first > 12).any():
        return MONTH_FIRST
    separators = pc.unique(pc.struct_field(parts, "sep")).to_pylist()
    return DAY_FIRST if separators == ["."] else ""  # 3.4.2026 is written where the day comes first


def looks_like_times(values: Values, *, dated: bool) -> bool:
    """Whether most filled cells are times; ``dated`` refuses bare numbers, which could be anything."""
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return True
    cells = pc.unique(text(values.slice(0, 5000))).drop_null()
    if not len(cells):
        return False
    if dated and not pc.any(pc.match_substring_regex(cells, "[-/.年:]")).as_py():
        return False
    _, good = _parse(cells, Reading(ZoneInfo("UTC"), MONTH_FIRST))
    _, other = _parse(cells, Reading(ZoneInfo("UTC"), DAY_FIRST))
    return bool(np.mean(good | other) >= 0.5)


def _parse(cells: pa.Array, reading: Reading) -> tuple[Micros, Bools]:
    """UTC of distinct texts and where that worked."""
    at, good = np.zeros(len(cells), np.int64), np.zeros(len(cells), bool)
    if not len(cells):
        return at, good
    if not pc.all(pc.string_is_ascii(cells)).as_py():
        cells = pc.utf8_normalize(cells, form="NFKC")
    for pattern in (_YMD, _COMPACT, _ANY, _NAMED):
        left = np.flatnonzero(~good)
        if not len(left):
            return at, good
        parts = pc.extract_regex(cells.take(pa.array(left)), pattern)
        matched = parts.is_valid().to_numpy(zero_copy_only=False)
        if not matched.any():
            continue
        at[left[matched]], good[left[matched]] = _civil(
            parts.filter(pa.array(matched)), pattern is _ANY, reading
        )
    left = np.flatnonzero(~good)
    if len(left):
        rest = cells.take(pa.array(left))
        for pattern, read in ((_EXCEL, _from_excel), (_EPOCH, _from_epoch)):
            hit = pc.match_substring_regex(rest, pattern).to_numpy(zero_copy_only=False)
            if hit.any():
                numbers = rest.filter(pa.array(hit)).cast(pa.float64()).to_numpy(zero_copy_only=False)
                found = read(numbers, reading.zone)
                at[left[hit]], good[left[hit]] = found, _sane(found)
    return at, good


def _civil(parts: pa.Array, either: bool, reading: Reading) -> tuple[Micros, Bools]:
    """Year, month, day and clock as texts → UTC, and where they name a day and a time that exist."""
    names = [field.name for field in parts.type]

    def part(name: str) -> pa.Array:
        empty = pa.array([""] * len(parts))
        return pc.struct_field(parts, name) if name in names else empty

    year = _ints(part("y"))
    unclear = np.zeros(len(parts), bool)
    if either:
        a, b = _ints(part("a")), _ints(part("b"))
        day_first = (a > 12) | (reading.order == DAY_FIRST) & (b <= 12)
        unclear = (a <= 12) & (b <= 12) & (a != b) & (not reading.order)
        month, day = np.where(day_first, b, a), np.where(day_first, a, b)
    elif "n" in names:
        word = pc.utf8_lower(_either(part("n"), part("n2")))
        month = pc.fill_null(pc.index_in(word, value_set=pa.array(_MONTHS)), -1).to_numpy() + 1
        day = _ints(_either(part("d"), part("d2")))
    else:
        month, day = _ints(part("m")), _ints(part("d"))
    hour, minute, second = _ints(part("h")), _ints(part("mi")), _ints(part("s"))
    half = pc.utf8_lower(part("p"))
    pm = pc.equal(half, "pm").to_numpy(zero_copy_only=False)
    am = pc.equal(half, "am").to_numpy(zero_copy_only=False)
    hour = np.where(pm & (hour < 12), hour + 12, np.where(am & (hour == 12), 0, hour))
    good = (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & ~unclear
    good &= (hour < 24) & (minute < 60) & (second < 60)
    months = (np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - start
    good &= day <= length
    fraction = pc.utf8_slice_codeunits(pc.utf8_rpad(part("f"), 6, "0"), 0, 6)
    seconds = (start + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    wall = seconds * SECOND + _ints(fraction)
    zone = part("z")
    named = pc.not_equal(zone, "").to_numpy(zero_copy_only=False)
    utc = to_utc(wall, reading.zone)
    if named.any():
        utc = np.where(named, wall - _offsets(zone) * SECOND, utc)
    return utc, good


def _either(one: pa.Array, other: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(one, ""), other, one)


def _offsets(zone: pa.Array) -> Micros:
    """Seconds east of Greenwich of ``+08:00``, ``+0800``, ``+08`` and ``Z``."""
    digits = pc.replace_substring_regex(zone, "[^0-9]", "")
    sign = np.where(pc.starts_with(zone, "-").to_numpy(zero_copy_only=False), -1, 1)
    hours, minutes = pc.utf8_slice_codeunits(digits, 0, 2), pc.utf8_slice_codeunits(digits, 2, 4)
    east: Micros = sign * (_ints(hours) * 3600 + _ints(minutes) * 60)
    return east


def _ints(values: pa.Array) -> Micros:
    """Texts of digits as integers; empty is 0."""
    filled = pc.if_else(pc.equal(values, ""), "0", pc.fill_null(values, "0"))
    found: Micros = filled.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _from_excel(days: np.ndarray, zone: ZoneInfo) -> Micros:
    """Days since 1899-12-30, as Excel counts; to the second."""
    return to_utc(np.round((days - 25_569) * 86_400).astype(np.int64) * SECOND, zone)


def _from_epoch(numbers: np.ndarray, zone: ZoneInfo) -> Micros:
    """Seconds, milli- or microseconds since 1970, told apart by their size."""
    size = np.abs(numbers)
    scale = np.where(size < 1e11, 1e6, np.where(size < 1e14, 1e3, 1.0))
    return (numbers * scale).astype(np.int64)


def _sane(at: Micros) -> Bools:
    return (at >= _FIRST) & (at < _LAST)
