"""Settings → API keys: made, shown once, revoked."""

from __future__ import annotations

import re

import pytest
from tests.console.small_shop import PASSWORD, client

from zhiyin.domain.api_key import Scope
from zhiyin.services import api_keys
from zhiyin.services.workspace import Workspace


@pytest.fixture
def page(filled: Workspace) -> object:
    made = client("en")
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def test_a_key_is_shown_by_one_answer_only(filled: Workspace, page: object) -> None:
    assert "No key yet" in page.get("/settings/keys").content.decode()
    shown = page.post("/settings/keys", {"name": "Shop backend"}).content.decode()
    (key,) = re.findall(r'id="fresh-key">(zk_[^<]+)<', shown)
    assert api_keys.find(filled, key, Scope.MESSAGES).name == "Shop backend"
    again = page.get("/settings/keys").content.decode()
    assert "Shop backend" in again
    assert key not in again
    twice = page.post("/settings/keys", {"name": "Shop backend"})
    assert twice.status_code == 422
    assert "already" in twice.content.decode()
    gone = page.post("/settings/keys/revoke", {"name": "Shop backend"}, follow=True).content.decode()
    assert "nothing takes its key any more" in gone
    assert api_keys.find(filled, key, Scope.MESSAGES) is None


def test_nobody_makes_a_key_without_signing_in(filled: Workspace) -> None:
    answer = client("en").post("/settings/keys", {"name": "x"})
    assert answer.status_code == 302
    assert api_keys.list_(filled) == []
