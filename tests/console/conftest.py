"""The small shop, for the tests of every page."""

from __future__ import annotations

from tests.console.small_shop import filled, owned

__all__ = ["filled", "owned"]
