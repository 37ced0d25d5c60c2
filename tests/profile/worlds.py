"""Small worlds for property tests: profiles and events with everything that could trip an engine."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from zhiyin.adapters.lake.datasets import EVENTS, INTERESTS, PROFILES
from zhiyin.adapters.lake.engines import Engine
from zhiyin.adapters.lake.rows import events_to_table
from zhiyin.domain.customer import TRAIT_KINDS, as_text
from zhiyin.domain.engagement import ENGAGEMENTS, JUDGED, RULE
from zhiyin.domain.event import Event, Line
from zhiyin.domain.interest import UNIT, Fading
from zhiyin.domain.segment import Condition, Rule
from zhiyin.loop.profile.condition import One
from zhiyin.loop.profile.conditions import Nearest
from zhiyin.loop.profile.conditions.nearest import Cut
from zhiyin.loop.profile.segment_frame import Needs, nearests, plan
from zhiyin.loop.profile.segment_json import parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# few values, so that rules and worlds meet: looks like a number, nearly does, is one written otherwise, …
TEXTS = ("", "a", "A", "茶", "O'Hara", 'say "hi"', "3", "3.0", "007", " 3 ", "3\n", "１", "nan", "1e3", "true",
         "2026-02-26", "2026-02-28T08:00", "2026-3-1", "a\\b", "茶🍵")  # fmt: skip
NUMBERS = (0, 3, 3.0, 7, -1, 2.5, 12345678.5, 10**14)
_CLOSE = st.sampled_from(("3", "3.0", "3", 3, 3.0, "茶", True))  # one value in many forms
SCALARS = st.one_of(_CLOSE, _CLOSE, _CLOSE, st.sampled_from((*TEXTS, *NUMBERS, True, False)))
PARTS = (
    "a",
    "A",
    "茶",
    "3.0",
    ".",
    "a\\b",
    " ",
)  # to look for in texts; some are more than letters in a pattern
STATED = ("city", "City", "城.市 名")
PROPERTIES = ("coupon", "Coupon", "渠.道 名")
EVENT_NAMES = ("Order Completed", "看过")
CATEGORIES = ("Tea", "O'Hara", "")
INTEREST_KINDS = ("category", "brand", "search")
INTERESTED_IN = ("tea", "O'Hara", "茶 🍵")
# exactly now, a microsecond later, exactly on the border of 1, 3, 30 days, a microsecond inside, long ago
MOMENTS = st.one_of(
    st.builds(
        lambda back, micro: NOW - back + timedelta(microseconds=micro),
        st.sampled_from(
            (timedelta(), timedelta(minutes=30), *(timedelta(days=days) for days in (1, 3, 30, 400)))
        ),
        st.sampled_from((-1, 0, 1)),
    ),
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 4, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)


# with a landmark some days back, and days of the shop's own
FADING = Fading(date(2026, 2, 25), 30, ZoneInfo("Asia/Shanghai"))
Interests = Mapping[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class World:
    """Profiles by customer id (values of columns, stated traits under ``traits``) and events."""

    profiles: Mapping[str, Mapping[str, object]]
    events: Sequence[Event]
    interests: Mapping[str, Interests] = field(default_factory=dict)

    def traits(self, customer_id: str) -> dict[str, object]:
        """What the Python interpreter takes: stated traits, and the columns over them."""
        row = dict(self.profiles[customer_id])
        stated = row.pop("traits")
        row.pop("consents", None)
        assert isinstance(stated, dict)
        return {**{k: v for k, v in stated.items() if k not in TRAIT_KINDS}, **row}

    def everyone(self, as_of: datetime, several: Iterable[Rule]) -> dict[str, One]:
        """The customers as the Python interpreter takes them."""
        done: dict[str | None, list[Event]] = defaultdict(list)
        for event in self.events:
            done[event.customer_id].append(event)
        cuts, found = self.cuts(several), {}
        for customer_id, row in self.profiles.items():
            said = row.get("consents") or {}
            assert isinstance(said, dict)
            found[customer_id] = One(
                self.traits(customer_id),
                done[customer_id],
                as_of,
                self.interests.get(customer_id, {}),
                FADING,
                said,
                cuts,
            )
        return found

    def cuts(self, several: Iterable[Rule]) -> dict[Condition, Cut | None]:
        """Where the nearest end, by sorting everybody."""
        found: dict[Condition, Cut | None] = {}
        for one in nearests(several):
            values = [(one.value(self.traits(i).get(one.by)), i) for i in self.profiles]
            ranked = sorted((_away(one, v), i, v) for v, i in values if v is not None)
            found[one] = Cut(ranked[one.n - 1][2], ranked[one.n - 1][1]) if len(ranked) >= one.n else None
        return found

    def mark(
        self, engine: Engine, folder: Path, several: Sequence[Rule], as_of: datetime, *, wake: bool = False
    ) -> list[dict[str, Any]]:
        """What an engine finds for every customer, in order of id."""
        cuts: dict[Condition, Cut | None] = {}
        for one in nearests(several):
            asking = plan([], as_of)
            one.measure(asking)
            profiles, *_ = self.frames(engine, folder, asking.needs)
            cuts[one] = one.cut(engine.collect(one.ranked(profiles, asking)))
        made = plan(several, as_of, wake=wake, fading=FADING, cuts=cuts)
        columns = [f"rule_{i}" for i in range(len(several))] + (["wake_at"] if wake else [])
        marked = made.mark(*self.frames(engine, folder, made.needs)).select("customer_id", *columns)
        rows: list[dict[str, Any]] = engine.collect(marked.sort("customer_id")).to_pylist()
        return rows

    def frames(
        self, engine: Engine, folder: Path, needs: Needs
    ) -> tuple[nw.LazyFrame, nw.LazyFrame, nw.LazyFrame]:  # type: ignore[type-arg]
        """The same as lazy frames of an engine, by way of files."""
        rows = []
        for row in self.profiles.values():
            plain = {k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in row.items()}
            texts = {k: as_text(v) for k, v in row["traits"].items()}  # type: ignore[attr-defined]
            plain["traits"] = json.dumps(
                {k: v for k, v in texts.items() if v is not None}, ensure_ascii=False
            )
            plain["consents"] = json.dumps(row.get("consents") or {}, ensure_ascii=False)
            rows.append({**dict.fromkeys(PROFILES.schema.names), **plain})
        folder.mkdir(parents=True, exist_ok=True)
        profiles, events = folder / "profiles.parquet", folder / "events.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=PROFILES.schema), profiles)
        pq.write_table(
            events_to_table(self.events, timezone=ZoneInfo("Asia/Shanghai"), received_at=NOW), events
        )
        interests = folder / "interests.parquet"
        found = [
            {"customer_id": who, "kind": kind, "value": value, "weight": weight, "total": total}
            for who, several in self.interests.items()
            for (kind, value), (weight, total) in several.items()
        ]
        pq.write_table(pa.Table.from_pylist(found, schema=INTERESTS.schema), interests)
        return (
            engine.digested(engine.scan([str(profiles)], PROFILES.schema, needs.profile, {}), needs.digests),
            engine.scan([str(events)], EVENTS.schema, needs.properties, needs.lines),
            engine.scan([str(interests)], INTERESTS.schema, {}, {}),
        )


def _away(one: Nearest, value: Any) -> Any:
    """What orders the values of a trait: smaller is nearer."""
    number = (value - NOW) / timedelta(microseconds=1) if isinstance(value, datetime) else value
    if isinstance(one.to, str):
        return -number if one.to == "highest" else number
    return abs(number - float(one.to))


_ODD = st.sampled_from((None, [1], {"a": 1}, 1e21, 1e-7, ["a", "茶", 3], [], [None, "A"], "[a", "\x1f"))


def _maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), values)


@st.composite
def worlds(draw: st.DrawFn, customers: int = 3, events: int = 24) -> World:
    """A few customers and events."""
    ids = [f"c{i}" for i in range(draw(st.integers(1, customers)))]
    values = {
        "text": _maybe(st.sampled_from(TEXTS)),
        "number": _maybe(st.sampled_from((0, 1, 2, 3, -1, 10**14))),
        "time": _maybe(MOMENTS),
        "flag": _maybe(st.booleans()),
    }
    profiles = {
        customer_id: {
            **{
                name: draw(values[kind])
                for name, kind in TRAIT_KINDS.items()
                if name in ("email", "orders", "revenue", "last_order_at", "email_consent", "lifecycle")
            },
            "traits": draw(
                st.fixed_dictionaries(
                    {name: st.one_of(SCALARS, SCALARS, _ODD) for name in STATED}, optional={"orders": SCALARS}
                )
            ),
            "customer_id": customer_id,
            "consents": draw(CONSENTS),
        }
        for customer_id in ids
    }
    lines = st.builds(
        Line,
        st.sampled_from(("x", "y", "茶")),
        st.just(1),
        st.none(),
        st.sampled_from((None, *CATEGORIES)),
    )
    happened = draw(
        st.lists(
            st.builds(
                lambda name, at, customer, products, campaign, properties, amount: (
                    name, at, customer, tuple(products), campaign, properties, amount
                ),
                st.sampled_from((*EVENT_NAMES, *EVENT_NAMES, *JUDGED)),
                MOMENTS,
                st.sampled_from((None, "elsewhere", *ids)),
                st.lists(lines, max_size=3),
                st.sampled_from((None, "spring", "")),
                st.fixed_dictionaries(
                    {name: st.one_of(SCALARS, SCALARS, _ODD) for name in PROPERTIES},
                    optional={"rule": st.sampled_from((str(RULE), RULE, "1", None)), "channel": st.just("email")},
                ),
                st.sampled_from((None, 0, 3, 250)),
            ),
            min_size=min(events, 8),
            max_size=events,
        )
    )  # fmt: skip
    weights = st.sampled_from((1, UNIT, 5 * UNIT, 10**13))
    values = st.tuples(st.sampled_from(INTEREST_KINDS), st.sampled_from(INTERESTED_IN))
    interests = {
        customer_id: {
            key: (weight, weight + others)
            for key, (weight, others) in draw(
                st.dictionaries(values, st.tuples(weights, st.sampled_from((0, UNIT))), max_size=4)
            ).items()
        }
        for customer_id in ids
    }
    return World(
        profiles,
        [
            Event(
                f"e{i}",
                "track",
                name,
                at,
                customer,
                amount=amount,
                campaign=campaign,
                products=products,
                properties=props,
            )
            for i, (name, at, customer, products, campaign, props, amount) in enumerate(happened)
        ],
        interests,
    )


def rules(depth: int = 3) -> st.SearchStrategy[Rule]:
    """Random rules, through ``parse``, so that only what users can write is tried."""
    return st.deferred(lambda: _forms(depth)).map(parse)


def _forms(depth: int) -> st.SearchStrategy[dict[str, object]]:
    # of the kinds with the most corners more
    several = ("trait", "trait", "did", "did", "sum", "average", "minimum", "maximum", *KINDS)
    leaves = st.one_of(*(KINDS[kind]() for kind in several))
    if depth <= 1:
        return leaves
    inner = _forms(depth - 1)
    return st.one_of(
        leaves,
        st.lists(inner, max_size=3).map(lambda r: {"all": r}),
        st.lists(inner, max_size=3).map(lambda r: {"any": r}),
        inner.map(lambda r: {"not": r}),
    )


Shapes = Mapping[str, st.SearchStrategy[object]]
SPANS = st.sampled_from(("30m", "1d", "3d", "30d", "36500d"))
DAYS = st.sampled_from(("2026-02-26", "2026-02-28", "2000-02-29"))
INSTANTS = st.sampled_from(
    ("2026-02-26T12:00:00Z", "2026-02-28T20:00+08:00", "2026-03-01T12:00:00.000001Z", "2025-01-01")
)


def _equal(values: st.SearchStrategy[object]) -> Shapes:
    many = st.lists(values, min_size=1, max_size=3)
    return {"is": values, "is_not": values, "in": many, "not_in": many}


_ORDER: Shapes = dict.fromkeys(("at_least", "at_most", "more_than", "less_than"), st.sampled_from(NUMBERS))
_LETTERS: Shapes = dict.fromkeys(("contains", "starts", "ends"), st.sampled_from(PARTS))
_KNOWN: Shapes = {"exists": st.booleans()}
_WORDS = st.sampled_from(TEXTS)
_HAS: Shapes = {"has": SCALARS.filter(lambda value: value != "")}
_DAYS: Shapes = {"within": st.sampled_from(("1d", "3d", "30d", "36500d")), "before": DAYS, "after": DAYS}


def _compared(
    head: str, known: Sequence[tuple[tuple[str, ...], Shapes]]
) -> st.SearchStrategy[dict[str, object]]:
    # drawn evenly: a union of unions would draw what comes first far more often than the rest
    forms = [(names, name, values) for names, shapes in known for name, values in shapes.items()]
    return st.sampled_from(forms).flatmap(
        lambda form: st.fixed_dictionaries({head: st.sampled_from(form[0]), form[1]: form[2]})
    )


def traits() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on traits, in JSON form."""
    flag = {"is": st.booleans(), "is_not": st.booleans()}
    return _compared(
        "trait",
        [
            (STATED, {**_equal(SCALARS), **_ORDER, **_LETTERS, **_DAYS, **_HAS, **_KNOWN}),
            (STATED, {**_LETTERS, **_DAYS, **_HAS}),  # again, since texts and dates have the most corners
            (("email", "lifecycle"), {**_equal(_WORDS), **_LETTERS, **_KNOWN}),
            (("orders", "revenue", "r"), {**_equal(st.sampled_from(NUMBERS)), **_ORDER, **_KNOWN}),
            (
                ("last_order_at", "first_seen"),
                {"within": SPANS, "before": INSTANTS, "after": INSTANTS, **_KNOWN},
            ),
            (("email_consent",), {**flag, **_KNOWN}),
        ],
    )


def filters() -> st.SearchStrategy[dict[str, object]]:
    """Filters on properties, in JSON form."""
    values = SCALARS.filter(lambda v: not isinstance(v, str) or v[:1] not in ("", "{", "["))
    words = st.sampled_from(("spring", "x"))
    return _compared(
        "property",
        [
            (PROPERTIES, {**_equal(values), **_ORDER, **_LETTERS, **_KNOWN}),
            (("category",), {"is": st.sampled_from(CATEGORIES[:2]), "in": st.just(list(CATEGORIES[:2]))}),
            (("item_id",), {"is": st.sampled_from(("x", "茶")), "in": st.just(["x", "茶"])}),
            (("campaign",), {**_equal(words), **_LETTERS, **_KNOWN}),
            (("amount",), {**_equal(st.sampled_from(NUMBERS)), **_ORDER, **_KNOWN}),
        ],
    )


def samples() -> st.SearchStrategy[dict[str, object]]:
    """Draws of some percent, in JSON form."""
    return st.fixed_dictionaries(
        {"sample": st.sampled_from((0.0001, 10, 33.3, 50, 90.0, 100))},
        optional={"seed": st.sampled_from(TEXTS)},
    )


def nearest() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on who stands nearest, in JSON form."""
    by = st.sampled_from(("orders", "revenue", "last_order_at", *STATED))
    aims = st.sampled_from(("highest", "lowest", 3, 2.5, -1))
    return st.builds(
        lambda n, by, to: (
            {"nearest": n, "by": by} | ({} if by == "last_order_at" and to not in _ENDS else {"to": to})
        ),
        st.sampled_from((1, 2, 3, 6, 1000)),
        by,
        aims,
    )


_ENDS = ("highest", "lowest")
CHANNELS, PURPOSES = ("email", "短 信", "a.b"), ("marketing", "tracking", "x.y")
CONSENTS = st.dictionaries(
    st.sampled_from(CHANNELS), st.dictionaries(st.sampled_from(PURPOSES), st.booleans()), max_size=2
)


def consents() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on consents, in JSON form."""
    return st.fixed_dictionaries(
        {"consents": st.sampled_from(CHANNELS)},
        optional={"purpose": st.sampled_from(PURPOSES), "granted": st.booleans()},
    )


WINDOWS = st.one_of(
    st.fixed_dictionaries({}),
    st.fixed_dictionaries({"within": SPANS}),
    st.fixed_dictionaries({"within": SPANS}),
    st.fixed_dictionaries({"within": st.just("30d"), "before": st.sampled_from(("30m", "1d", "3d"))}),
    st.fixed_dictionaries(
        {}, optional={"before": SPANS, "since": INSTANTS, "until": st.just("2026-03-01T20:30:00+08:00")}
    ),
)
TIMES = st.sampled_from(
    ({}, {}, {"at_least": 2}, {"at_least": 3}, {"at_most": 1}, {"at_least": 2, "at_most": 3})
)


def interesteds() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on interests, in JSON form."""
    return st.fixed_dictionaries(
        {"interested": st.sampled_from((*INTERESTED_IN, " tea ", "Tea"))},
        optional={"at_least": st.sampled_from((1, 17, 50, 100)), "kind": st.sampled_from(INTEREST_KINDS)},
    )


def dids() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on events, in JSON form."""
    return _on_events("did", TIMES)


_BOUNDS = st.sampled_from((0, 3, 250, 500, 750, 1000, -1, 10**14))
_FINE = st.one_of(_BOUNDS, st.sampled_from((2.5, 3.0, 2.999, 0.001, 1e9, 1e10)))


def amounts(*kinds: str) -> st.SearchStrategy[dict[str, object]]:
    """Conditions on what the numbers of events come to, in JSON form."""

    def bounded(of: dict[str, object], numbers: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        several = st.lists(numbers, min_size=2, max_size=2).map(sorted)  # type: ignore[type-var]
        return st.one_of(
            numbers.map(lambda n: {**of, "at_least": n}),
            numbers.map(lambda n: {**of, "at_most": n}),
            several.map(lambda n: {**of, "at_least": n[0], "at_most": n[1]}),
        )

    bounds = st.one_of(bounded({}, _BOUNDS), *(bounded({"of": name}, _FINE) for name in PROPERTIES[::2]))
    return st.sampled_from(kinds).flatmap(lambda kind: _on_events(kind, bounds))


def distincts() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on different values, in JSON form."""
    of = st.sampled_from(({}, {"of": "category"}, {"of": "campaign"}, {"of": "amount"},
                          *({"of": name} for name in PROPERTIES)))  # fmt: skip
    return _on_events("distinct", st.builds(lambda of, times: {**of, **times}, of, TIMES))


def edges(*kinds: str) -> st.SearchStrategy[dict[str, object]]:
    """Conditions on the first and last event, in JSON form."""
    return st.sampled_from(kinds).flatmap(lambda kind: _on_events(kind, st.just({})))


def sequences() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on the order of events, in JSON form."""
    event = st.sampled_from(EVENT_NAMES)
    filtered = st.builds(lambda event, where: {"event": event, "where": [where]}, event, filters())
    step = st.one_of(event, event, filtered)
    return st.builds(
        lambda steps, gap, without, window: {
            "sequence": steps, **gap, **({"without": without} if without else {}), **window
        },
        st.lists(step, min_size=2, max_size=3),
        st.one_of(st.just({}), st.fixed_dictionaries({"gap": SPANS})),
        st.one_of(st.just([]), st.just([]), st.lists(step, min_size=1, max_size=2)),
        WINDOWS,
    )  # fmt: skip


def _on_events(kind: str, more: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    """Conditions on one kind of event in a window, with what else that kind of condition has."""
    where = st.one_of(st.just([]), st.lists(filters(), min_size=1, max_size=2))
    return st.builds(
        lambda event, more, window, where: {
            kind: event,
            **more,
            **window,
            **({"where": where} if where else {}),
        },
        st.sampled_from(EVENT_NAMES),
        more,
        WINDOWS,
        where,
    )


def engageds() -> st.SearchStrategy[dict[str, object]]:
    """Conditions on messages, in JSON form."""
    parts = st.fixed_dictionaries(
        {"engaged": st.sampled_from(tuple(ENGAGEMENTS))},
        optional={"campaign": st.sampled_from(("spring", "a-b_2")), "channel": st.just("email")},
    )
    return st.builds(lambda head, times, window: {**head, **times, **window}, parts, TIMES, WINDOWS)


# a kind that is missing here is never compared: a test holds this list to all that there are
KINDS: Mapping[str, Callable[[], st.SearchStrategy[dict[str, object]]]] = {
    "trait": traits,
    "did": dids,
    **{kind: partial(amounts, kind) for kind in ("sum", "average", "minimum", "maximum")},
    "distinct": distincts,
    **{kind: partial(edges, kind) for kind in ("first", "last")},
    "sequence": sequences,
    "engaged": engageds,
    "interested": interesteds,
    "sample": samples,
    "nearest": nearest,
    "consents": consents,
}
