"""What goes wrong is told in Chinese when the console is Chinese: no English sentence stands on the page."""

import html
import re
from collections.abc import Mapping

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.console.small_shop import PASSWORD, client

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.reject import Reject
from zhiyin.domain.text import dump, load, say
from zhiyin.services import campaigns, customers, imports, rejects, segments
from zhiyin.services.workspace import Workspace

# codes, the address of the page, and what the reader wrote are not of the console's making
_SKIPPED = re.compile(r"<(script|style|code|textarea|svg|option)\b.*?</\1>|<!--.*?-->", re.S)
_SHOWN = re.compile(r'(?:title|aria-label|placeholder|data-zy-done)="([^"]*)"')
_CODE = re.compile(r"`[^`]*`|\{%.*?%\}|\{\{.*?\}\}")
_ENGLISH = re.compile(r"[A-Za-z']{2,}(?: [A-Za-z']{2,}){2,}")


def english(page: str) -> list[str]:
    """Runs of three English words or more that a reader of the page sees."""
    kept = _SKIPPED.sub(" ", page)
    texts = [*_SHOWN.findall(kept), *re.sub(r"<[^>]*>", "\n", kept).split("\n")]
    return [found for text in texts for found in _ENGLISH.findall(_CODE.sub("", html.unescape(text)))]


def browser() -> object:
    made = client("zh-hans")
    assert made.login(username="yue@example.com", password=PASSWORD)
    return made


def posted(address: str, data: Mapping[str, object], status: int = 200, **extra: object) -> str:
    """The page that answers a form, which must hold no English sentence."""
    response = browser().post(address, data, **extra)
    assert response.status_code == status, response.headers
    page = response.content.decode()
    assert english(page) == []
    return page


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("orders >=", "规则在第 10 个字处无法解析，即结尾。此处应为带引号的文字、数字、True 或 False。"),
        ("city.contains", "此处应为“(”。"),
        ('orders.contains("tea")', "contains 不适用于“orders”，它的类型是数字。"),
        ('did "Tea"', "缺少括号：did("),
        ('city == "x', "无法解析，是否少了引号？"),
        ("city == “x”", "这是全角符号，请改用半角的引号、逗号和括号。"),
        ('revenue.within("3d")', "within 不适用于“revenue”，它的类型是数字。"),
    ],
)
def test_a_wrong_rule(filled: Workspace, rule: str, told: str) -> None:
    page = posted("/segments/new", {"only": "text", "text": rule, "name": "分群", "do": "count"})
    assert told in _plain(page)


def _plain(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))).replace("。 ", "。")


@pytest.fixture
def draft(filled: Workspace) -> Workspace:
    body = "<mjml><mj-body><mj-section><mj-column><mj-text>茶</mj-text></mj-column></mj-section></mj-body></mjml>"
    campaigns.create(filled, key="tea", name="茶", segment="everybody", subject="茶", body=body)
    return filled


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<mjml><mj-body>{{ customer.name </mj-body></mjml>", "却是"),
        ("<mjml><mj-body>{% foo %}</mj-body></mjml>", "此处不应出现标签“foo”。"),
        ("<mjml><mj-body>{% if customer.name %}</mj-body></mjml>", "{% if %} 没有结束。"),
        ("<mjml><mj-body>{% if %}{% endif %}</mj-body></mjml>", "缺少表达式。"),
        (
            "<mjml><mj-body>{{ customer.name | upcaze }}</mj-body></mjml>",
            "没有过滤器“upcaze”。是否想写“upcase”？",
        ),
        ("<mjml><mj-body><mj-sectoin></mj-sectoin></mj-body></mjml>", "<mj-sectoin> 不是 MJML 标签。"),
        ("<mjml><mj-body><mj-section></mj-body></mjml>", "没有对应的开始标签"),
    ],
)
def test_a_wrong_template(draft: Workspace, body: str, told: str) -> None:
    typed = {"subject": "茶", "preheader": "", "body": body, "customer": "c1", "people": ["c1"]}
    page = posted("/campaigns/tea/preview", typed)
    assert told in _plain(page)


def test_the_checks_of_a_campaign(draft: Workspace) -> None:
    for address in ("/campaigns/tea/compose", "/campaigns/tea/review"):
        page = browser().get(address).content.decode()
        assert "没有退订链接" in page
        assert english(page) == [], address


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b" ", "empty.csv 没有表头。第一行必须是列名。"),
        ("people.csv", b"a,b\n1,2\n", "没有 customer_id 对应的列"),
        ("people.xlsx", b"customer_id\n1\n", "后缀是 .xlsx，但不是 Excel 文件"),
        ("old.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 100, "2007 年以前的 Excel 格式"),
        ("people.json", b'[{"customer_id": "1"}]', "是一整个 JSON 列表"),
        ("people.bin", bytes(range(256)) * 20, None),
    ],
)
def test_a_wrong_file(owned: Workspace, name: str, content: bytes, told: str | None) -> None:
    made = browser()
    files = [SimpleUploadedFile(name, content)]
    address = made.post("/data/import", {"kind": "customers", "files": files})["Location"]
    page = made.get(address).content.decode()
    assert english(page) == []
    assert told is None or told in _plain(page)


def test_rejected_rows(owned: Workspace) -> None:
    file = owned.folder / "orders.csv"
    file.write_text(
        "order_id,customer_id,timestamp,amount,price,currency\n"
        "o1,c1,2026-01-02 10:00,ten,,\no2,c1,soon,10,,\no3,c1,2126-01-02,10,,\n,c1,2026-01-02,10,,\n"
        "o5,c1,2026-01-02,10,,pesos\no6,c1,2026-01-02,10,-5,\no7,c1,,10,,\no8,c1,2026-01-02,10,,,,,\n",
        encoding="utf-8",
    )
    result = imports.run(owned, "orders", [file])
    assert result.rejected == 8
    page = browser().get("/data/rejects").content.decode()
    assert "“amount”的值“ten”不是金额" in _plain(page)
    assert "该行有 9 列，表头有 6 列" in _plain(page)
    assert english(page) == []
    details = [row["detail"] for row in rejects.list_(owned)[1]]
    assert "amount 'ten' is no amount" in details
    exported = owned.folder / "rejects.csv"
    rejects.export(owned, exported)
    assert "amount 'ten' is no amount" in exported.read_text("utf-8-sig")


@pytest.mark.parametrize("password", ["short", "password", "12345678901", "yue@example.com"])
def test_a_wrong_password(workspace: Workspace, password: str) -> None:
    given = {"name": "Yue", "email": "yue@example.com", "password": password}
    response = client("zh-hans").post("/welcome", given)
    assert response.status_code == 422
    page = response.content.decode()
    assert 'class="zy-error"' in page
    assert english(page) == []


def test_a_wrong_new_password(owned: Workspace) -> None:
    given = {"old_password": "wrong", "new_password1": "tea", "new_password2": "other"}
    page = posted("/password", given)
    assert "zy-error" in page
    posted("/password", {"old_password": PASSWORD, "new_password1": "tea", "new_password2": "tea"})


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_unknown_address(owned: Workspace, language: str) -> None:
    told = {"en": "There is no page at this address.", "zh-hans": "这个地址没有页面。"}[language]
    for made in (client(language), browser() if language != "en" else client(language)):
        response = made.get("/no/such/page")
        assert response.status_code == 404
        assert told in response.content.decode()
        assert language == "en" or english(response.content.decode()) == []


def test_an_old_form(owned: Workspace) -> None:
    response = client("zh-hans", enforce_csrf_checks=True).post("/login", {"username": "a"})
    assert response.status_code == 403
    assert "表单已过期" in response.content.decode()
    assert english(response.content.decode()) == []


def test_a_fault_of_the_program_asks_nothing_of_the_database(owned: Workspace) -> None:
    from django.db import connection
    from django.test import RequestFactory
    from django.utils.translation import override

    from zhiyin.entrypoints.console import errors

    def refuse(*args: object) -> None:
        raise AssertionError("the page of a fault asked the database")

    with connection.execute_wrapper(refuse), override("zh-hans"):
        response = errors.broken(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "系统出现故障" in response.content.decode()
    assert english(response.content.decode()) == []


def test_a_view_that_breaks_shows_that_page(owned: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(customers, "search", breaks)
    made = browser()
    made.raise_request_exception = False
    response = made.get("/customers")
    assert response.status_code == 500
    assert "系统出现故障" in response.content.decode()


def test_an_unknown_customer_and_campaign(filled: Workspace) -> None:
    made = browser()
    for address in ("/customers/nobody", "/campaigns/nothing", "/segments/nothing", "/data/imports/nothing"):
        response = made.get(address)
        assert response.status_code == 404
        assert english(response.content.decode()) == [], address
        partial = made.get(address, headers={"HX-Request": "true"}).content.decode()
        assert english(partial) == []


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/customers",
        "/customers/c1",
        "/customers/c3",
        "/segments",
        "/segments/everybody",
        "/segments/everybody/members",
        "/segments/new",
        "/recommendations",
        "/campaigns",
        "/campaigns/spring",
        "/campaigns/spring?tab=delivery",
        "/campaigns/spring?tab=people",
        "/campaigns/spring?tab=content",
        "/campaigns/spring?tab=links",
        "/campaigns/spring/people/c1",
        "/campaigns/spring/people/c2",
        "/campaigns/spring/people/c3",
        "/data",
        "/data/rejects",
        "/data/import",
        "/data/imports",
        "/data/sources",
        "/data/sources/new",
        "/data/sources/files",
        "/data/live",
        "/settings",
        "/settings/checks",
        "/settings/domains",
        "/password",
    ],
)
def test_every_page(filled: Workspace, address: str) -> None:
    from zhiyin.adapters.records.models import Decision
    from zhiyin.services import sending_domain

    versions = {"segment": "everybody@1", "consent": "opt_in", "recommender": "default", "seed": "s"}
    Decision.objects.update(versions=versions)
    sending_domain.add(filled, "example.com")
    page = browser().get(address).content.decode()
    assert english(page) == []
    assert "opt_in" not in re.sub(r"<[^>]*>", "", page)


def test_a_customer_page_names_languages_and_traits(filled: Workspace) -> None:
    from zhiyin.adapters.records.models import Customer

    Customer.objects.filter(pk="c1").update(language="zh-hans", traits={"city": "上海", "tea_club": "gold"})
    page = _plain(browser().get("/customers/c1").content.decode())
    assert "zh-hans" not in page
    assert "简体中文" in page
    assert "城市" in page
    assert "tea_club" in page  # the shop's own word


def test_a_sentence_survives_being_kept(workspace: Workspace) -> None:
    inner = say("is longer than {most} characters", most=200)
    told = say("{column} {cell!r} {says}", column="name", cell="x\ny", says=inner)
    assert load(dump(told)) == told
    assert load(dump(told)).values["says"].template == inner.template
    assert load(dump("plain")) == load("plain") == "plain"
    assert Reject(1, "bad_row", told, "").detail == "name 'x\\ny' is longer than 200 characters"


def test_a_text_of_errors_stays_english_below_the_console(workspace: Workspace) -> None:
    from django.utils.translation import override

    with override("zh-hans"), pytest.raises(ZhiyinError) as caught:
        segments.get(workspace, "nothing")
    assert str(caught.value).startswith("There is no segment 'nothing'.")
