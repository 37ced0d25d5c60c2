"""Api and worker are killed at random moments under load; every acknowledged event counts once."""

from __future__ import annotations

from bench import crash

from zhiyin.services.workspace import Workspace


def test_after_many_kills_of_api_and_worker_every_acknowledged_event_counts_once(
    workspace: Workspace,
) -> None:
    found = crash.run(workspace, kills=6, events=6_000, seed=5)
    assert found.acknowledged == 6_000
    assert (found.lost, found.double, found.unknown) == (0, 0, 0), found.log
    balance = found.balance
    assert balance["kept"] == balance["events"] == found.acknowledged
    assert balance["rejected"] == balance["rejects"]
    assert balance["received"] == balance["kept"] + balance["duplicate"] + balance["rejected"]
    assert (found.customers > 100, found.wrong_customers) == (True, 0)
