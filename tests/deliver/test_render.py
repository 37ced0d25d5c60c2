"""Rendering: Liquid in a sandbox, MJML with named mistakes, and a plain text part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.errors import BadTemplate
from zhiyin.loop.deliver import links, mjml, plain, render

ITEM = {
    "item_id": "t1",
    "name": "Oolong <& co>",
    "price": "¥12.00",
    "url": "https://shop.example/1?a=1&b=2",
    "image_url": "https://shop.example/1.jpg",
    "category": "tea",
    "reason": "popular",
}
WORLD = {
    "customer": {"name": "Li", "orders": 3},
    "shop": {"name": "Tea", "currency": "CNY"},
    "campaign": {"key": "spring", "name": "Spring"},
    "recommendations": [ITEM, {**ITEM, "item_id": "t2", "price": None}],
    "unsubscribe_url": "https://t.example/u/1",
}


def _mjml(inside, head=""):
    return f"<mjml><mj-head>{head}</mj-head><mj-body>{inside}</mj-body></mjml>"


def _text(inside):
    return _mjml(f"<mj-section><mj-column><mj-text>{inside}</mj-text></mj-column></mj-section>")


def _shown(body, subject="s"):
    return render.render(render.check(subject, body), WORLD)


def test_a_less_than_and_quotes_inside_liquid_survive_mjml():
    html = _shown(_text('{% if customer.orders < 5 and "a" < "b" %}few{% endif %}')).html
    assert ">few<" in html


def test_liquid_between_the_rows_of_a_column_stays_between_them():
    body = _mjml(
        "<mj-section>{% for item in recommendations %}<mj-column><mj-text>{{ item.item_id }}</mj-text>\n"
        "{% if item.price %}<mj-text>{{ item.price }}</mj-text>{% endif %}</mj-column>{% endfor %}</mj-section>"
    )
    text = _shown(body).text.split()
    assert text == ["t1", "¥12.00", "t2"]


def test_liquid_tags_stand_in_title_and_preview_as_in_any_text():
    head = (
        "<mj-title>{% if customer.name %}Teas{% else %}None{% endif %}</mj-title>"
        "<mj-preview>{% for item in recommendations %}[{{ item.item_id }}]{% endfor %}</mj-preview>"
    )
    html = _shown(_mjml("<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>", head)).html
    assert "<title>Teas</title>" in html
    assert ">[t1][t2]</div>" in html


def test_an_empty_title_leaves_the_liquid_after_it_alone():
    body = "<mj-section>{% if true %}<mj-column><mj-text>x</mj-text></mj-column>{% endif %}</mj-section>"
    assert _shown(_mjml(body, "<mj-title/>")).text == "x"


def test_values_are_escaped_in_html_and_not_in_text_and_subject():
    shown = _shown(_text("{{ recommendations[0].name }}"), "{{ recommendations[0].name }}")
    assert "Oolong &lt;&amp; co&gt;" in shown.html
    assert shown.text == shown.subject == "Oolong <& co>"


def test_a_missing_trait_of_one_customer_is_empty():
    assert (
        _shown(
            _text("a{{ customer.email }}b{{ customer.city | default: 'x' }}c".replace("city", "phone"))
        ).text
        == "abxc"
    )


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("a\n{{ nobody.name }}", "line 2: there is no variable 'nobody.name'"),
        ("{{ customer.nam }}", "Did you mean 'name'"),
        ("{% if false %}\n{{ shop.colour }}{% endif %}", "line 2.*'shop.colour'"),
        ("{% for i in recommendations %}{{ i.prize }}{% endfor %}", "Did you mean 'price'"),
        ("{{ recommendations[0].prize }}", "Did you mean 'price'"),
        ("\n\n{{ customer.name | upcas }}", "line 3: there is no filter 'upcas'.*Did you mean 'upcase'"),
        ("a\n{% if customer.name %}", r"line 2: \{% if %\} is never closed"),
        ("a\n{% endif %}", "line 2"),
        ("{{ customer.name", "line 1"),
        ("{% include 'x' %}", "include"),
        ("\n{% render 'x' %}", "line 2: there is no saved block 'x'"),
        ("{{ customer.name | safe }}", "no filter 'safe'"),
        (_mjml("\n<mj-txt>x</mj-txt>"), "line 2: <mj-txt> is not a tag of MJML"),
        (_mjml("\n<div>x</div>"), "line 2: <div> is not a tag of MJML.*mj-text"),
        (_mjml("\n<mj-section>\n<mj-column></mj-column>"), "line 3|line 2"),
        (_text("a <mj-button>x</mj-button>"), "<mj-button> stands inside <mj-text>"),
        (_text("Tea & milk < coffee"), "cannot be read.*&amp;"),
        ("<mj-text>x</mj-text>", "no <mjml>"),
    ],
)
def test_a_mistake_is_named_with_its_line(body, match):
    with pytest.raises(BadTemplate, match=match):
        _shown(body)


_CHAIN = (("", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"))  # 40 times as long with every step


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}{% for k in (1..1000) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ (1..999999999) | join: ',' }}",
        "{% assign r = (1..999999999) %}{{ r | size }}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..500) %}{% assign x = x | append: x %}{% endfor %}",
        "{% capture x %}{% for i in (1..9000) %}" + "a" * 80 + "{% endfor %}{% endcapture %}{{ x }}",
        "{% assign a = 'x' " + "".join(f"| replace: '{old}', '{new * 40}' " for old, new in _CHAIN) + "%}{{ a }}",
        "{{ 'a,b' | split: ',' | join: customer.name }}" + "{% if true %}" * 40 + "{% endif %}" * 40,
    ],
)  # fmt: skip
def test_no_template_can_eat_the_machine(body):
    with pytest.raises(BadTemplate):
        _shown(body)


@pytest.mark.parametrize(
    "body", ["{{ shop.name.__class__ }}", "{{ customer.__dict__ }}", "{{ recommendations.append }}"]
)
def test_the_insides_of_python_are_out_of_reach(body):
    try:
        shown = _shown(body).text
    except BadTemplate:
        shown = ""
    assert shown == ""


def test_the_plain_text_part_says_what_the_html_says():
    body = _text(
        "<h1>Hello</h1><p>Two <b>words</b></p><ul><li>one</li><li>two</li></ul>"
        '<a href="https://a.example">Shop</a> <a href="https://b.example">https://b.example</a>'
    )
    text = links.rewrite_text(_shown(body).text, str)
    assert text.split("\n") == [
        "Hello", "", "Two words", "", "- one", "- two", "Shop: https://a.example https://b.example",
    ]  # fmt: skip


def test_a_picture_link_is_left_out_where_words_lead_to_the_same_place():
    html = '<a href="{{ u }}"><img src="x" alt="Tea"></a> <a href="{{ u }}">Tea</a>'
    assert plain.to_text(html).count("{{ u }}") == 1
    assert plain.to_text(html.split("</a> ")[0]).count("[Tea]") == 1


@given(
    st.lists(
        st.sampled_from(
            ["{{ a }}", "{% if a < b %}", "{% endif %}", "x & y", "<b>", "</b>", "\n", '"', "茶"]
        ),
        max_size=12,
    )
)
def test_every_piece_of_liquid_comes_through_mjml_as_it_was(pieces):
    inside = "".join(pieces).replace("&", "&amp;")
    try:
        html = mjml.to_html(_text(inside))
    except BadTemplate:
        return  # HTML that is not closed
    for piece in ("{{ a }}", "{% if a < b %}", "{% endif %}"):
        assert html.count(piece) == inside.count(piece)
