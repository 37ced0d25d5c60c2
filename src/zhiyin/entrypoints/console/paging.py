"""Pages of a long list: which one is asked for, and how many there are."""

from __future__ import annotations


def number(text: str) -> int:
    """A page's number from the query string; the first where it is none.

    >>> number("3"), number("0"), number("x"), number("")
    (3, 1, 1, 1)
    """
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def pages(total: int, per_page: int) -> int:
    """How many pages a list has; an empty one has a page too.

    >>> pages(0, 50), pages(50, 50), pages(51, 50)
    (1, 1, 2)
    """
    return max(1, -(-total // per_page))
