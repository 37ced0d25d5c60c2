"""Addresses → doubts: thrown away after use, or mistyped. Nothing is refused for it; whoever typed may be asked.

Disposable are the domains of the list that the package ``disposable-email-domains`` brings, and those below them.
Mistyped is a domain that nobody knows, one slip of the finger away from a large provider of mail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from zhiyin.domain.doubt import Doubt
from zhiyin.domain.reasons import DoubtReason

# where most people have their mail, in the West and in China; a name of fewer than five letters must be right
PROVIDERS = (
    "gmail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com", "live.com", "msn.com", "aol.com",
    "protonmail.com", "yandex.ru", "mail.ru", "gmx.de", "gmx.net", "gmx.com", "web.de", "googlemail.com", "zoho.com",
    "qq.com", "163.com", "126.com", "139.com", "189.com", "foxmail.com", "sina.com", "sohu.com", "aliyun.com",
    "yeah.net", "tom.com", "21cn.com", "naver.com", "hanmail.net", "docomo.ne.jp", "orange.fr", "libero.it",
)  # fmt: skip
# exist, are no mistakes, and look like one
OTHERS = frozenset(
    (
        "mail.com", "email.com", "ymail.com", "gmx.at", "gmx.ch", "me.com", "mac.com", "163.net", "126.net",
        "188.com", "vip.163.com", "vip.126.com", "vip.qq.com", "263.net", "sina.cn", "vip.sina.com", "sina.com.cn",
        "wo.cn", "sogou.com", "hotmail.de", "yandex.com", "proton.me", "pm.me", "hey.com", "fastmail.com", "fmail.com",
 "zmail.com", "qmail.com", "rocketmail.com", "wanadoo.fr", "free.fr", "online.de", "ono.com", "oi.com",
        "zoho.eu", "zoho.in", "love.com", "line.com", "like.com", "life.com", "dive.com", "five.com", "libero.com",
        "daum.net", "ezweb.ne.jp", "softbank.ne.jp", "rambler.ru", "bk.ru", "list.ru", "inbox.ru", "web.com", "zoom.com",
    )
)  # fmt: skip
_EVERYWHERE = frozenset(
    ("hotmail", "outlook", "live", "yahoo", "gmx", "zoho", "yandex", "orange")
)  # in many countries
_SLIPS = frozenset(
    ("co", "cm", "om", "ne", "cn")
)  # of com and net; a country too, yet not where these providers are
_SHORT, _LONG = 5, 7  # letters of a name from which one slip counts, and from which two
_KNOWN = frozenset(PROVIDERS) | OTHERS


def doubt(email: str) -> Doubt | None:
    """What makes one doubt an address, None for most. The address must be one already.

    >>> doubt("li@gmial.com").suggestion, doubt("li@163.co").suggestion, doubt("li@gmail.com")
    ('li@gmail.com', 'li@163.com', None)
    """
    local, _at, domain = email.rpartition("@")
    meant = _of(domain.lower())
    if meant is None:
        return None
    return Doubt(DoubtReason.MISTYPED, f"{local}@{meant}") if meant else Doubt(DoubtReason.DISPOSABLE)


@lru_cache(maxsize=50_000)
def _of(domain: str) -> str | None:
    """The provider that was meant, the empty text for a disposable domain, None where nothing is to be said."""
    if domain in _KNOWN:
        return None
    thrown_away = any(one in _disposable() for one in _and_above(domain))
    meant, slips = _meant(domain)
    if meant and not (thrown_away and slips > 1):
        return meant
    return "" if thrown_away else None


def _and_above(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    return (".".join(labels[at:]) for at in range(max(1, len(labels) - 1)))


@lru_cache(maxsize=1)
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist  # 10,000 names: loaded with the first question

    return frozenset(blocklist)


def _meant(domain: str) -> tuple[str, int]:
    """The provider that a domain is fewest slips away from, and how many; empty without one."""
    name, _dot, end = domain.partition(".")
    best, least = "", 3
    if name in _EVERYWHERE and _in_a_country(end):
        return best, 0
    for provider in PROVIDERS:
        theirs, _dot, ending = provider.partition(".")
        slips, ends = _distance(name, theirs), _distance(end, ending)
        if slips <= _allowed(name, theirs) and ends <= _allowed_end(end, ending) and slips + ends < least:
            best, least = provider, slips + ends
    return best, least


def _in_a_country(end: str) -> bool:
    last = end.rpartition(".")[2]
    return len(last) == 2 and end not in _SLIPS


def _allowed(name: str, theirs: str) -> int:
    """How many slips a name may be away from a provider's: of a short one none, of a long one two."""
    if len(theirs) < _SHORT or len(name) < _SHORT - 1:
        return 0
    others = (
        Counter(name) - Counter(theirs)
    ).total()  # two slips are swapped letters, with one wrong at most
    return 2 if len(theirs) >= _LONG and name[:1] == theirs[:1] and others <= 1 else 1


def _allowed_end(end: str, ending: str) -> int:
    """Endings are the same, or a slip of ``com`` or ``net``; two letters are a country, but for a few."""
    if ending not in ("com", "net") or (len(end) == 2 and end not in _SLIPS) or "." in end:
        return 0
    return 0 if end in ("com", "net") else 1


def _distance(one: str, other: str) -> int:
    """Letters that were left out, added, exchanged or swapped with their neighbour (optimal string alignment).

    >>> _distance("gmial", "gmail"), _distance("con", "com"), _distance("gmail", "gmail")
    (1, 1, 0)
    """
    if one == other:
        return 0
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, row = row, [at]
        for place, theirs in enumerate(other, 1):
            cost = min(above[place] + 1, row[place - 1] + 1, above[place - 1] + (letter != theirs))
            if at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == theirs:
                cost = min(cost, before[place - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]
