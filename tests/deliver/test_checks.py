"""Each check finds what it is for in a tiny message, with its line, and leaves a good one alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.deliver.checks import CHECKS, check, read
from zhiyin.loop.deliver.checks.colours import Colour, contrast, over, parse

WORDS = "Twenty words or more stand here, so that nobody takes this letter for a picture: one two three four five six."
GOOD = f'<p>{WORDS}</p>\n<a href="https://shop.cn/tea">Tea</a>\n<img src="https://shop.cn/a.png" alt="Tea" width="200">'


def codes(
    html: str = GOOD, subject: str = "Hello", preheader: str = "New", text: str = WORDS, **more: str
) -> list:
    return [(p.code.value, p.line) for p in check(read(subject, preheader, html, text, **more))]


def test_a_good_message_passes_all_checks() -> None:
    assert codes() == []
    assert len(CHECKS) == 15


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('\n<a href="">Tea</a>', ("empty_link", 4)),
        ('<a href="#">Tea</a>', ("empty_link", 3)),
        ('<a href="#top">Tea</a>', ("empty_link", 3)),
        ('<a href="www.shop.cn">Tea</a>', ("broken_link", 3)),
        ('<a href="htp://shop.cn">Tea</a>', ("broken_link", 3)),
        ('<a href="https://">Tea</a>', ("broken_link", 3)),
        ('<a href="https://shop.cn/a b">Tea</a>', ("broken_link", 3)),
        ('<a href="https://shop.cn:port/">Tea</a>', ("broken_link", 3)),
        ('<a href="javascript:alert(1)">Tea</a>', ("broken_link", 3)),
        ('<a href="[[link]]">Tea</a>', ("broken_link", 3)),
        ('<a href="https://shop.example/">Tea</a>', ("placeholder_link", 3)),
        ('<a href="https://bit.ly/3x">Tea</a>', ("shortened_link", 3)),
        ('<a href="https://t.cn/A6">茶</a>', ("shortened_link", 3)),
        ('<a href="https://evil.cn/pay">www.bank.com</a>', ("other_address", 3)),
        ('<img src="https://shop.cn/b.png" width="9">', ("no_alt", 3)),
        ('<img src="https://shop.cn/b.png" alt="Tea">', ("no_width", 3)),
        ('<img src="data:image/png;base64,AAAA" alt="Tea" width="9">', ("embedded_image", 3)),
        (f'<img src="data:image/png;base64,{"A" * 300_000}" alt="Tea" width="9">', ("embedded_image", 3)),
        ('<p style="color:#999">grey</p>', ("low_contrast", 3)),
        ('<td style="background:#fff"><p style="color:#eee">pale</p></td>', ("low_contrast", 3)),
        ('<font color="yellow">gold</font>', ("low_contrast", 3)),
        ("<p>act now, risk free, casino</p>", ("spam_words", 3)),
        ("<p>中奖，博彩，彩票</p>", ("spam_words", 3)),
        ("<p>New!! New!! New!!</p>", ("shouting", 0)),
    ],
)
def test_what_is_wrong_in_the_message_is_found_with_its_line(html: str, found: tuple[str, int]) -> None:
    assert found in codes(f"{GOOD}{html}")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@shop.cn">a@shop.cn</a>',
        '<a href="#unsubscribe">Unsubscribe</a>',
        '<p id="top"></p><a href="#top">Up</a>',
        '<a href="https://例子.公司/茶">茶</a>',
        '<a href="https://www.shop.com.cn/x">shop.com.cn</a>',
        '<a href="https://shop.cn/x">Mr. Lin</a>',
        '<img src="https://shop.cn/line.png" alt="" width="600">',
        '<img src="https://shop.cn/p.gif" width="1" height="1">',
        '<img src="https://shop.cn/b.png" alt="Tea" style="max-width:100%">',
        '<p style="color:#777;font-size:24px">large</p>',
        '<p style="color:#fff;display:none">unseen</p>',
        '<td style="background:url(a.png)"><p style="color:#eee">on a picture</p></td>',
        '<td bgcolor="#0f766e"><a style="color:#fff" href="https://shop.cn/">Go</a></td>',
        "<p>Order now and then; the earn moneybox is a winnerless name</p>",
    ],
)
def test_what_is_right_is_left_alone(html: str) -> None:
    assert [one for one in codes(f"{GOOD}{html}") if one[0] != "spam_words"] == []


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"subject": "BUY ALL THE TEA TODAY"}, "shouting"),
        ({"subject": "New tea!!"}, "shouting"),
        ({"subject": "新茶上市！！"}, "shouting"),
        ({"subject": "Act now and see"}, "spam_words"),
        ({"subject": "点击领取新茶"}, "spam_words"),
        ({"subject": "x" * 79}, "long_subject"),
        ({"subject": "茶" * 40}, "long_subject"),
        ({"preheader": ""}, "no_preheader"),
        ({"text": " \n"}, "no_text"),
        ({"html": '<img src="https://shop.cn/a.png" alt="Tea" width="600">'}, "image_only"),
        ({"html": GOOD + f"<p>{'x ' * 60_000}</p>"}, "too_large"),
        ({"address": "1 Tea Street"}, "address_not_shown"),
    ],
)
def test_what_is_wrong_around_it_is_found(given_: dict[str, str], code: str) -> None:
    assert code in [one for one, _line in codes(**given_)]


def test_a_link_that_is_broken_for_everybody_is_an_error_and_by_one_customers_data_a_warning() -> None:
    source = '<p>\n<a href="">one</a>\n<a href="{{ item.url }}">two</a></p>'
    found = check(read("s", "p", '<p><a href="">one</a> <a href="nowhere">two</a></p>', "t", source))
    assert [(p.level, p.line) for p in found if p.code.endswith("_link")] == [("error", 2), ("warning", 3)]


def test_dark_styles_are_checked_as_a_dark_theme_applies_them() -> None:
    dark = "<style>@media (prefers-color-scheme: dark) { .paper { background: #111 !important; } %s }</style>"
    paper = f'<div class="paper" style="background:#fff"><p class="ink" style="color:#222">{WORDS}</p></div>'
    assert codes(dark % "" + paper) == [("low_contrast", 1)]
    assert codes(dark % ".ink { color: #eee !important; }" + paper) == []


def test_what_stands_inside_blocks_of_no_size_is_seen() -> None:
    inside = f'<td style="font-size:0px"><div style="font-size:13px;color:#999">{WORDS} <a href="https://bit.ly/x">x</a></div></td>'
    assert {code for code, _line in codes(inside)} == {"low_contrast", "shortened_link"}
    assert codes(GOOD + '<td style="font-size:0px;color:#fff">unseen</td>') == []


def test_the_address_is_found_however_it_is_broken_into_lines() -> None:
    assert codes(GOOD + "<p>1 Tea\n Street</p>", address="1 Tea Street") == []


@pytest.mark.parametrize(
    ("colour", "background", "ratio"),
    [
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#fff", 4.54),
        ("white", "rgb(0 0 0)", 21.0),
        ("red", "white", 4.0),
    ],
)
def test_contrast_is_that_of_the_standard(colour: str, background: str, ratio: float) -> None:
    one, other = parse(colour), parse(background)
    assert one is not None
    assert other is not None
    assert contrast(one, other) == contrast(other, one) == ratio


_colours = st.builds(Colour, *[st.integers(0, 255)] * 3)


@given(_colours, _colours)
def test_contrast_lies_between_1_and_21_and_what_covers_all_is_seen_alone(one: Colour, other: Colour) -> None:
    assert 1 <= contrast(one, other) <= 21
    assert over(one, other) == Colour(one.red, one.green, one.blue)
    assert parse(str(one)) == one


@given(st.text(max_size=300))
def test_no_text_breaks_the_checks(html: str) -> None:
    check(read(html, html, html, html))


@given(
    st.lists(
        st.sampled_from(
            ["<p style='color:", "#f0f", "'>", "<a href=", '"', "{{", "<img", ">", "</p>", "url(", ";"]
        )
    )
)
def test_no_broken_html_breaks_the_checks(parts: list[str]) -> None:
    check(read("s", "", "".join(parts), "t"))
