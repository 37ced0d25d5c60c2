"""Sizes: the last count of each hour, of the present rule; after a week the last of each day."""

from __future__ import annotations

from datetime import timedelta

from tests.services.mailing import moving, people

from zhiyin.adapters.records.models import SegmentSize
from zhiyin.services import profiles, segments, sizes


def counts(ws):
    return [size.count for size in sizes.series(ws, segments.get(ws, "everyone"))]


def test_every_profiling_notes_the_size_of_every_segment(workspace):
    people(workspace, 3)
    assert counts(workspace) == [3]


def test_the_last_count_of_an_hour_stands(workspace):
    people(workspace, 3)
    SegmentSize.objects.all().delete()
    everyone, (later, clock) = segments.get(workspace, "everyone"), moving(workspace)
    clock.ahead = timedelta(hours=1) - timedelta(
        minutes=workspace.now().minute, seconds=workspace.now().second
    )
    for minutes, count in ((0, 7), (20, 8), (20, 9), (20, 10)):
        clock.ahead += timedelta(minutes=minutes)
        sizes.note(later, everyone, count)
    assert counts(workspace) == [9, 10]


def test_what_is_older_than_a_week_has_one_size_a_day(workspace):
    people(workspace, 1)
    SegmentSize.objects.all().delete()
    everyone, (later, clock) = segments.get(workspace, "everyone"), moving(workspace)
    midnight = later.today().replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(10):
        for hour in (1, 2, 3):
            clock.ahead = midnight + timedelta(days=day, hours=hour) - workspace.now()
            sizes.note(later, everyone, 10 * day + hour)
    sizes.thin(later)
    assert counts(workspace)[:3] == [3, 13, 21 if len(counts(workspace)) > 24 else 23]
    assert counts(workspace)[-3:] == [91, 92, 93]


def test_another_rule_begins_anew(workspace):
    people(workspace, 3)
    segments.update(workspace, "everyone", rule="orders >= 1")
    assert counts(workspace) == []
    profiles.run(workspace)
    assert counts(workspace) == [0]
