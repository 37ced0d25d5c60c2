"""The pages of segments: list, builder, members, and why."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from tests.console.tea_shop import fill, sign_in

from zhiyin.adapters.records.models import SegmentSize
from zhiyin.domain.errors import ZhiyinError
from zhiyin.services import segments
from zhiyin.services.workspace import Workspace

BUILDER = {
    "match": "all",
    "place": ["0", "1"],
    "0": "did",
    "0.event": "Order Completed",
    "0.bounds": "at_least",
    "0.at_least": "2",
    "0.window": "365",
    "1": "trait",
    "1.trait": "city",
    "1.operator": "in",
    "1.values": ["上海", "杭州"],
    "name": "City teas",
}


@pytest.fixture
def shop(make_workspace: Callable[..., Workspace]) -> Workspace:
    """Forty customers, no segments yet."""
    workspace = make_workspace()
    fill(workspace, 40)
    return workspace


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.mark.parametrize(("language", "word"), [("en", "No segment yet"), ("zh-hans", "<h1>")])
def test_without_segments_the_list_makes_the_first(workspace: Workspace, language: str, word: str) -> None:
    text = page(sign_in(language), "/segments")
    assert word in text
    assert "/segments/new?lifecycle=at_risk" in text


def test_a_link_opens_the_builder_filled_and_counted(shop: Workspace) -> None:
    expected = segments.count(shop, 'lifecycle == "at_risk"').count
    text = page(sign_in(), "/segments/new?lifecycle=at_risk&utm=x")
    assert '<option value="at_risk" selected>' in text
    assert re.search(rf'<strong class="zy-num zy-dim">{expected}</strong>', text)
    assert 'value="utm"' not in text


def test_typing_brings_count_cascade_and_sample_in_one_answer(shop: Workspace) -> None:
    answer = sign_in().post(
        "/segments/new", BUILDER, headers={"HX-Request": "true", "HX-Target": "segment-result"}
    )
    text = answer.content.decode()
    found = segments.count(
        shop, 'did("Order Completed", at_least=2, within="365d") and city in ["上海", "杭州"]'
    )
    assert text.lstrip().startswith('<section class="zy-card zy-result"')
    assert f">{found.count}</strong>" in text
    for place, (_, left) in enumerate(found.steps):
        assert f'id="left-{place}" hx-swap-oob="true">{left}</span>' in text
    assert 'id="segment-sample" hx-swap-oob="true"' in text
    assert "<html" not in text


def test_an_unfinished_condition_is_skipped_and_said_so(shop: Workspace) -> None:
    typed = {**BUILDER, "1.values": [], "1.value": ""}
    answer = sign_in().post(
        "/segments/new", typed, headers={"HX-Request": "true", "HX-Target": "segment-result"}
    )
    text = answer.content.decode()
    found = segments.count(shop, 'did("Order Completed", at_least=2, within="365d")').count
    assert answer.status_code == 200
    assert f">{found}</strong>" in text
    assert "Not finished, so not counted yet." in text


@pytest.mark.parametrize(
    ("language", "warning"),
    [
        ("en", "No customer has the trait &#x27;ctiy&#x27;."),
        ("zh-hans", "没有客户具有属性 &#x27;ctiy&#x27;。"),
    ],
)
def test_a_trait_that_nobody_has_is_warned_about(shop: Workspace, language: str, warning: str) -> None:
    segments.create(shop, "tea", "Tea", 'ctiy == "上海"')
    segments.create(shop, "city", "City", 'city == "上海"')
    client = sign_in(language)
    assert warning in page(client, "/segments/tea")
    assert warning[:8] not in page(client, "/segments/city")


def test_without_script_every_button_posts_the_form(shop: Workspace) -> None:
    client = sign_in()
    text = client.post("/segments/new", {**BUILDER, "do": "add:!did"}).content.decode()
    assert "<html" in text
    assert 'name="2" value="!did"' in text
    text = client.post("/segments/new", {**BUILDER, "do": "count"}).content.decode()
    assert "Customers in this segment" in text


def test_saving_makes_a_segment_and_a_change_raises_its_version(shop: Workspace) -> None:
    client = sign_in()
    answer = client.post("/segments/new", {**BUILDER, "do": "save"})
    assert answer["Location"] == "/segments/city-teas"
    saved = segments.get(shop, "city-teas")
    assert (saved.version, saved.count) == (1, segments.count(shop, saved.rule).count)
    client.post("/segments/city-teas", {**BUILDER, "0.at_least": "1", "do": "save"})
    assert segments.get(shop, "city-teas").version == 2
    assert "City teas" in page(client, "/segments")


def test_what_is_typed_after_saving_does_not_save_again(shop: Workspace) -> None:
    answer = sign_in().post(
        "/segments/new",
        {**BUILDER, "do": "save"},
        headers={"HX-Request": "true", "HX-Target": "segment-result"},
    )
    assert answer.status_code == 200
    assert segments.list_(shop) == []


def test_a_segment_needs_a_name(shop: Workspace) -> None:
    text = sign_in().post("/segments/new", {**BUILDER, "name": " ", "do": "save"}).content.decode()
    assert "Give the segment a name." in text
    assert segments.list_(shop) == []


TEXT = 'did("Order Completed", at_least=2, within="365d") and city in ["上海", "杭州"]'
TYPED = {"HX-Request": "true", "HX-Target": "segment-result"}


def textarea(page: str) -> str:
    """The text of the rule on a page."""
    return html.unescape(page.split('id="segment-text"')[1].split(">", 1)[1].split("</textarea>")[0].strip())


def test_form_and_text_of_the_same_rule_stand_on_the_page(shop: Workspace) -> None:
    segments.create(shop, "tea", "Tea", TEXT)
    text = page(sign_in(), "/segments/tea")
    assert textarea(text) == TEXT
    assert '<option value="365" selected>' in text


def test_the_text_follows_what_is_typed_into_the_form(shop: Workspace) -> None:
    text = sign_in().post("/segments/new", BUILDER, headers=TYPED).content.decode()
    assert textarea(text) == TEXT
    assert 'id="segment-builder"' not in text  # nothing is taken from under the one who types


def test_the_form_follows_what_is_typed_into_the_text(shop: Workspace) -> None:
    typed = {**BUILDER, "text": "orders  >= 1", "text_was": TEXT, "source": "text"}
    text = sign_in().post("/segments/new", typed, headers=TYPED).content.decode()
    assert '<div id="segment-builder" hx-swap-oob="true">' in text
    assert '<option value="orders" selected>' in text
    assert 'id="segment-text"' not in text  # nor its spaces from the one who writes
    assert f">{segments.count(shop, 'orders >= 1').count}</strong>" in text


def test_a_text_that_cannot_be_read_is_pointed_at_and_leaves_the_form(shop: Workspace) -> None:
    typed = {**BUILDER, "text": "orders >= 1 und 2", "text_was": TEXT, "source": "text"}
    text = sign_in().post("/segments/new", typed, headers=TYPED).content.decode()
    assert 'id="segment-error" hx-swap-oob="true"' in text
    assert "<span>orders &gt;= 1 </span><mark>u</mark><span>nd 2</span>" in text
    assert 'id="segment-builder"' not in text
    assert "The count returns when the rule can be read." in text


def test_the_form_wins_when_it_is_changed_after_a_wrong_text(shop: Workspace) -> None:
    typed = {**BUILDER, "text": "orders >=", "text_was": TEXT, "0.at_least": "3"}
    text = sign_in().post("/segments/new", typed, headers=TYPED).content.decode()
    assert textarea(text) == TEXT.replace("2", "3", 1)
    assert "zy-problem" not in text


def test_without_script_a_changed_text_is_what_is_saved(shop: Workspace) -> None:
    client = sign_in()
    typed = {**BUILDER, "text": "orders >= 1", "text_was": TEXT, "do": "save"}
    client.post("/segments/new", typed)
    assert segments.get(shop, "city-teas").rule == {"trait": "orders", "at_least": 1}
    text = client.post("/segments/new", {**typed, "text": "orders >="}).content.decode()
    assert "zy-problem" in text
    assert textarea(text) == "orders >="
    assert len(segments.list_(shop)) == 1


def test_a_circle_of_segments_is_told(shop: Workspace) -> None:
    segments.create(shop, "tea", "Tea", "orders >= 1")
    segments.create(shop, "more", "More", 'in_segment("tea")')
    posted = {
        "match": "all",
        "place": "0",
        "0": "in_segment",
        "0.key": "more",
        "name": "Tea",
        "do": "save",
    }
    text = html.unescape(sign_in().post("/segments/tea", posted).content.decode())
    assert "zy-problem" in text
    assert "tea → more → tea" in text
    assert segments.get(shop, "tea").rule == {"trait": "orders", "at_least": 1}


def test_a_rule_too_deep_for_the_form_opens_as_text(shop: Workspace) -> None:
    segments.create(
        shop, "deep", "Deep", 'city == "上海" or (orders >= 1 and (orders <= 3 or city == "苏州"))'
    )
    text = page(sign_in(), "/segments/deep")
    assert "says more than the form shows" in text
    assert 'id="segment-text"' in text


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ('did("Order Completed", within="12h", where=[amount > 5000])', "within 12 hours, where amount more than ¥50"),
        ('not did("Product Viewed", since="2026-01-01")', "since 1 Jan 2026"),
        ('did("A", at_least=2, at_most=3, within="90d", before="30d")', "2 to 3 times between 90 days and 30 days ago"),
        ('in_segment("shanghai") and tags.has("vip")', "Is in “上海”, and tags has “vip”"),
        ('birthday.before("2000-01-01")', "Birthday before 1 Jan 2000"),
        ('nearest(50, by="revenue", to=50000)', "Is among the 50 nearest to ¥500 by Revenue"),
        ('not consents("sms") and sample(10)', "Did not consent to offers by Text message, and is in a random 10%"),
    ],
)  # fmt: skip
def test_every_rule_of_one_level_is_told_in_words_and_shown_by_the_form(
    shop: Workspace, rule: str, sentence: str
) -> None:
    segments.create(shop, "shanghai", "上海", 'city == "上海"')
    segments.create(shop, "odd", "Odd", rule)
    assert sentence in html.unescape(page(sign_in(), "/segments"))
    text = html.unescape(page(sign_in(), "/segments/odd"))
    assert 'class="zy-condition"' in text
    assert "says more than the form shows" not in text


def test_who_is_chosen_and_why_is_told_in_chinese(shop: Workspace) -> None:
    from django.utils.translation import override

    from zhiyin.entrypoints.console import segment_why, segment_words

    text = 'nearest(2, by="revenue") and not nearest(3, by="last_seen", to="lowest") and consents("email", granted=False)'
    rule = segments.rule_of(f'{text} and not sample(100, seed="a")')
    with override("zh-hans"):
        assert segment_words.sentence(shop, rule) == (
            "属于消费总额最高的 2 位客户，且不属于最近活跃最早的 3 位客户，"
            "且拒绝将邮件用于优惠，且不在全部客户的 100% 抽样“a”中"
        )
        told = segment_why.told(shop, segments.why(shop, rule, segments.members(shop, "everyone")[0]).facts)
    assert [one["needs"].split("：")[0] for one in told] == ["要求", "要求不是", "要求", "要求不是"]
    assert "其中最后一位是" in told[0]["found"]
    assert told[3]["found"] == "随机抽中"


def test_why_in_and_why_out_are_told_with_facts(shop: Workspace) -> None:
    client = sign_in()
    headers = {"HX-Request": "true", "HX-Target": "segment-why"}
    rule = 'did("Order Completed", at_least=2, within="365d") and city in ["上海", "杭州"]'
    inside = segments.members(shop, rule)[0]
    text = client.post("/segments/new", {**BUILDER, "why": inside}, headers=headers).content.decode()
    assert "in?" in text
    assert "needs at least 2" in text
    out = client.post(
        "/segments/new", {**BUILDER, "do": "who", "who": "c39@example.com"}, headers=headers
    ).content.decode()
    assert "not in?" in out
    assert "zy-no" in out
    nobody = client.post(
        "/segments/new", {**BUILDER, "do": "who", "who": "zz-nobody"}, headers=headers
    ).content.decode()
    assert "No customer matches “zz-nobody”." in nobody


@pytest.mark.parametrize(
    ("sort", "names"),
    [("", "ABC"), ("name", "ABC"), ("-name", "CBA"), ("-count", "BAC"), ("count", "ABC"), ("odd", "ABC")],
)
def test_the_list_is_in_the_order_that_was_asked_for(shop: Workspace, sort: str, names: str) -> None:
    for key, rule in (("c", "everyone"), ("b", "everyone"), ("a", 'city == "上海"')):
        segments.create(shop, key, key.upper(), rule)
        if key != "c":  # it was never counted, and so comes last
            segments.refresh(shop, key)
    text = page(sign_in(), f"/segments?sort={sort}")
    assert "".join(re.findall(r'href="/segments/[abc]">(.)</a>', text)) == names
    direction = "descending" if sort.startswith("-") else "ascending"
    assert (f'aria-sort="{direction}"' in text) == (sort in ("name", "-name", "count", "-count"))


def test_members_are_listed_and_exported(shop: Workspace) -> None:
    client = sign_in()
    segments.create(shop, "shanghai", "上海", 'city == "上海"')
    text = page(client, "/segments/shanghai/members")
    assert "10 customers in “上海”" in text, re.findall("<h1>.*</h1>", text)
    answer = client.get("/segments/shanghai/members.csv")
    assert len(answer.content.decode("utf-8-sig").splitlines()) == 11


def test_the_size_of_the_last_weeks_is_a_line_with_a_table(shop: Workspace) -> None:
    shanghai = segments.create(shop, "shanghai", "上海", 'city == "上海"')
    segments.refresh(shop, "shanghai")
    assert "a line appears with the second" in page(sign_in(), "/segments/shanghai")
    before = shop.now() - timedelta(weeks=2)
    SegmentSize.objects.create(segment=shanghai, at=before, version=1, count=4)
    text = page(sign_in(), "/segments/shanghai")
    assert "4 → 10" in text
    table = text.split('id="sizes-table"')[1].split("</table>")[0]
    assert re.findall(r'<td class="zy-num">(\d+)</td>', table) == ["4", "10"]


def test_archiving_acts_at_once_and_can_be_undone(shop: Workspace) -> None:
    client = sign_in()
    segments.create(shop, "shanghai", "上海", 'city == "上海"')
    answer = client.post("/segments/shanghai/archive", follow=True)
    text = answer.content.decode()
    assert segments.list_(shop) == []
    assert "Segment “上海” archived." in text
    assert 'action="/segments/shanghai/restore"' in text
    client.post("/segments/shanghai/restore")
    assert [one.key for one in segments.list_(shop)] == ["shanghai"]
    assert "zy-toast" not in page(client, "/segments?archived=shanghai")


def test_nothing_changes_by_get(shop: Workspace) -> None:
    assert sign_in().get("/segments/shanghai/archive").status_code == 405


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_builder_speaks_both_languages(shop: Workspace, language: str) -> None:
    text = page(sign_in(language), "/segments/new?r=5&f=1")
    assert "<html lang=" + ('"en"' if language == "en" else '"zh-CN"') in text
    assert text.count('class="zy-condition"') == 2


def test_an_unknown_segment_is_told_as_such(shop: Workspace) -> None:
    try:
        status = sign_in().get("/segments/none").status_code
    except ZhiyinError as error:
        status = 404 if error.code == "not_found" else 500
    assert status == 404
