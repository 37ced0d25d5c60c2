"""Real referrers: the cases that referer-parser is tested with, and the hosts that it and Matomo list.

Of the hosts of a world we know the ones that shops hear from; the rest stays a referral with its host, which is
true as well. What must not happen is that a host is given the medium of another.

Not done by design: what only the path or the query tells (``x.com/i/grok``), toolbars and price comparisons as
search (AVG, Babylon, PriceRunner), other sites of those who have an engine (``news.google.com``), engines that are
gone (Voila, Dalesearch), and webmail behind names that only one provider gives and changes
(``rich-v01.bluewin.ch``, ``3c-bap.web.de``).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from zhiyin.loop.collect.referrers import medium

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "web-analytics" / "referer"
SHOP = "https://shop.example/"
NAMES = {"chatbot": "assistant", "unknown": "referral"}  # ours for theirs
# listed as search engines, each also in another place of the same lists, save Tieba, a forum
ELSEWHERE = {"chat.openai.com", "chatgpt.com", "facebook.com", "perplexity.ai", "tieba.baidu.com", "you.com"}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the web analytics data are not beside the project"),
]


def test_published_cases_get_their_medium_or_stay_referrals() -> None:
    with gzip.open(DATA / "referer-tests.json.gz") as file:
        cases = json.load(file)
    assert len(cases) == 118
    found = [(ours(case["medium"]), medium(case["uri"], SHOP)[0], case["uri"]) for case in cases]
    unlike = [case for case in found if case[0] != case[1]]
    assert [case for case in unlike if case[1] != "referral"] == []
    assert len(unlike) <= 0.13 * len(cases), unlike


def test_a_referrer_from_the_page_s_own_site_is_internal_whatever_it_is() -> None:
    with gzip.open(DATA / "referer-tests.json.gz") as file:
        for case in json.load(file):
            assert medium(case["uri"], case["uri"])[0] == "internal"


def test_no_listed_host_gets_the_medium_of_another() -> None:
    listed = [*referer_parser(), *matomo()]
    assert len(listed) > 2500
    wrong = [
        (host, expected, found)
        for expected, host in listed
        if (found := medium(f"https://{host}/", SHOP)[0]) not in (expected, "referral")
    ]
    assert [case for case in wrong if case[0].removeprefix("www.") not in ELSEWHERE] == []


@pytest.mark.parametrize(("kind", "share"), [("assistant", 0.75), ("email", 0.85)])
def test_most_assistants_and_webmail_that_are_listed_are_known(kind: str, share: float) -> None:
    hosts = {host for expected, host in [*referer_parser(), *matomo()] if expected == kind}
    known = [host for host in hosts if medium(f"https://{host}/", SHOP)[0] == kind]
    assert len(known) >= share * len(hosts), f"{len(known)} of {len(hosts)}"


def referer_parser() -> Iterator[tuple[str, str]]:
    with gzip.open(DATA / "referers.yml.gz") as file:
        media = yaml.load(file, Loader=yaml.CSafeLoader)
    for name, sources in media.items():
        for source in sources.values():
            yield from ((ours(name), domain) for domain in source["domains"] if "/" not in domain)


def matomo() -> Iterator[tuple[str, str]]:
    for name, file in (("chatbot", "AIAssistants"), ("social", "Socials"), ("search", "SearchEngines")):
        sources: dict[str, Any] = yaml.load(
            (DATA / f"{file}.yml").read_text("utf-8"), Loader=yaml.CSafeLoader
        )
        for entries in sources.values():
            for entry in entries:
                for url in [entry] if isinstance(entry, str) else entry["urls"]:
                    if "/" not in url:
                        yield ours(name), url.replace("{}", "de")


def ours(name: str) -> str:
    return NAMES.get(name, name)
