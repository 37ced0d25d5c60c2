"""Hashes for ad platforms, against the examples that the platforms publish."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.deliver.match_list import PLATFORMS, google_email, md5, sha256


# Google's Data Manager client libraries test their formatters with these two; Meta's page "Customer Information
# Parameters" shows the other two
@pytest.mark.parametrize(
    ("platform", "email", "phone", "hashes"),
    [
        (
            "match-google",
            " AlexZ@example.com ",
            "+18005550100",
            (
                "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a",
                "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30",
            ),
        ),
        (
            "match-meta",
            "John_Smith@gmail.com",
            "+16505551212",
            (
                "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
                "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
            ),
        ),
    ],
)
def test_the_published_examples_come_out(
    platform: str, email: str, phone: str, hashes: tuple[str, ...]
) -> None:
    assert PLATFORMS[platform].hashes(email, phone) == hashes


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("cloudy.sanfrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),  # Google's own
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),  # Google's own
        ("A.B@GoogleMail.com", "ab@googlemail.com"),
        ("+tag@gmail.com", ""),
    ],
)
def test_google_folds_the_addresses_of_gmail_alone(written: str, normal: str) -> None:
    assert google_email(written) == normal


def test_meta_keeps_dots_and_plus() -> None:
    email, _ = PLATFORMS["match-meta"].hashes("a.b+c@gmail.com", "")
    assert email == hashlib.sha256(b"a.b+c@gmail.com").hexdigest()


def test_tencent_takes_the_eleven_digits_of_chinese_mobile_numbers() -> None:
    assert PLATFORMS["match-tencent"].hashes("a@example.com", "+8613800138000") == (
        hashlib.sha256(b"13800138000").hexdigest(),
    )
    assert PLATFORMS["match-tencent-md5"].hashes("a@example.com", "+8613800138000") == (md5("13800138000"),)
    for other in ("+16505551212", "+862154321000", "+861380013800", ""):
        assert PLATFORMS["match-tencent"].hashes("a@example.com", other) == ("",)


@given(st.emails(), st.sampled_from(sorted(PLATFORMS)))
def test_case_and_blanks_around_make_no_difference(address: str, platform: str) -> None:
    hashes = PLATFORMS[platform].hashes
    assert hashes(address.lower(), "") == hashes(f" {address.upper().lower()}\n", "")
    assert all(
        len(cell) in (0, 32, 64) and cell == cell.lower() for cell in hashes(address, "+8613800138000")
    )


def test_nothing_gives_nothing() -> None:
    assert sha256("") == md5("") == ""
    assert all(not any(platform.hashes("", "")) for platform in PLATFORMS.values())
