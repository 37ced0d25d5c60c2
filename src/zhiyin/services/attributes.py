"""Age, gender, region, income and occupation of customers, from what they stated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import narwhals as nw

from zhiyin.loop.profile import stated as verb
from zhiyin.loop.profile.stated import Learnt
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
        counts = {raw: _counted(ws, raws, raw) for raw in verb.SOURCES}
        known = learnt or Learnt(verb.borders(counts))
        meanings = verb.meanings(counts, as_of.astimezone(ws.timezone).date(), known)
        tables = {raw: lake.engine.table(table) for raw, table in meanings.items()}
        clean = stack.enter_context(lake.kept(verb.cleaned(raws, tables)))
        if learnt is None:
            known = _learn(ws, clean, known)
        groups = {name: lake.engine.table(table) for name, table in verb.tables(known).items()}
        yield verb.imputed(clean, groups), known


def _counted(ws: Workspace, raws: nw.LazyFrame[Any], raw: str) -> dict[str, int]:
    """How many stated which text."""
    texts = raws.select(text=nw.col(raw)).filter(~nw.col("text").is_null())
    counted = ws.lake.collect(texts.group_by("text").agg(n=nw.len()))
    return dict(zip(counted["text"].to_pylist(), counted["n"].to_pylist(), strict=True))


def _learn(ws: Workspace, clean: nw.LazyFrame[Any], known: Learnt) -> Learnt:
    by, otherwise = {}, {}
    for attribute, (first, second) in verb.GOES_BY.items():
        answers = clean.select(
            first=nw.col(first), second=nw.col(second), answer=nw.col(f"{attribute}_stated")
        )
        counted = (
            answers.filter(~nw.col("answer").is_null()).group_by("first", "second", "answer").agg(n=nw.len())
        )
        rows = ws.lake.collect(counted).to_pylist()
        told = ((row["first"], row["second"], row["answer"], row["n"]) for row in rows)
        by[attribute], everyone = verb.assumptions(attribute, told)
        if everyone is not None:
            otherwise[attribute] = everyone
    return Learnt(known.borders, by, otherwise)
