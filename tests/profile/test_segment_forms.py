"""The forms of a rule: JSON, text and Python say the same, and the schema is what is taken."""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any as Json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.profile.worlds import rules

from zhiyin.domain.errors import BadRule
from zhiyin.domain.segment import MAX_CONDITIONS, MAX_LETTERS, All, Any, Condition, Filter, Not, Rule
from zhiyin.domain.text import Text
from zhiyin.loop.profile import rules as python
from zhiyin.loop.profile import segment_json
from zhiyin.loop.profile.conditions import (
    Average,
    Consents,
    Did,
    Distinct,
    Engaged,
    First,
    InSegment,
    Last,
    Maximum,
    Minimum,
    Nearest,
    Sample,
    Sequence,
    Sum,
    Trait,
)
from zhiyin.loop.profile.rules import consents, did, engaged, field, in_segment, nearest, sample, trait
from zhiyin.loop.profile.segment_text import format, parse
from zhiyin.loop.profile.steps import Step

VALIDATOR = Draft202012Validator(segment_json.schema())
# what a schema cannot say: sizes of the whole, and parts that do not go together
BESIDE_THE_SCHEMA = (
    "The rule has more than {max_conditions} conditions.",
    "The rule is nested more than {max_depth} deep at {place}.",
    "{place}: at_most is less than at_least.",
    "{place}: within must reach further back than before.",
    "{place}: until must be later than since.",
    "{place}.to: {name!r} is a time.",
    "{place} must lie between the years 1000 and 3000, in UTC.",
    "{place}: {bound} has too many decimal places.",
)


@settings(max_examples=400, deadline=None)
@given(rules(4))
def test_every_rule_survives_its_json_its_text_and_its_python(rule: Rule) -> None:
    assert segment_json.parse(segment_json.dump(rule)) == rule
    text = format(rule)
    assert parse(text) == rule
    ast.parse(text, mode="eval")
    assert eval(as_python(rule), vars(python)) == rule


@settings(max_examples=400, deadline=None)
@given(st.text())
def test_any_text_is_a_rule_or_a_bad_rule(text: str) -> None:
    with contextlib.suppress(BadRule):
        rule = parse(text)
        assert parse(format(rule)) == rule


_NAMES = st.text(max_size=8) | st.sampled_from(
    ("did", "if", "trait", "field", "_", "ﬁ", "茶", "a²", "everyone")
)


@settings(max_examples=400, deadline=None)
@given(_NAMES, st.text(max_size=20))
def test_any_name_and_any_value_survive(name: str, value: str) -> None:
    form = {
        "all": [
            {"trait": name, "is": value},
            {"did": value or "x", "where": [{"property": name, "exists": True}]},
        ]
    }
    with contextlib.suppress(BadRule):
        rule = segment_json.parse(form)
        assert parse(format(rule)) == rule
        ast.parse(format(rule), mode="eval")


def test_a_rule_reads_as_it_is_meant() -> None:
    text = (
        'lifecycle in ["at_risk", "lapsed"] and did("Order Completed", at_least=3, within="365d", '
        'where=[category == "Tea"]) and not (city == "Shanghai" or not did("Order Completed", within="45d"))'
    )
    assert parse(text) == All(
        (
            Trait("lifecycle", "in", ("at_risk", "lapsed")),
            Did("Order Completed", 3, within=timedelta(days=365), where=(Filter("category", "is", "Tea"),)),
            Not(
                Any((Trait("city", "is", "Shanghai"), Not(Did("Order Completed", within=timedelta(days=45)))))
            ),
        )
    )
    assert format(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a == 1 or b == 2 and c == 3", Any((Trait("a", "is", 1), All((Trait("b", "is", 2), Trait("c", "is", 3)))))),
        ("not a.exists() and b.missing()", All((Not(Trait("a", "exists", True)), Trait("b", "exists", False)))),
        ('城市 == "苏州 市"', Trait("城市", "is", "苏州 市")),
        ("茶 == '🍵'", Trait("茶", "is", "🍵")),
        ("size == '3'", Trait("size", "is", "3")),
        (r"a == 'it\'s \"so\" \u8336'", Trait("a", "is", 'it\'s "so" 茶')),
        ("vip == True", Trait("vip", "is", True)),
        ("revenue > -2.5", Trait("revenue", "more_than", -2.5)),
        ('last_order_at.within("30d")', Trait("last_order_at", "within", timedelta(days=30))),
        ('last_seen.within("90m")', Trait("last_seen", "within", timedelta(minutes=90))),
        ('birthday.before("2000-02-29")', Trait("birthday", "before", date(2000, 2, 29))),
        ('last_seen.after("2026-03-01T08:30+08:00")', Trait("last_seen", "after", datetime(2026, 3, 1, 0, 30, tzinfo=UTC))),
        ('city not in ["a", "b",]', Trait("city", "not_in", ("a", "b"))),
        ('tags.has("vip")', Trait("tags", "has", "vip")),
        ('trait("did") == 1', Trait("did", "is", 1)),
        ("everyone", All(())),
        ("nobody", Any(())),
        ("all(vip == True)", All((Trait("vip", "is", True),))),
        ("any()", Any(())),
        ('in_segment("vip")', InSegment("vip")),
        ("sample(10)", Sample(10)),
        ('sample(0.5, seed="茶")', Sample(0.5, "茶")),
        ('nearest(500, by="revenue")', Nearest(500, "revenue")),
        ('nearest(3, by="last_seen", to="lowest")', Nearest(3, "last_seen", "lowest")),
        ('nearest(3, by="年 龄", to=30)', Nearest(3, "年 龄", 30)),
        ('consents("sms", purpose="tracking", granted=False)', Consents("sms", "tracking", False)),
        ('sum("A", at_least=50000, within="90d")', Sum("A", at_least=50000, within=timedelta(days=90))),
        ('average("A", of="价格", at_least=2.5, at_most=3)', Average("A", "价格", 2.5, 3)),
        ('minimum("A", at_most=-3)', Minimum("A", at_most=-3)),
        ('maximum("A", at_least=1, where=[category == "Tea"])',
         Maximum("A", at_least=1, where=(Filter("category", "is", "Tea"),))),
        ('distinct("A", of="category", at_least=3, at_most=5)', Distinct("A", "category", 3, 5)),
        ('first("A", within="30d")', First("A", timedelta(days=30))),
        ('last("A", before="30d", where=[step == 3])',
         Last("A", before=timedelta(days=30), where=(Filter("step", "is", 3),))),
        ('sequence(["A", step("B", where=[amount >= 3])], gap="7d", without=["C"])',
         Sequence((Step("A"), Step("B", (Filter("amount", "at_least", 3),))), timedelta(days=7), (Step("C"),))),
        ('trait("sum") > 3 and trait("first").exists()',
         All((Trait("sum", "more_than", 3), Trait("first", "exists", True)))),
        ('engaged("clicked")', Engaged("clicked")),
        ('engaged("opened", campaign="spring", channel="email", at_least=2, within="30d")',
         Engaged("opened", "spring", "email", 2, within=timedelta(days=30))),
        ('did("A", at_least=2, at_most=4)', Did("A", 2, 4)),
        ('did("A", within="2w", before="36h")', Did("A", within=timedelta(days=14), before=timedelta(hours=36))),
        ('did("A", since="2026-03-01", until="2026-04-01T00:00:00Z")',
         Did("A", since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC))),
        ('did("A", where=[price >= 3, field("渠.道") != "x", category in ["Tea", "茶"], item_id == "x"])',
         Did("A", where=(Filter("price", "at_least", 3), Filter("渠.道", "is_not", "x"),
                         Filter("category", "in", ("Tea", "茶")), Filter("item_id", "is", "x")))),
    ],
)  # fmt: skip
def test_text_forms(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(format(rule)) == rule


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (did("Order Completed", at_least=3, within=timedelta(days=90)), 'did("Order Completed", at_least=3, within="90d")'),
        (did("A") & (trait("orders") >= 3) & ~in_segment("vip"), 'did("A") and orders >= 3 and not in_segment("vip")'),
        ((trait("a") == 1) | (trait("b") < 2) | trait("c").missing(), "a == 1 or b < 2 or c.missing()"),
        (did("A", where=[field("a") > 3, field("item_id").is_in(["x"])]), 'did("A", where=[a > 3, item_id in ["x"]])'),
        (did("A", since=datetime(2026, 3, 1, tzinfo=UTC)), 'did("A", since="2026-03-01")'),
        (trait("birthday").after(date(2000, 1, 1)), 'birthday.after("2000-01-01")'),
        (sample(10, seed="a") & nearest(5, "orders", to=3), 'sample(10, seed="a") and nearest(5, by="orders", to=3)'),
        (~consents("email"), 'not consents("email")'),
        (~engaged("opened", at_most=2, within="30d"), 'not engaged("opened", at_most=2, within="30d")'),
        (python.everyone() & python.nobody(), "everyone and nobody"),
        (trait("a") != "x", 'a != "x"'),
        (python.sum_of("A", at_least=3, within=timedelta(days=2)), 'sum("A", at_least=3, within="2d")'),
        (python.average("A", of="x", at_most=2.5, where=[field("a") == 1]),
         'average("A", of="x", at_most=2.5, where=[a == 1])'),
        (python.sequence(["A", python.step("B", where=[field("a") == 1])], gap=timedelta(days=1), without=["C"]),
         'sequence(["A", step("B", where=[a == 1])], gap="1d", without=["C"])'),
    ],
)  # fmt: skip
def test_python_and_text_make_the_same_rule(made: Rule, text: str) -> None:
    assert made == parse(text)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("", 1),
        ("orders >=", 10),
        ("orders 3", 8),
        ("(orders == 3", 13),
        ("orders == 3 city == 'x'", 13),
        ("orders = 3", 8),
        ("city == Shanghai", 9),
        ("city == “上海”", 9),
        ('did("Order', 5),
        ('did "Order"', 5),
        ('did("A", at_least=x)', 19),
        ('did("A", at_least=1, at_least=2)', 22),
        ('never("A")', 1),
        ('hopped("A")', 7),
        ("ﬁ == 1", 1),
        ("a == 1" + "0" * 5000, 6),
        ("(" * 10_000 + "a == 1", 52),
        ("not " * 10_000 + "a == 1", 205),
        ("a == 1 🍵", 8),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, letter: int) -> None:
    with pytest.raises(BadRule, match=rf"at letter {letter},"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('orders.contains("3")', "contains does not apply to 'orders', which is a number"),
        ("email == 3", "rule.is needs a text"),
        ('orders == "three"', "rule.is needs a number"),
        ('did("A", within="1000y")', "must be a span of time"),
        ('did("A", within="365250d")', "36,500 days"),
        ('did("A", since="3026-01-01")', "must be a date or time"),
        ('did("A", since="2026-02-30")', "must be a date or time"),
        ('did("A", since="1000-01-01T00:00+08:00")', "between the years 1000 and 3000"),
        ('did("A", since="2026-03-01", until="2026-03-01")', "until must be later than since"),
        ('did("A", within="1d", before="24h")', "within must reach further back than before"),
        ('did("A", at_least=3, at_most=2)', "at_most is less than at_least"),
        ('did("A", at_least=0)', "whole number from 1"),
        ("sample(0)", "percentage from 0.0001 to 100"),
        ("sample(100.5)", "percentage from 0.0001 to 100"),
        ("sample(10, seed=3)", "text of at most 100 letters"),
        ('nearest(5, by="email")', "'email' is neither a number nor a time"),
        ('nearest(5, by="last_seen", to=3)', "'last_seen' is a time"),
        ('nearest(5, by="orders", to="top")', '"highest", "lowest" or a number'),
        ("nearest(5)", "needs by"),
        ('consents("email", granted="yes")', "needs true or false"),
        ('did("A", within_days=30)', '"within": "30d"'),
        ('engaged("open")', "rule.engaged must be one of .*opened.*"),
        ('engaged("opened", channel="sms")', "rule.channel must be one of"),
        ('engaged("opened", campaign="Spring sale")', "rule.campaign needs the key of a campaign"),
        ('engaged("opened", at_least=3, at_most=2)', "at_most is less than at_least"),
        ('birthday.within("90m")', "needs whole days"),
        ('did("A", where=[category != "Tea"])', "is_not does not apply to 'category'"),
        ("a in []", "1 to 1000 values"),
        ('sum("A")', "needs at_least or at_most"),
        ('sum("A", at_least=3, at_most=2)', "at_most is less than at_least"),
        ('sum("A", at_least=2.5)', "2.5 has too many decimal places"),
        ('average("A", of="x", at_least=0.0005)', "too many decimal places"),
        ('average("A", of="category", at_least=1)', "'category' is no number"),
        ('minimum("A", at_least="3")', "needs a number"),
        ('maximum("A", of="", at_least=3)', "name of 1 to 100 letters"),
        ('distinct("A", of="item_id", at_least=0)', "whole number from 1"),
        ('distinct("A", at_least=5, at_most=4)', "at_most is less than at_least"),
        ('first("A", within="1d", before="2d")', "within must reach further back"),
        ('last("A", at_least=2)', "unknown parts: at_least"),
        ('sequence(["A"])', "a list of 2 to 5 events"),
        ('sequence(["A", "B", "C", "D", "E", "F"])', "It has 6"),
        ('sequence("A", gap="7d")', "a list of 2 to 5 events"),
        ('sequence(["A", step("B", at_least=2)])', "unknown parts: at_least"),
        ('sequence(["A", ""])', "needs the name of an event"),
        (f"a in {list(range(10_000))}", "It has 10,000"),
        ("a == 1 and " * 100 + "a == 1", f"more than {MAX_CONDITIONS} conditions"),
        ("x" * (MAX_LETTERS + 1), "200,001 letters"),
        (f"a == '{'x' * 501}'", "at most 500 letters"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, what: str) -> None:
    with pytest.raises(BadRule, match=what):
        parse(text)


def test_a_text_of_twenty_thousand_letters_is_a_rule() -> None:
    rule = Trait("city", "in", tuple(f"{i:018}" for i in range(900)))
    assert len(format(rule)) > 19_000
    assert parse(format(rule)) == rule


def test_a_time_without_an_offset_is_the_shops() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    rule = parse('did("A", since="2026-03-01")', shanghai)
    assert segment_json.dump(rule) == {"did": "A", "since": "2026-02-28T16:00:00Z"}
    assert parse(format(rule), ZoneInfo("America/New_York")) == rule


@pytest.mark.parametrize(
    "form", [{"never": "A"}, {"did": "A", "within_days": 3}, {"trait": "a", "within_days": 3}]
)
def test_what_was_once_written_otherwise_comes_with_its_cure(form: Json) -> None:
    with pytest.raises(BadRule, match="Write "):
        segment_json.parse(form)


# --- the schema -----------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(rules(3), st.data())
def test_the_schema_takes_what_is_a_rule_and_nothing_else(rule: Rule, data: st.DataObject) -> None:
    form = segment_json.dump(rule)
    assert VALIDATOR.is_valid(form)
    changed = _mutated(form, data.draw)
    if (refusal := _refusal(changed)) not in BESIDE_THE_SCHEMA:
        assert VALIDATOR.is_valid(changed) is (refusal == ""), (changed, refusal)


def _refusal(form: Json) -> str:
    """The template of what is wrong with a form; empty where it is a rule."""
    try:
        segment_json.parse(form)
    except BadRule as error:
        return error.what.template if isinstance(error.what, Text) else error.what
    return ""


_LEAVES: st.SearchStrategy[Json] = st.sampled_from(
    (
        None, True, False, 0, 1, -1, 3.0, 0.0001, 0.00009, 100, 100.5, "highest", "top",
        2.5, 10**15, 10**6 + 1, "", "x", " x", "x ", "x\n", "a\nb", "\x00", "\x1f", "茶🍵",
        "[1]", "{", "x" * 501, "x" * 101, "3d", "0d", "03d", "36500d", "36501d", "5214w", "5215w", "52560000m",
        "52560001m", "876000h", "876001h", "3.5d", "2026-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "2026-04-31",
        "0999-01-01", "3000-01-01", "1000-01-01T00:00+08:00",
        "2999-12-31T23:00-08:00", "2026-01-01T24:00", "2026-01-01T23:59:59.123456+14:59", "2026-01-01T08:00+15:00",
        "2026-01-01 08:00Z", [], ["x"], ["x", 1, True], [[]], [{}], {}, {"property": "a", "is": 1},
        [{"property": "a", "is": 1}],
        [{"property": "category", "is_not": "x"}], [{"property": "a"}], ["x"] * 1001, ["x", "y"], ["x"] * 6, 0.0005,
        [{"event": "x"}, "y"], [{"event": "x", "where": [{"property": "a", "is": 1}]}, "y"], [{"where": []}, "y"],
        [{"event": "x", "at_least": 1}, "y"], [{"event": "", "where": []}, "y"], [{"event": "x", "where": {}}, "y"],
        "opened", "email", "a-b", "a--b", "-a", "a" * 81,
    )
)  # fmt: skip
_KEYS = st.sampled_from(
    ("all", "any", "not", "trait", "did", "never", "in_segment", "sum", "average", "distinct", "first", "sequence",
     "at_least", "at_most", "within", "before", "since", "until", "where", "of", "gap", "without", "event", "is",
     "is_not", "in", "more_than", "contains", "has", "exists", "after", "within_days", "property", "engaged",
     "campaign", "channel", "sample", "seed", "nearest", "by", "to", "consents", "purpose", "granted")
)  # fmt: skip
_NAMED = st.sampled_from(
    ("orders", "email", "last_seen", "email_consent", "city", "category", "item_id", "amount", "campaign")
)


def _mutated(form: Json, draw: Callable[[st.SearchStrategy[Json]], Json]) -> Json:
    """The form with one thing changed somewhere: a value, a key, or one more."""
    changed = copy.deepcopy(form)
    places = list(_places(changed))
    holder, key = draw(st.sampled_from(places)) if places else ({}, None)
    how = draw(st.sampled_from(("value", "name", "add", "remove", "key")))
    if how in ("value", "name") and places:
        holder[key] = draw(_LEAVES if how == "value" else _NAMED)
    elif isinstance(holder, dict) and how == "add":
        holder[draw(_KEYS)] = draw(_LEAVES)
    elif isinstance(holder, dict) and key is not None:
        value = holder.pop(key)
        if how == "key":
            holder[draw(_KEYS)] = value
    return changed


def _places(form: Json) -> Iterator[tuple[Json, Json]]:
    items = form.items() if isinstance(form, dict) else enumerate(form) if isinstance(form, list) else ()
    for key, value in list(items):
        yield form, key
        yield from _places(value)


# --- rules as Python code -------------------------------------------------------------------------------


def as_python(rule: Rule) -> str:
    """The code that makes a rule with the Python form."""
    match rule:
        case All(rules) | Any(rules):
            inner = [as_python(one) for one in rules]
            if len(rules) < 2 or isinstance(rules[0], type(rule)):
                return f"{'all_of' if isinstance(rule, All) else 'any_of'}({', '.join(inner)})"
            return "(" + (" & " if isinstance(rule, All) else " | ").join(inner) + ")"
        case Not(inner_rule):
            return f"~{as_python(inner_rule)}"
        case Condition():
            pass
    form = segment_json.dump(rule)
    if "trait" in form:
        return _compared("trait", form.pop("trait"), form)
    kind, head = next(iter(form.items()))
    parts = "".join(f", {name}={_argument(value)}" for name, value in form.items() if name != kind)
    return f"{'sum_of' if kind == 'sum' else kind}({_argument(head)}{parts})"


def _argument(value: Json) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_argument, value))}]"
    if not isinstance(value, dict):
        return repr(value)
    if "event" in value:
        return f"step({value['event']!r}, where={_argument(value['where'])})"
    form = dict(value)
    return _compared("field", form.pop("property"), form)


def _compared(subject: str, name: str, form: dict[str, Json]) -> str:
    ((operator, value),) = form.items()
    signs = {
        "is": "==",
        "is_not": "!=",
        "at_least": ">=",
        "at_most": "<=",
        "more_than": ">",
        "less_than": "<",
    }
    if operator in signs:
        return f"({subject}({name!r}) {signs[operator]} {value!r})"
    if operator == "exists":
        return f"{subject}({name!r}).{'exists' if value else 'missing'}()"
    return f"{subject}({name!r}).{'is_in' if operator == 'in' else operator}({value!r})"
