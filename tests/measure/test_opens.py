"""Opens and clicks: what a person does, what a program does, and what nobody can tell."""

from __future__ import annotations

import pytest

from zhiyin.loop.measure.opens import Counts, Hit, best, clicked, count, opened

BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
WECHAT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8.0.50"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.17726; ms-office)"


@pytest.mark.parametrize("agent", [BROWSER, PHONE, WECHAT, OUTLOOK])
def test_a_mail_program_after_a_while_is_a_person(agent: str) -> None:
    assert opened(Hit(agent, after=1800)) == "human"
    assert opened(Hit(agent, after=None)) == "human"
    assert clicked([Hit(agent, after=1800, url="/a")]) == ["human"]


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0",  # Apple's Mail Privacy Protection
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; Mimecast-URL-Scanner)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36",
        "python-requests/2.32",
        "curl/8.5.0",
        "Microsoft Office Existence Discovery",
    ],
)
def test_proxies_and_scanners_are_machines(agent: str) -> None:
    assert opened(Hit(agent, after=1800)) == "machine"


@pytest.mark.parametrize(
    "agent", ["", "  ", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
              "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"],
)  # fmt: skip
def test_image_proxies_and_the_nameless_are_unknown(agent: str) -> None:
    assert opened(Hit(agent, after=1800)) == "unknown"


def test_nobody_reads_within_two_seconds_or_asks_by_head() -> None:
    assert opened(Hit(BROWSER, after=1.9)) == "machine"
    assert opened(Hit(BROWSER, after=2.0)) == "human"
    assert opened(Hit(BROWSER, "HEAD", after=1800)) == "machine"
    assert clicked([Hit(BROWSER, after=-0.5, url="/a"), Hit(BROWSER, "head", 900, "/a")]) == ["machine"] * 2


def test_two_links_within_a_second_are_followed_by_a_program() -> None:
    hits = [
        Hit(BROWSER, after=900.0, url="/a"),
        Hit(BROWSER, after=900.8, url="/b"),
        Hit(BROWSER, after=1800.0, url="/a"),
    ]
    assert clicked(hits) == ["machine", "machine", "human"]


def test_a_double_click_on_one_link_is_a_person() -> None:
    assert (
        clicked([Hit(BROWSER, after=900.0, url="/a"), Hit(BROWSER, after=900.3, url="/a")]) == ["human"] * 2
    )


def test_every_person_counts_once_by_the_best_evidence() -> None:
    assert [best(["machine", "unknown"]), best(["unknown", "human"]), best([])] == [
        "unknown",
        "human",
        "unknown",
    ]
    counts = count(["human", "machine", "machine"])
    assert (counts, counts.total) == (Counts(1, 0, 2), 3)
