"""Keeping the lake tidy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zhiyin.adapters.lake.datasets import DATASETS
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Status:
    """One dataset: its rows, files, and size in bytes."""

    dataset: str
    rows: int
    files: int
    size: int


def status(ws: Workspace) -> list[Status]:
    """Every dataset as it is now."""
    found = []
    for name in DATASETS:
        files = ws.lake.files(name)
        size = sum(Path(file).stat().st_size for file in files)
        found.append(Status(name, ws.lake.count(name), len(files), size))
    return found


def compact(ws: Workspace) -> dict[str, int]:
    """Join small files of every dataset; returns the number of files replaced, by dataset."""
    return {name: ws.lake.compact(name) for name in DATASETS}
