"""intent + facts → decision with its probability, or a refusal."""

from zhiyin.loop.decide.decision import decide, refuse
from zhiyin.loop.decide.gate import RULES, Contact, Policy, Word, check, is_address, refusal, word_about
from zhiyin.loop.decide.pace import allowance, waits

__all__ = [
    "RULES",
    "Contact",
    "Policy",
    "Word",
    "allowance",
    "check",
    "decide",
    "is_address",
    "refusal",
    "refuse",
    "waits",
    "word_about",
]
