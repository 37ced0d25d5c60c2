"""a referrer → medium and source: search, social, e-mail, the shop itself, or somebody else's page."""

from __future__ import annotations

import re
from functools import lru_cache

SEARCH = {
    "baidu.com": "Baidu", "sogou.com": "Sogou", "so.com": "360", "haosou.com": "360", "360.cn": "360",
    "sm.cn": "Shenma", "so.toutiao.com": "Toutiao", "quark.sm.cn": "Shenma", "chinaso.com": "ChinaSo",
    "bing.com": "Bing", "duckduckgo.com": "DuckDuckGo", "search.yahoo.com": "Yahoo", "yahoo.co.jp": "Yahoo",
    "yandex.ru": "Yandex", "yandex.com": "Yandex", "ya.ru": "Yandex", "naver.com": "Naver", "daum.net": "Daum",
    "ecosia.org": "Ecosia", "qwant.com": "Qwant", "startpage.com": "Startpage", "seznam.cz": "Seznam",
    "search.brave.com": "Brave", "ask.com": "Ask", "search.aol.com": "AOL", "petalsearch.com": "Petal",
    "com.google.android.googlequicksearchbox": "Google",
}  # fmt: skip
SOCIAL = {
    "weixin.qq.com": "WeChat", "wechat.com": "WeChat", "servicewechat.com": "WeChat", "weixin110.qq.com": "WeChat",
    "weibo.com": "Weibo", "weibo.cn": "Weibo", "t.cn": "Weibo", "com.sina.weibo": "Weibo",
    "xiaohongshu.com": "Xiaohongshu", "xhslink.com": "Xiaohongshu", "rednote.com": "Xiaohongshu",
    "douyin.com": "Douyin", "iesdouyin.com": "Douyin", "zhihu.com": "Zhihu", "qzone.qq.com": "QZone",
    "tieba.baidu.com": "Tieba", "douban.com": "Douban", "bilibili.com": "Bilibili", "b23.tv": "Bilibili",
    "kuaishou.com": "Kuaishou", "gifshow.com": "Kuaishou", "toutiao.com": "Toutiao", "tiktok.com": "TikTok",
    "facebook.com": "Facebook", "fb.com": "Facebook", "fb.me": "Facebook", "messenger.com": "Facebook",
    "instagram.com": "Instagram", "threads.net": "Threads", "threads.com": "Threads", "t.co": "X", "x.com": "X",
    "twitter.com": "X", "linkedin.com": "LinkedIn", "lnkd.in": "LinkedIn", "pinterest.com": "Pinterest",
    "pin.it": "Pinterest", "reddit.com": "Reddit", "redd.it": "Reddit", "youtube.com": "YouTube",
    "youtu.be": "YouTube", "vk.com": "VK", "ok.ru": "OK", "t.me": "Telegram", "telegram.org": "Telegram",
    "org.telegram.messenger": "Telegram", "whatsapp.com": "WhatsApp", "wa.me": "WhatsApp",
    "discord.com": "Discord", "snapchat.com": "Snapchat", "tumblr.com": "Tumblr", "quora.com": "Quora",
    "bsky.app": "Bluesky", "mastodon.social": "Mastodon", "line.me": "LINE", "kakao.com": "Kakao",
    "com.facebook.katana": "Facebook", "com.linkedin.android": "LinkedIn", "com.twitter.android": "X",
}  # fmt: skip
EMAIL = {
    "mail.google.com": "Gmail", "com.google.android.gm": "Gmail", "mail.qq.com": "QQ Mail", "exmail.qq.com": "QQ Mail",
    "mail.163.com": "NetEase Mail", "mail.126.com": "NetEase Mail", "mail.yeah.net": "NetEase Mail",
    "mail.sina.com.cn": "Sina Mail", "mail.sohu.com": "Sohu Mail", "mail.aliyun.com": "Aliyun Mail",
    "mail.139.com": "139 Mail", "outlook.live.com": "Outlook", "outlook.office.com": "Outlook",
    "outlook.office365.com": "Outlook", "mail.yahoo.com": "Yahoo Mail", "mail.aol.com": "AOL Mail",
    "mail.yandex.ru": "Yandex Mail", "e.mail.ru": "Mail.ru", "mail.proton.me": "Proton Mail",
    "mail.zoho.com": "Zoho Mail", "navigator.gmx.net": "GMX", "mail.naver.com": "Naver Mail",
}  # fmt: skip
# scheme, maybe a user, and the host; an IPv6 address stands in brackets
_HOST = re.compile(r"[^:/?#\\]{1,20}://(?:[^/?#\\@]*@)?(\[[^\]/?#]*\]|[^/?#\\:]*)")
_KNOWN = {
    **{host: ("search", name) for host, name in SEARCH.items()},
    **{host: ("social", name) for host, name in SOCIAL.items()},
    **{host: ("email", name) for host, name in EMAIL.items()},
}


def medium(referrer: str, page: str) -> tuple[str, str]:
    """Medium and source of a referrer, seen from a page; both are addresses.

    The medium is ``search``, ``social``, ``email``, ``internal``, ``referral``, or ``direct`` where there is
    no referrer.

    >>> medium("https://www.baidu.com/link?url=x", "https://shop.example/tea")
    ('search', 'Baidu')
    >>> medium("https://shop.example/", "https://www.shop.example/tea")
    ('internal', 'shop.example')
    """
    host = host_of(referrer) if referrer else ""
    if not host:
        return "direct", ""
    own = host_of(page)
    if own and (host == own or host.endswith("." + own) or own.endswith("." + host)):
        return "internal", host
    return _outside(host)


@lru_cache(maxsize=20_000)
def host_of(url: str) -> str:
    """The host of an address, lower case, without ``www.`` and port; empty where there is none.

    >>> host_of("https://user@WWW.Example.com:8080/path?q=1")
    'example.com'
    """
    found = _HOST.match(url)
    return found[1].strip(" .").lower().removeprefix("www.")[:255] if found else ""


@lru_cache(maxsize=10_000)
def _outside(host: str) -> tuple[str, str]:
    labels = host.split(".")
    for start in range(len(labels)):
        known = _KNOWN.get(".".join(labels[start:]))
        if known is not None:
            return known
    name = labels[0] if labels[0] not in ("m", "search", "cn", "images") else ".".join(labels[1:2])
    if name == "google" and len(labels) <= 4:  # google.de, google.com.hk: there are two hundred of them
        return "search", "Google"
    if name in ("yandex", "yahoo") and len(labels) <= 4:
        return "search", name.capitalize()
    if name in ("pinterest", "facebook") and len(labels) <= 3:
        return "social", name.capitalize()
    if labels[0] in ("mail", "webmail"):
        return "email", host
    return "referral", host
