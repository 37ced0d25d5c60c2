"""Opening workspaces one after the other in one process, as notebooks and tests do."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import close_old_connections

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


def test_a_thread_follows_from_one_kind_of_records_to_another_and_back(folders: tuple[Path, Path]) -> None:
    """As a server's thread does, which lives longer than the workspace it began with."""
    from zhiyin.services import sources

    one, other = folders
    with ThreadPoolExecutor(1) as pool:
        sources.create(open_workspace(one), "first")
        assert pool.submit(_names).result() == {"first"}
        open_workspace(one, {"records.url": "postgresql://nobody@127.0.0.1:1/none"})  # asks nothing yet
        sources.create(open_workspace(other), "second")
        assert pool.submit(_names).result() == {"second"}


def _names() -> set[str]:
    try:
        return set(Source.objects.values_list("name", flat=True))
    finally:
        close_old_connections()
