"""What is typed into a form: rules from top to bottom, whatever anybody types."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.form import Form, SignUp
from zhiyin.domain.reasons import SignUpReason
from zhiyin.loop.collect import sign_ups
from zhiyin.loop.collect.sign_ups import RULES, Asked, mailbox, refusal

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOOR = Form("door", "Door", fields=("name",), topics=("news", "offers"))
GOOD = SignUp("ann@example.com", {"name": "Ann"}, ("news",), "en", asked_at=NOW - timedelta(seconds=9))


def asked(form: Form = DOOR, offered: tuple[str, ...] = ("news", "offers"), **changes: object) -> Asked:
    return Asked(form, replace(GOOD, **changes), offered, NOW)


def test_what_a_person_types_is_taken() -> None:
    assert refusal(asked()) is None
    assert asked(email=" Ann@Example.COM ").email == "Ann@example.com"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trap": "+1 555"}, "trap"),
        ({"asked_at": None}, "unknown_origin"),
        ({"asked_at": None, "trusted": True}, None),
        ({"asked_at": NOW - timedelta(seconds=1.9)}, "too_fast"),
        ({"asked_at": NOW - timedelta(hours=25)}, "stale"),
        ({"email": "ann"}, "bad_email"),
        ({"email": "ann@example.com\r\nBcc: x@y.example"}, "bad_email"),
        ({"email": "a" * 10_000 + "@example.com"}, "bad_email"),
        ({"fields": {"name": "x" * 201}}, "bad_field"),
        ({"fields": {"birthday": "1990"}}, "bad_field"),
        ({"email": "ann@gmial.com"}, "mistyped"),
        ({"email": "ann@gmial.com", "sure": True}, None),
        ({"email": "ann@mailinator.com"}, "disposable"),
        ({"topics": ("news", "insiders")}, "unknown_topic"),
        ({"topics": ()}, "no_topic"),
    ],
)
def test_the_first_rule_that_stops_it_is_the_reason(change: dict[str, object], reason: str | None) -> None:
    assert refusal(asked(**change)) == reason


def test_of_a_single_topic_nobody_is_asked_and_of_no_topic_any_more_nothing_is_taken() -> None:
    assert asked(offered=("news",), topics=()).topics == ("news",)
    assert refusal(asked(offered=("news",), topics=())) is None
    assert refusal(asked(offered=(), topics=())) == SignUpReason.CLOSED
    assert refusal(asked(Form("door", "Door"), (), fields={}, topics=())) is None


def test_a_form_may_take_addresses_that_are_thrown_away() -> None:
    assert refusal(asked(replace(DOOR, take_disposable=True), email="ann@mailinator.com")) is None


def test_every_rule_is_a_reason() -> None:
    assert {rule.__name__ for rule in RULES} | sign_ups.QUIET == set(SignUpReason)


@given(
    st.text(max_size=40),
    st.lists(st.text(max_size=8), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text()),
)
def test_whatever_is_typed_only_offered_topics_and_asked_fields_get_through(
    email: str, topics: list[str], fields: dict[str, str]
) -> None:
    one = asked(email=email, topics=tuple(topics), fields=fields)
    if refusal(one) is None:
        assert set(one.topics) <= {"news", "offers"}
        assert set(fields) <= {"name"}
        assert one.email.count("@") == 1
        assert "\n" not in one.email


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann.Lee+1@gmail.com", "annlee@gmail.com", True),
        ("ann+news@example.com", "ANN@example.com", True),
        ("ann.lee@example.com", "annlee@example.com", False),
    ],
)
def test_another_spelling_is_no_other_mailbox(one: str, other: str, same: bool) -> None:
    assert (mailbox(one) == mailbox(other)) is same
