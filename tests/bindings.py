"""What DuckDB's binder said once about a step of a query, it need not be asked again within one run of the tests.

A profile is several hundred steps, for each of which the Python layer of DuckDB asks the binder for names and types:
more than half of the time that a test with a small shop takes. Most steps are asked about over typed stand-ins, so
that the answer follows from the text alone. Anything else (a table, a file, a variable, values) is asked every time.
"""

from __future__ import annotations

import atexit
import re
from typing import Any

MOST = 10_000  # answers kept, of a few kilobytes each
_CHANCE = re.compile(r'"(?:unnamed_relation|arrow_object|kept)_([0-9a-f]+)"')  # names drawn anew every time
_SOURCE = re.compile(r'\b(?:FROM|JOIN)\b(?!\s+"__duckdb_in\d)', re.IGNORECASE)  # read from elsewhere


def remember() -> None:
    """Remember answers from now on; a DuckDB that is built otherwise is left as it is."""
    try:
        from duckdb import _expression, _relation, _seam

        bind, warn, literals = _seam.bind, _relation._warn_on_literal_names, _expression.string_literals
    except (ImportError, AttributeError):
        return
    known: dict[tuple[str, bool], Any] = {}

    def remembered(con: Any, sql: Any, capture: bool = False, values: Any = None) -> Any:
        if values is not None or not isinstance(sql, str) or _SOURCE.search(sql):
            return bind(con, sql, capture, values)
        names: dict[str, int] = {}
        text = _CHANCE.sub(lambda found: f'"{names.setdefault(found[1], len(names))}"', sql)
        key = text, capture
        answer = known.get(key)
        if answer is None:
            answer = bind(con, sql, capture, values)
            if answer.captured or answer.parameters or answer.deferred or answer.writes:
                return answer
            if len(known) >= MOST:
                known.clear()
            known[key] = answer
        return answer._replace(names=list(answer.names), types=list(answer.types))

    def warn_where_there_are(value: object, columns: list[str]) -> None:
        if literals(value):  # only then are the names of all columns made small
            warn(value, columns)

    def forget() -> None:  # DuckDB complains of what outlives it
        known.clear()
        _seam.bind, _relation._warn_on_literal_names = bind, warn

    _seam.bind, _relation._warn_on_literal_names = remembered, warn_where_there_are
    atexit.register(forget)
