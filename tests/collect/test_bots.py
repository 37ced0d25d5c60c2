# ruff: noqa: E501 - user agents are long
"""Crawlers are refused, people and servers are not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import crawleruseragents
import pytest
from tests.collect.payloads import CHROME, RECEIVED, arrival, browser, event, reason, server

from zhiyin.loop.collect.agents import device, is_bot, listed
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.pipeline import run

BROWSERS = [
    CHROME,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54(0x18003632) NetType/WIFI Language/zh_CN",
    "Mozilla/5.0 (Linux; Android 14; V2324A Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MMWEBID/9999 MicroMessenger/8.0.49 Weixin NetType/4G Language/zh_CN ABI/arm64",
    "Mozilla/5.0 (Linux; U; Android 13; zh-cn; M2102J2SC) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/109.0.0.0 Mobile Safari/537.36 XiaoMi/MiuiBrowser/18.3",
    "Mozilla/5.0 (Linux; Android 13; PGBM10) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/97.0.0.0 Mobile Safari/537.36 baiduboxapp/13.59 (Baidu; P1 13)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1 Mobile HuaweiBrowser/5.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 discover/8.39 xhsdiscover WKWebView",
]  # fmt: skip


def test_every_example_of_the_crawler_list_is_caught() -> None:
    examples = [
        agent for crawler in crawleruseragents.CRAWLER_USER_AGENTS_DATA for agent in crawler["instances"]
    ]
    assert len(examples) > 2000
    assert [agent for agent in examples if not is_bot(agent)] == []


def test_the_quick_look_agrees_with_the_lists_own() -> None:
    agents = [
        crawler["instances"][0]
        for crawler in crawleruseragents.CRAWLER_USER_AGENTS_DATA[::20]
        if crawler["instances"]
    ]
    for agent in [*agents, *BROWSERS, "", "Mozilla/5.0"]:
        for look in (agent, agent.lower(), agent[5:]):
            assert listed(look) == crawleruseragents.is_crawler(look), look


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (iPad; U; CPU iPhone OS 7_0 like Mac OS X; de-DE) WIRED/3.2.3.11.87970",
        "Opera/9.80 (MAUI Runtime; Opera Mini/4.4.39008/37.9178; U; en) Presto/2.12.423 Version/12.16",
        "Mozilla/5.0 (Linux; U; Android 15; en-gb; CPH2617 Build/AP3A.240617.008) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.72 Mobile Safari/537.36 HeyTapBrowser/45.13.6.1",
        "Mozilla/5.0 (Linux; Android 4.4.1; HTC Butterfly S Build/KRT16M) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.99 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11; ViewSonic-ViewPad7e Build/RP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.104 Safari/537.36",
    ],
)
def test_where_the_list_is_wrong_people_are_people(agent: str) -> None:
    assert crawleruseragents.is_crawler(agent)
    assert not is_bot(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; EasouSpider; +http://www.easou.com/search/spider.html)",
        "Mozilla/5.0 (compatible; BeetleBot; )",
        "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
        "ssearch_bot (sSearch Crawler; http://www.semantissimo.de)",
    ],
)
def test_programs_that_the_list_does_not_know_are_caught_if_they_say_what_they_are(agent: str) -> None:
    assert not listed(agent)
    assert is_bot(agent)


def test_phones_of_cubot_are_phones() -> None:
    agent = "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0.4664.104 Mobile Safari/537.36"
    assert not is_bot(agent)
    assert not is_bot(agent.replace("CUBOT NOTE 20", "Cubot_X18"))


def test_browsers_are_people() -> None:
    assert [agent for agent in BROWSERS if is_bot(agent)] == []


@pytest.mark.parametrize(
    ("agent", "kind", "system"),
    [
        (BROWSERS[0], "desktop", "Windows"),
        (BROWSERS[1], "desktop", "Mac OS X"),
        (BROWSERS[2], "mobile", "iOS"),
        (BROWSERS[3], "mobile", "Android"),
        (BROWSERS[8], "tablet", "iOS"),
        ("Mozilla/5.0 (Linux; Android 12; SM-X906C) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36", "tablet", "Android"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 Version/6.0 TV Safari/537.36", "tv", "Tizen"),
    ],
)  # fmt: skip
def test_a_device_is_read_from_its_user_agent(agent: str, kind: str, system: str) -> None:
    assert (device(agent)["type"], device(agent)["os"]) == (kind, system)


GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def test_a_crawler_is_refused_whether_the_library_or_the_request_names_it() -> None:
    assert reason(browser(context={"userAgent": GOOGLEBOT})) == "bot"
    assert reason(browser(context={}), user_agent=GOOGLEBOT) == "bot"
    assert reason(browser(context={"library": {"name": "zhiyin.js"}}), user_agent="curl/8.5.0") == "bot"


def test_a_shop_may_keep_bots() -> None:
    assert event(browser(context={"userAgent": GOOGLEBOT}), Facts(bots=False)).name == "Button Clicked"


@pytest.mark.parametrize(
    "agent", ["analytics-python/2.4.0", "python-requests/2.32", "Go-http-client/2.0", ""]
)
def test_a_server_speaks_for_others_and_is_no_bot(agent: str) -> None:
    assert event(server(), user_agent=agent).context == {}


def clicks(n: int, seconds: float, **change: Any) -> list[dict[str, Any]]:
    step = timedelta(seconds=seconds / n)
    start = RECEIVED - timedelta(hours=1)
    return [browser(messageId=f"m{i}", timestamp=(start + i * step).isoformat(), **change) for i in range(n)]


def refused(payloads: list[dict[str, Any]], facts: Facts | None = None) -> int:
    found = run([arrival(one, f"1:{n}") for n, one in enumerate(payloads)], facts or Facts())
    assert {str(one.reason) for one in found.rejects} <= {"bot"}
    return len(found.rejects)


def test_nobody_clicks_more_than_120_times_a_minute() -> None:
    assert refused(clicks(120, 59)) == 0
    assert refused(clicks(150, 59)) == 30
    assert refused(clicks(240, 120)) == 0  # two a second, and never more
    assert refused(clicks(150, 59), Facts(bots=False)) == 0


def test_the_pace_is_that_of_one_visitor() -> None:
    many = [one | {"anonymousId": f"v{n % 3}"} for n, one in enumerate(clicks(300, 59))]
    assert refused(many) == 0


def test_a_server_may_be_fast() -> None:
    at = (RECEIVED - timedelta(hours=1)).isoformat()
    assert refused([server(messageId=f"m{n}", anonymousId="v", timestamp=at) for n in range(300)]) == 0
