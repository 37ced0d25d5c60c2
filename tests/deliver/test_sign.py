"""Signatures of public links."""

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.deliver import sign

KEY = sign.key("secret", sign.CLICK)


@given(st.text())
def test_what_was_signed_is_read_back(text):
    assert sign.verify(KEY, sign.sign(KEY, text)) == text


@given(st.text(), st.text(alphabet="abcXYZ019-_.=%é", max_size=80))
def test_anything_else_is_nothing(text, junk):
    token = sign.sign(KEY, text)
    if junk != token:
        assert sign.verify(KEY, junk) is None
    assert sign.verify(KEY, token + "=") is None


@given(st.text(min_size=1), st.data())
def test_one_changed_letter_breaks_it(text, data):
    token = sign.sign(KEY, text)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_."))
    if token[at] != letter:
        assert sign.verify(KEY, token[:at] + letter + token[at + 1 :]) is None


def test_a_token_of_one_purpose_is_worth_nothing_for_another():
    for purpose in (sign.OPEN, sign.UNSUBSCRIBE):
        assert sign.verify(KEY, sign.sign(sign.key("secret", purpose), "t")) is None


def test_another_secret_is_another_key():
    assert sign.verify(KEY, sign.sign(sign.key("other", sign.CLICK), "t")) is None
