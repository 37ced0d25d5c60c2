"""``zhiyin deliverability``: read reports, sum them, ask DNS; and the doctor's line about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.deliver.reports import dmarc, tls
from tests.services.name_server import serving
from tests.services.test_domain_health import ZONE
from typer.testing import CliRunner

from zhiyin.domain.settings import SenderSettings
from zhiyin.entrypoints.cli import app
from zhiyin.services import doctor, domain_health
from zhiyin.services.workspace import Workspace


def run(ws: Workspace, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["deliverability", *arguments, "--workspace", str(ws.folder)])
    assert result.exit_code == code, result.output
    return result.output


def test_reports_are_read_and_summed(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.xml").write_bytes(dmarc({"count": 9, "spf": "pass"}, {"ip": "192.0.2.2"}))
    (folder / "b.json").write_bytes(tls(("certificate-expired", 2)))
    (folder / "c.xml").write_bytes(b"<feedback>")
    read = json.loads(run(workspace, "read", str(folder), "--json"))
    assert (read["files"], read["found"], read["new"], read["known"]) == (3, 2, 2, 0)
    assert [(one["name"], one["reason"]) for one in read["refused"]] == [("c.xml", "broken_xml")]
    assert "2 reports in 3 files = 0 new + 2 known; 1 refused." in run(workspace, "read", str(folder))
    assert "--days 0" in run(workspace, "reports", "--days", "1")
    shown = run(workspace, "reports", "--days", "0")
    assert "9 of 10 messages passed DMARC" in shown.replace("\n", "")
    assert "192.0.2.2" in shown
    summed = json.loads(run(workspace, "reports", "--days", "0", "--json"))
    assert (summed["messages"], summed["passed"], summed["sessions"], summed["secured"]) == (10, 9, 92, 90)
    run(workspace, "read", str(folder / "c.xml"), code=1)


def test_a_domain_is_checked_and_the_doctor_remembers(workspace: Workspace) -> None:
    ws = replace(workspace, settings=replace(workspace.settings, sender=SenderSettings(email="a@shop.cn")))
    line = {check.name: check for check in doctor.check(ws)}["deliverability"]
    assert line.level == "warning"
    assert "deliverability check shop.cn" in line.fix
    with serving({**ZONE, ("shop.cn", "TXT"): ['"v=spf1 -all"']}) as server:
        told = json.loads(run(workspace, "check", "shop.cn", "--resolver", server.address, "--json", code=1))
        assert "problem" in run(workspace, "check", "a@shop.cn", "--resolver", server.address, code=1)
        fine = run(
            workspace, "check", "shop.example", "-s", "s1", "--address", "192.0.2.10",
            "--resolver", server.address, "--json",
        )  # fmt: skip
        asked = len(server.asked)
        line = {check.name: check for check in doctor.check(ws)}["deliverability"]
        assert len(server.asked) == asked
    assert told["state"] == "problem"
    assert told["findings"][0]["matter"] == "spf"
    assert json.loads(fine)["state"] == "unknown"  # no mail server is set up
    assert line.level == "problem"
    assert line.what.startswith("shop.cn on ")
    assert domain_health.last("shop.cn") is not None


@pytest.mark.parametrize("email", ["", "a@shop.example", "a@localhost"])
def test_the_doctor_is_silent_about_domains_that_nobody_can_ask_about(
    workspace: Workspace, email: str
) -> None:
    settings = replace(workspace.settings, sender=SenderSettings(email=email))
    found = {check.name: check for check in doctor.check(replace(workspace, settings=settings))}
    assert found["deliverability"].level == "ok"
