"""Sources: names among those in force are unique, keys are kept as hashes, and changes hold."""

import pytest

from zhiyin.adapters.records.models import Source, Tally
from zhiyin.domain.errors import BadSetting, Conflict, NotFound
from zhiyin.services import ingest, live, sources
from zhiyin.services.workspace import Workspace


def test_a_key_opens_the_door_and_is_kept_as_a_hash_only(workspace: Workspace) -> None:
    row, key = sources.create(workspace, "  Web   shop ", "web", 50)
    assert sources.find(key) == ("Web shop", 50)
    assert key not in {str(value) for value in Source.objects.filter(pk=row.pk).values().get().values()}
    assert sources.find(key + "x") is None


@pytest.mark.parametrize("name", ["", "  ", "zhiyin", "Shop", "files", "console", "x" * 101])
def test_reserved_and_empty_names_are_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(BadSetting):
        sources.create(workspace, name)


def test_kinds_and_limits_are_checked(workspace: Workspace) -> None:
    with pytest.raises(BadSetting):
        sources.create(workspace, "web", "fax")
    with pytest.raises(BadSetting):
        sources.create(workspace, "web", limit=-1)
    assert sources.list_(workspace) == []


def test_a_name_is_borne_once_among_those_in_force(workspace: Workspace) -> None:
    sources.create(workspace, "web")
    with pytest.raises(Conflict):
        sources.create(workspace, "web")
    sources.revoke(workspace, "web")
    again, _ = sources.create(workspace, "web")
    assert sources.get(workspace, "web").pk == again.pk
    assert [row.revoked_at is None for row in sources.list_(workspace)] == [True, False]


def test_a_revoked_source_stays_shut(workspace: Workspace) -> None:
    _, key = sources.create(workspace, "web")
    sources.revoke(workspace, "web")
    assert sources.find(key) is None
    for change in (sources.revoke, sources.test):
        with pytest.raises(NotFound):
            change(workspace, "web")


def test_a_limit_holds(workspace: Workspace) -> None:
    _, key = sources.create(workspace, "web")
    sources.limit(workspace, "web", 20)
    assert sources.find(key) == ("web", 20)


def test_renaming_keeps_the_key_and_joins_what_was_counted(workspace: Workspace) -> None:
    for name in ("old", "taken"):
        _, key = sources.create(workspace, name)
    sources.revoke(workspace, "taken")
    _, key = sources.create(workspace, "web")
    for source, outcome in (("web", "kept"), ("web", "received"), ("taken", "kept")):
        Tally.objects.create(source=source, hour=workspace.now(), outcome=outcome, events=2)
    Tally.objects.update(hour=Tally.objects.first().hour)
    sources.rename(workspace, "web", "taken")
    assert sources.find(key) == ("taken", 0)
    counted = Tally.objects.values_list("source", "outcome", "events")
    assert sorted(counted) == [("taken", "kept", 4), ("taken", "received", 2)]
    with pytest.raises(Conflict):
        sources.rename(workspace, "taken", "old")
    assert sources.get(workspace, "taken").name == "taken"


def test_an_unknown_name_says_which_there_are(workspace: Workspace) -> None:
    sources.create(workspace, "web")
    with pytest.raises(NotFound, match="web"):
        sources.get(workspace, "app")
    with pytest.raises(NotFound):
        sources.by_id(workspace, 999)


def test_a_test_event_goes_the_way_of_all_events(workspace: Workspace) -> None:
    sources.create(workspace, "web")
    message = sources.test(workspace, "web")
    assert ingest.drain(workspace) == 1
    (one,) = live.latest(workspace)
    assert (one.id, one.source, one.name, one.reason) == (message, "web", sources.TEST_EVENT, "")
