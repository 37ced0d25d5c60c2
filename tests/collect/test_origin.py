"""Where events come from: device, page, referrer, tags, network."""

from __future__ import annotations

from typing import Any

import pytest
from tests.collect.payloads import CHROME, browser, event, server

from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.origin import address
from zhiyin.loop.collect.referrers import medium

SHOP = "https://www.shop.example/tea"


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("https://www.baidu.com/link?url=x", ("search", "Baidu")),
        ("https://m.baidu.com/", ("search", "Baidu")),
        ("https://tieba.baidu.com/p/1", ("social", "Tieba")),
        ("https://www.sogou.com/web?query=x", ("search", "Sogou")),
        ("https://www.so.com/s?q=x", ("search", "360")),
        ("https://www.google.com.hk/", ("search", "Google")),
        ("https://www.google.de/", ("search", "Google")),
        ("android-app://com.google.android.googlequicksearchbox/", ("search", "Google")),
        ("https://cn.bing.com/search?q=tea", ("search", "Bing")),
        ("https://yz.m.sm.cn/s?q=x", ("search", "Shenma")),
        ("https://quark.sm.cn/s?q=x", ("search", "Quark")),
        ("https://m.so.com/s?q=x", ("search", "360")),
        ("https://maps.yandex.ru/", ("referral", "maps.yandex.ru")),
        ("https://yandex.com.tr/", ("search", "Yandex")),
        ("https://mp.weixin.qq.com/s/abc", ("social", "WeChat")),
        ("https://servicewechat.com/wx1/2/page-frame.html", ("social", "WeChat")),
        ("https://m.weibo.cn/", ("social", "Weibo")),
        ("https://weibo.com/1/abc", ("social", "Weibo")),
        ("https://www.xiaohongshu.com/explore/1", ("social", "Xiaohongshu")),
        ("https://www.douyin.com/video/1", ("social", "Douyin")),
        ("https://zhuanlan.zhihu.com/p/1", ("social", "Zhihu")),
        ("https://t.co/abc", ("social", "X")),
        ("https://l.facebook.com/l.php?u=x", ("social", "Facebook")),
        ("https://mail.qq.com/cgi-bin/x", ("email", "QQ Mail")),
        ("https://mail.google.com/", ("email", "Gmail")),
        ("android-app://com.google.android.gm/", ("email", "Gmail")),
        ("https://mail.yahoo.co.jp/", ("email", "Yahoo Mail")),
        ("https://deref-gmx.net/mail/client/x/dereferrer/", ("email", "deref-gmx.net")),
        ("https://mail-order.example.com/", ("referral", "mail-order.example.com")),
        ("https://mail.ru/", ("referral", "mail.ru")),
        ("https://chatgpt.com/", ("assistant", "ChatGPT")),
        ("https://www.doubao.com/chat/1", ("assistant", "Doubao")),
        ("https://www.kimi.com/", ("assistant", "Kimi")),
        ("https://chat.deepseek.com/", ("assistant", "DeepSeek")),
        ("https://yiyan.baidu.com/", ("assistant", "Wenxin")),
        ("https://gemini.google.com/app", ("assistant", "Gemini")),
        ("https://cpro.baidu.com/cpro/ui/uijs.php", ("paid", "Baidu")),
        ("https://googleads.g.doubleclick.net/pagead/x", ("paid", "Google")),
        ("android-app://com.tencent.mm/", ("social", "WeChat")),
        ("https://webmail.firm.example/", ("email", "webmail.firm.example")),
        ("https://shop.example/", ("internal", "shop.example")),
        ("https://blog.shop.example/post", ("internal", "blog.shop.example")),
        ("https://tea-lovers.example/best", ("referral", "tea-lovers.example")),
        ("https://notbaidu.com/", ("referral", "notbaidu.com")),
        ("https://baidu.com.evil.example/", ("referral", "baidu.com.evil.example")),
        ("https://google.evil.com/", ("referral", "google.evil.com")),
        ("https://google.evil.shop.club.example/", ("referral", "google.evil.shop.club.example")),
        ("", ("direct", "")),
        ("nonsense", ("direct", "")),
        ("https://[::1]:80/", ("referral", "[::1]")),
    ],
)
def test_a_referrer_tells_the_medium(referrer: str, expected: tuple[str, str]) -> None:
    assert medium(referrer, SHOP) == expected


def context(page: Any = None, facts: Facts | None = None, **given: Any) -> Any:
    return event(
        browser(context={"userAgent": CHROME, "page": page, **given}), facts, ip="203.0.113.77"
    ).context


def test_what_reports_ask_for_is_kept_and_nothing_else() -> None:
    page = {
        "url": f"{SHOP}?utm_source=weibo&UTM_Campaign=%E6%98%A5&gclid=x",
        "path": "/tea",
        "title": "茶",
        "search": "?",
    }
    assert context(page, locale="zh-CN", timezone="Asia/Shanghai", userAgentData={"mobile": False}) == {
        "device": {"type": "desktop", "os": "Windows", "browser": "Chrome"},
        "page": {"url": page["url"], "path": "/tea", "title": "茶"},
        "utm": {"source": "weibo", "campaign": "春"},
        "referrer": {"medium": "direct"},
        "ip": "203.0.113.0",
        "locale": "zh-CN",
        "timezone": "Asia/Shanghai",
    }


def test_campaign_tags_may_come_from_the_library() -> None:
    found = context({"url": SHOP}, campaign={"name": "spring", "source": "wechat", "other": 1})
    assert found["utm"] == {"campaign": "spring", "source": "wechat"}


def test_a_page_event_may_describe_its_page_itself() -> None:
    found = event(server(type="page", properties={"url": SHOP, "referrer": "https://www.zhihu.com/"}))
    assert found.context["referrer"] == {
        "url": "https://www.zhihu.com/",
        "medium": "social",
        "source": "Zhihu",
    }


@pytest.mark.parametrize(
    ("says", "name"),
    [
        ("MicroMessenger/8.0.54", "WeChat"),
        ("Weibo (iPhone15,2__weibo__14.1.0__iphone__os18.1)", "Weibo"),
        ("aweme_32.0.0 NetType/WIFI", "Douyin"),
        ("discover/8.39 xhsdiscover WKWebView", "Xiaohongshu"),
    ],
)
def test_browsers_in_apps_name_no_referrer_but_themselves(says: str, name: str) -> None:
    agent = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 {says}"

    def referrer(given: str) -> Any:
        page = {"url": SHOP, "referrer": given}
        return event(browser(context={"userAgent": agent, "page": page})).context["referrer"]

    assert referrer("") == {"medium": "social", "source": name}
    assert referrer("https://shop.example/")["medium"] == "internal"


@pytest.mark.parametrize(
    ("keep", "kept"), [("none", None), ("network", "203.0.113.0"), ("full", "203.0.113.77")]
)
def test_an_address_is_cut_unless_asked_for(keep: Any, kept: str | None) -> None:
    assert context(facts=Facts(keep_ip=keep)).get("ip") == kept


def test_the_address_of_a_server_is_nobodys() -> None:
    assert "ip" not in event(server(), ip="198.51.100.7").context
    assert event(server(context={"ip": "198.51.100.7"})).context["ip"] == "198.51.100.0"


def test_what_is_no_address_is_left_out() -> None:
    assert [address(one) for one in ("", "1.2.3", "a.b.c.d", "1.2.3.4.5", "fe80::1%eth0")] == [
        "",
        "",
        "",
        "",
        "fe80::",
    ]


def test_an_app_tells_its_device() -> None:
    found = event(server(anonymousId="v", context={"device": {"type": "ios"}, "os": {"name": "iOS"}}))
    assert found.context["device"] == {"type": "mobile", "os": "iOS"}
