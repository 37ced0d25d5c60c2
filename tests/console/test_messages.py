"""The Chinese catalogue: complete, compiled, with the same placeholders, in the words of the house."""

import ast
import re
from pathlib import Path

import pytest

import zhiyin
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.flow import PLACES
from zhiyin.domain.lifecycle import OF_CUSTOMERS
from zhiyin.domain.reasons import BounceReason, FailReason, Reason, RejectReason, SuppressReason
from zhiyin.domain.rfm import RfmGroup

PACKAGE = Path(zhiyin.__file__).parent
FOLDER = PACKAGE / "entrypoints/console/locale/zh_Hans/LC_MESSAGES"
TEMPLATES = PACKAGE / "entrypoints/console/templates"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\{.*?\}\}|\{\w*(?:![rsa])?(?::[^{}]*)?\}")
HAN = r"[\u4e00-\u9fff]"


def entries() -> list[tuple[str, str]]:
    """(msgid, msgstr) of every entry but the header; both forms of a plural stand for the id."""
    found = []
    for block in (FOLDER / "django.po").read_text("utf-8").split("\n\n"):
        texts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if match := re.match(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[0\])?) (".*")$', line):
                name = match[1].removesuffix("[0]")
                texts[name] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                texts[name] += ast.literal_eval(line)
        if texts.get("msgid"):
            found.append((texts["msgid"], texts["msgstr"]))
    return found


def test_every_text_is_translated_and_none_is_a_guess() -> None:
    assert len(entries()) > 400
    assert [msgid for msgid, msgstr in entries() if not msgstr] == []
    assert "#, fuzzy" not in (FOLDER / "django.po").read_text("utf-8")


def placeholders(text: str) -> set[str]:
    """Those of a text; quotation marks are the language's own, so that ``{name!r}`` is ``{name}``."""
    return {found.replace("!r}", "}") for found in PLACEHOLDER.findall(text)}


def test_placeholders_are_the_same_on_both_sides() -> None:
    wrong = [(msgid, msgstr) for msgid, msgstr in entries() if placeholders(msgid) != placeholders(msgstr)]
    assert wrong == []


def test_the_compiled_catalogue_is_current() -> None:
    from gettext import GNUTranslations

    with open(FOLDER / "django.mo", "rb") as file:
        catalogue = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    compiled = {text for key, text in catalogue.items() if key}
    assert {msgstr for _, msgstr in entries()} == compiled


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("an exclamation mark", r"[!！]"),
        ("two blanks", r"  "),
        ("a half-width comma, colon, question mark or semicolon after Chinese", HAN + r"[,;:?]"),
        ("a bracket glued half-width", HAN + r"\(" + HAN),
        ("a letter or number glued to Chinese", HAN + r"[A-Za-z]|[A-Za-z]" + HAN),
        ("three dots", r"\.\.\."),
        ("a forbidden word", "用户|目标对象|处理组|控制组|非法|出错啦|拉升|显著|频控|死亡|电子邮件|机器人"),
    ],
)
def test_chinese_follows_the_house_rules(rule: str, pattern: str) -> None:
    # a placeholder stands for any text; the user name of a mail server is one
    texts = [PLACEHOLDER.sub("某", msgstr).replace("用户名", "") for _, msgstr in entries()]
    assert [text for text in texts if re.search(pattern, text)] == [], rule


def test_english_is_calm() -> None:
    texts = [PLACEHOLDER.sub("x", msgid) for msgid, _ in entries()]
    shouting = [text for text in texts if "!" in text or "  " in text or "oops" in text.lower()]
    assert shouting == []


def test_every_text_of_the_templates_is_in_the_catalogue() -> None:
    known = {msgid for msgid, _ in entries()}
    used = {
        text
        for file in TEMPLATES.rglob("*.html")
        for _, text in re.findall(r"""\{% translate (["'])(.*?)\1""", file.read_text("utf-8"))
    }
    assert used - {msgid.replace("%%", "%") for msgid in known} == set()


def sentences() -> set[str]:
    """Every template that a ``say`` of the package gives; the command line has a ``say`` of its own."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        if "cli" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                (template,) = node.args
                assert isinstance(template, ast.Constant), f"{file}:{node.lineno} says no plain text"
                found.add(str(template.value))
    return found


def test_every_sentence_that_is_said_is_in_the_catalogue() -> None:
    assert len(sentences()) > 300
    assert sentences() - {msgid for msgid, _ in entries()} == set()


def test_every_error_of_the_rings_below_the_doors_says_what_can_be_translated() -> None:
    errors = {kind.__name__ for kind in [ZhiyinError, *ZhiyinError.__subclasses__()]}
    plain = []
    for ring in ("domain", "loop", "services", "adapters", "entrypoints/console"):
        for file in (PACKAGE / ring).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
                    parts = [*node.args, *(key.value for key in node.keywords if key.arg in ("why", "fix"))]
                    plain += [f"{file}:{part.lineno}" for part in parts if _is_plain(part)]
    assert plain == []


def _is_plain(part: ast.expr) -> bool:
    if isinstance(part, ast.IfExp):
        return _is_plain(part.body) or _is_plain(part.orelse)
    return isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and bool(part.value))


def test_every_icon_of_the_templates_is_in_the_sprite() -> None:
    from zhiyin.entrypoints.console import words

    sprite = (PACKAGE / "entrypoints/console/static/vendor/tabler-icons-3.51.0/icons.svg").read_text("utf-8")
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {
        name
        for file in TEMPLATES.rglob("*.html")
        for name in re.findall(r"""\{% (?:icon|empty) "([a-z0-9-]+)\"""", file.read_text("utf-8"))
    }
    used |= set(words.PICTURES.values()) | {picture for _, picture in words.LOOKS.values()}
    assert used - known == set()


def test_every_code_has_a_name() -> None:
    from zhiyin.entrypoints.console import words

    kinds = (Reason, RejectReason, FailReason, BounceReason, SuppressReason)
    codes = {str(code) for reasons in kinds for code in reasons}
    assert codes - words.REASONS.keys() == set()
    assert {str(stage) for stage in OF_CUSTOMERS} == words.STAGES.keys()
    assert words.PLACES.keys() == set(PLACES)
    assert {str(group) for group in RfmGroup} == words.GROUPS.keys()
