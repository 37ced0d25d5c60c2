"""Age, gender, region, income and occupation of customers, from what they stated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from zhiyin.adapters.lake.datasets import PROFILES
from zhiyin.loop.profile import stated as verb
from zhiyin.loop.profile.stated import Answer, Learnt
from zhiyin.services import stated
from zhiyin.services.workspace import Workspace


@contextmanager
def computed(
    ws: Workspace, customers: Path, as_of: datetime, learnt: Learnt | None = None
) -> Iterator[tuple[nw.LazyFrame[Any], Learnt]]:
    """The attributes of those in a file of ``stated.write`` who stated any, as a lazy frame for use inside ``with``,
    and what all customers tell of one: ``learnt``, or as found here."""
    lake = ws.lake
    frame = lake.engine.scan([str(customers)], stated.SCHEMA, verb.COLUMNS, {})
    with ExitStack() as stack:
        raws = stack.enter_context(lake.kept(verb.raws(frame)))
        counts = _counted(ws, raws)
        if not any(counts.values()):  # as in many a shop
            nobody = pa.schema([PROFILES.schema.field(name) for name in ("customer_id", *verb.NAMES)])
            yield lake.engine.table(nobody.empty_table()), learnt or Learnt()
            return
        known = learnt or Learnt(verb.borders(counts))
        meanings = verb.meanings(counts, as_of.astimezone(ws.timezone).date(), known)
        tables = {raw: lake.engine.table(table) for raw, table in meanings.items()}
        clean = stack.enter_context(lake.kept(verb.cleaned(raws, tables)))
        if learnt is None:
            known = _learn(ws, clean, known)
        groups = {name: lake.engine.table(table) for name, table in verb.tables(known).items()}
        yield verb.imputed(clean, groups), known


def _counted(ws: Workspace, raws: nw.LazyFrame[Any]) -> dict[str, dict[str, int]]:
    """Of each raw column how many stated which text."""
    each = [
        raws.select(text=nw.col(raw)).filter(~nw.col("text").is_null()).group_by("text").agg(n=nw.len())
        for raw in verb.SOURCES
    ]
    named = [counted.with_columns(raw=nw.lit(raw)) for raw, counted in zip(verb.SOURCES, each, strict=True)]
    rows = ws.lake.collect(nw.concat(named))
    found: dict[str, dict[str, int]] = {raw: {} for raw in verb.SOURCES}
    for raw, text, n in zip(*(rows[name].to_pylist() for name in ("raw", "text", "n")), strict=True):
        found[raw][text] = n
    return found


def _learn(ws: Workspace, clean: nw.LazyFrame[Any], known: Learnt) -> Learnt:
    """What the answers of all customers tell of the others."""
    columns = ("attribute", "first", "second", "answer")
    each = [
        clean.select(
            attribute=nw.lit(attribute),
            first=nw.col(first),
            second=nw.col(second),
            answer=nw.col(f"{attribute}_stated").cast(nw.String),
        )
        for attribute, (first, second) in verb.GOES_BY.items()
    ]
    answers = nw.concat(each).filter(~nw.col("answer").is_null()).group_by(*columns).agg(n=nw.len())
    told: dict[str, list[tuple[str | None, str | None, Answer, int]]] = {name: [] for name in verb.GOES_BY}
    for row in ws.lake.collect(answers).to_pylist():
        answer = int(row["answer"]) if row["attribute"] in verb.NUMBERS else row["answer"]
        told[row["attribute"]].append((row["first"], row["second"], answer, row["n"]))
    by, otherwise = {}, {}
    for attribute, counts in told.items():
        by[attribute], everyone = verb.assumptions(attribute, counts)
        if everyone is not None:
            otherwise[attribute] = everyone
    return Learnt(known.borders, by, otherwise)
