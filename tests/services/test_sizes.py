"""Sizes: one a week, the last that was counted, of the present rule."""

from __future__ import annotations

from datetime import timedelta

from tests.services.mailing import moving, people

from zhiyin.adapters.records.models import SegmentSize
from zhiyin.services import profiles, segments, sizes


def test_every_profiling_notes_the_size_of_every_segment(workspace):
    people(workspace, 3)
    assert [size.count for size in sizes.weekly(workspace, segments.get(workspace, "everyone"))] == [3]


def test_the_last_count_of_a_day_stands(workspace):
    people(workspace, 3)
    everyone = segments.get(workspace, "everyone")
    sizes.note(workspace, everyone, 7)
    sizes.note(workspace, everyone, 8)
    assert SegmentSize.objects.get().count == 8


def test_a_week_has_one_size_and_only_the_last_weeks_are_told(workspace):
    people(workspace, 1)
    everyone = segments.get(workspace, "everyone")
    SegmentSize.objects.all().delete()
    later, clock = moving(workspace)
    for week in range(15):
        for day in range(2):
            clock.ahead = timedelta(weeks=week, days=day - later_weekday(workspace))
            sizes.note(later, everyone, 100 * week + day)
    told = sizes.weekly(later, everyone)
    assert [size.count for size in told] == [100 * week + 1 for week in range(3, 15)]


def test_another_rule_begins_anew(workspace):
    people(workspace, 3)
    segments.update(workspace, "everyone", rule="orders >= 1")
    assert sizes.weekly(workspace, segments.get(workspace, "everyone")) == []
    profiles.run(workspace)
    assert [size.count for size in sizes.weekly(workspace, segments.get(workspace, "everyone"))] == [0]


def later_weekday(ws):
    """How many days ago the week began."""
    return ws.today().weekday()
