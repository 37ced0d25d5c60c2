"""Opens and clicks: what a person does, what a program does, and what nobody can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.engagement import HIDDEN
from zhiyin.loop.measure.opens import Counts, Hit, best, count, judge

BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
WECHAT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8.0.50"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.17726; ms-office)"


@pytest.mark.parametrize("agent", [BROWSER, PHONE, WECHAT, OUTLOOK])
def test_a_mail_program_after_a_while_is_a_person(agent: str) -> None:
    assert judge([Hit(agent, after=1800)]) == ["human"]
    assert judge([Hit(agent, after=None)]) == ["human"]
    assert judge([Hit(agent, after=1800, url="/a")]) == ["human"]


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
    assert judge([Hit(agent, after=1800)]) == ["machine"]


@pytest.mark.parametrize(
    "agent", ["", "  ", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
              "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"],
)  # fmt: skip
def test_image_proxies_and_the_nameless_are_unknown(agent: str) -> None:
    assert judge([Hit(agent, after=1800)]) == ["unknown"]


def test_nobody_reads_within_two_seconds_or_asks_by_head() -> None:
    assert judge([Hit(BROWSER, after=1.9)]) == ["machine"]
    assert judge([Hit(BROWSER, after=2.0)]) == ["human"]
    assert judge([Hit(BROWSER, "HEAD", after=1800)]) == ["machine"]
    assert judge([Hit(BROWSER, after=-0.5, url="/a"), Hit(BROWSER, "head", 900, "/a")]) == ["machine"] * 2


def test_two_links_within_a_second_are_followed_by_a_program() -> None:
    hits = [
        Hit(BROWSER, after=900.0, url="/a"),
        Hit(BROWSER, after=900.8, url="/b"),
        Hit(BROWSER, after=1800.0, url="/a"),
    ]
    assert judge(hits) == ["machine", "machine", "human"]


def test_a_double_click_on_one_link_is_a_person() -> None:
    assert judge([Hit(BROWSER, after=900.0, url="/a"), Hit(BROWSER, after=900.3, url="/a")]) == ["human"] * 2


def test_every_person_counts_once_by_the_best_evidence() -> None:
    assert [best(["machine", "unknown"]), best(["unknown", "human"]), best([])] == [
        "unknown",
        "human",
        "unknown",
    ]
    counts = count(["human", "machine", "machine"])
    assert (counts, counts.total) == (Counts(1, 0, 2), 3)


def test_a_pixel_loaded_in_the_moment_of_a_burst_was_loaded_by_the_same_program() -> None:
    hits = [
        Hit(BROWSER, after=43.0),
        Hit(BROWSER, after=43.4, url="/a"),
        Hit(BROWSER, after=43.9, url="/b"),
        Hit(PHONE, after=3600.0),
    ]
    assert judge(hits) == ["machine", "machine", "machine", "human"]


def test_who_follows_the_hidden_link_is_a_program_in_all_it_does_around_that() -> None:
    hits = [
        Hit(BROWSER, after=60.0, url="/a", network="198.51.100.0"),
        Hit(BROWSER, after=90.0, url=HIDDEN, network="198.51.100.0"),
        Hit(BROWSER, after=120.0, network="198.51.100.0"),
        Hit(BROWSER, after=95.0, url="/a", network="203.0.113.0"),  # elsewhere
        Hit(PHONE, after=95.0, url="/a", network="198.51.100.0"),  # another device
        Hit(BROWSER, after=9000.0, url="/a", network="198.51.100.0"),  # hours later
    ]
    assert judge(hits) == ["machine"] * 3 + ["human"] * 3


def test_without_network_or_name_nobody_is_taken_for_another() -> None:
    hits = [Hit(BROWSER, "HEAD", 60.0, "/a"), Hit(BROWSER, after=65.0, url="/a")]
    assert judge(hits) == ["machine", "human"]
    nameless = [Hit("", after=60.0, url=HIDDEN, network="n"), Hit("", after=65.0, url="/a", network="n")]
    assert judge(nameless) == ["machine", "unknown"]


hits_of_a_message = st.lists(
    st.builds(
        Hit,
        st.sampled_from([BROWSER, PHONE, "", "Mozilla/5.0", "curl/8.5.0"]),
        st.sampled_from(["GET", "HEAD"]),
        st.one_of(st.none(), st.sampled_from([0.5, 40.0, 40.5, 41.5, 500.0, 900.0])),
        st.sampled_from(["", "/a", "/b", HIDDEN]),
        st.sampled_from(["", "198.51.100.0", "203.0.113.0"]),
    ),
    max_size=7,
)


@given(hits_of_a_message, st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_the_order(hits: list[Hit], chance) -> None:
    places = list(range(len(hits)))
    chance.shuffle(places)
    verdicts = judge(hits)
    assert judge([hits[place] for place in places]) == [verdicts[place] for place in places]


@given(hits_of_a_message, hits_of_a_message)
def test_more_hits_never_make_a_person_of_a_machine(hits: list[Hit], more: list[Hit]) -> None:
    before, after = judge(hits), judge([*hits, *more])[: len(hits)]
    assert all(now in (was, "machine") for was, now in zip(before, after, strict=True))
