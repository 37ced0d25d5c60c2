"""The sending domain's page: records to publish, keys that turn, and nothing of a private key."""

from __future__ import annotations

import re
from html import unescape

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from tests.console.small_shop import PASSWORD, client

from zhiyin.adapters.records.models import DkimKey
from zhiyin.services.workspace import Workspace

PAGE = "/settings/domains"


def signed_in() -> object:
    made = client()
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def _shown(browser: object) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", browser.get(PAGE).content.decode())))


def test_a_domain_is_added_its_keys_turn_and_it_goes(owned: Workspace) -> None:
    browser = signed_in()
    assert "No sending domain yet" in _shown(browser)
    assert browser.post(f"{PAGE}/add", {"domain": "Example.com"})["Location"] == PAGE
    old = DkimKey.objects.get()
    assert old.noun.record.value in _shown(browser)
    assert f'{PAGE}/example.com/retire"' not in browser.get(PAGE).content.decode()  # the last one cannot
    browser.post(f"{PAGE}/example.com/rotate")
    browser.post(f"{PAGE}/example.com/retire", {"selector": old.selector})
    assert list(DkimKey.objects.values_list("retired_at", flat=True)).count(None) == 1
    assert "Retired. Leave it for 7 days" in _shown(browser)
    browser.post(f"{PAGE}/example.com/remove")
    assert not DkimKey.objects.exists()


def test_a_key_that_is_taken_in_is_never_shown(owned: Workspace) -> None:
    browser, key = signed_in(), ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = key.private_bytes(*form).decode()
    browser.post(f"{PAGE}/add", {"domain": "example.com"})
    browser.post(f"{PAGE}/example.com/key", {"selector": "own", "pem": pem})
    assert DkimKey.objects.filter(selector="own", algorithm="ed25519").exists()
    refused = browser.post(f"{PAGE}/example.com/key", {"selector": "own", "pem": pem})
    assert refused.status_code == 422
    assert "already" in refused.content.decode()
    for page in (refused.content.decode(), browser.get(PAGE).content.decode()):
        assert pem.splitlines()[1] not in page


def test_a_get_changes_nothing(owned: Workspace) -> None:
    browser = signed_in()
    browser.post(f"{PAGE}/add", {"domain": "example.com"})
    for step in ("rotate", "retire", "remove", "key"):
        assert browser.get(f"{PAGE}/example.com/{step}").status_code == 405
    assert DkimKey.objects.count() == 1
