"""Decisions: the arm is drawn before anybody is refused."""

from zhiyin.domain.decision import HOLDOUT, REFUSE, SEND
from zhiyin.loop.decide import Contact, Policy, check, decide, refuse

VERSIONS = {"segment": "loyal@1"}


def _decide(customer_id, consent, share=0.3):
    facts = check(Contact(customer_id, "a@example.com", consent=consent), Policy())
    return decide(customer_id, facts, share=share, seed="spring", versions=VERSIONS)


def test_consent_has_no_say_in_which_arm_somebody_is_in():
    for n in range(500):
        assert _decide(f"c{n}", True).assigned == _decide(f"c{n}", False).assigned


def test_the_refused_keep_their_arm_and_say_why():
    refused = [d for n in range(500) if (d := _decide(f"c{n}", False)).choice == REFUSE]
    assert refused
    assert {d.assigned for d in refused} == {SEND}
    assert {d.reason for d in refused} == {"no_consent"}


def test_those_held_out_have_the_same_facts_on_record():
    held = [d for n in range(500) if (d := _decide(f"c{n}", False)).choice == HOLDOUT]
    assert held
    assert all(any(f.code == "no_consent" and not f.holds for f in d.facts) for d in held)


def test_the_probability_is_that_of_the_arm_drawn():
    for n in range(100):
        decision = _decide(f"c{n}", True)
        assert decision.probability == (0.3 if decision.assigned == HOLDOUT else 0.7)


def test_a_late_refusal_changes_the_choice_and_not_the_arm():
    before = next(d for n in range(100) if (d := _decide(f"c{n}", True)).choice == SEND)
    after = refuse(before, (), "unsubscribed")
    assert (after.choice, after.assigned, after.reason) == (REFUSE, SEND, "unsubscribed")
    assert after.probability == before.probability
