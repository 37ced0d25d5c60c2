"""Which wording somebody gets, how two of them differ, and their plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.errors import BadTemplate
from zhiyin.loop.deliver import differences, languages, links, plain, render

TAGS = st.sampled_from(["", "en", "en-gb", "zh", "zh-hans", "zh-hant", "zh-tw", "de", "pt-br", "pt"])


@pytest.mark.parametrize(
    ("spoken", "main", "others", "chosen"),
    [
        ("zh-hans", "en", ["zh-hans", "zh"], "zh-hans"),
        ("zh_CN", "en", ["zh-hant", "zh-hans"], "zh-hans"),
        ("zh-TW", "en", ["zh-hans", "zh-hant"], "zh-hant"),
        ("zh-TW", "en", ["zh-hans"], "zh-hans"),
        ("pt-PT", "en", ["pt-br"], "pt-br"),
        ("en-AU", "en", ["de"], ""),
        ("en-AU", "en-gb", ["de"], ""),
        ("fr", "en", ["de"], ""),
        ("", "en", ["de"], ""),
        ("de", "", ["de"], "de"),
    ],
)
def test_the_exact_language_then_a_near_one_then_the_main_one(spoken, main, others, chosen) -> None:
    assert languages.choose(spoken, main, others) == chosen


@given(TAGS, TAGS, st.sets(TAGS.filter(bool)))
def test_somebody_always_gets_one_that_there_is(spoken: str, main: str, others: set[str]) -> None:
    chosen = languages.choose(spoken, main, others - {main})
    assert chosen in (others - {main}) | {""}
    if spoken in others - {main}:
        assert chosen == spoken
    if spoken == main:
        assert chosen == ""


@given(st.text("ab\n", max_size=30), st.text("ab\n", max_size=30))
def test_both_texts_stand_in_their_difference(before: str, after: str) -> None:
    lines = differences.compare(before, after)
    assert "\n".join(line.before for line in lines if line.before is not None) == before
    assert "\n".join(line.after for line in lines if line.after is not None) == after
    assert all((line.before == line.after) == (line.change == "same") for line in lines)


def test_only_what_differs_is_shown_with_some_lines_around_it() -> None:
    lines = differences.compare("\n".join("abcdefghij"), "\n".join("abcdeXghij"))
    shown = differences.changed(lines, around=1)
    assert [line and line.after for line in shown] == ["e", "X", "g", None]


def test_a_plain_text_in_ones_own_words_is_sent_with_its_links_tracked() -> None:
    text = "Hi {{ customer.name }}, see https://shop.example/a?b={{ customer.customer_id }}.\nStop: {{ unsubscribe_url }}"
    ready = render.check("s", "<p>HTML</p>", "", text)
    world = {"customer": {"name": "Li", "customer_id": "7"}, "unsubscribe_url": "https://t.example/u/1"}
    shown = render.render(ready, world).text
    tracked = links.rewrite_text(shown, lambda url: f"[{url}]", keep=("https://t.example/u/",))
    assert tracked == "Hi Li, see [https://shop.example/a?b=7].\nStop: https://t.example/u/1"
    assert links.rewrite_text(plain.marked("在 https://a.example/茶。"), lambda url: "X") == "在 X。"
    with pytest.raises(BadTemplate, match="The plain text, line 2: there is no variable 'customr'"):
        render.check("s", "<p>HTML</p>", "", "a\n{{ customr }}")


@pytest.mark.parametrize(
    ("today", "said"),
    [("2026-11-01", "10"), ("2026-11-11", "0"), ("2026-11-12", "-1"), ("", "")],
)
def test_days_until_a_date_are_counted(today: str, said: str) -> None:
    ready = render.check('{{ today | days_until: "2026-11-11" }}', "<p>x</p>")
    assert render.render(ready, {"today": today}).subject == said


def test_a_file_within_the_text_is_refused_with_its_line() -> None:
    with pytest.raises(BadTemplate, match="line 2: a file of 10240 KB stands in the text itself"):
        render.prepare("s", f'<p>\n<img src="data:image/png;base64,{"A" * 10_485_738}"></p>')
