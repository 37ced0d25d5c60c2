"""``zhiyin domains``: keys and records from the command line."""

import json

import pytest
from tests.cli.test_sources import run

from zhiyin.domain.errors import BadSetting, Conflict
from zhiyin.services import sending_domain
from zhiyin.services.workspace import Workspace


def test_a_domain_its_keys_and_what_to_publish(workspace: Workspace, tmp_path) -> None:
    assert '_domainkey.example.com. IN TXT "v=DKIM1; k=rsa; p=' in run(
        workspace, "domains", "add", "example.com"
    )
    shown = json.loads(run(workspace, "domains", "key", "example.com", "--algorithm", "ed25519", "--json"))
    assert [key["algorithm"] for key in shown["keys"]] == ["rsa-2048", "ed25519"]
    assert [record["kind"] for record in shown["records"]] == ["dkim", "dkim", "spf", "dmarc"]
    assert all(len(piece) <= 255 for record in shown["records"] for piece in record["strings"])
    assert "sealed" not in json.dumps(shown)
    shown = json.loads(run(workspace, "domains", "rotate", "example.com", "--json"))
    assert len(shown["keys"]) == 4
    first = shown["keys"][0]["selector"]
    shown = json.loads(run(workspace, "domains", "retire", "example.com", first, "--json"))
    assert [key["state"] for key in shown["keys"]] == ["retired", "active", "active", "active"]
    (listed,) = json.loads(run(workspace, "domains", "list", "--json"))
    assert listed["keys"] == shown["keys"]
    nothing = tmp_path / "key.pem"
    nothing.write_text("nothing")
    with pytest.raises(BadSetting, match="no private key"):
        run(workspace, "domains", "key", "example.com", "--file", str(nothing))
    with pytest.raises(Conflict):
        run(workspace, "domains", "add", "example.com")
    assert "removed" in run(workspace, "domains", "remove", "example.com")
    assert sending_domain.list_(workspace) == []
