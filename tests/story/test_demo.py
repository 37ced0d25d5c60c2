"""``zhiyin demo`` and ``zhiyin simulate`` as people run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zhiyin.simulate.story import STEPS

pytestmark = pytest.mark.xdist_group("story-demo")  # one run for all tests of this file
PORT = 8421  # another than that of the other stories, which may be told at the same time
Demo = tuple[Path, subprocess.CompletedProcess[str]]


def zhiyin(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zhiyin.entrypoints.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demo of 200 customers that ran to its end."""
    folder = tmp_path_factory.mktemp("demo") / "shop"
    words = ("--customers", "200", "--language", "zh-hans", "--port", str(PORT), "--no-serve", "--json")
    return folder, zhiyin("demo", folder, *words)


def test_the_demo_ends_by_itself_and_tells_all_figures_in_one_document(demo: Demo) -> None:
    run = demo[1]
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert [key for key, _, _ in STEPS if key not in told] == []
    assert told["login"]["address"].startswith("http://127.0.0.1:")
    assert len(told["login"]["password"]) >= 10
    assert told["report"]["new-teas"]["report"]["effects"][0]["estimate"]["low"] is not None
    assert told["segments"]["buyers"]["name"] == "买过的客户"


def test_the_owner_can_sign_in_with_the_password_that_was_shown(demo: Demo) -> None:
    from django.contrib.auth import get_user_model

    from zhiyin.entrypoints.site import open_workspace

    open_workspace(demo[0])
    owner = get_user_model().objects.get()
    assert owner.is_superuser
    assert owner.check_password(json.loads(demo[1].stdout)["login"]["password"])


def test_a_second_demo_in_the_same_folder_says_what_to_do(demo: Demo) -> None:
    folder = demo[0]
    run = zhiyin("demo", folder, "--no-serve")
    assert run.returncode == 1
    assert "holds a demo already" in run.stderr
    assert f"zhiyin serve --workspace {folder}" in run.stderr
    assert "--fresh" in run.stderr


def test_the_demo_leaves_a_real_workspace_alone(tmp_path: Path) -> None:
    assert zhiyin("init", tmp_path / "mine").returncode == 0
    run = zhiyin("demo", tmp_path / "mine", "--fresh", "--no-serve")
    assert run.returncode == 1
    assert "did not make" in run.stderr
    assert (tmp_path / "mine" / "zhiyin.toml").exists()


def test_simulate_tells_what_it_wrote(tmp_path: Path) -> None:
    run = zhiyin(
        "simulate",
        tmp_path / "m",
        "--customers",
        "50",
        "--until",
        "2026-03-01",
        "--format",
        "csv.gz",
        "--json",
    )
    told = json.loads(run.stdout)
    assert told["rows"]["customers"] == 50
    assert told["market"]["until"].startswith("2026-03-01")
    assert sum(told["truth"]["groups"].values()) == 50
    assert all((tmp_path / "m" / name).is_file() for names in told["files"].values() for name in names)


def test_simulate_refuses_a_day_that_is_none(tmp_path: Path) -> None:
    run = zhiyin("simulate", tmp_path / "m", "--until", "tomorrow")
    assert run.returncode == 2
    assert "2026-03-01" in run.stderr
