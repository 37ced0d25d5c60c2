"""Doubts about addresses: slips next to large providers are seen, and domains that exist are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyin.domain.reasons import DoubtReason
from zhiyin.loop.collect.doubts import OTHERS, PROVIDERS, doubt


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"), ("gmal.com", "gmail.com"), ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"), ("gmaill.com", "gmail.com"), ("GMAIL.CM", "gmail.com"),
        ("hotmial.com", "hotmail.com"), ("homtial.com", "hotmail.com"), ("hotmail.co", "hotmail.com"),
        ("outlok.com", "outlook.com"), ("yahooo.com", "yahoo.com"), ("icloud.cmo", "icloud.com"),
        ("qq.con", "qq.com"), ("qq.cm", "qq.com"), ("163.co", "163.com"), ("126.cmo", "126.com"),
        ("foxmial.com", "foxmail.com"), ("aliyum.com", "aliyun.com"), ("sina.con", "sina.com"),
    ],
)  # fmt: skip
def test_a_slip_is_seen_with_what_was_meant(typed: str, meant: str) -> None:
    found = doubt(f"li.lei@{typed}")
    assert found is not None
    assert (found.reason, found.suggestion) == (DoubtReason.MISTYPED, f"li.lei@{meant}")


@pytest.mark.parametrize("domain", [*PROVIDERS, *sorted(OTHERS)])
def test_a_domain_that_is_known_is_never_doubted(domain: str) -> None:
    assert doubt(f"ann@{domain}") is None


@pytest.mark.parametrize(
    "domain",
    ["yahoo.fr", "yahoo.co.jp", "hotmail.co.uk", "outlook.de", "live.cn", "165.com", "q.com", "hotel.com",
     "alibaba.com", "shop.example", "tea.shop", "gmail.example"],
)  # fmt: skip
def test_domains_that_only_look_near_are_left_alone(domain: str) -> None:
    assert doubt(f"ann@{domain}") is None


@pytest.mark.parametrize("domain", ["mailinator.com", "MAILINATOR.com", "a.b.mailinator.com", "yopmail.com"])
def test_addresses_that_are_thrown_away_are_seen(domain: str) -> None:
    found = doubt(f"x@{domain}")
    assert found is not None
    assert (found.reason, found.suggestion) == (DoubtReason.DISPOSABLE, "")


@given(st.sampled_from(PROVIDERS).filter(lambda name: len(name.partition(".")[0]) >= 5), st.data())
def test_two_swapped_letters_of_a_long_name_are_seen_or_make_another_known_name(
    provider: str, data: st.DataObject
) -> None:
    name, _dot, end = provider.partition(".")
    at = data.draw(st.integers(0, len(name) - 2))
    typed = f"{name[:at]}{name[at + 1]}{name[at]}{name[at + 2 :]}.{end}"
    found = doubt(f"ann@{typed}")
    if typed in {*PROVIDERS, *OTHERS}:
        assert found is None
    else:
        assert found is not None
        assert found.suggestion == f"ann@{provider}"


@settings(max_examples=30)
@given(st.emails())
def test_whatever_the_address_a_suggestion_is_another_address_without_doubt(email: str) -> None:
    found = doubt(email)
    if found and found.suggestion:
        assert found.suggestion != email
        assert doubt(found.suggestion) is None
