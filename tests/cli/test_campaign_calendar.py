"""``zhiyin campaigns calendar`` on a workspace."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tests.cli.test_campaign_schedule import call
from tests.services.mailing import campaign, people

from zhiyin.domain.errors import BadSetting
from zhiyin.services.workspace import Workspace


def test_a_month_is_listed_with_its_campaigns_and_festivals(workspace: Workspace) -> None:
    people(workspace, 1)
    campaign(workspace, send_at=datetime(2026, 9, 25, 2, tzinfo=UTC))
    told = call(workspace.folder, "calendar", "--month", "2026-09", "--occasions", "chinese")
    assert "September 2026" in told
    assert all(word in told for word in ("Fri 25", "Mid-Autumn", "10:00 Spring", "draft"))
    asked = call(workspace.folder, "calendar", "--month", "2026-09", "--occasions", "chinese", "--json")
    (day,) = json.loads(asked)["days"]
    assert (day["day"], day["occasions"][0]["key"]) == ("2026-09-25", "mid_autumn")
    assert day["campaigns"][0]["at"] == "2026-09-25T10:00:00+08:00"


def test_unknown_occasions_name_the_known_ones(workspace: Workspace) -> None:
    with pytest.raises(BadSetting, match="Known are: chinese, western, both, none"):
        call(workspace.folder, "calendar", "--occasions", "lunar")
