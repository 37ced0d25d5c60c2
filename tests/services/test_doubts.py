"""Doubtful addresses of a file are counted and shown, and imported all the same."""

from __future__ import annotations

from pathlib import Path

from zhiyin.adapters.records.models import Customer, Import
from zhiyin.services import doubts, import_preview, imports
from zhiyin.services.workspace import Workspace

FILE = """customer_id,email
a,ann@gmial.com
b,bob@gmail.com
c,li@163.co
d,throw@mailinator.com
e,
d,again@gmial.com
"""


def write(folder: Path) -> Path:
    file = folder / "customers.csv"
    file.write_text(FILE, encoding="utf-8")
    return file


def test_a_preview_names_them_and_rejects_none_for_it(workspace: Workspace, tmp_path: Path) -> None:
    seen = import_preview.preview(workspace, "customers", [write(tmp_path)])
    assert seen.doubts == {"mistyped": 2, "disposable": 1}
    assert [(one.email, one.doubt.suggestion) for one in seen.doubted] == [
        ("ann@gmial.com", "ann@gmail.com"),
        ("li@163.co", "li@163.com"),
        ("throw@mailinator.com", ""),
    ]
    assert seen.reasons == {"duplicate_id": 1}


def test_an_import_counts_them_and_takes_them_in(workspace: Workspace, tmp_path: Path) -> None:
    result = imports.run(workspace, "customers", [write(tmp_path)])
    assert (result.imported, result.doubts) == (5, {"mistyped": 2, "disposable": 1})
    assert Customer.objects.get(pk="a").email == "ann@gmial.com"
    kept = Import.objects.get()
    assert kept.doubts == result.doubts
    assert "ann@" not in repr(list(Import.objects.values()))  # counts only: an import outlives its customers


def test_a_form_may_ask_about_an_address() -> None:
    assert doubts.of(" Ann@GMIAL.com ").suggestion == "Ann@gmail.com"
    assert doubts.of("ann@gmail.com") is None
    assert doubts.of("no address") is None
