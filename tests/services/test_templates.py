"""Templates: every version kept, a wording for each language, saved blocks, and what freezes them."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from tests.services.mailing import BODY, Server, campaign, people
from typer.testing import CliRunner

from zhiyin.adapters.records.models import Customer, Template
from zhiyin.domain.errors import BadSetting, BadTemplate, Conflict, NotFound
from zhiyin.domain.template import Wording, Wordings
from zhiyin.entrypoints.cli import app
from zhiyin.loop.deliver import blocks as made_of
from zhiyin.services import (
    blocks,
    campaigns,
    reviews,
    schedules,
    sending,
    template_previews,
    template_versions,
    templates,
)
from zhiyin.services.workspace import Workspace

CHINESE = Wording("{{ customer.name }}，您好", BODY.replace("Dear", "亲爱的"))
RENDERS = BODY.replace("<mj-body>", "<mj-body>\n{% render 'notice' %}\n")
NOTICE = "<mj-section><mj-column><mj-text>Closed on Monday</mj-text></mj-column></mj-section>"


@pytest.fixture
def ws(make_workspace) -> Workspace:
    workspace = make_workspace(smtp__host="127.0.0.1", smtp__port=9, sender__email="hello@shop.example")
    people(workspace, 6)
    return workspace


def _save(ws: Workspace, subject: str = "Hello", **given) -> Template:
    return templates.save(ws, **{"key": "own", "name": "Own", "subject": subject, "body": BODY, **given})


def _read(content: bytes) -> str:
    body = message_from_bytes(content, policy=policy.SMTP).get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_every_version_is_kept_and_an_earlier_one_comes_back_as_a_new_one(ws: Workspace) -> None:
    _save(ws, by="li@shop.example")
    _save(ws, "Good day")
    _save(ws, "Good day", name="Renamed")  # says the same, so it is no new version
    restored = template_versions.restore(ws, "own", 1)
    assert (restored.version, restored.subject, restored.name) == (3, "Hello", "Renamed")
    kept = template_versions.versions(ws, "own")
    assert [(one.number, one.subject, one.by) for one in kept] == [
        (3, "Hello", ""), (2, "Good day", ""), (1, "Hello", "li@shop.example"),
    ]  # fmt: skip
    ((part, lines),) = template_versions.compare(ws, "own", 1, 2)
    assert (part, [(line.before, line.after) for line in lines]) == ("subject", [("Hello", "Good day")])
    with pytest.raises(NotFound, match=r"has no version 9.*3, 2, 1"):
        template_versions.version(ws, "own", 9)


def test_who_saves_on_top_of_somebody_elses_version_is_told(ws: Workspace) -> None:
    _save(ws)
    _save(ws, "Theirs", expected=1, by="wang@shop.example")
    with pytest.raises(Conflict, match=r"saved meanwhile as version 2, by wang@shop\.example"):
        _save(ws, "Mine", expected=1)
    assert templates.get(ws, "own").subject == "Theirs"
    assert _save(ws, "Mine", expected=2).version == 3


def test_an_archived_template_is_out_of_the_list_and_comes_back(ws: Workspace) -> None:
    _save(ws)
    copy = templates.duplicate(ws, "own", name="Copy")
    assert (copy.key, copy.version, copy.wordings) == ("own-2", 1, templates.get(ws, "own").wordings)
    templates.archive(ws, "own")
    assert "own" not in [row.key for row in templates.list_(ws)]
    assert [row.key for row in templates.list_(ws, archived=True)] == ["own"]
    templates.archive(ws, "own", archived=False)
    assert "own" in [row.key for row in templates.list_(ws)]


@pytest.mark.parametrize(
    ("wordings", "error", "match"),
    [
        (Wordings(Wording("Hi", BODY), "en", {"en": CHINESE}), BadSetting, "'en' is not a further language"),
        (Wordings(Wording("Hi", BODY), "en", {"Chinese!": CHINESE}), BadSetting, "not a further language"),
        (
            Wordings(Wording("Hi", BODY), "en", {"de": Wording("", BODY)}),
            BadTemplate,
            "In de: The subject is empty",
        ),
        (
            Wordings(Wording("Hi", BODY), "en", {"de": Wording("Hi", "\n{{ nobody }}")}),
            BadTemplate,
            "In de: The template, line 2: there is no variable 'nobody'",
        ),
    ],
)
def test_wordings_that_cannot_be_used_are_named_with_their_language(ws, wordings, error, match) -> None:
    with pytest.raises(error, match=match):
        templates.save_wordings(ws, "own", "Own", wordings)
    assert not Template.objects.filter(key="own").exists()


def test_everybody_reads_their_own_language(make_workspace) -> None:
    with Server() as server:
        ws = make_workspace(**server.settings, sender__email="a@shop.example", campaign__holdout=0.0)
        people(ws, 4)
        for customer_id, language in (("c0001", "zh-CN"), ("c0002", "fr"), ("c0003", "zh")):
            Customer.objects.filter(pk=customer_id).update(language=language)
        templates.save(
            ws, key="own", name="Own", subject="Dear {{ customer.name }}", body=BODY, language="en",
            others={"zh-hans": CHINESE},
        )  # fmt: skip
        campaign(ws, template="own", subject=None, body=None)
        assert reviews.review(ws, "spring").languages == {"en": 2, "zh-hans": 2}
        assert reviews.preview(ws, "spring", "c0001").subject == "C0001，您好"
        assert reviews.preview(ws, "spring", "c0001", language="").subject == "Dear C0001"
        assert reviews.preview(ws, "spring", "c0000", language="zh-hans").subject == "C0000，您好"
        campaigns.start(ws, "spring", allow_local_links=True)
        templates.save(
            ws, key="own", name="Own", subject="Changed", body=BODY, others={}
        )  # starts nothing anew
        sending.run_until_done(ws, "spring")
        chinese = {address for address, content in server.letters if "亲爱的" in _read(content)}
        assert chinese == {"c0001@example.com", "c0003@example.com"}
        assert len(server.letters) == 4


def test_a_draft_is_worded_in_one_language_after_the_other(ws: Workspace) -> None:
    campaign(ws)
    campaigns.update(ws, "spring", language="en")
    row = campaigns.update(ws, "spring", in_language="zh-hans", subject="您好")
    assert (row.subject, row.others["zh-hans"]["subject"]) == ("Hello {{ customer.name }}", "您好")
    assert row.others["zh-hans"]["body"] == BODY  # begins as the main one
    assert campaigns.update(ws, "spring", in_language="en", subject="Hi").subject == "Hi"
    with pytest.raises(BadTemplate, match=r"In zh-hans: .*'nobody'"):
        campaigns.update(ws, "spring", in_language="zh-hans", subject="{{ nobody }}")
    assert campaigns.drop_language(ws, "spring", "zh-hans").others == {}


def test_a_plain_text_in_ones_own_words_is_stale_once_the_message_changed(ws: Workspace) -> None:
    row = _save(ws, text="In my words: {{ unsubscribe_url }}")
    assert not row.wordings.main.stale
    row = _save(ws, text="In my words: {{ unsubscribe_url }}", body=BODY.replace("Dear", "Hi"))
    assert row.wordings.main.stale
    campaign(ws, template="own", subject=None, body=None)
    assert "stale_text" in [one.code for one in reviews.review(ws, "spring").warnings]
    assert reviews.preview(ws, "spring").text.startswith("In my words: ")
    row = _save(ws, text="In new words", body=row.body)
    assert not row.wordings.main.stale


def test_a_saved_block_changes_what_is_sent_later_and_not_what_was_started(ws: Workspace) -> None:
    blocks.save(ws, key="notice", name="Notice", body=NOTICE)
    campaign(ws, body=RENDERS)
    campaign(ws, "later", body=RENDERS)
    campaign(ws, "planned", body=RENDERS)
    campaigns.start(ws, "spring", allow_local_links=True)
    at = ws.now().replace(year=ws.now().year + 1, month=1, day=1)
    schedules.schedule(ws, "planned", at, allow_local_links=True)
    blocks.save(ws, key="notice", name="Notice", body=NOTICE.replace("Monday", "Sunday"), expected=1)
    shown = {key: reviews.preview(ws, key).text for key in ("spring", "later", "planned")}
    assert "Monday" in shown["spring"]
    assert "Monday" in shown["planned"]
    assert "Sunday" in shown["later"]
    schedules.unschedule(ws, "planned")
    assert "Sunday" in reviews.preview(ws, "planned").text
    assert blocks.used_by(ws, "notice") == ["Spring", "Spring"]
    with pytest.raises(Conflict, match="is used by"):
        blocks.remove(ws, "notice")
    assert blocks.restore(ws, "notice", 1).body == NOTICE
    assert [one.number for one in blocks.versions(ws, "notice")] == [3, 2, 1]
    with pytest.raises(Conflict, match="changed meanwhile, to version 3"):
        blocks.save(ws, key="notice", name="Notice", body=NOTICE, expected=2)


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ("\n{{ nobody }}", "line 2: there is no variable 'nobody'"),
        ("{% render 'notice' %}", "uses the saved block 'notice'"),
        ("\n<mj-section>", "line 2: <mj-section> is never closed|line 2"),
        ("{% for i in (1..99999999) %}x{% endfor %}", None),
    ],
)
def test_a_saved_block_is_proved_when_it_is_saved(ws: Workspace, body: str, match: str | None) -> None:
    if match is None:  # a bomb goes off when it is rendered, and is caught there
        blocks.save(ws, key="notice", name="Notice", body=f"<mj-raw>{body}</mj-raw>")
        campaign(ws, body=RENDERS)
        with pytest.raises(BadTemplate, match="iteration limit"):
            reviews.preview(ws, "spring")
        return
    with pytest.raises(BadTemplate, match=match):
        blocks.save(ws, key="notice", name="Notice", body=body)


def test_a_block_that_is_not_there_is_an_error_with_its_line(ws: Workspace) -> None:
    with pytest.raises(BadTemplate, match="line 2: there is no saved block 'notice'"):
        _save(ws, body=RENDERS)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_ready_made_and_new_templates_open_as_blocks(ws: Workspace, language: str) -> None:
    bodies = [row.body for row in templates.for_campaigns(ws) if row.language == language]
    templates.check("Hello", templates.blank(language))
    for body in [*bodies, templates.blank(language)]:
        opened = made_of.parse(body).blocks
        assert [block.kind for block in opened if block.values is None] == []
        assert (opened[0].kind, opened[-1].kind) == ("header", "footer")


def test_a_countdown_goes_by_the_recipients_own_clock(make_workspace) -> None:
    ws = make_workspace(shop__timezone="Asia/Shanghai")
    people(ws, 2)
    noon = ws.now().replace(
        year=2026, month=11, day=9, hour=20, minute=0
    )  # the 10th in Shanghai, the 9th in London
    ws = replace(ws, now=lambda: noon)
    Customer.objects.filter(pk="c0001").update(traits={"timezone": "Europe/London"})
    row = _save(ws, '{{ today | days_until: "2026-11-11" }}')
    shown = [template_previews.shown(ws, row, row.wordings, pk).subject for pk in ("c0000", "c0001")]
    assert shown == ["1", "2"]


def test_templates_from_the_command_line(ws: Workspace, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(ws.settings.workspace)
    file, chinese = tmp_path / "body.mjml", tmp_path / "zh.mjml"
    file.write_text(BODY, "utf-8")
    chinese.write_text(CHINESE.body, "utf-8")
    run = CliRunner()

    def said(*arguments: str) -> str:
        result = run.invoke(app, ["templates", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    said("save", "own", "--body", str(file), "--subject", "Hello", "--language", "en")
    said("save", "own", "--body", str(chinese), "--subject", CHINESE.subject, "--language", "zh-hans")
    assert '"languages": [\n' in said("show", "own", "--json")
    assert "C0000，您好" in said("render", "own", "--customer", "c0000", "--language", "zh-hans")
    assert "Dear C0000" in said("render", "own", "--customer", "c0000")
    assert "version 3" in said("restore", "own", "1")
    assert "own" in said("list")
    assert '"version": 3' in said("versions", "own", "--json")
    chinese.write_text(NOTICE, "utf-8")
    said("save-block", "notice", "--body", str(chinese), "--name", "Notice")
    assert '"used_by": []' in said("blocks", "--json")
    assert '"version": 1' in said("block-versions", "notice", "--json")
    assert "is version 1 now" in said("restore-block", "notice", "1")  # the same, so no new one
    assert "They say the same" in said("compare", "own", "1", "3")
