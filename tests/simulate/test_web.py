"""Forms as a browser sends them."""

from __future__ import annotations

import pytest

from zhiyin.simulate.web import form_of

PAGE = """
<form method="get" action="/search"><input name="q"></form>
<form action="" METHOD="post"><input type="hidden" name="token" value="a&amp;b"><button name="how" value="all">
Leave</button></form>
"""


def test_the_first_form_to_post_is_sent_with_its_hidden_values() -> None:
    assert form_of(PAGE.replace("METHOD", "method"), "http://h/u/1") == (
        "http://h/u/1",
        {"token": "a&b", "how": "all"},
    )


def test_a_page_without_a_form_is_a_problem() -> None:
    with pytest.raises(ValueError, match="no form"):
        form_of("<p>Gone</p>", "http://h/u/1")
