"""The menu of exports on a segment's page, and the page before a match list is downloaded."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from django.test import Client
from tests.console.tea_shop import fill, sign_in

from zhiyin.loop.deliver.match_list import PLATFORMS
from zhiyin.services import segments
from zhiyin.services.workspace import Workspace


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    fill(workspace, 40)
    segments.create(workspace, "shanghai", "上海", 'city in ["上海", "苏州"]')
    return workspace


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_menu_leads_to_every_form(shop: Workspace, language: str) -> None:
    text = page(sign_in(language), "/segments/shanghai/members")
    menu = text.split('class="zy-drop"')[1].split("</details>")[0]
    for link in ("members.csv", "members.parquet", *(f"lists/{one}" for one in PLATFORMS)):
        assert f'href="/segments/shanghai/{link}"' in menu
    assert ("导出" if language == "zh-hans" else "Export") in menu


def test_parquet_is_downloaded_whole(shop: Workspace) -> None:
    answer = sign_in().get("/segments/shanghai/members.parquet")
    assert pq.read_table(io.BytesIO(answer.content)).num_rows == 20
    assert answer["Content-Disposition"] == 'attachment; filename="segment-shanghai.parquet"'


@pytest.mark.parametrize(("language", "left_out"), [("en", "Left out: No consent"), ("zh-hans", "未列入：")])
def test_who_is_left_out_is_said_before_the_download(shop: Workspace, language: str, left_out: str) -> None:
    client = sign_in(language)
    text = page(client, "/segments/shanghai/lists/match-google")
    assert left_out in text
    assert '<td class="zy-num">15</td>' in text  # every eighth said no
    lines = client.get("/segments/shanghai/lists/match-google/file").content.decode().splitlines()
    assert lines[0] == "Email,Phone"
    assert len(lines) == 16
    assert "@" not in "".join(lines)


def test_nothing_is_downloaded_where_nobody_can_be_listed(shop: Workspace) -> None:
    client = sign_in()
    text = page(client, "/segments/shanghai/lists/match-tencent")
    assert "No address or number that the platform matches by" in text
    assert "Download the list" not in text
    answer = client.get("/segments/shanghai/lists/match-tencent/file")
    assert (answer["Content-Type"], answer.content) == ("text/plain; charset=utf-8", b"")


def test_only_who_signed_in_may_export_and_only_known_forms_exist(shop: Workspace) -> None:
    stranger = Client()
    sign_in()
    for link in ("members.parquet", "lists/match-google", "lists/match-google/file"):
        assert stranger.get(f"/segments/shanghai/{link}").status_code == 302
        assert sign_in().post(f"/segments/shanghai/{link}").status_code == 405
    assert sign_in().get("/segments/shanghai/lists/match-nobody").status_code == 404
    assert sign_in().get("/segments/nobody/lists/match-google").status_code == 404
