"""Properties, traits and amounts: trimmed, typed, in one normal form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.payloads import event, reason, server

from zhiyin.loop.collect.cleaning import cleaned
from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.normal_forms import email, phone, region


def test_missing_values_are_absent_however_deep() -> None:
    given = {"a": "", "b": " null ", "c": "N/A", "d": "undefined", "e": None, "f": float("nan"), "g": " x\n",
             "h": {"i": "NULL", "j": [1, None, "", {"k": "none"}]}, "l": 0, "m": False, "n": 10**30}  # fmt: skip
    assert cleaned(given) == {"g": "x", "h": {"j": [1, {}]}, "l": 0, "m": False, "n": str(10**30)}


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=25) | st.integers() | st.floats() | st.none()))
def test_cleaning_twice_is_cleaning_once(values: dict[str, Any]) -> None:
    assert cleaned(cleaned(values)) == cleaned(values)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ann.Lee@Example.COM", "Ann.Lee@example.com"),
        (" ann@example.com\n", "ann@example.com"),
        ("ann+tea@shop.test", "ann+tea@shop.test"),
        ("anne\u0301@example.com", "ann\u00e9@example.com"),  # one form of é
        ("王@例子.广告", "王@例子.广告"),
        ("ann@localhost", None),
        ("ann", None),
        ("ann@@example.com", None),
        ("ann@example..com", None),
        ("Ann <ann@example.com>", None),
    ],
)
def test_an_email_address_has_one_normal_form(written: str, normal: str | None) -> None:
    assert email(written) == normal


@pytest.mark.parametrize(
    ("written", "home", "normal"),
    [
        ("13800138000", "CN", "+8613800138000"),
        ("+86 138-0013-8000", "US", "+8613800138000"),
        ("0086 13800138000", "CN", "+8613800138000"),
        ("(0)10 6552 9988", "CN", "+861065529988"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("030 901820", "DE", "+4930901820"),
        ("１３８００１３８０００", "CN", "+8613800138000"),
        ("12", "CN", None),
        ("call me", "CN", None),
        ("13800138000", "", None),
    ],
)
def test_a_phone_number_has_one_normal_form(written: str, home: str, normal: str | None) -> None:
    assert phone(written, home) == normal


@pytest.mark.parametrize(
    ("currency", "timezone", "expected"),
    [
        ("CNY", "UTC", "CN"),
        ("EUR", "Europe/Berlin", "DE"),
        ("EUR", "UTC", ""),
        ("USD", "America/New_York", "US"),
    ],
)
def test_the_country_of_a_shop_follows_from_its_currency_and_time_zone(
    currency: str, timezone: str, expected: str
) -> None:
    assert region(currency, timezone) == expected


def test_traits_come_in_their_normal_form_and_from_the_context_too() -> None:
    found = event(
        server(
            type="identify",
            context={"traits": {"city": " 杭州 ", "plan": "free"}},
            traits={
                "email": " A@Example.COM",
                "phone": "138 0013 8000",
                "plan": "paid",
                "age": 31,
                "title": "",
            },
        )
    )
    assert found.properties == {
        "city": "杭州", "plan": "paid", "email": "A@example.com", "phone": "+8613800138000", "age": 31,
    }  # fmt: skip


def test_a_number_that_nobody_can_call_stays_as_it_was_written() -> None:
    assert event(server(type="identify", traits={"phone": "ask Bob"})).properties == {"phone": "ask Bob"}


@pytest.mark.parametrize(
    ("total", "minor"),
    [(12.5, 1250), ("12.5", 1250), ("¥1,234.50", 123450), ("１２．５０元", 1250), ("1.234,50", 123450),
     ("12,50", 1250), (0.285, 29), (1.005, 101), (0, 0), ("CNY 8", 800), (19.99, 1999), (1e11 + 0.01, 10**13 + 1)],
)  # fmt: skip
def test_amounts_are_understood_as_people_write_them(total: Any, minor: int) -> None:
    assert event(server(properties={"total": total})).amount == minor


@pytest.mark.parametrize("total", [True, [], {}, "1e999999", "--1", 10**30, "twelve"])
def test_what_is_no_amount_is_refused(total: Any) -> None:
    assert reason(server(properties={"total": total})) == "bad_number"


@pytest.mark.parametrize("currency", ["CNY", "cny ", "RMB", "¥", "人民币", "", None, "N/A"])
def test_the_shops_currency_has_several_names(currency: Any) -> None:
    assert event(server(properties={"total": 5, "currency": currency})).currency == "CNY"


@pytest.mark.parametrize("currency", ["USD", "€", 7, "JPY"])
def test_amounts_in_another_currency_are_refused(currency: Any) -> None:
    assert reason(server(properties={"total": 5, "currency": currency})) == "bad_currency"
    assert event(server(properties={"currency": currency})).amount is None


def test_a_yen_has_no_cents() -> None:
    assert event(server(properties={"revenue": "1,200"}), Facts(currency="JPY")).amount == 1200
