"""Generated requests at the wire of a real server, a few of those that ``bench/fuzz.py`` sends."""

from __future__ import annotations

from bench import fuzz

from zhiyin.services.workspace import Workspace


def test_no_generated_request_is_answered_with_5xx_and_all_that_was_accepted_is_accounted_for(
    workspace: Workspace,
) -> None:
    found = fuzz.run(workspace, 1_200, seed=3)
    assert found.alive
    assert [code for code in found.answers if code >= 500] == []
    assert found.answers[200] > 300
    assert (fuzz.unbalanced(found), fuzz.missing(found) <= 0) == (0, True)
