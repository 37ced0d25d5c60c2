"""How a kind of condition is offered and said in a form: sentences with slots, one template per language.

A slot is the name of a part; ``{bounds}`` stands for ``at_least`` and ``at_most``, ``{window}`` for the parts of
a window of time. *Words between stars* are strong. A kind without sentences is offered by its own name, with all
its parts in a row.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyin.domain.text import Text, say

# the groups of the menu that offers conditions, in its order
ACTIONS = say("What they did")
SPENDING = say("What they spent")
WHO = say("Who they are")
INTERESTS = say("What they like")
MESSAGES = say("Messages and consent")
SEGMENTS = say("Segments and samples")
GROUPS = (ACTIONS, SPENDING, WHO, INTERESTS, MESSAGES, SEGMENTS)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One way to say a kind of condition, or its opposite where it is ``negated``.

    A part without a slot is at its default: ``did not {event} {window}`` has no number of times. ``title`` and
    ``icon`` stand in the menu, in the group of that name.
    """

    text: Text
    title: Text
    group: Text
    icon: str = "filter"
    negated: bool = False
