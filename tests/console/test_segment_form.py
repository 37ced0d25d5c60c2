"""The builder's form and the rule it makes."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any as Json
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.console.posted import posted
from tests.profile import worlds

from zhiyin.domain.segment import All, Any, Filter, Not, Rule
from zhiyin.entrypoints.console import segment_form as forms
from zhiyin.entrypoints.console import segment_kinds, segment_rows, segment_rule
from zhiyin.entrypoints.console.segment_page import Page
from zhiyin.entrypoints.console.segment_shop import Shop
from zhiyin.loop.profile import segment_json
from zhiyin.loop.profile.conditions import CONDITIONS, Did, Trait
from zhiyin.loop.profile.parts import REQUIRED, Part
from zhiyin.loop.profile.segment_text import parse
from zhiyin.services.traits import COMPUTED_AND_CONTACT, TraitInfo

TRAITS = (
    *COMPUTED_AND_CONTACT,
    TraitInfo("city", "choice", ("Shanghai", "Suzhou")),
    TraitInfo("points", "number"),
    TraitInfo("vip", "flag", ("true", "false")),
    TraitInfo("note", "text", ("a", "b")),
)
SHOP = Shop(
    "CNY",
    ZoneInfo("Asia/Shanghai"),
    {info.name: info for info in TRAITS},
    {"vip": "VIP", "tea": "茶"},
    {"spring": "Spring"},
)

pytestmark = pytest.mark.usefixtures("workspace")


# --- every kind, from its parts -------------------------------------------------------------------------

SPANS = st.sampled_from(("1m", "90m", "36h", "1d", "30d", "365d", "700d"))
WHOLE = st.integers(1, 9)
WORDS = st.sampled_from(("茶", "a b", '"x"', "3", "true", "O'Hara"))
# what can be typed into a control of each kind of part
VALUES: Mapping[str, st.SearchStrategy[Json]] = {
    "event": st.sampled_from(("Order Completed", "Product Viewed", "看过 <b>")),
    "segment": st.sampled_from(("vip", "tea", "gone")),
    "trait": st.sampled_from(("orders", "revenue", "points")),
    "duration": SPANS,
    "moment": st.sampled_from(("2026-03-01T00:00:00Z", "2026-03-01T08:30:00Z", "2025-12-31T16:00:07Z")),
    "day": st.sampled_from(("2026-03-01", "2000-02-29")),
    "whole": WHOLE,
    "number": st.sampled_from((1, 2.5, 60050, 7)),
    "flag": st.booleans(),
    "text": WORDS,
    "phrase": WORDS,
    "campaign": st.sampled_from(("spring", "gone")),
    "word": st.sampled_from(("email", "sms", "marketing", "of-its-own")),
    "measure": st.sampled_from(("revenue", "last_seen", "points", "rare")),
    "aim": st.sampled_from(("highest", "lowest", 2.5, 100)),
    "percent": st.sampled_from((10, 2.5, 100)),
    "property": st.sampled_from(("item_id", "category", "amount", "coupon")),
    "filters": st.lists(worlds.filters(), max_size=2),
}
STEP = st.one_of(
    VALUES["event"],
    st.fixed_dictionaries(
        {"event": VALUES["event"], "where": st.lists(worlds.filters(), min_size=1, max_size=2)}
    ),
)


def values(part: Part) -> st.SearchStrategy[Json]:
    """Values of a part, by its kind, else by what its schema lists."""
    shape = part.kind.schema()
    if part.kind.name == "steps":
        return st.lists(STEP, min_size=shape["minItems"], max_size=3)
    return st.sampled_from(shape["enum"]) if "enum" in shape else VALUES[part.kind.name]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Json]:
    """A condition of any kind in JSON form, made of its parts."""
    kind = draw(st.sampled_from(sorted(CONDITIONS)))
    parts = CONDITIONS[kind].PARTS
    if not parts:
        return draw(st.one_of(worlds.traits(), own_traits()))
    form = {}
    for part in parts:
        if part.default is REQUIRED or draw(st.booleans()):
            form[kind if part.head else part.name] = draw(values(part))
    return form


def own_traits() -> st.SearchStrategy[dict[str, Json]]:
    """Conditions on what the shop's customers state."""
    value = st.one_of(WORDS, st.sampled_from((3, 2.5, True, False, "Shanghai")))
    days = VALUES["day"]
    each: list[st.SearchStrategy[dict[str, Json]]] = [
        st.fixed_dictionaries(
            {"trait": st.sampled_from(("city", "points", "vip", "note", "rare")), name: inner}
        )
        for name, inner in {
            **dict.fromkeys(("is", "is_not", "has"), value),
            **dict.fromkeys(("in", "not_in"), st.lists(value, min_size=1, max_size=4)),
            **dict.fromkeys(("contains", "starts", "ends"), WORDS),
            **dict.fromkeys(("at_least", "at_most", "more_than", "less_than"), st.sampled_from((3, 2.5, -1))),
            **dict.fromkeys(("before", "after"), days),
            "within": st.sampled_from(("1d", "2w")),
            "exists": st.booleans(),
        }.items()
    ]
    return st.one_of(each)


def sayable(form: Json) -> bool:
    """Whether a person could type it: no moment to the microsecond, no blanks at the ends, no half a cent."""
    if isinstance(form, Mapping):
        money = form.get("trait") == "revenue" or form.get("property") == "amount"
        return all(sayable(one) and (not money or _whole_or_text(one)) for one in form.values())
    if isinstance(form, list):
        return all(map(sayable, form)) and len({(type(one), str(one)) for one in form}) == len(form)
    return not isinstance(form, str) or (
        form != "" and form == form.strip() and "\n" not in form and ".000001Z" not in form
    )


def _whole_or_text(value: Json) -> bool:
    return (
        _whole_or_text(value[0]) and _whole_or_text(value[-1])
        if isinstance(value, list)
        else not isinstance(value, float)
    )


def understood(form: Json) -> bool:
    """Whether the parts go together."""
    try:
        segment_json.parse(form)
    except segment_json.BadRule:
        return False
    return True


CONDITION = conditions().filter(sayable).filter(understood)
ANY_CONDITION = st.one_of(CONDITION, CONDITION, CONDITION.map(lambda form: {"not": form}))
GROUP = st.builds(
    lambda match, inner: {"not": {"any": inner}} if match == "none" else {match: inner},
    st.sampled_from(("all", "any", "none")),
    st.lists(ANY_CONDITION, min_size=2, max_size=3),
)
RULE = st.builds(
    lambda match, parts: segment_json.parse({match: parts}),
    st.sampled_from(("all", "any")),
    st.lists(st.one_of(ANY_CONDITION, ANY_CONDITION, GROUP), min_size=1, max_size=3),
)


def drawn(form: forms.Form) -> str:
    """The builder with this form."""
    page = Page("", None, "", form, "", None)
    page.parts = segment_rows.draw(form, SHOP, {}, {})
    return render_to_string(
        "console/segments/_builder.html", {"page": page}, RequestFactory().get("/segments/new")
    )


@settings(max_examples=60)
@given(RULE)
def test_what_the_page_shows_of_a_rule_is_that_rule_when_it_is_posted(rule: Rule) -> None:
    form = segment_rule.form_of(rule, SHOP)
    assert form is not None, segment_json.dump(rule)
    outcome = segment_rule.rule_of(forms.read(posted(drawn(form))), SHOP)
    assert outcome.unfinished == {}
    assert segment_rule.same(outcome.rule, rule)


@settings(max_examples=60)
@given(worlds.rules(3))
def test_a_rule_has_a_form_only_where_that_says_the_same(rule: Rule) -> None:
    form = segment_rule.form_of(rule, SHOP)
    if form is not None:
        outcome = segment_rule.rule_of(forms.read(posted(drawn(form))), SHOP)
        assert segment_rule.same(outcome.rule, rule)


def test_every_kind_is_offered_and_drawn_with_a_control_for_each_of_its_parts() -> None:
    offered = {offer.token for group in segment_kinds.menu() for offer in group.offers}
    assert {token for token in offered if not token.startswith("!")} == CONDITIONS.keys()
    for token in offered:
        page = drawn(forms.Form("all", (forms.fresh(token),)))
        fields = posted(page)
        assert fields["0"] == token
        said = segment_kinds.sentence(forms.fresh(token))
        assert said is not None
        slots = segment_kinds.slots(token.removeprefix("!"))
        assert "{" not in said.text.template.replace("{where}", "") or len(fields) > 3, token
        assert [name for name in slots if f"{{{name}}}" in said.text.template] != [], token


_TOLD = re.compile(r'<(?:option|datalist)[^>]*>|(?:aria-label|placeholder|title)="([^"]*)"|<[^>]*>')
_NAMES = {
    "RFM",
    "VIP",
    "Spring",
    "Shanghai",
    "Suzhou",
    "note",
    "points",
    "vip",
}  # known as they are, or the shop's own


def test_every_kind_speaks_chinese_down_to_the_last_choice() -> None:
    with override("zh-hans"):
        for group in segment_kinds.menu():
            for offer in group.offers:
                fields = {"where": ("0",), "without": ("0",), "operator": ("in",)}
                untouched = forms.fresh(offer.token)
                for part in (untouched, replace(untouched, fields=fields)):
                    page = _TOLD.sub(lambda found: f" {found[1] or ''} ", drawn(forms.Form("all", (part,))))
                    latin = set(re.findall(r"[A-Za-z]{2,}", html.unescape(page))) - _NAMES
                    assert latin == set(), (offer.token, latin)


# --- by hand --------------------------------------------------------------------------------------------


def trait(name: str, operator: str, *typed: str, **fields: str) -> forms.Condition:
    """A condition on a trait as it was typed."""
    said = {"trait": (name,), "operator": (operator,), "value": typed}
    return forms.Condition("trait", fields={**said, **{key: (value,) for key, value in fields.items()}})


def rule_of(*parts: forms.Condition | forms.Group) -> Rule:
    return segment_rule.rule_of(forms.Form("all", parts), SHOP).rule


def test_a_form_and_its_rule_say_the_same_both_ways() -> None:
    rule = All(
        (
            Did("Order Completed", 3, within=timedelta(days=365), where=(Filter("category", "is", "Tea"),)),
            Not(Did("Order Completed", within=timedelta(days=45))),
            Any((Trait("city", "in", ("Shanghai", "Suzhou")), Trait("revenue", "at_least", 60050))),
            Not(Any((Trait("lifecycle", "is", "lead"), Trait("orders", "at_most", 2)))),
            Trait("email_consent", "is", True),
            Trait("vip", "is", True),
            Trait("city", "exists", False),
            Trait("city", "starts", "S"),
            Trait("orders", "more_than", 3),
            Trait("last_seen", "within", timedelta(days=30)),
        )
    )
    form = segment_rule.form_of(rule, SHOP)
    assert form is not None
    assert segment_rule.rule_of(form, SHOP).rule == rule


def test_money_is_typed_in_major_units() -> None:
    assert rule_of(trait("revenue", "at_least", "600.5")) == Trait("revenue", "at_least", 60050)
    form = segment_rule.form_of(Did("A", where=(Filter("amount", "at_least", 5000),)), SHOP)
    assert form is not None
    assert posted(drawn(form))["0.where.0.value"] == "50"


def test_a_value_means_what_the_trait_holds() -> None:
    assert rule_of(trait("points", "is", "3")) == Trait("points", "is", 3)
    assert rule_of(trait("points", "is", "gold")) == All(())
    assert rule_of(trait("city", "is", "3")) == Trait("city", "is", "3")
    assert rule_of(trait("vip", "is", "true")) == Trait("vip", "is", True)
    assert rule_of(trait("city", "in", "上海、苏州")) == Trait("city", "in", ("上海", "苏州"))


def test_three_and_the_text_three_stay_apart() -> None:
    for value in (3, "3", True, "true"):
        for rule in (Trait("city", "is", value), Trait("points", "in", (value, "x"))):
            form = segment_rule.form_of(rule, SHOP)
            assert form is not None
            found = segment_rule.rule_of(forms.read(posted(drawn(form))), SHOP).rule
            assert json.dumps(segment_json.dump(found)) == json.dumps(segment_json.dump(rule))


def test_an_unfinished_condition_is_left_out_and_named() -> None:
    form = forms.Form(
        "all",
        (
            forms.fresh("did"),
            trait("city", "is"),
            forms.Condition("did", fields={"window": ("within",), "within": ("",)}),
            forms.Group("any", (trait("orders", "at_least", "x"),)),
            forms.fresh("in_segment"),
            forms.Group(),
        ),
    )
    outcome = segment_rule.rule_of(form, SHOP)
    assert outcome.rule == Did("Order Completed")
    assert outcome.places == ("0",)
    assert outcome.unfinished == {"1": "", "2": "", "3.0": "“x” is not a number.", "4": "", "5": ""}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"bounds": "between", "at_least": "5", "at_most": "2"}, "The first number must not be larger than the second."),
        ({"at_least": "0"}, "At least must be a whole number from 1 to 1000000."),
        ({"at_least": "two"}, "“two” is not a number."),
        ({"window": "between", "within": "3", "before": "1", "before_unit": "w"},
         "The first span must be longer than the second."),
        ({"window": "within", "within": "40000"}, 'Span of time must be a span of time such as "90d".'),
        ({"window": "dates", "since": "2026-03-02T00:00", "until": "2026-03-01T00:00"},
         "The first date must be earlier than the second."),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_at_its_place(fields: dict[str, str], problem: str) -> None:
    typed = forms.Condition("did", fields={name: (value,) for name, value in fields.items()})
    outcome = segment_rule.rule_of(forms.Form("all", (typed,)), SHOP)
    assert outcome.unfinished == {"0": problem}


@pytest.mark.parametrize(
    "rule",
    [
        'any(all(city == "Suzhou" or (orders >= 1 and orders <= 3)), points == 1)',
        'did("A", since="2026-01-01T00:00:00.000001Z")',
        'city == ""',
        'city == " x"',
        "revenue > 0.5",
        "nobody",
    ],
)
def test_a_rule_that_no_form_says_has_none(rule: str) -> None:
    assert segment_rule.form_of(parse(rule), SHOP) is None


def test_another_trait_takes_comparison_and_value_that_fit_it() -> None:
    changed = trait("revenue", "is_not", "lead", trait_was="lifecycle")
    fields = posted(drawn(forms.Form("all", (changed,))))
    assert (fields["0.operator"], fields["0.value"]) == ("is_not", "")
    changed = trait("last_seen", "is_not", "lead", trait_was="lifecycle")
    assert posted(drawn(forms.Form("all", (changed,))))["0.operator"] == "within"


def test_another_comparison_keeps_the_value() -> None:
    one = posted(drawn(forms.Form("all", (trait("note", "in", "a", trait_was="note"),))))
    assert one.getlist("0.values") == ['"a"']
    several = forms.Condition(
        "trait", fields={"trait": ("note",), "operator": ("is",), "values": ('"a"', '"b"')}
    )
    assert posted(drawn(forms.Form("all", (several,))))["0.value"] == "a"


def test_posted_fields_are_read_in_the_order_of_their_places() -> None:
    data = QueryDict(
        "match=any&place=1&place=0&0=did&0.event=Product+Viewed&0.at_least=2&0.window=30"
        "&0.where=4&0.where.4.property=category&0.where.4.value=Tea"
        "&1=group&1.match=none&1.place=0&1.0=trait&1.0.trait=city&1.0.operator=in"
        "&1.0.values=Shanghai&1.0.value=Suzhou，Wuxi"
    )
    assert segment_rule.rule_of(forms.read(data), SHOP).rule == Any(
        (
            Not(Trait("city", "in", ("Shanghai", "Suzhou", "Wuxi"))),
            Did("Product Viewed", 2, within=timedelta(days=30), where=(Filter("category", "is", "Tea"),)),
        )
    )


@pytest.mark.parametrize(
    "fields",
    [
        "0=nothing",
        "0=!trait",
        "0=!!trait",
        "0=!!!did",
        "0=did&0.window=x&0.bounds=y&0.within_unit=q",
        "0=did&0.where=x&0.where.x.operator=z",
        "0=trait&0.trait=*&0.operator=within&0.value=9999999999999",
        "0=trait&0.trait=city&0.operator=in&0.values=[1]&0.values={",
        "0=trait&0.trait=revenue&0.operator=in&0.value=x",
        "0=trait&0.trait=points&0.operator=at_least&0.value=nan",
        "0=in_segment&0.key=A+B",
        "0=group&0.place=x&0.x=group",
    ],
)
def test_whatever_is_posted_is_drawn_and_read(fields: str) -> None:
    form = forms.read(QueryDict(f"place=0&{fields}"))
    drawn(form)
    segment_rule.rule_of(form, SHOP)


def test_not_of_a_sentence_that_has_no_opposite_stands_before_it() -> None:
    for rule in (Not(Trait("city", "is", "Suzhou")), Not(Did("A", 3)), Not(Did("A"))):
        form = segment_rule.form_of(rule, SHOP)
        assert form is not None
        (condition,) = form.parts
        assert isinstance(condition, forms.Condition)
        assert condition.sign == ("!" if rule == Not(Did("A")) else "!!")
        assert ("<strong>not:</strong>" in drawn(form)) == (condition.sign == "!!")


def test_buttons_add_and_remove_at_their_place() -> None:
    form = forms.act(forms.act(forms.Form(), "add:did"), "group")
    form = forms.act(form, "add:!did:1")
    assert isinstance(form.parts[1], forms.Group)
    assert [one.token for one in form.parts[1].conditions] == ["trait", "did", "!did"]
    form = forms.act(forms.act(form, "remove:1.0"), "remove:0")
    assert len(form.parts) == 1
    assert isinstance(form.parts[0], forms.Group)
    assert len(form.parts[0].conditions) == 2


def test_buttons_add_and_remove_rows_and_values() -> None:
    form = forms.Form("all", (forms.fresh("did"), trait("city", "in")))
    for do in ("more:0.where", "more:0.where", "less:0.where:0", "more:0.where"):
        form = forms.act(form, do)
    assert posted(drawn(form)).getlist("0.where") == ["1", "2"]
    form = forms.act(form, 'drop:1.values:"a:b"')
    assert form.parts[1] == forms.Condition("trait", fields={**trait("city", "in").fields, "values": ()})


def test_a_link_fills_the_form_with_known_traits_only() -> None:
    form = forms.prefilled({"lifecycle": "at_risk", "r": "5", "page": "2"}, frozenset({"lifecycle", "r"}))
    assert segment_rule.rule_of(form, SHOP).rule == All(
        (Trait("lifecycle", "is", "at_risk"), Trait("r", "is", 5))
    )
