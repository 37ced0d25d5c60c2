"""a referrer → medium and source: search, social, e-mail, an assistant, the shop itself, or somebody else's page."""

from __future__ import annotations

import re
from functools import lru_cache

SEARCH = {
    "baidu.com": "Baidu", "com.baidu.searchbox": "Baidu", "sogou.com": "Sogou", "so.com": "360", "haosou.com": "360",
    "360.cn": "360", "sm.cn": "Shenma", "quark.sm.cn": "Quark", "quark.cn": "Quark", "so.toutiao.com": "Toutiao",
    "chinaso.com": "ChinaSo", "bing.com": "Bing", "duckduckgo.com": "DuckDuckGo", "search.yahoo.com": "Yahoo",
    "search.yahoo.co.jp": "Yahoo", "ya.ru": "Yandex", "naver.com": "Naver", "daum.net": "Daum", "ecosia.org": "Ecosia",
    "qwant.com": "Qwant", "startpage.com": "Startpage", "ixquick.com": "Startpage", "seznam.cz": "Seznam",
    "search.brave.com": "Brave", "ask.com": "Ask", "search.aol.com": "AOL", "aolsearch.com": "AOL",
    "petalsearch.com": "Petal", "go.mail.ru": "Mail.ru", "nova.rambler.ru": "Rambler",
    "suche.1und1.de": "1&1", "suche.t-online.de": "T-Online", "suche.web.de": "WEB.DE", "suche.gmx.net": "GMX",
    "coccoc.com": "Cốc Cốc", "kagi.com": "Kagi", "mojeek.com": "Mojeek",
    "com.google.android.googlequicksearchbox": "Google",
}  # fmt: skip
SOCIAL = {
    "weixin.qq.com": "WeChat", "wx.qq.com": "WeChat", "wechat.com": "WeChat", "servicewechat.com": "WeChat",
    "weixin110.qq.com": "WeChat", "com.tencent.mm": "WeChat", "qzone.qq.com": "QZone", "com.tencent.mobileqq": "QQ",
    "weibo.com": "Weibo", "weibo.cn": "Weibo", "t.cn": "Weibo", "com.sina.weibo": "Weibo",
    "xiaohongshu.com": "Xiaohongshu", "xhslink.com": "Xiaohongshu", "rednote.com": "Xiaohongshu",
    "com.xingin.xhs": "Xiaohongshu", "douyin.com": "Douyin", "iesdouyin.com": "Douyin",
    "com.ss.android.ugc.aweme": "Douyin", "zhihu.com": "Zhihu", "com.zhihu.android": "Zhihu",
    "tieba.baidu.com": "Tieba", "douban.com": "Douban", "bilibili.com": "Bilibili", "b23.tv": "Bilibili",
    "tv.danmaku.bili": "Bilibili", "kuaishou.com": "Kuaishou", "gifshow.com": "Kuaishou",
    "com.smile.gifmaker": "Kuaishou", "toutiao.com": "Toutiao", "tiktok.com": "TikTok",
    "facebook.com": "Facebook", "fb.com": "Facebook", "fb.me": "Facebook", "messenger.com": "Facebook",
    "workplace.com": "Workplace", "instagram.com": "Instagram", "threads.net": "Threads", "threads.com": "Threads",
    "t.co": "X", "x.com": "X", "twitter.com": "X", "linkedin.com": "LinkedIn", "lnkd.in": "LinkedIn",
    "pinterest.com": "Pinterest", "pin.it": "Pinterest", "reddit.com": "Reddit", "redd.it": "Reddit",
    "com.reddit.frontpage": "Reddit", "youtube.com": "YouTube", "youtu.be": "YouTube", "vk.com": "VK",
    "vkontakte.ru": "VK", "ok.ru": "OK", "odnoklassniki.ru": "OK", "my.mail.ru": "My World", "t.me": "Telegram",
    "telegram.org": "Telegram", "org.telegram.messenger": "Telegram", "whatsapp.com": "WhatsApp",
    "wa.me": "WhatsApp", "discord.com": "Discord", "discord.gg": "Discord", "snapchat.com": "Snapchat",
    "tumblr.com": "Tumblr", "quora.com": "Quora", "linktr.ee": "Linktree", "lnk.bio": "Lnk.Bio",
    "bsky.app": "Bluesky", "mastodon.social": "Mastodon", "line.me": "LINE", "kakao.com": "Kakao",
    "blog.naver.com": "Naver", "cafe.naver.com": "Naver", "cafe.daum.net": "Daum",
    "com.facebook.katana": "Facebook", "com.instagram.android": "Instagram", "com.linkedin.android": "LinkedIn",
    "com.twitter.android": "X", "com.snapchat.android": "Snapchat", "com.pinterest": "Pinterest",
    "com.whatsapp": "WhatsApp", "discordapp.com": "Discord", "renren.com": "Renren", "v2ex.com": "V2EX",
    "douyu.com": "Douyu", "huya.com": "Huya", "xing.com": "XING", "mixi.jp": "mixi", "vimeo.com": "Vimeo",
    "livejournal.com": "LiveJournal", "news.ycombinator.com": "Hacker News",
}  # fmt: skip
EMAIL = {
    "mail.google.com": "Gmail", "inbox.google.com": "Gmail", "com.google.android.gm": "Gmail",
    "mail.qq.com": "QQ Mail", "exmail.qq.com": "QQ Mail", "com.tencent.androidqqmail": "QQ Mail",
    "mail.163.com": "NetEase Mail", "mail.126.com": "NetEase Mail", "mail.yeah.net": "NetEase Mail",
    "qiye.163.com": "NetEase Mail", "mail.sina.com.cn": "Sina Mail", "mail.sohu.com": "Sohu Mail",
    "mail.aliyun.com": "Aliyun Mail", "mail.139.com": "139 Mail", "mail.live.com": "Outlook",
    "outlook.live.com": "Outlook", "outlook.com": "Outlook", "outlook.office.com": "Outlook",
    "outlook.office365.com": "Outlook", "com.microsoft.office.outlook": "Outlook", "mail.yahoo.com": "Yahoo Mail",
    "mail.yahoo.net": "Yahoo Mail", "mail.yahoo.co.jp": "Yahoo Mail", "mail.aol.com": "AOL Mail",
    "mail.yandex.ru": "Yandex Mail", "mail.yandex.com": "Yandex Mail", "e.mail.ru": "Mail.ru",
    "touch.mail.ru": "Mail.ru", "mail.proton.me": "Proton Mail", "mail.zoho.com": "Zoho Mail",
    "navigator.gmx.net": "GMX", "mail.naver.com": "Naver Mail", "mail.daum.net": "Daum Mail",
}  # fmt: skip
ASSISTANT = {
    "doubao.com": "Doubao", "com.larus.nova": "Doubao", "kimi.com": "Kimi", "kimi.moonshot.cn": "Kimi",
    "deepseek.com": "DeepSeek", "yiyan.baidu.com": "Wenxin", "chat.baidu.com": "Wenxin", "ai.baidu.com": "Baidu AI",
    "tongyi.aliyun.com": "Qwen", "tongyi.com": "Qwen", "qianwen.com": "Qwen", "qwen.ai": "Qwen",
    "yuanbao.tencent.com": "Yuanbao", "chatglm.cn": "ChatGLM", "z.ai": "ChatGLM", "metaso.cn": "Metaso",
    "xinghuo.xfyun.cn": "Spark", "hailuoai.com": "MiniMax", "chatgpt.com": "ChatGPT", "chat.openai.com": "ChatGPT",
    "com.openai.chatgpt": "ChatGPT", "claude.ai": "Claude", "gemini.google.com": "Gemini",
    "bard.google.com": "Gemini", "notebooklm.google.com": "NotebookLM", "copilot.microsoft.com": "Copilot",
    "perplexity.ai": "Perplexity", "poe.com": "Poe", "meta.ai": "Meta AI", "grok.com": "Grok",
    "chat.mistral.ai": "Mistral", "character.ai": "Character.AI", "duck.ai": "Duck.ai", "you.com": "You.com",
}  # fmt: skip
PAID = {
    "pos.baidu.com": "Baidu", "cpro.baidu.com": "Baidu", "gdt.qq.com": "Tencent", "tanx.com": "Alimama",
    "doubleclick.net": "Google", "googleadservices.com": "Google", "googlesyndication.com": "Google",
    "syndicatedsearch.goog": "Google", "adsensecustomsearchads.com": "Google", "an.yandex.ru": "Yandex",
    "yabs.yandex.ru": "Yandex", "yabs.yandex.com": "Yandex", "criteo.com": "Criteo", "adnxs.com": "Xandr",
    "taboola.com": "Taboola", "outbrain.com": "Outbrain", "adform.net": "Adform", "adroll.com": "AdRoll",
}  # fmt: skip
# what the browsers built into apps say of themselves; they seldom name a referrer
APPS = {
    "MicroMessenger": "WeChat", "__weibo__": "Weibo", "xhsdiscover": "Xiaohongshu", "aweme": "Douyin",
    "ZhihuHybrid": "Zhihu", "FBAN/": "Facebook", "Instagram ": "Instagram",
}  # fmt: skip
# scheme, maybe a user, and the host; an IPv6 address stands in brackets
_HOST = re.compile(r"[^:/?#\\]{1,20}://(?:[^/?#\\@]*@)?(\[[^\]/?#]*\]|[^/?#\\:]*)")
_KNOWN = {
    host: (name, source)
    for name, table in (
        ("search", SEARCH),
        ("social", SOCIAL),
        ("email", EMAIL),
        ("assistant", ASSISTANT),
        ("paid", PAID),
    )
    for host, source in table.items()
}
# sites with an address of their own in each country: there are two hundred of google.de, google.com.hk, …
_NATIONAL = re.compile(
    r"(?:(?:m|search|cn|images|clck)\.)?(google|yahoo|yandex)\.(?:(?:com?\.)?[a-z]{2}|com|cat)"
    r"|(?:[a-z-]+\.)?(pinterest|facebook)\.(?:(?:com?\.)?[a-z]{2})"
)
# the first label of webmail: mail.firm.example, webmail2.…, email.…, and the names that large providers give it
_WEBMAIL = re.compile(
    r"(?:e|w|web|upc)?mail(?:business)?(?:\d+[a-z]?)?|lightmailer(?:-[a-z]+)?|messagerie(?:pro)?\d*"
)
# a page between a mail at GMX, WEB.DE, … and where its links lead
_WAY_OUT = re.compile(r"deref-(gmx|web|mail|1und1)\b.*")


def medium(referrer: str, page: str) -> tuple[str, str]:
    """Medium and source of a referrer, seen from a page; both are addresses.

    The medium is ``search``, ``social``, ``email``, ``assistant`` (one that answers in words, such as ChatGPT),
    ``paid`` (a network of advertisements), ``internal``, ``referral``, or ``direct`` where there is no referrer.

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


@lru_cache(maxsize=50_000)
def app(agent: str) -> str:
    """The app in whose own browser a page was opened, by the user agent; empty for any other browser.

    >>> app("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) MicroMessenger/8.0.54")
    'WeChat'
    """
    return next((name for sign, name in APPS.items() if sign in agent), "")


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
    for start, label in enumerate(labels):
        rest = ".".join(labels[start:])
        known = _KNOWN.get(rest)
        if known is not None:
            return known
        if start < len(labels) - 2 and _WEBMAIL.fullmatch(label):
            return "email", rest
    national = _NATIONAL.fullmatch(host)
    if national is not None:
        engine, network = national.groups()
        return ("search", engine.capitalize()) if engine else ("social", network.capitalize())
    return ("email", host) if _WAY_OUT.fullmatch(host) else ("referral", host)
