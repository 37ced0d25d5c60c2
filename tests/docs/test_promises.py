"""Every promise about sending names the tests that hold it, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "sending-promises.md").read_text(encoding="utf-8")
ROWS = [
    line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| Seen"))
]
NAMED = re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", PAGE)


def test_every_row_says_what_was_seen_what_is_promised_and_which_test_holds_it() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        _, seen, promise, tests, _ = row.split("|")
        assert seen.strip()
        assert promise.strip()
        assert re.fullmatch(r"(`[a-z_/]+\.py::test_\w+`(, )?)+", tests.strip()), row


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_every_named_test_exists(path: str) -> None:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {name for file, name in NAMED if file == path} - there == set()
