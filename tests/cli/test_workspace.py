"""Making a workspace, its settings, and the doctor."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zhiyin.adapters import settings
from zhiyin.adapters.records.models import Membership
from zhiyin.domain.errors import BadSetting, WorkspaceNotFound
from zhiyin.entrypoints.cli.supervisor import worker_environment
from zhiyin.services import doctor, segments
from zhiyin.services.workspace import Workspace


def zhiyin(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zhiyin.entrypoints.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )


def test_init_makes_a_private_workspace_with_its_own_secret(tmp_path: Path) -> None:
    for name in ("one", "two"):
        made = zhiyin("init", tmp_path / name, "--language", "zh-hans", "--json")
        assert json.loads(made.stdout)["workspace"] == str(tmp_path / name), made.stderr
    one, two = (settings.read(tmp_path / name) for name in ("one", "two"))
    assert one.shop.language == "zh-hans"
    assert len(one.server.secret) >= 48
    assert one.server.secret != two.server.secret
    assert stat.S_IMODE((tmp_path / "one" / "zhiyin.toml").stat().st_mode) == 0o600


def test_init_does_not_touch_an_existing_workspace(tmp_path: Path) -> None:
    zhiyin("init", tmp_path / "shop")
    before = (tmp_path / "shop" / "zhiyin.toml").read_text()
    again = zhiyin("init", tmp_path / "shop")
    assert again.returncode == 1
    assert "is a workspace already" in again.stderr
    assert (tmp_path / "shop" / "zhiyin.toml").read_text() == before


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--timezone", "Mars/Base", "no time zone"),
        ("--currency", "yuan", "not a currency"),
        ("--language", "fr", "shop.language"),
    ],
)
def test_a_bad_option_says_what_to_do_and_leaves_nothing(
    tmp_path: Path, option: str, value: str, says: str
) -> None:
    run = zhiyin("init", tmp_path / "shop", option, value)
    assert run.returncode == 1
    assert says in run.stderr
    assert not (tmp_path / "shop" / "zhiyin.toml").exists()


def test_config_shows_sources_and_masks_secrets(workspace: Workspace) -> None:
    secret = settings.read(workspace.folder).server.secret
    run = zhiyin("config", "-w", workspace.folder, "--json", ZHIYIN_SMTP_PASSWORD="hunter2")
    assert secret not in run.stdout
    assert "hunter2" not in run.stdout
    by_key: dict[str, Any] = {value["key"]: value for value in json.loads(run.stdout)}
    assert by_key["smtp.password"]["source"] == "environment ZHIYIN_SMTP_PASSWORD"
    assert by_key["shop.name"]["source"] == "zhiyin.toml"
    assert by_key["smtp.port"] == {
        "key": "smtp.port", "value": "587", "source": "default", "doc": by_key["smtp.port"]["doc"],
    }  # fmt: skip


def test_a_flag_beats_the_environment_which_beats_the_file(workspace: Workspace, monkeypatch: Any) -> None:
    settings.write(workspace.folder, {"smtp.port": 1})
    assert settings.read(workspace.folder).smtp.port == 1
    monkeypatch.setenv("ZHIYIN_SMTP_PORT", "2")
    assert settings.read(workspace.folder).smtp.port == 2
    assert settings.read(workspace.folder, {"smtp.port": 3}).smtp.port == 3


def test_writing_settings_keeps_comments_and_rejects_all_if_one_is_bad(workspace: Workspace) -> None:
    path = workspace.folder / "zhiyin.toml"
    path.write_text(path.read_text() + "# mine\n")
    settings.write(workspace.folder, {"sender.email": "shop@example.com"})
    with pytest.raises(BadSetting, match="must lie between"):
        settings.write(workspace.folder, {"sender.email": "other@example.com", "campaign.holdout": 0.9})
    assert "# mine" in path.read_text()
    assert settings.read(workspace.folder).sender.email == "shop@example.com"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[shop]\nnmae = 'x'", "no setting shop.nmae"),
        ("[sop]\nname = 'x'", "no section 'sop'"),
        ("[smtp]\nport = 'x'", "must be of type int"),
        ("[lake]\nengine = 'oracle'", "one of duckdb, spark"),
        ("[shop", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "zhiyin.toml").write_text(text)
    with pytest.raises(BadSetting, match=says):
        settings.read(tmp_path)


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceNotFound, match="zhiyin init"):
        settings.read(tmp_path)


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys, zhiyin.entrypoints.cli;"
        "print([m for m in ('django','duckdb','pyarrow','narwhals','numpy','scipy','sklearn','deltalake',"
        "'liquid','uvicorn','openpyxl') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_doctor_names_each_problem_with_its_cure(workspace: Workspace) -> None:
    checks = {check.name: check for check in doctor.check(workspace)}
    assert checks["records"].level == "ok"
    assert checks["lake"].level == "warning"
    assert "zhiyin import" in checks["lake"].fix
    assert all(check.fix for check in checks.values() if check.level != "ok")


def test_the_doctor_advises_another_database_where_live_segments_have_many_members(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = segments.create(workspace, "all", "All", "everyone")
    for number in range(3):
        Membership.objects.create(segment=row, customer_id=f"c{number}", version=1, since=workspace.now())
    for many, level in ((3, "ok"), (2, "warning")):
        monkeypatch.setattr(doctor, "MANY_MEMBERSHIPS", many)
        (records,) = (check for check in doctor.check(workspace) if check.name == "records")
        assert records.level == level


def test_the_doctor_sees_a_mail_server_that_does_not_answer(make_workspace: Any) -> None:
    ws = make_workspace(smtp__host="127.0.0.1", smtp__port=1, smtp__security="none")
    (mail,) = (check for check in doctor.check(ws) if check.name == "mail")
    assert mail.level == "problem"


def test_the_worker_of_a_server_on_another_port_writes_links_to_that_port(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = settings.read(workspace.folder, {"server.port": 8425, "server.host": "127.0.0.2"})
    for name, value in worker_environment(served).items():
        monkeypatch.setenv(name, value)
    assert settings.read(workspace.folder).base_url == served.base_url == "http://127.0.0.2:8425"
