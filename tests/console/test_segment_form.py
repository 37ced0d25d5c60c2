"""The builder's form and the rule it makes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict

from zhiyin.domain.segment import All, Any, Filter, Not, Rule
from zhiyin.entrypoints.console import segment_form as forms
from zhiyin.entrypoints.console import segment_rule
from zhiyin.loop.profile.conditions import Did, Trait
from zhiyin.loop.profile.segment_text import parse

KINDS = {"lifecycle": "choice", "orders": "number", "revenue": "money", "city": "text", "vip": "flag"}

pytestmark = pytest.mark.usefixtures("workspace")


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
    form = segment_rule.form_of(rule, "CNY")
    assert form is not None
    assert segment_rule.rule_of(form, "CNY", KINDS).rule == rule


def test_money_is_typed_in_major_units() -> None:
    form = forms.Form(
        "all", (forms.Condition("trait", trait="revenue", operator="at_least", values=("600.5",)),)
    )
    assert segment_rule.rule_of(form, "CNY", KINDS).rule == All((Trait("revenue", "at_least", 60050),))


def test_an_unfinished_condition_is_left_out_and_named() -> None:
    form = forms.Form(
        "all",
        (
            forms.Condition("did"),
            forms.Condition("trait", trait="city", operator="is"),
            forms.Condition("did", days="other", days_other=""),
            forms.Group(
                "any", (forms.Condition("trait", trait="orders", operator="at_least", values=("x",)),)
            ),
        ),
    )
    outcome = segment_rule.rule_of(form, "CNY", KINDS)
    assert outcome.rule == All((Did("Order Completed"),))
    assert outcome.places == ("0",)
    assert outcome.unfinished == ("1", "2", "3.0")


def test_a_rule_deeper_than_one_group_has_no_form() -> None:
    deep = All((Any((All((Trait("city", "is", "Suzhou"),)),)),))
    assert segment_rule.form_of(deep, "CNY") is None


@pytest.mark.parametrize(
    "text",
    [
        'did("A", within="36h")',
        'did("A", within="90d", before="30d")',
        'did("A", at_most=3)',
        'not did("A", since="2026-01-01")',
        'did("A", where=[price >= 3])',
        'did("A", where=[price == 3])',
        'last_seen.within("90m")',
        'last_seen.after("2026-01-01")',
        'tags.has("vip")',
        'in_segment("vip")',
        'any(in_segment("vip"))',
    ],
)
def test_a_rule_that_no_sentence_says_has_no_form(text: str) -> None:
    rule: Rule = parse(text)
    assert segment_rule.form_of(rule, "CNY") is None


def test_posted_fields_are_read_in_the_order_of_their_places() -> None:
    posted = QueryDict(
        "match=any&place=1&place=0&0.kind=did&0.event=Product+Viewed&0.times=2&0.days=30"
        "&0.where_name=category&0.where_value=Tea"
        "&1.kind=group&1.match=none&1.place=0&1.0.kind=trait&1.0.trait=city&1.0.operator=in"
        "&1.0.values=Shanghai&1.0.value=Suzhou，Wuxi"
    )
    assert segment_rule.rule_of(forms.read(posted), "CNY", KINDS).rule == Any(
        (
            Not(Any((Trait("city", "in", ("Shanghai", "Suzhou", "Wuxi")),))),
            Did("Product Viewed", 2, within=timedelta(days=30), where=(Filter("category", "is", "Tea"),)),
        )
    )


def test_buttons_add_and_remove_at_their_place() -> None:
    form = forms.act(forms.act(forms.Form(), "add:did"), "group")
    form = forms.act(form, "add:trait:1")
    assert isinstance(form.parts[1], forms.Group)
    assert len(form.parts[1].conditions) == 3
    form = forms.act(forms.act(form, "remove:1.0"), "remove:0")
    assert len(form.parts) == 1
    assert isinstance(form.parts[0], forms.Group)
    assert len(form.parts[0].conditions) == 2


def test_a_link_fills_the_form_with_known_traits_only() -> None:
    form = forms.prefilled({"lifecycle": "at_risk", "page": "2"}, frozenset({"lifecycle", "r"}))
    assert segment_rule.rule_of(form, "CNY", KINDS).rule == All((Trait("lifecycle", "is", "at_risk"),))
