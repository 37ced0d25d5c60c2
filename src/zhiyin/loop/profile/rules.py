"""Rules in Python, written as in text: ``did("Order Completed", within="90d") & (trait("orders") >= 3)``.

Each makes the same rule as its text form. ``&``, ``|`` and ``~`` join rules; spans may be ``timedelta`` and
moments ``datetime``. Raises ``BadRule`` as the other forms do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any as Json
from typing import Generic, TypeVar

from zhiyin.domain.consent import MARKETING
from zhiyin.domain.segment import All, Any, Filter, Rule, Scalar
from zhiyin.loop.profile import comparison, parts
from zhiyin.loop.profile.comparison import property_kind
from zhiyin.loop.profile.condition import Condition
from zhiyin.loop.profile.conditions import (
    Average,
    Consents,
    Did,
    Distinct,
    Engaged,
    First,
    InSegment,
    Interested,
    Last,
    Maximum,
    Minimum,
    Nearest,
    Sample,
    Sum,
    Trait,
)
from zhiyin.loop.profile.conditions import Sequence as InSequence
from zhiyin.loop.profile.conditions.amount import AMOUNT
from zhiyin.loop.profile.conditions.interested import USUAL
from zhiyin.loop.profile.conditions.nearest import HIGHEST
from zhiyin.loop.profile.filters import FILTERS
from zhiyin.loop.profile.steps import Step, Steps

Span = str | timedelta
When = str | date | datetime
Compared = TypeVar("Compared")
Made = TypeVar("Made", bound=Condition)


def did(
    event: str,
    *,
    at_least: int = 1,
    at_most: int | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Did:
    """Did an event so many times, in a window of time, where its properties fit.

    >>> did("Order Completed", at_least=3, within="90d", where=[field("category") == "Tea"]).at_least
    3
    """
    return _made(Did, event, _given(locals()))


def sum_of(
    event: str,
    *,
    of: str = AMOUNT,
    at_least: float | None = None,
    at_most: float | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Sum:
    """What the amounts of events come to; ``sum`` in text.

    >>> sum_of("Order Completed", at_least=50000, within="90d").at_least
    50000
    """
    return _made(Sum, event, _given(locals()))


def average(
    event: str,
    *,
    of: str = AMOUNT,
    at_least: float | None = None,
    at_most: float | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Average:
    """What the amount of events is on average."""
    return _made(Average, event, _given(locals()))


def minimum(
    event: str,
    *,
    of: str = AMOUNT,
    at_least: float | None = None,
    at_most: float | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Minimum:
    """The smallest amount of events."""
    return _made(Minimum, event, _given(locals()))


def maximum(
    event: str,
    *,
    of: str = AMOUNT,
    at_least: float | None = None,
    at_most: float | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Maximum:
    """The largest amount of events."""
    return _made(Maximum, event, _given(locals()))


def distinct(
    event: str,
    *,
    of: str = "item_id",
    at_least: int = 1,
    at_most: int | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Distinct:
    """Did an event with so many different items, categories or values of a property."""
    return _made(Distinct, event, _given(locals()))


def first(
    event: str,
    *,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> First:
    """Did an event for the first time ever in a window of time, and its properties fit."""
    return _made(First, event, _given(locals()))


def last(
    event: str,
    *,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
    where: Sequence[Filter] = (),
) -> Last:
    """Did an event for the last time in a window of time, and its properties fit."""
    return _made(Last, event, _given(locals()))


def sequence(
    steps: Sequence[str | Step],
    *,
    gap: Span | None = None,
    without: Sequence[str | Step] = (),
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
) -> InSequence:
    """Did events one after another.

    >>> sequence(["Product Added", step("Order Completed", where=[field("amount") >= 10000])], gap="7d").gap
    datetime.timedelta(days=7)
    """
    given = _given(locals(), "steps") | {"without": [_step(one) for one in without]}
    return _made(InSequence, [_step(one) for one in steps], given)


def step(event: str, *, where: Sequence[Filter] = ()) -> Step:
    """A step of a sequence whose properties fit."""
    (made,) = Steps(1, 1).read([{"event": event, "where": FILTERS.dump(where)}], "step", UTC)
    return made


def engaged(
    what: str,
    *,
    campaign: str | None = None,
    channel: str | None = None,
    at_least: int = 1,
    at_most: int | None = None,
    within: Span | None = None,
    before: Span | None = None,
    since: When | None = None,
    until: When | None = None,
) -> Engaged:
    """Opened, clicked or received so many messages in a window of time; ``what`` may be ``bounced`` and
    ``unsubscribed`` too. Opens and clicks are those of people.

    >>> engaged("opened", campaign="spring", within="30d").at_least
    1
    """
    return _made(Engaged, what, _given(locals(), "what"))


def in_segment(key: str) -> InSegment:
    """Is in another segment."""
    return InSegment.read({"in_segment": key}, "in_segment", UTC)


def interested(value: str, *, at_least: int = USUAL, kind: str = "category") -> Interested:
    """Is interested in a category, brand, price band or searched word with a score of 1 to 100.

    >>> interested("Tea", at_least=60)
    Interested(value='Tea', at_least=60, kind='category')
    """
    return Interested.read({"interested": value, "at_least": at_least, "kind": kind}, "interested", UTC)


def consents(channel: str, *, purpose: str = MARKETING, granted: bool = True) -> Consents:
    """Consented to a channel for a purpose, or refused it where not ``granted``.

    >>> consents("email").purpose
    'marketing'
    """
    form = {"consents": channel, "purpose": purpose, "granted": granted}
    return Consents.read(form, "consents", UTC)


def sample(percent: float, *, seed: str = "") -> Sample:
    """Is among so many percent of all customers, picked by chance; another seed picks others."""
    return Sample.read({"sample": percent, "seed": seed}, "sample", UTC)


def nearest(n: int, by: str, *, to: str | float = HIGHEST) -> Nearest:
    """Is among the ``n`` customers, out of all, with the highest or lowest value of a trait, or nearest to a number.

    >>> nearest(500, "revenue").to
    'highest'
    """
    return Nearest.read({"nearest": n, "by": by, "to": to}, "nearest", UTC)


def trait(name: str) -> Subject[Trait]:
    """A trait, to be compared.

    >>> trait("city").is_in(["上海"])
    Trait(name='city', operator='in', value=('上海',))
    """
    return Subject(name, lambda form: Trait.read({"trait": name, **form}, "trait", UTC))


def field(name: str) -> Subject[Filter]:
    """A property of an event, to be compared in ``where``."""
    parts.check_name(name, "field")
    kind = property_kind(name)
    return Subject(name, lambda form: Filter(name, *comparison.read(kind, name, form, "field", UTC)))


def everyone() -> All:
    """The rule of all customers."""
    return All(())


def nobody() -> Any:
    """The rule of no customer."""
    return Any(())


def all_of(*rules: Rule) -> All:
    """Every one of the rules holds."""
    return All(rules)


def any_of(*rules: Rule) -> Any:
    """At least one of the rules holds."""
    return Any(rules)


def _given(arguments: dict[str, Json], head: str = "event") -> dict[str, Json]:
    """The arguments of a call that say something, but for the head."""
    given = {name: value for name, value in arguments.items() if name != head and value is not None}
    return given | ({"where": FILTERS.dump(given["where"])} if "where" in given else {})


def _made(kind: type[Made], head: Json, given: dict[str, Json]) -> Made:
    return kind.read({kind.KIND: head, **given}, kind.KIND, UTC)


def _step(one: str | Step) -> Json:
    return Steps(1, 1).dump([one])[0] if isinstance(one, Step) else one


class Subject(Generic[Compared]):
    """A trait or a property that waits for its comparison."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str, make: Callable[[dict[str, Json]], Compared]) -> None:
        self._name, self._make = name, make

    def __eq__(self, value: object) -> Compared:  # type: ignore[override]
        return self._make({"is": value})

    def __ne__(self, value: object) -> Compared:  # type: ignore[override]
        return self._make({"is_not": value})

    def __ge__(self, value: float) -> Compared:
        return self._make({"at_least": value})

    def __le__(self, value: float) -> Compared:
        return self._make({"at_most": value})

    def __gt__(self, value: float) -> Compared:
        return self._make({"more_than": value})

    def __lt__(self, value: float) -> Compared:
        return self._make({"less_than": value})

    def is_in(self, values: Iterable[Scalar]) -> Compared:
        """Is one of the values."""
        return self._make({"in": list(values)})

    def not_in(self, values: Iterable[Scalar]) -> Compared:
        """Is there, and is none of the values."""
        return self._make({"not_in": list(values)})

    def contains(self, text: str) -> Compared:
        """The text stands somewhere in it."""
        return self._make({"contains": text})

    def starts(self, text: str) -> Compared:
        """It begins with the text."""
        return self._make({"starts": text})

    def ends(self, text: str) -> Compared:
        """It ends with the text."""
        return self._make({"ends": text})

    def exists(self) -> Compared:
        """It is known."""
        return self._make({"exists": True})

    def missing(self) -> Compared:
        """It is not known."""
        return self._make({"exists": False})

    def has(self, value: Scalar) -> Compared:
        """It is a list that has the value, or is the value itself."""
        return self._make({"has": value})

    def within(self, span: Span) -> Compared:
        """Its time is no longer ago than that."""
        return self._make({"within": span})

    def before(self, moment: When) -> Compared:
        """Its time is earlier than that."""
        return self._make({"before": moment})

    def after(self, moment: When) -> Compared:
        """Its time is that or later."""
        return self._make({"after": moment})
