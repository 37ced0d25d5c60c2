"""Documentation is tested, because prose rots in silence."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import zhiyin.domain
from zhiyin.domain import reasons
from zhiyin.domain.problem import ProblemCode

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_settings_and_commands_are_documented_as_they_are() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference", "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in vars(reasons).values()
        if inspect.isclass(kind) and kind.__module__ == reasons.__name__
    ],
)
def test_every_reason_code_is_documented(kind: type[reasons.Reason]) -> None:
    text = (DOCS / "reference" / "reasons.md").read_text(encoding="utf-8")
    assert [code for code in kind if f"| `{code}` |" not in text] == []


def test_every_domain_class_has_a_glossary_row() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    missing = []
    for module in pkgutil.iter_modules(zhiyin.domain.__path__):
        if module.name == "errors":
            continue
        loaded = importlib.import_module(f"zhiyin.domain.{module.name}")
        for name, thing in inspect.getmembers(loaded, inspect.isclass):
            if thing.__module__ == loaded.__name__ and not name.startswith("_") and f"`{name}`" not in text:
                missing.append(f"{module.name}.{name}")
    assert missing == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if (
                "://" not in target
                and not target.startswith("mailto:")
                and not (page.parent / target).exists()
            ):
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert broken == []


def test_both_readmes_have_the_same_code() -> None:
    def code(name: str) -> list[str]:
        return re.findall(r"```\w*\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)

    assert code("README.md") == code("README.zh-CN.md")


def test_every_check_before_sending_is_documented() -> None:
    text = (DOCS / "reference" / "checks.md").read_text(encoding="utf-8")
    source = (ROOT / "src" / "zhiyin" / "services" / "checks.py").read_text(encoding="utf-8")
    around = set(re.findall(r'(?:error|warn)\(\s*"(\w+)"', source)) | {"local_links"}
    assert len(around) > 10
    assert [code for code in (*ProblemCode, *sorted(around)) if f"`{code}`" not in text] == []
