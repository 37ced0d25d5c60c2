"""The pages of templates and the block editor, without a browser."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from tests.console.small_shop import owner
from tests.console.tea_shop import fill

from zhiyin.adapters.records.models import Template
from zhiyin.loop.deliver import blocks as made_of
from zhiyin.services import blocks, campaigns, segments, template_versions, templates
from zhiyin.services.workspace import Workspace


@pytest.fixture
def shop(workspace: Workspace, quick_hashes: None) -> Workspace:
    fill(workspace, 6)
    owner()
    templates.save(
        workspace, key="own", name="Own", subject="Hello", body=templates.blank("en"), language="en"
    )
    return workspace


@pytest.fixture
def client(shop: Workspace) -> Client:
    from django.contrib.auth import get_user_model

    signed_in = Client()
    signed_in.force_login(get_user_model().objects.get())
    return signed_in


def _form(body: str | None = None, **given: str) -> dict[str, str]:
    row = Template.objects.get(key="own")
    now = {"subject": row.subject, "preheader": "", "text": "", "name": row.name, "version": str(row.version)}
    return {**now, "in_language": "", "body": row.body if body is None else body, **given}


def _source(answer: Any) -> str:
    """The MJML that an answer of the editor puts into the source."""
    found = re.search(r'<textarea name="body"[^>]*>\n(.*?)</textarea>', answer.content.decode(), re.DOTALL)
    assert found
    return unescape(found[1])


def _kinds(body: str) -> list[str]:
    return [block.kind for block in made_of.parse(body).blocks]


def _do(client: Client, body: str | None = None, **given: str) -> Any:
    return client.post(
        "/campaigns/templates/own/preview", _form(body, **given), headers={"HX-Request": "true"}
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_list_shows_every_template_as_a_picture_that_runs_nothing(client: Client, language: str) -> None:
    client.cookies["zhiyin_language"] = language
    page = client.get("/campaigns/templates").content.decode()
    assert page.count('sandbox=""') == Template.objects.count()
    assert ("新建模板" if language == "zh-hans" else "New template") in page
    assert client.get("/campaigns/templates/own").status_code == 200


def test_blocks_are_added_moved_doubled_and_removed_with_a_way_back(client: Client) -> None:
    body = _source(_do(client, op="add", kind="button"))
    assert _kinds(body) == ["header", "text", "button", "footer"]
    body = _source(_do(client, body, op="up", n="2"))
    assert _kinds(body) == ["header", "button", "text", "footer"]
    body = _source(_do(client, body, op="move", n="1", to="2"))
    body = _source(_do(client, body, op="copy", n="2"))
    assert _kinds(body) == ["header", "text", "button", "button", "footer"]
    removed = _do(client, body, op="remove", n="1")
    assert _kinds(_source(removed)) == ["header", "button", "button", "footer"]
    assert _source(_do(client, _source(removed), op="undo", before=body)) == body
    assert Template.objects.get(key="own").version == 1  # nothing is saved by looking


def test_the_fields_of_a_block_change_its_source_and_the_preview(client: Client) -> None:
    answer = _do(
        client, chosen="1", touched="fields", **{"f-text": "Tea & <b>cake</b>", "f-colour": "#112233"}
    )
    body = _source(answer)
    assert "Tea &amp; <b>cake</b>" in body
    assert 'color="#112233"' in body
    assert "Tea &amp;amp; &lt;b&gt;cake" in answer.content.decode()  # in the frame's srcdoc
    broken = _do(client, chosen="1", touched="fields", **{"f-text": "{{ customer.name"})
    assert "cannot stand in a block" in broken.content.decode()


def test_products_of_a_grid_come_and_go(client: Client) -> None:
    body = _source(_do(client, op="add", kind="product-grid"))
    count = lambda source: len((made_of.parse(source).blocks[2].values or {})["products"])  # noqa: E731
    more = _source(_do(client, body, op="more", n="2"))
    less = _source(_do(client, more, op="less", n="2", entry="0"))
    assert (count(body), count(more), count(less)) == (2, 3, 2)


def test_a_mistake_in_the_source_names_its_line_and_is_not_saved(client: Client) -> None:
    body = templates.blank("en").replace("</mj-body>", "{{ nobody }}\n</mj-body>")
    line = body[: body.index("{{ nobody")].count("\n") + 1
    answer = _do(client, body, touched="source").content.decode()
    assert f"Go to line {line}" in answer
    saved = client.post("/campaigns/templates/own", _form(body))
    assert saved.status_code == 400
    assert "nobody" in saved.content.decode()
    assert Template.objects.get(key="own").version == 1


def test_saving_makes_a_version_and_a_second_save_is_told(client: Client, shop: Workspace) -> None:
    assert client.post("/campaigns/templates/own", _form(subject="Good day")).status_code == 302
    late = client.post("/campaigns/templates/own", _form(subject="Mine", version="1"))
    assert late.status_code == 400
    assert "saved meanwhile as version 2" in late.content.decode()
    assert 'value="Mine"' in late.content.decode()  # what was typed is still there
    assert client.post("/campaigns/templates/own", _form(subject="Mine")).status_code == 302
    page = client.get("/campaigns/templates/own/versions?before=1&after=3").content.decode()
    assert re.search("Hello</td>.*Mine</td>", page, re.DOTALL)
    client.post("/campaigns/templates/own/restore", {"version": "1"})
    assert templates.get(shop, "own").subject == "Hello"
    assert template_versions.version(shop, "own", 2).by == "yue@example.com"


def test_a_language_is_added_worded_and_taken_out(client: Client, shop: Workspace) -> None:
    added = client.post("/campaigns/templates/own/language", {"language": "zh-hans", "do": "add"})
    assert added.url == "/campaigns/templates/own?language=zh-hans"
    client.post("/campaigns/templates/own", _form(subject="您好", in_language="zh-hans"))
    row = templates.get(shop, "own")
    assert (row.subject, row.wordings.of("zh-hans").subject) == ("Hello", "您好")
    assert "您好" in client.get(added.url).content.decode()
    client.post("/campaigns/templates/own/language", {"language": "zh-hans", "do": "remove"})
    assert templates.get(shop, "own").others == {}


def test_a_block_is_saved_for_others_and_edited_once_for_all(client: Client, shop: Workspace) -> None:
    body = _source(_do(client, op="keep", n="1", block_name="Opening hours"))
    assert "{% render 'opening-hours' %}" in body
    client.post("/campaigns/templates/own", _form(body))
    address = "/campaigns/templates/blocks/opening-hours"
    page = client.get(address).content.decode()
    assert "Used by Own" in page
    assert "<h1>Opening hours" in re.sub(r"<h1[^>]*>\s*", "<h1>", page)
    assert '<input type="hidden" name="version" value="1">' in page  # by which a second save is told
    changed = blocks.get(shop, "opening-hours").body.replace("Write your text here", "Nine to six")
    client.post(address, {"name": "Opening hours", "body": changed, "version": "1"})
    assert "Nine to six" in _do(client, body).content.decode()
    assert client.post(address, {"name": "x", "body": "{{ nobody }}", "version": "2"}).status_code == 400
    assert "Restore version 1" in client.get(address).content.decode()
    assert client.post(f"{address}/restore", {"version": "1"}).url == address
    assert "Nine to six" not in blocks.get(shop, "opening-hours").body
    assert client.post(f"{address}/restore", {"version": "9"}).status_code == 404
    client.post(f"{address}/remove")
    assert [row.key for row in blocks.list_(shop)] == ["opening-hours"]  # in use


def test_archiving_is_undone_and_a_copy_opens(client: Client) -> None:
    archived = client.post("/campaigns/templates/own/archive")
    assert "Undo" in client.get(archived.url).content.decode()
    client.post("/campaigns/templates/own/unarchive")
    assert client.post("/campaigns/templates/own/duplicate").url == "/campaigns/templates/own-2"
    made = client.post("/campaigns/templates/new", {"name": "Spring", "language": "zh-hans"})
    assert made.url == "/campaigns/templates/spring"
    assert "退订" in Template.objects.get(key="spring").body


def test_the_composer_keeps_a_draft_in_the_language_that_is_open(client: Client, shop: Workspace) -> None:
    segments.create(shop, "all", "All", {"all": []})
    campaigns.create(shop, key="spring", name="Spring", segment="all", template="own")
    client.post("/campaigns/spring/language", {"language": "zh-hans", "do": "add"})
    form = _form(in_language="zh-hans", subject="您好", op="add", kind="coupon")
    answer = client.post("/campaigns/spring/preview", form)
    row = campaigns.get(shop, "spring")
    assert row.subject == "Hello"
    assert row.wordings.of("zh-hans").subject == "您好"
    assert "coupon" in _kinds(row.wordings.of("zh-hans").body)
    assert "送您一份礼物" in _source(answer)
    assert "coupon" not in _kinds(row.body)


def test_a_picture_within_the_text_and_a_bomb_are_told_and_harm_nothing(client: Client) -> None:
    big = templates.blank("en").replace(
        "Write your text here", f'<img src="data:image/png;base64,{"A" * 200_000}"/>'
    )
    assert "stands in the text itself" in _do(client, big).content.decode()
    bomb = templates.blank("en").replace("Write", "{% for i in (1..99999999) %}x{% endfor %}Write")
    assert "iteration limit" in _do(client, bomb).content.decode()
    huge = client.post("/campaigns/templates/own/preview", _form("A" * 10_485_760))
    assert huge.status_code in (400, 413)


@pytest.mark.parametrize("what", ["preview", "language", "duplicate", "archive", "unarchive", "restore"])
def test_changes_need_a_post_and_a_token(shop: Workspace, what: str) -> None:
    from django.contrib.auth import get_user_model

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(get_user_model().objects.get())
    assert strict.get(f"/campaigns/templates/own/{what}").status_code == 405
    assert strict.post(f"/campaigns/templates/own/{what}", _form()).status_code == 403
