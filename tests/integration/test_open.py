"""Opening workspaces one after the other in one process, as notebooks and tests do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from zhiyin.adapters.records.source import Source
from zhiyin.entrypoints.site import create_workspace, open_workspace


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two workspaces."""
    for name in ("one", "other"):
        create_workspace(tmp_path / name, name=name)
    return tmp_path / "one", tmp_path / "other"


def test_what_is_opened_is_what_is_written_to(folders: tuple[Path, Path]) -> None:
    """Also where an event loop ran meanwhile: a thread has other connections then."""
    from zhiyin.services import sources

    one, other = folders
    sources.create(open_workspace(one), "first")  # leaves a connection open

    async def elsewhere() -> None:
        sources.create(open_workspace(other), "second")

    asyncio.run(elsewhere())
    sources.create(open_workspace(other), "third")
    assert _names() == {"second", "third"}
    open_workspace(one)
    assert _names() == {"first"}


def _names() -> set[str]:
    return set(Source.objects.values_list("name", flat=True))
