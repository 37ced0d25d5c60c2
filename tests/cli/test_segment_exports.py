"""``zhiyin segments export``: the format by ending or by name, what was written and who was left out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_segments import call

from zhiyin.adapters.records.models import Consent, Customer
from zhiyin.domain.errors import BadSetting
from zhiyin.services import profiles, segments
from zhiyin.services.workspace import Workspace


def test_members_are_written_in_each_form(workspace: Workspace, tmp_path: Path) -> None:
    for who, says in (("ann", True), ("bob", False)):
        Customer.objects.create(customer_id=who, email=f"{who}@example.com")
        Consent.objects.create(customer_id=who, channel="email", granted=says, at=workspace.now())
    segments.create(workspace, "all", "All", "everyone")
    profiles.run(workspace)
    assert "Wrote 2 customers" in call(workspace, "export", "all", tmp_path / "a.parquet")
    told = json.loads(call(workspace, "export", "all", tmp_path / "a.csv", "--json"))
    assert (told["customers"], told["format"], told["left_out"]) == (2, "csv", {})
    text = " ".join(call(workspace, "export", "all", tmp_path / "b.csv", "--format", "match-meta").split())
    assert "Wrote 1 customers" in text
    assert "Left out 1 of 2, by reason" in text
    assert "no_consent" in text
    assert (tmp_path / "b.csv").read_text().startswith("email,phone\n")


def test_an_ending_that_tells_nothing_is_asked_about(workspace: Workspace, tmp_path: Path) -> None:
    segments.create(workspace, "all", "All", "everyone")
    try:
        text = call(workspace, "export", "all", tmp_path / "a.txt")
    except BadSetting as error:
        text = str(error)
    assert "does not tell a format" in text
    assert not (tmp_path / "a.txt").exists()
