"""The gate: rules top to bottom, all answers kept."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.decide import RULES, Contact, Policy, Word, check, is_address, refusal

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


MOMENTS = st.integers(0, 3).map(lambda n: datetime(2026, 3, 1 + n, tzinfo=UTC))
WORDS = st.builds(Word, st.booleans(), st.sampled_from(["import", "unsubscribe:page", "form:door"]), MOMENTS)


@given(general=st.none() | WORDS, own=st.none() | WORDS, policy=st.sampled_from(["opt_in", "opt_out"]))
def test_the_word_about_the_topic_counts_unless_a_no_to_everything_came_after_it(general, own, policy):
    contact = Contact("c1", "li@example.com", topics={} if own is None else {"news": own, "other": own})
    if general is not None:
        contact = replace(
            contact, consent=general.granted, consent_source=general.source, consent_at=general.at
        )
    refused = refusal(check(contact, Policy(policy, topic="news")))
    stopped = general is not None and not general.granted
    if own is not None and not own.granted:
        assert refused
    elif own is not None:
        assert bool(refused) == (stopped and general.at >= own.at)
    else:  # nobody asked about the topic
        assert refused == refusal(check(contact, Policy(policy)))
    # whatever was said about topics, a message about none follows the general word
    assert refusal(check(contact, Policy(policy))) == refusal(
        check(replace(contact, topics={}), Policy(policy))
    )
    assert bool(refusal(check(contact, Policy(policy)))) == (
        stopped or (general is None and policy == "opt_in")
    )


def test_the_refusal_names_the_topic():
    contact = Contact("c1", "li@example.com", consent=True, topics={"news": Word(False, "form:door")})
    (fact,) = [fact for fact in check(contact, Policy("opt_in", topic="news")) if not fact.holds]
    assert (fact.code, fact.detail["topic"]) == ("no_consent", "news")
