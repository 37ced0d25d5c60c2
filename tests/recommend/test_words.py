"""Words of a text, in Chinese and English mixed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.recommend.words import words

TEXTS = st.text(st.sampled_from("龍龙井茶後面面条 aAＡé9.-_🍵✨\u200d\ufe0f\n"), max_size=20)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("龍井茶", "龙井茶"),
        ("ＧＲＥＥＮ　ＴＥＡ", "green tea"),
        ("Café", "Cafe\u0301"),
        ("茶 🍵!", "茶🍵"),
        ("3-in-1", "3 in 1"),
    ],
)
def test_the_same_written_otherwise_gives_the_same_words(one: str, other: str) -> None:
    assert words([one]) == words([other])


def test_chinese_is_cut_into_words_and_pairs_so_that_unknown_names_are_found() -> None:
    (found,) = words(["西湖龙井茶礼盒"])
    assert {"西湖", "龙井", "礼盒"} <= set(found)
    ((maker,),) = words(["奈雪"])[:1]  # in no dictionary of words
    assert maker in words(["奈雪的茶"])[0]


def test_a_picture_is_a_word_and_what_colours_or_joins_pictures_is_none() -> None:
    assert words(["👩\u200d👧 👍🏽 ❤\ufe0f …"]) == [["👩", "👧", "👍", "❤"]]


@given(TEXTS)
def test_no_word_is_empty_or_has_capitals_or_spaces(text: str) -> None:
    (found,) = words([text])
    assert all(word and word == word.casefold() and not any(map(str.isspace, word)) for word in found)
    assert words([unicodedata.normalize("NFC", text)]) == [found]


@given(st.lists(TEXTS, max_size=4))
def test_each_text_stands_alone(texts: list[str]) -> None:
    assert words(texts) == [words([text])[0] for text in texts]
