"""The gate: rules top to bottom, all answers kept."""

import pytest

from zhiyin.loop.decide import RULES, Contact, Policy, check, is_address, refusal

OPT_IN, OPT_OUT = Policy("opt_in"), Policy("opt_out")
GOOD = {"customer_id": "c1", "address": "li@example.com", "consent": True}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"known": False}, "erased"),
        ({"suppressed": "erased"}, "erased"),
        ({"address": ""}, "no_address"),
        ({"address": "  "}, "no_address"),
        ({"address": "li@"}, "bad_address"),
        ({"address": "li@xn--例.公司"}, "bad_address"),
        ({"address": f"li@{'例' * 60}.公司"}, "bad_address"),
        ({"address": "li@example.com\r\nBcc: x@y.example"}, "bad_address"),
        ({"suppressed": "hard_bounce"}, "suppressed"),
        ({"suppressed": "complaint"}, "suppressed"),
        ({"suppressed": "unsubscribed"}, "unsubscribed"),
        ({"consent": False, "consent_source": "unsubscribe:page"}, "unsubscribed"),
        ({"consent": False, "consent_source": "import"}, "no_consent"),
        ({"consent": None}, "no_consent"),
    ],
)
def test_the_first_rule_that_does_not_hold_is_the_reason(change, reason):
    assert refusal(check(Contact(**(GOOD | change)), OPT_IN)) == reason


def test_under_opt_out_silence_is_a_yes_and_a_no_stays_a_no():
    assert refusal(check(Contact("c1", "li@example.com"), OPT_OUT)) == ""
    assert refusal(check(Contact("c1", "li@example.com", consent=False), OPT_OUT)) == "no_consent"


def test_every_rule_answers_even_after_a_refusal():
    facts = check(Contact("c1", known=False), OPT_IN)
    assert len(facts) == len(RULES)
    assert [fact.code for fact in facts if not fact.holds] == ["erased", "no_address", "no_consent"]


@pytest.mark.parametrize(
    "text",
    [
        "a@b.co",
        "li.na+tea@mail.example.com",
        "o'hara@example.ie",
        "x_1@例子.公司",
        "A@EXAMPLE.COM",
        "李娜@example.com",
    ],
)
def test_addresses_that_can_be_written_to(text):
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "a b@c.de",
        "a@@b.de",
        ".a@b.de",
        "a..b@c.de",
        "a@☃.example",
        "李\u2028@example.com",
        "李" * 22 + "@example.com",
        "a@b.de\n",
        "a@-b.de",
        "<a@b.de>",
        "a@b.de,c@d.de",
        "x" * 65 + "@b.de",
        "a@" + "b" * 250 + ".de",
    ],
)
def test_addresses_that_cannot(text):
    assert not is_address(text)
