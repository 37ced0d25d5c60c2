"""The small shop, for the tests of every page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation
from tests.console.small_shop import filled, owned, quick_hashes

from zhiyin.entrypoints.console import data_import

__all__ = ["filled", "owned", "quick_hashes"]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview reads as many rows on a busy machine as on an idle one."""
    monkeypatch.setattr(data_import, "PATIENCE", 600.0)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A page that was asked for in Chinese leaves its language to the thread."""
    with translation.override("en"):
        yield
