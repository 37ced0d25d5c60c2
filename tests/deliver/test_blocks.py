"""Blocks: taken apart and put together to the letter, and what is filled in is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.errors import BadTemplate
from zhiyin.loop.deliver import block_fields, block_layout, blocks, mjml, saved_blocks
from zhiyin.loop.deliver.block_fields import Form
from zhiyin.loop.deliver.block_kinds import KINDS

EMPTY = '<mjml lang="en">\n  <mj-body css-class="page">\n  </mj-body>\n</mjml>\n'
BUTTON = blocks.new("button", "en").source
PIECES = (
    "<mj-body>", "</mj-body>", "<mjml>", "\n", "  ", "<!-- block: text -->\n", "    <!-- /block -->\n", "<!-- x -->",
    BUTTON, BUTTON.replace("Have", "Had"), BUTTON.replace("mj-column", "mj-group"), "{% render 'vip' %}\n", "{{ a }}",
    "{% if b %}", "<mj-section/>", "é", "<!-- block: nothing -->\n<p/>\n<!-- /block -->\n",
)  # fmt: skip
WORDS = st.text(st.sampled_from("ab é<>&\"'\n{}%\u4e2d"), max_size=12) | st.sampled_from(
    [
        "{{ customer.name }}",
        "{% if a < b %}x{% endif %}",
        "<b>bold</b>",
        "&amp;",
        "a & b",
        '{{ x | default: "y" }}',
    ]
)


def _document(kinds: list[str]) -> blocks.Document:
    document = blocks.parse(EMPTY)
    for at, kind in enumerate(kinds):
        document = blocks.insert(document, at, blocks.new(kind, "en"))
    return document


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text())
def test_any_text_is_put_together_as_it_was(body: str) -> None:
    for text in (body, f"<mjml><mj-body>\n{body}</mj-body></mjml>"):
        assert blocks.format_(blocks.parse(text)) == text


@given(st.lists(st.sampled_from([*KINDS]), max_size=6))
def test_what_the_editor_writes_opens_as_the_same_blocks(kinds: list[str]) -> None:
    document = _document(kinds)
    assert blocks.parse(blocks.format_(document)) == document


@st.composite
def _filled(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    kind = draw(st.sampled_from([*KINDS]))

    def value(field: block_fields.Field) -> object:
        if field.form == Form.LIST:
            return [{one.name: value(one) for one in field.fields} for _ in range(draw(st.integers(0, 3)))]
        if field.form == Form.CHOICE:
            return draw(st.sampled_from([*field.choices]))
        if field.form == Form.FLAG:
            return draw(st.sampled_from(["yes", ""]))
        fits = {Form.COLOUR: ["#00aaFF", "red"], Form.NUMBER: ["7", "x"], Form.DATE: ["2026-11-11", "soon"]}
        return draw(st.sampled_from(fits[field.form])) if field.form in fits else draw(WORDS)

    return kind, {field.name: value(field) for field in KINDS[kind].fields}


@given(_filled())
def test_a_filled_block_is_read_back_or_refused(drawn: tuple[str, dict[str, object]]) -> None:
    kind, values = drawn
    try:
        block = blocks.block(kind, values)
    except BadTemplate:
        return  # a text that MJML or Liquid would take for something else
    assert blocks.parse(EMPTY.replace("  </mj-body>", f"{block.source}  </mj-body>")).blocks == (block,)
    assert block_layout.fill(KINDS[kind], block.values or {}) == block.inside
    if "&" not in str(values):  # what is written as an entity may be typed as the sign itself
        shown = block_fields.clean(KINDS[kind].fields, values)
        missing = [name for name in shown if f"[[{name}]]" not in KINDS[kind].layout]
        for name in shown.keys() - missing:
            assert block.values is not None
            assert block.values[name] == shown[name] or block.values[name] in ("", *_first(kind, name))


def _first(kind: str, name: str) -> list[object]:
    """What is read where the place of a field stands nowhere, since another field is empty."""
    return [block_fields.clean(KINDS[kind].fields, {})[name]]


def test_every_kind_is_mjml_that_can_be_sent() -> None:
    html = mjml.to_html(blocks.unmarked(blocks.format_(_document([*KINDS]))))
    assert "block:" not in html
    assert "Have a look" in html


def test_ordinary_signs_are_written_as_mjml_wants_them() -> None:
    block = blocks.block("text", {"text": 'Tea & "milk" < coffee\n<b>now</b>', "heading": "1 < 2 <i>"})
    assert 'Tea &amp; "milk" &lt; coffee<br />\n<b>now</b>' in block.source
    assert "1 &lt; 2 &lt;i>" in block.source
    mjml.to_html(EMPTY.replace("  </mj-body>", f"{block.source}</mj-body>"))


@pytest.mark.parametrize(
    "text", ["{{ customer.name", "{% if a %", "</mj-text>", "<mj-button>", "<!-- block: x -->"]
)
def test_what_would_break_a_block_is_refused(text: str) -> None:
    with pytest.raises(BadTemplate, match="cannot stand in a block"):
        blocks.block("text", {"text": text})


def test_a_body_by_hand_is_one_block_and_stays_as_it_is() -> None:
    body = "<mjml><mj-body><mj-section>\n\n</mj-section> </mj-body></mjml>"
    (block,) = blocks.parse(body).blocks
    assert (block.kind, block.values) == (blocks.MJML, None)
    html = blocks.parse("<p>Hello</p>")
    assert not html.open
    assert [block.source for block in html.blocks] == ["<p>Hello</p>"]


def test_a_block_changed_by_hand_keeps_its_kind_and_its_source() -> None:
    changed = BUTTON.replace("mj-column", "mj-group")
    (block,) = blocks.parse(EMPTY.replace("  </mj-body>", f"{changed}  </mj-body>")).blocks
    assert (block.kind, block.values, block.source) == ("button", None, changed)
    assert blocks.by_hand(BUTTON).values == blocks.new("button", "en").values


def test_blocks_are_moved_doubled_and_removed() -> None:
    document = _document(["header", "text", "footer"])
    kinds = lambda changed: [block.kind for block in changed.blocks]  # noqa: E731
    assert kinds(blocks.move(document, 0, 2)) == ["text", "footer", "header"]
    assert kinds(blocks.move(document, 2, 0)) == ["footer", "header", "text"]
    assert kinds(blocks.duplicate(document, 1)) == ["header", "text", "text", "footer"]
    assert kinds(blocks.remove(document, 1)) == ["header", "footer"]


def test_there_is_an_end_to_blocks_and_to_what_stands_in_one() -> None:
    document = blocks.parse(EMPTY.replace("  </mj-body>", BUTTON * blocks.MAX_BLOCKS + "</mj-body>"))
    with pytest.raises(BadTemplate, match="at most 100 blocks"):
        blocks.duplicate(document, 0)
    with pytest.raises(BadTemplate, match="10,000 characters"):
        blocks.block("text", {"text": "{{" * 6_000})
    long = blocks.new("text", "en").source.replace("Write your text here", "x" * 10_001)
    assert blocks.by_hand(long).values is None  # not a field any more, and still there


@pytest.mark.parametrize(
    "body",
    [
        " \n" * 100_000,
        "<!-- block: text -->\n" * 9_000,
        f"<mjml><mj-body>{' ' * 180_000}</mj-body>",
        "<mj-body " * 20_000,
        f"<mj-body><!-- block: text -->\n    <mj-section{'{{' * 50_000}<!-- /block --></mj-body>",
    ],
    ids=["blanks", "open", "room", "tags", "liquid"],
)
def test_no_body_takes_long_to_take_apart(body: str) -> None:
    assert blocks.format_(blocks.parse(body)) == body  # minutes, if a pattern went back and forth


def test_a_saved_block_stands_where_it_is_used() -> None:
    body = EMPTY.replace("  </mj-body>", "    {% render 'vip' %}\n  </mj-body>")
    assert [block.kind for block in blocks.parse(body).blocks] == [blocks.SAVED]
    assert saved_blocks.used(body) == {"vip"}
    assert "<mj-raw>x</mj-raw>" in saved_blocks.expand(body, {"vip": "<mj-raw>x</mj-raw>"})


@pytest.mark.parametrize(
    ("body", "saved", "match"),
    [
        ("a\n{% render 'b' %}", {"vip": "x"}, "line 2: there is no saved block 'b'.*vip"),
        ("{% render 'a' %}", {"a": "\n{% render 'a' %}"}, "line 2: it uses the saved block 'a'"),
        ("{% render 'a' %}" * 9_000, {"a": "x" * 199_000}, "200,000 characters with its saved blocks"),
    ],
)
def test_saved_blocks_are_bounded(body: str, saved: dict[str, str], match: str) -> None:
    with pytest.raises(BadTemplate, match=match):
        saved_blocks.expand(body, saved)
