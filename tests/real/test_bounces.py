"""Real bounces, complaints and replies of machines, against their labels."""

from __future__ import annotations

import pytest
from bench import bounces

from zhiyin.loop.deliver.bounces import classify

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not bounces.DATA.is_dir(), reason="the bounce messages are not beside the project"),
]


def test_ninety_eight_of_a_hundred_are_called_what_they_are_and_every_failure_names_its_address() -> None:
    labels = bounces.expected()
    reports = {name: classify(raw) for name, raw in bounces.samples().items()}
    assert reports.keys() == labels.keys()
    assert len(reports) == 446
    wrong = [name for name, report in reports.items() if report.worst.kind != bounces.gravest(labels[name])]
    assert len(wrong) <= 0.02 * len(reports), wrong
    failed = [name for name in reports if bounces.gravest(labels[name]) != "none"]
    silent = [name for name in failed if not all(one.recipient for one in reports[name].bounces)]
    assert silent == ["arf-11.eml"]  # "To: <Undisclosed Recipients>", and no address besides


def test_half_a_message_raises_nothing() -> None:
    for raw in bounces.samples().values():
        assert classify(raw[: len(raw) // 2]).bounces
