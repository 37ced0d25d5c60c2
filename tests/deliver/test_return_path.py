"""Return paths: which message came back, and no forging."""

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.deliver import return_path, sign

KEY = sign.key("secret", sign.RETURN)
tokens = st.text("0123456789abcdef", min_size=32, max_size=32)
addresses = st.sampled_from(
    ["bounces@mail.example.com", "b@e.co", "mail+back@example.com", "x" * 14 + "@e.co"]
)


@given(addresses, tokens, st.booleans())
def test_a_return_path_gives_its_token_back_whatever_became_of_its_case(address, token, upper):
    tagged = return_path.tagged(address, token, KEY)
    assert len(tagged.partition("@")[0]) <= 64
    assert tagged.partition("@")[2] == address.partition("@")[2]
    assert return_path.token_of(tagged.upper() if upper else tagged, KEY) == token
    assert return_path.token_of(f" <{tagged}> ", KEY) == token


@given(tokens, tokens, st.text("0123456789abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16))
def test_a_forged_one_gives_nothing(token, other, mac):
    tagged = return_path.tagged("b@e.co", token, KEY)
    assert return_path.token_of(tagged, sign.key("another", sign.RETURN)) is None
    assert return_path.token_of(f"b+{token}.{mac}@e.co", KEY) is None
    if other != token:
        assert return_path.token_of(tagged.replace(token, other), KEY) is None


@given(st.text(max_size=80))
def test_any_other_address_gives_nothing(address):
    assert return_path.token_of(address, KEY) is None
