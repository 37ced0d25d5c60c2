"""Placements: the places where items are recommended, each with its question and its rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Question(StrEnum):
    """What is asked of a model at a placement, and so what it is judged by."""

    NEXT = "next"  # what will this customer buy next?
    SESSION = "session"  # who looks at this item, which do they turn to next?
    BASKET = "basket"  # what goes with what is in the basket?


@dataclass(frozen=True, slots=True)
class Placement:
    """A place where items are recommended.

    ``repeats`` lets items come back that the customer has; else those bought in the last
    ``exclude_bought_days`` days are left out (None: nothing is). A category stands at most
    ``most_per_category`` times in a list (None: no limit). The ``pinned`` items come first, in that order, whatever
    the model says; ``excluded_items`` and those of ``excluded_categories`` never come.
    """

    key: str
    name: str
    question: Question = Question.NEXT
    repeats: bool = False
    exclude_bought_days: int | None = 30
    most_per_category: int | None = None
    pinned: tuple[str, ...] = ()
    excluded_items: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()


EMAIL = "email"
INSTALLED = (
    Placement(EMAIL, "E-mail"),
    Placement("home", "Home page", repeats=True, exclude_bought_days=None),
    Placement("item", "Item page", Question.SESSION, repeats=True, exclude_bought_days=None),
    Placement("basket", "Basket", Question.BASKET, repeats=True, exclude_bought_days=None),
)
