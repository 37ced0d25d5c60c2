"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from zhiyin.adapters.lake.datasets import DATASETS
from zhiyin.services.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for path in sorted((ROOT / "src" / "zhiyin").rglob("*.py")) if "migrations" not in path.parts]


def test_the_import_contracts_hold() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--config", ROOT / "pyproject.toml", "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_every_module_says_what_it_is() -> None:
    silent = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [str(path.relative_to(ROOT)) for path in silent if path.stat().st_size] == []


def test_every_public_function_and_class_has_a_docstring() -> None:
    silent = []
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert silent == []


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_every_dataset_with_a_person_has_an_erasure_rule(dataset) -> None:  # type: ignore[no-untyped-def]
    people = {"customer_id", "email", "phone"} & set(dataset.schema.names)
    assert bool(people) == (dataset.person is not None)
    assert (dataset.person is not None) == (dataset.erasure == "delete")


def test_every_record_that_names_a_customer_is_known_to_erasure() -> None:
    from django.apps import apps

    from zhiyin.adapters.records.erasure import HOLDS_PEOPLE

    naming = {
        model.__name__
        for model in apps.get_app_config("records").get_models()
        if {"customer_id", "customer", "address", "email"}
        & {name for field in model._meta.get_fields() for name in (field.name, getattr(field, "attname", ""))}
    }
    assert naming == {model.__name__ for model in HOLDS_PEOPLE}


def test_the_migrations_are_those_of_the_models(workspace: Workspace) -> None:
    from django.core.management import call_command

    call_command("makemigrations", "records", check=True, dry_run=True, verbosity=0)
