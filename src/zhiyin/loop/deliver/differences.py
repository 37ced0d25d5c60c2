"""two texts → their lines side by side, and what became of each."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 4_000  # lines compared one by one


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the earlier text beside one of the later; None where there is none."""

    change: str  # "same", "changed", "removed", "added"
    before: str | None
    after: str | None
    number_before: int | None = None
    number_after: int | None = None


def compare(before: str, after: str) -> list[Line]:
    """Every line of both texts, in order.

    >>> [(line.change, line.before, line.after) for line in compare("a\\nb", "a\\nc\\nd")]
    [('same', 'a', 'a'), ('changed', 'b', 'c'), ('added', None, 'd')]
    """
    old, new = before.split("\n"), after.split("\n")
    matcher = difflib.SequenceMatcher(None, old[:MOST], new[:MOST], autojunk=False)
    lines: list[Line] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        lines += _beside(old, new, range(i1, i2), range(j1, j2), same=kind == "equal")
    rest = max(len(old), len(new)) - MOST
    if rest > 0:
        lines += _beside(old, new, range(MOST, len(old)), range(MOST, len(new)), same=False)
    return lines


def changed(lines: Sequence[Line], around: int = 3) -> list[Line | None]:
    """The lines that differ with some around them; None stands for those left out."""
    near = {
        at + step
        for at, line in enumerate(lines)
        if line.change != "same"
        for step in range(-around, around + 1)
    }
    result: list[Line | None] = []
    for at, line in enumerate(lines):
        if at in near:
            result.append(line)
        elif result and result[-1] is not None:
            result.append(None)
    return result


def _beside(old: Sequence[str], new: Sequence[str], left: range, right: range, *, same: bool) -> list[Line]:
    lines = []
    for step in range(max(len(left), len(right))):
        i = left[step] if step < len(left) else None
        j = right[step] if step < len(right) else None
        change = "same" if same else "added" if i is None else "removed" if j is None else "changed"
        lines.append(
            Line(
                change,
                None if i is None else old[i],
                None if j is None else new[j],
                None if i is None else i + 1,
                None if j is None else j + 1,
            )
        )
    return lines
