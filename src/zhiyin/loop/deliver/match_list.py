"""A person's e-mail address and phone number → hashes by which ad platforms know them again.

What the platforms publish, as read in November 2026:

* Google Ads Customer Match: a CSV file in UTF-8 whose headers are ``Email`` and ``Phone``
  (support.google.com/google-ads/answer/7659867); SHA-256 of the address in lower case without blanks, in
  gmail.com and googlemail.com also without the dots and without ``+`` and what follows it, other domains as
  they are; SHA-256 of the number in E.164 with its ``+``
  (developers.google.com/data-manager/api/devguides/concepts/formatting).
* Meta Custom Audiences: headers ``email`` and ``phone`` (facebook.com/business/help/2082575038703844); SHA-256
  of the address trimmed and in lower case, and of the number with its country code in digits alone
  (developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters).
* Tencent Ads: one number a line, no header; ``SHA256_MOBILE_PHONE`` or ``HASH_MOBILE_PHONE``, the MD5, of
  the eleven digits of a Chinese mobile number
  (developers.e.qq.com/docs/api/audiences/custom_audience_file/custom_audience_files_add and
  developers.e.qq.com/docs/audience_management/file).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_BLANKS = re.compile(r"\s+")
_CHINESE_MOBILE = re.compile(r"\+86(1\d{10})")


@dataclass(frozen=True, slots=True)
class Platform:
    """How one ad platform wants its file.

    ``header`` is the first line, empty where there is none; ``hashes`` gives the cells of a person from an
    address and a number in E.164, each empty where there is none; a cell is empty where nothing can be matched.
    """

    header: tuple[str, ...]
    hashes: Callable[[str, str], tuple[str, ...]]


def google_email(address: str) -> str:
    """The address as Google hashes it.

    >>> google_email("cloudy.sanfrancisco+shopping@gmail.com"), google_email("user.name+NYC@Example.com")
    ('cloudysanfrancisco@gmail.com', 'user.name+nyc@example.com')
    """
    local, at, domain = _BLANKS.sub("", address).lower().rpartition("@")
    if domain in _GMAIL:
        local = local.partition("+")[0].replace(".", "")
    return f"{local}{at}{domain}" if local else ""


def meta_email(address: str) -> str:
    """The address as Meta hashes it.

    >>> meta_email(" John_Smith@gmail.com ")
    'john_smith@gmail.com'
    """
    return address.strip().lower()


def meta_phone(number: str) -> str:
    """The number in E.164 as Meta hashes it.

    >>> meta_phone("+16505551212")
    '16505551212'
    """
    return number.removeprefix("+")


def chinese_mobile(number: str) -> str:
    """The eleven digits of a Chinese mobile number in E.164, empty for every other number.

    >>> chinese_mobile("+8613800138000"), chinese_mobile("+16505551212")
    ('13800138000', '')
    """
    found = _CHINESE_MOBILE.fullmatch(number)
    return found[1] if found else ""


def sha256(text: str) -> str:
    """The SHA-256 of a text in lower-case hex, empty for an empty text.

    >>> sha256("alexz@example.com")[:16], sha256("")
    ('509e933019bb285a', '')
    """
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def md5(text: str) -> str:
    """The MD5 of a text in lower-case hex, empty for an empty text: a name for matching, no protection."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() if text else ""


def _google(email: str, phone: str) -> tuple[str, ...]:
    return sha256(google_email(email)), sha256(phone)


def _meta(email: str, phone: str) -> tuple[str, ...]:
    return sha256(meta_email(email)), sha256(meta_phone(phone))


def _tencent(email: str, phone: str) -> tuple[str, ...]:
    return (sha256(chinese_mobile(phone)),)


def _tencent_md5(email: str, phone: str) -> tuple[str, ...]:
    return (md5(chinese_mobile(phone)),)


PLATFORMS = MappingProxyType(
    {
        "match-google": Platform(("Email", "Phone"), _google),
        "match-meta": Platform(("email", "phone"), _meta),
        "match-tencent": Platform((), _tencent),
        "match-tencent-md5": Platform((), _tencent_md5),
    }
)
