"""headers + a sample → which column is what; guessed from names, checked against contents."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyin.domain.errors import BadFile
from zhiyin.domain.text import Text, say
from zhiyin.loop.collect.cells import amounts, text
from zhiyin.loop.collect.header_words import FIELDS, REQUIRED
from zhiyin.loop.collect.moments import looks_like_times

NONE = "-"  # in a mapping: this column is nothing, or there is no such column
EMAIL = r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+$"
_PHONE = r"^\+?[0-9][0-9 ()-]{6,18}$"
_ENOUGH = 0.5  # share of a column's filled cells that must look right
_OUTER = ("properties.", "context.", "traits.", "context.traits.")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file: what it is called there and here, and how we know.

    ``ours`` is a field, or the name of a trait or property. ``how``: ``map`` (stated), ``name``,
    ``content``, ``extra`` (kept as a trait or property), ``ignored``.
    """

    theirs: str
    ours: str
    how: str
    sample: str = ""


def guess(
    kind: str, sample: pa.Table, mapping: Mapping[str, str] | None = None, *, file: str = "the file"
) -> list[Column]:
    """What each column of ``sample`` is. Raises ``BadFile`` where a needed one is missing or a mapping errs.

    ``mapping`` goes from their names to ours and beats any guess; ``-`` on the right ignores a column, on
    the left says that there is none: ``{"-": "customer_id"}``.
    """
    fields, header = FIELDS[kind], sample.column_names
    stated, absent = _stated(kind, header, mapping or {}, file)
    chosen: dict[str, tuple[str, str]] = {theirs: (ours, "map") for theirs, ours in stated.items()}
    taken = {ours for ours in stated.values() if ours in fields} | absent
    free = [name for name in header if name not in chosen]
    by_normal: dict[str, list[str]] = {}
    for name in free:
        by_normal.setdefault(normal(name), []).append(name)
    # a second look at names alone: a column called "date" that holds none shows in the rejects, not by its absence
    for checks, wanted in ((_CHECKS, set(fields)), ({}, _SURE)):
        for ours in [name for name in fields if name in wanted]:
            for candidate in fields[ours]:
                match = next((t for t in by_normal.get(candidate, ()) if t not in chosen), None)
                if ours not in taken and match is not None and _fits(checks.get(ours), sample[match]):
                    chosen[match] = (ours, "name")
                    taken.add(ours)
                    break
    for ours, looks in _BY_CONTENT.items():
        if ours in fields and ours not in taken:
            fitting = [name for name in free if name not in chosen and looks(sample[name])]
            if len(fitting) == 1:
                chosen[fitting[0]] = (ours, "content")
                taken.add(ours)
    columns = []
    for name in header:
        ours, how = chosen.get(name, (_extra(name), "extra"))
        columns.append(Column(name, ours, "ignored" if ours == NONE else how, _example(sample[name])))
    if kind == "orders":
        columns = _money_of_lines(columns, sample)
    _need(kind, {column.ours for column in columns if column.how != "extra"} | absent, header, file)
    return columns


def widened(columns: Sequence[Column], header: Sequence[str]) -> Sequence[Column]:
    """The columns with those that only later rows of a JSON Lines file have, as traits or properties."""
    known = {column.theirs for column in columns}
    late = [Column(name, _extra(name), "extra") for name in header if name not in known]
    return [*columns, *late] if late else columns


def normal(name: str) -> str:
    """A header in the form in which names are compared.

    >>> normal("CustomerID"), normal("Order No."), normal("客户 编号")
    ('customer_id', 'order_no', '客户编号')
    """
    name = unicodedata.normalize("NFKC", name).strip()
    for outer in _OUTER:
        name = name.removeprefix(outer)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    name = re.sub(r"\(.*?\)$", "", name)  # 金额(元)
    name = re.sub(r"[^0-9a-z一-鿿]+", "_", name.lower()).strip("_")
    return re.sub(r"(?<=[一-鿿])_|_(?=[一-鿿])", "", name)


def order_extras(columns: Sequence[Column], sample: pa.Table) -> list[str]:
    """The extra columns that say something of the whole order: equal on all lines of an order."""
    extras = [column.theirs for column in columns if column.how == "extra" or _is_property(column)]
    order = next(column.theirs for column in columns if column.ours == "order_id")
    if not extras:
        return []
    constant = _constant_in(sample, order, extras)
    return [name for name in extras if constant[name] >= 0.99]


def _is_property(column: Column) -> bool:
    return column.how == "map" and column.ours not in FIELDS["orders"]


def _stated(
    kind: str, header: Sequence[str], mapping: Mapping[str, str], file: str
) -> tuple[dict[str, str], set[str]]:
    fields = FIELDS[kind]
    stated: dict[str, str] = {}
    absent: set[str] = set()
    for theirs, ours in mapping.items():
        close = difflib.get_close_matches(ours, fields, 1, 0.8)
        if not ours or (ours not in fields and ours != NONE and close):
            raise BadFile(
                say(
                    "--map {theirs}={ours}: there is no field {ours!r} of {kind}.",
                    theirs=theirs,
                    ours=ours,
                    kind=kind,
                ),
                why=say("Did you mean {close}?", close=close[0]) if close else "",
                fix=say("Fields are {fields}; {none} ignores a column.", fields=list(fields), none=NONE),
            )
        if theirs == NONE:
            absent.add(ours)
            continue
        if theirs not in header:
            match = [name for name in header if normal(name) == normal(theirs)]
            if len(match) != 1:
                raise BadFile(
                    say("{file} has no column {theirs!r}.", file=file, theirs=theirs),
                    why=say("Its columns are {header}.", header=list(header)),
                    fix=say("Write --map with a name as it stands there."),
                )
            theirs = match[0]
        if ours != NONE and ours in stated.values():
            raise BadFile(say("--map gives two columns for {ours}.", ours=ours), fix=say("Name one of them."))
        stated[theirs] = ours
    return stated, absent


def _need(kind: str, have: set[str], header: Sequence[str], file: str) -> None:
    for needed in REQUIRED[kind]:
        options = (needed,) if isinstance(needed, str) else needed
        if not have & set(options):
            fix = say("State it with --map THEIRS={field}.", field=options[0])
            if options[0] == "customer_id" and kind == "orders":
                fix = say(
                    "State it with --map THEIRS={field}, or --map={none}={field} if there is none.",
                    field=options[0],
                    none=NONE,
                )
            raise BadFile(
                say("{file} has no column for {fields}.", file=file, fields=_either(options)),
                why=say("None of its columns is called like that: {header}.", header=list(header)),
                fix=fix,
            )


def _either(options: Sequence[str]) -> Text:
    first, *others = options
    text = say("{field}", field=first)
    for other in others:
        text = say("{one} or {other}", one=text, other=other)
    return text


def _money_of_lines(columns: list[Column], sample: pa.Table) -> list[Column]:
    """An amount that differs between the lines of one order is the line's, not the order's."""
    roles = {column.ours: column for column in columns if column.how not in ("extra", "ignored")}
    amount = roles.get("amount")
    if amount is None or amount.how == "map" or "line_amount" in roles or "item_id" not in roles:
        return columns
    if _constant_in(sample, roles["order_id"].theirs, [amount.theirs])[amount.theirs] >= 0.95:
        return columns
    return [Column(c.theirs, "line_amount", "content", c.sample) if c is amount else c for c in columns]


def _constant_in(sample: pa.Table, key: str, names: Sequence[str]) -> dict[str, float]:
    """For each column, the share of orders with several lines in which it has one value only."""
    sample = sample.select(list(dict.fromkeys([key, *names])))
    groups = sample.group_by(key).aggregate(
        [(key, "count"), *((name, "count_distinct", pc.CountOptions(mode="all")) for name in names)]
    )
    several = groups.filter(pc.greater(groups[f"{key}_count"], 1))
    if not several.num_rows:
        return dict.fromkeys(names, 1.0)
    return {name: float(np.mean(several[f"{name}_count_distinct"].to_numpy() == 1)) for name in names}


def _fits(check: Callable[[pa.ChunkedArray], bool] | None, values: pa.ChunkedArray) -> bool:
    return check is None or check(values)


def _share(values: pa.ChunkedArray, pattern: str) -> float:
    """Share of the filled cells that match; 1 for an empty column, which contradicts nothing."""
    filled = text(values).drop_null()
    if not len(filled):
        return 1.0
    return float(pc.mean(pc.match_substring_regex(filled, pattern)).as_py())


def _numbers(values: pa.ChunkedArray) -> bool:
    found = text(values)
    filled = len(found) - found.null_count
    return not filled or 1 - float(amounts(values, 1)[1].sum()) / filled >= _ENOUGH


def _emails(values: pa.ChunkedArray) -> bool:
    return len(text(values).drop_null()) > 0 and _share(values, EMAIL) >= _ENOUGH


def _phones(values: pa.ChunkedArray) -> bool:
    found = text(values).drop_null()
    return len(found) > 0 and _share(values, r"^(\+?86)?1[3-9][0-9]{9}$") >= 0.9


def _times(values: pa.ChunkedArray) -> bool:
    return looks_like_times(values, dated=True)


def _maybe_times(values: pa.ChunkedArray) -> bool:
    return not len(text(values).drop_null()) or looks_like_times(values, dated=False)


_CHECKS: Mapping[str, Callable[[pa.ChunkedArray], bool]] = {
    "email": lambda values: _share(values, "@") >= _ENOUGH,
    "phone": lambda values: _share(values, _PHONE) >= _ENOUGH,
    "timestamp": _maybe_times,
    "created_at": _maybe_times,
    "consent_at": _maybe_times,
    "quantity": _numbers,
    "price": _numbers,
    "line_amount": _numbers,
    "amount": _numbers,
}
_SURE = {"timestamp", "quantity", "price", "line_amount", "amount"}
_BY_CONTENT: Mapping[str, Callable[[pa.ChunkedArray], bool]] = {
    "email": _emails,
    "phone": _phones,
    "timestamp": _times,
}


def _extra(name: str) -> str:
    plain = name.strip()
    for outer in _OUTER:
        plain = plain.removeprefix(outer)
    return plain[:100]


def _example(values: pa.ChunkedArray) -> str:
    filled = text(values.slice(0, 1000)).drop_null()
    return str(filled[0].as_py())[:60] if len(filled) else ""
