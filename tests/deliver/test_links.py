"""Links: every one once, nothing else."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyin.loop.deliver.links import END, START, is_web, labelled, rewrite, rewrite_text


class Reader(HTMLParser):
    """What a browser sees: the text, and the address of every link. The oracle of the property tests."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.links = "", []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs).get("href"))

    def handle_data(self, data):
        self.text += data


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def track(url):
    return "https://t.example/" + url.encode().hex()


words = st.text(alphabet="abc 茶<>&\"'", max_size=12)
urls = st.sampled_from(
    [
        "https://shop.example/",
        "https://shop.example/?a=1&b=2",
        "http://shop.example/x?q='y'",
        "mailto:a@b.example",
        "#top",
        "tel:+86",
        "/relative",
        "javascript:alert(1)",
        "https://keep.example/u/1",
    ]
)


def _escape(text):
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )


@st.composite
def links_(draw):
    quote = draw(st.sampled_from("\"'"))
    before = draw(
        st.sampled_from(["", f" title={quote}{_escape(draw(words))}{quote}", " download", ' data-href="x"'])
    )
    name = draw(st.sampled_from(["href", "HREF", "Href"]))
    space = draw(st.sampled_from(["", " "]))
    tag = draw(st.sampled_from("aA"))
    return (
        f"<{tag}{before} {name}{space}={space}{quote}{_escape(draw(urls))}{quote} target=_blank>"
        f"{_escape(draw(words))}</{tag}>"
    )


pieces = st.one_of(
    links_(),
    words.map(_escape),
    words.map(lambda word: f"<img alt=\"&lt;a href='https://no.example'&gt; > {_escape(word)}\">"),
    st.just("<!-- <a href='https://comment.example'> -->"),
    st.just("<!--[if mso]><a href='https://outlook.example'>x</a><![endif]-->"),
    st.just("<style>a > b { content: '<a href=\"https://style.example\">' }</style>"),
    st.just("<area href='https://area.example'><abbr>x</abbr><a name=x>y</a><br/>"),
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_the_text_never_changes_and_every_link_changes_once(html):
    before, after = read(html), read(rewrite(html, track, keep=("https://keep.example/u/",)))
    assert after.text == before.text
    assert len(after.links) == len(before.links)
    for old, new in zip(before.links, after.links, strict=True):
        web = old is not None and is_web(old) and not old.startswith("https://keep.example/u/")
        assert new == (track(old) if web else old)


@given(st.text(alphabet="<>a hrefHREF=\"'!-/x&;", max_size=200))
def test_no_html_is_too_broken(html):
    assert rewrite(html, track).count("t.example") <= html.lower().count("href")


def test_the_pixel_stands_once_before_the_end_of_the_body():
    html = rewrite("<html><body>hello</body></html>", track, pixel="https://p.example/?a=1&b=2")
    assert html.startswith('<html><body>hello<img src="https://p.example/?a=1&amp;b=2"')
    assert html.endswith("</body></html>")
    assert rewrite("hello", track, pixel="p").count("<img") == 1


def test_the_same_address_twice_is_tracked_twice():
    html = '<a href="https://a.example">1</a><a href="https://a.example">2</a>'
    assert rewrite(html, track).count(track("https://a.example")) == 2


def test_marked_addresses_of_the_text_part_are_tracked_and_unmarked():
    text = f"Tea: {START}https://a.example{END} or {START}mailto:a@b.example{END}"
    assert rewrite_text(text, track) == f"Tea: {track('https://a.example')} or mailto:a@b.example"


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example",
        "javascript:x",
        "https:///x",
        "https://",
        " https://a.b",
        "https://a b",
        "ftp://a.b",
        "",
    ],
)
def test_only_web_addresses_may_be_redirected_to(url):
    assert not is_web(url)


def test_the_hidden_link_and_the_pixel_stand_at_the_end_of_the_body() -> None:
    html = rewrite(
        "<body><p>茶</p></body></html>", track, pixel="https://t.example/o", hidden="https://t.example/h"
    )
    assert html == (
        '<body><p>茶</p><a href="https://t.example/h" tabindex="-1" aria-hidden="true" style="display:none"></a>'
        '<img src="https://t.example/o" width="1" height="1" alt="" style="display:block;border:0"></body></html>'
    )
    assert read(html).text == "茶"


@pytest.mark.parametrize(
    ("url", "labelled_url"),
    [
        ("https://shop.example", "https://shop.example?m=email"),
        ("https://shop.example/#/tea?x=1", "https://shop.example/?m=email#/tea?x=1"),
        ("https://shop.example/?", "https://shop.example/?m=email"),
        ("https://shop.example/?a=%E8%8C%B6&b", "https://shop.example/?a=%E8%8C%B6&b&m=email"),
        ("https://shop.example/?m=sms", "https://shop.example/?m=sms"),
        ("mailto:a@shop.example", "mailto:a@shop.example"),
    ],
)
def test_labels_are_added_and_nothing_else_changes(url: str, labelled_url: str) -> None:
    assert labelled(url, {"m": "email"}) == labelled_url


@given(st.lists(st.tuples(words, words), max_size=4), st.dictionaries(words.filter(bool), words, max_size=3))
def test_every_label_is_there_once_and_every_parameter_stays(
    given_: list[tuple[str, str]], labels: dict[str, str]
) -> None:
    url = "https://shop.example/a?" + urlencode(given_)
    found = parse_qsl(urlsplit(labelled(url, labels)).query, keep_blank_values=True)
    assert found[: len(given_)] == given_
    known = dict(given_)
    assert dict(found[len(given_) :]) == {name: value for name, value in labels.items() if name not in known}
    assert labelled(labelled(url, labels), labels) == labelled(url, labels)


@pytest.mark.parametrize("part", ["<a ", "<x", '<b "', "<", "</", "<!--", "<a href='", '<td class="q">'])
def test_broken_html_of_any_size_is_passed_over_at_once(part):
    broken = part * 5_000  # where a tag is looked for again at each of its letters, this takes minutes
    assert rewrite(broken, str.upper) == broken
