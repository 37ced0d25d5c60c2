"""``zhiyin sources`` and ``zhiyin events``: create, follow, count, see what became of it."""

import json

import msgspec
import pytest
from typer.testing import CliRunner

from zhiyin.domain.errors import Conflict, NotFound, ZhiyinError
from zhiyin.entrypoints.cli import app
from zhiyin.services import ingest, sources
from zhiyin.services.workspace import Workspace


def run(ws: Workspace, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--workspace", str(ws.folder)])
    if isinstance(result.exception, ZhiyinError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def busy(workspace: Workspace) -> Workspace:
    """A source that sent two events, one of them twice, and one that is refused."""
    sources.create(workspace, "web")
    bodies = [
        {"type": "page", "userId": "ann", "messageId": "m1"},
        {"type": "page", "userId": "ann", "messageId": "m1"},
        {"type": "track", "event": "Tea Tasted", "userId": "bob", "messageId": "m2"},
        {"type": "vote", "userId": "ann"},
    ]
    entry = {"receivedAt": workspace.now(), "source": "web", "kind": "batch", "body": {"batch": bodies}}
    workspace.spool.append([msgspec.json.encode(entry)])
    workspace.spool.close()
    ingest.drain(workspace)
    return workspace


def test_a_source_is_created_changed_and_revoked(workspace: Workspace) -> None:
    made = json.loads(run(workspace, "sources", "create", "Web shop", "--limit", "5", "--json"))
    assert sources.find(made["write_key"]) == ("Web shop", 5)
    with pytest.raises(Conflict):
        run(workspace, "sources", "create", "Web shop")
    assert "Shop app" in run(workspace, "sources", "rename", "Web shop", "Shop app")
    assert "any number" in run(workspace, "sources", "limit", "Shop app", "0")
    assert sources.find(made["write_key"]) == ("Shop app", 0)
    assert "revoked" in run(workspace, "sources", "revoke", "Shop app")
    assert sources.find(made["write_key"]) is None
    (row,) = json.loads(run(workspace, "sources", "list", "--json"))
    assert (row["name"], row["kind"], row["revoked_at"] is None) == ("Shop app", "web", False)
    assert "Shop app" in run(workspace, "sources", "list")


def test_snippets_are_shown_with_the_key(workspace: Workspace) -> None:
    shown = run(workspace, "sources", "snippet", "curl", "--key", "zy_1", "--url", "https://a.example")
    assert "zy_1:" in shown
    assert "https://a.example/v1/track" in shown
    assert len(json.loads(run(workspace, "sources", "snippet", "--json"))) > 3
    with pytest.raises(NotFound, match="curl"):
        run(workspace, "sources", "snippet", "carrier-pigeon")


def test_health_tells_the_balance(busy: Workspace) -> None:
    assert "4 received = 2 kept + 1 duplicates + 1 rejected in 24 hours." in run(busy, "sources", "health")
    document = json.loads(run(busy, "sources", "health", "web", "--json"))
    assert document["balance"] == {"received": 4, "kept": 2, "duplicates": 1, "rejected": 1, "missing": 0}
    assert document["reasons"] == {"unknown_type": 1}


def test_the_stream_is_filtered_and_comes_as_lines(busy: Workspace) -> None:
    whole = run(busy, "events", "tail", "--once")
    assert "Tea Tasted" in whole
    assert "rejected: unknown_type" in whole
    (line,) = run(busy, "events", "tail", "--once", "--json", "--rejects").splitlines()
    assert json.loads(line)["reason"] == "unknown_type"
    assert "Tea Tasted" in run(busy, "events", "tail", "--once", "--customer", "bob")
    assert run(busy, "events", "tail", "--once", "--source", "app") == ""
    assert len(run(busy, "events", "tail", "--once", "--name", "tea").splitlines()) == 1


def test_what_comes_later_is_followed(busy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter((1, 2))

    def wait(seconds: float) -> None:
        if next(rounds) == 2:
            raise KeyboardInterrupt
        sources.test(busy, "web")
        ingest.drain(busy)

    monkeypatch.setattr("zhiyin.entrypoints.cli.events.sleep", wait)
    (line,) = run(busy, "events", "tail", "--limit", "0").splitlines()
    assert sources.TEST_EVENT in line


def test_events_are_counted_by_name_source_and_day(busy: Workspace) -> None:
    assert json.loads(run(busy, "events", "count", "--json")) == {"Tea Tasted": 1, "page": 1}
    assert json.loads(run(busy, "events", "count", "--by", "source", "--json")) == {"web": 2}
    today = busy.today().date().isoformat()
    assert json.loads(run(busy, "events", "count", "--by", "day", "--json")) == {today: 2}
    with pytest.raises(ZhiyinError, match="counted"):
        run(busy, "events", "count", "--by", "moon")
