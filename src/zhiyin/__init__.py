"""Zhiyin 知音: intelligent marketing in one Python package.

>>> import zhiyin
>>> shop = zhiyin.open("my-shop")            # doctest: +SKIP
>>> shop.segments.count("at-risk")           # doctest: +SKIP
214
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zhiyin.entrypoints.python import Shop

__version__ = "0.1.0"


def open(folder: str | Path) -> Shop:
    """Open a workspace made by ``zhiyin init`` for use from Python and notebooks.

    Raises ``WorkspaceNotFound`` where the folder holds no workspace.
    """
    from zhiyin.entrypoints.python import Shop  # heavy libraries load on first use

    return Shop(folder)
