"""Decides: chance first, then the gate, so that both arms hold the same kind of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from zhiyin.domain.decision import HOLDOUT, REFUSE, Choice, Decision, Fact
from zhiyin.loop.decide.gate import refusal
from zhiyin.loop.decide.holdout import alternatives, assign


def decide(
    customer_id: str, facts: Sequence[Fact], *, share: float, seed: str, versions: Mapping[str, str]
) -> Decision:
    """The decision for one customer.

    The arm is drawn before the facts are looked at: who is refused keeps the arm (``assigned``), and who is
    held out has the same facts on record. Leaving the refused out of one arm only would make the arms differ
    and the effect a fiction.
    """
    assigned = assign(customer_id, seed=seed, share=share)
    reason = "" if assigned == HOLDOUT else refusal(facts)
    choice: Choice = REFUSE if reason else assigned
    return Decision(
        customer_id=customer_id,
        choice=choice,
        assigned=assigned,
        probability=share if assigned == HOLDOUT else 1.0 - share,
        alternatives=alternatives(share),
        facts=tuple(facts),
        versions=dict(versions),
        reason="holdout" if assigned == HOLDOUT else reason,
    )


def refuse(decision: Decision, facts: Sequence[Fact], reason: str) -> Decision:
    """The same decision after a later check refused it; the arm by chance stays."""
    return replace(decision, choice=REFUSE, reason=reason, facts=tuple(facts))
