"""Every recommender of ours has a page that names what can be set."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from zhiyin.adapters import plugins
from zhiyin.loop.recommend import RECOMMENDERS

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "recommenders"


@pytest.mark.parametrize("name", sorted(RECOMMENDERS))
def test_a_page_names_every_parameter(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text("utf-8")
    assert page.startswith(f"# {name}\n")
    parameters = inspect.signature(plugins.load("", RECOMMENDERS, name)).parameters
    assert [parameter for parameter in parameters if f"`{parameter}`" not in page] == []


def test_no_page_is_about_a_recommender_that_is_gone() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(RECOMMENDERS)
