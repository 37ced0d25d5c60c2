"""Disposable domains as published, and domains of real sites, which are no mistakes."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from zhiyin.domain.reasons import DoubtReason
from zhiyin.loop.collect.doubts import doubt

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LIST = DATA / "email-lists" / "disposable_email_blocklist.txt.gz"
SITES = DATA / "web-analytics" / "referer"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not LIST.exists(), reason="the list of domains is not beside the project"),
]


def test_nearly_every_listed_domain_is_doubted() -> None:
    listed = gzip.decompress(LIST.read_bytes()).decode().split()
    assert len(listed) == 8335
    missed = [domain for domain in listed if doubt(f"a@{domain}") is None]
    assert len(missed) <= 10, missed  # taken off the list since
    called = [one for one in listed if (found := doubt(f"a@{one}")) and found.reason == DoubtReason.MISTYPED]
    assert len(called) <= 10, called  # such as gmial.com: what was meant says more


@pytest.mark.skipif(not SITES.is_dir(), reason="the lists of sites are not beside the project")
def test_no_real_site_is_called_mistyped() -> None:
    text = " ".join(
        gzip.decompress(file.read_bytes()).decode("utf-8", "replace") for file in SITES.glob("*.gz")
    )
    sites = set(re.findall(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,6}\b", text))
    assert len(sites) > 1500
    called = [one for one in sites if (found := doubt(f"a@{one}")) and found.reason == DoubtReason.MISTYPED]
    assert called == []
