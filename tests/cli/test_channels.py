"""``zhiyin channels``: health, a test of the connection, and the way back."""

from __future__ import annotations

import json
from typing import Any

from tests.services.mailing import Server
from typer.testing import CliRunner

from zhiyin.adapters import settings
from zhiyin.domain.message import MessageStatus, Receipt
from zhiyin.domain.reasons import FailReason
from zhiyin.entrypoints.cli import app
from zhiyin.services import channels
from zhiyin.services.workspace import Workspace

LOCKED = Receipt(MessageStatus.FAILED, "535 no", FailReason.AUTHENTICATION, everyone=True)


def call(folder: Any, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["channels", *words, "-w", str(folder)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


def test_health_tells_the_state_and_reset_lets_messages_go(workspace: Workspace) -> None:
    ws = workspace
    with Server() as server:
        settings.write(ws.folder, {name.replace("__", "."): value for name, value in server.settings.items()})
        assert call(ws.folder, "test") == (0, "The server lets us in.")
    assert call(ws.folder, "test")[0] == 1
    assert "breaker closed" in call(ws.folder, "health")[1]
    channels.heard(ws, "email", [LOCKED], ws.now())
    assert "535 no" in call(ws.folder, "health")[1]
    told = json.loads(call(ws.folder, "health", "--json")[1])
    assert (told["breaker"]["state"], told["breaker"]["next_try"]) == ("open", None)
    assert "mark" not in told["breaker"]
    assert call(ws.folder, "reset") == (0, "Messages go again.")
    assert call(ws.folder, "reset") == (0, "Nothing held them; the breaker is closed.")
