"""Providers: who receives for several domains, and limits what a sender gives them in all of these together."""

from __future__ import annotations

PROVIDERS: dict[str, frozenset[str]] = {
    name: frozenset(domains.split())
    for name, domains in {
        "aliyun": "aliyun.com alibaba.com",
        "apple": "icloud.com me.com mac.com",
        "google": "gmail.com googlemail.com",
        "microsoft": "outlook.com hotmail.com live.com msn.com live.cn outlook.cn hotmail.co.uk hotmail.fr "
        "hotmail.de hotmail.it hotmail.es outlook.fr outlook.de outlook.jp live.fr live.co.uk",
        "netease": "163.com 126.com yeah.net 188.com vip.163.com vip.126.com",
        "sina": "sina.com sina.cn vip.sina.com",
        "sohu": "sohu.com vip.sohu.com",
        "tencent": "qq.com vip.qq.com foxmail.com",
        "united_internet": "gmx.de gmx.net gmx.at gmx.ch web.de",
        "yahoo": "yahoo.com ymail.com rocketmail.com aol.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es",
        "yandex": "yandex.ru yandex.com ya.ru",
    }.items()
}  # the public domains of each; a company's own domain at one of them is not known by its name


def domains_at(name: str) -> frozenset[str]:
    """The domains that a name stands for: those of a provider, or the one domain it is.

    >>> sorted(domains_at("tencent")), sorted(domains_at("shop.example"))
    (['foxmail.com', 'qq.com', 'vip.qq.com'], ['shop.example'])
    """
    return PROVIDERS.get(name, frozenset((name,)))
