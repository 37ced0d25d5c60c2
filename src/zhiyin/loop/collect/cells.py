"""cells as people write them → texts, amounts in minor units, numbers; whole columns at a time."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Values: TypeAlias = pa.Array | pa.ChunkedArray

MOST = 1e13  # a larger amount or number is a mistake, and would lose its cents
_NOTHING = pa.array(["null", "nan", "none", "n/a", "#n/a", "\\n", "-", "--"])
_SIGNS = r"(?i)(cny|rmb|usd|eur|gbp|hkd|twd|jpy|nt\$|hk\$|us\$|人民币|元|圆|块|[¥$€£\s'’_])"
_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"


def text(values: Values) -> pa.Array:
    """Trimmed text; empty cells are null. Whole numbers are written without a point."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], pa.string())
    kind = values.type
    if pa.types.is_null(kind):
        return values.cast(pa.string())
    if pa.types.is_floating(kind):
        whole = pc.equal(pc.floor(values), values)
        plain = pc.and_(whole, pc.less(pc.abs(values), 1e15))
        integers = pc.if_else(plain, values, None).cast(pa.int64()).cast(pa.string())
        return pc.coalesce(integers, values.cast(pa.string()))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())
    if not pa.types.is_string(kind):
        return values.cast(pa.string())
    if pc.any(pc.match_substring(values, "\0")).as_py():
        values = pc.replace_substring(values, "\0", "")  # JSON and Parquet hold it, PostgreSQL does not
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), pa.scalar(None, pa.string()), trimmed)


def given(values: Values) -> pa.Array:
    """Trimmed text, where ``NULL``, ``NaN`` and the like are empty cells too, as databases export them."""
    cells = text(values)
    return pc.if_else(pc.is_in(pc.utf8_lower(cells), value_set=_NOTHING), pa.scalar(None, pa.string()), cells)


def amounts(values: Values, factor: int | Ints) -> tuple[pa.Array, Bools]:
    """Amounts in minor units, ``factor`` of them to a whole, and where a filled cell is no amount.

    Understood are thousands marks, currency signs, full-width digits, a decimal comma and (1.50) for −1.50.
    Halves round away from zero.
    """
    numbers, bad = decimals(values)
    scaled = numbers * factor
    # 1.005 is a hair below its name in binary; a millionth of a cent brings the half back
    minor = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5 + 1e-6)
    missing = np.isnan(numbers)
    return pa.array(np.where(missing, 0, minor).astype(np.int64), mask=missing), bad


def decimals(values: Values) -> tuple[Floats, Bools]:
    """Numbers, NaN where the cell is empty or bad, and where a filled cell is no number."""
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        found = values.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
        filled = ~np.asarray(values.is_null().to_numpy(zero_copy_only=False)) & ~np.isnan(found)
    else:
        cells = given(values)
        filled = cells.is_valid().to_numpy(zero_copy_only=False)
        encoded = cells.dictionary_encode()
        parsed = _parse(encoded.dictionary)
        indices = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
        found = parsed[indices] if len(parsed) else np.full(len(cells), np.nan)
        found = np.where(filled, found, np.nan)
    bad = filled & ~(np.abs(found) <= MOST)
    return np.where(bad, np.nan, found), bad


def one_of(values: pa.Array, words: set[str]) -> Bools:
    """Where a text, in lower case, is one of the words."""
    lowered = pc.utf8_lower(values)
    found: Bools = pc.is_in(lowered, value_set=pa.array(sorted(words))).to_numpy(zero_copy_only=False)
    return found


def _parse(cells: pa.Array) -> Floats:
    if not len(cells):
        return np.zeros(0)
    if not pc.all(pc.string_is_ascii(cells)).as_py():
        cells = pc.utf8_normalize(cells, form="NFKC")
        cells = pc.replace_substring_regex(cells, "[−－–]", "-")
    plain = pc.match_substring_regex(cells, _NUMBER)
    if not pc.all(plain).as_py():
        cells = pc.if_else(plain, cells, _tidied(cells))
        plain = pc.match_substring_regex(cells, _NUMBER)
    numbers: Floats = (
        pc.if_else(plain, cells, None).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    )
    return numbers


def _tidied(cells: pa.Array) -> pa.Array:
    cells = pc.replace_substring_regex(cells, _SIGNS, "")
    cells = pc.replace_substring_regex(cells, r"^\((.*)\)$", r"-\1")
    european = pc.match_substring_regex(cells, r"^[+-]?[0-9]{1,3}(\.[0-9]{3})*,[0-9]{1,2}$")
    comma = pc.match_substring_regex(cells, r"^[+-]?[0-9]+,[0-9]{1,2}$")
    swapped = pc.replace_substring(pc.replace_substring(cells, ".", ""), ",", ".")
    thousands = pc.match_substring_regex(cells, r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$")
    without = pc.replace_substring(cells, ",", "")
    return pc.if_else(pc.or_(european, comma), swapped, pc.if_else(thousands, without, cells))
