"""Because the truth is known: reported intervals cover it as often as they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from zhiyin.loop.decide.holdout import assign
from zhiyin.loop.measure import campaign as measure
from zhiyin.loop.measure.outcomes import Group
from zhiyin.services.workspace import Workspace
from zhiyin.simulate import story as stories
from zhiyin.simulate import wording
from zhiyin.simulate.habits import Do, live
from zhiyin.simulate.mailbox import Mailbox
from zhiyin.simulate.market import Market
from zhiyin.simulate.payloads import payload
from zhiyin.stats.means import Mean

UNTIL = datetime(2026, 3, 1, 2, tzinfo=UTC)


def group(amounts: np.ndarray) -> Group:
    values = amounts.astype(float)
    return Group(
        len(values),
        int((values > 0).sum()),
        Mean(len(values), float(values.sum()), float((values**2).sum())),
        0,
    )


def test_the_lift_interval_covers_the_true_effect_at_its_rate() -> None:
    # 500 experiments: the share of covering intervals has a standard error of one point
    market = Market(1_500, UNTIL, seed=2)
    truth, ids = market.truth(), market.block(0).people.ids().to_pylist()
    true_lift, rng, covered = 100 * truth.effect(), np.random.default_rng(9), 0
    for number in range(500):
        held = np.array([assign(i, seed=f"seed-{number}", share=0.2) == "holdout" for i in ids])
        amounts = truth.amounts(rng, ~held)
        lift = measure.lift(group(amounts[~held]), group(amounts[held]))
        assert lift.low is not None
        assert lift.high is not None
        covered += lift.low <= true_lift <= lift.high
    assert 0.92 <= covered / 500 <= 0.98


def test_the_report_of_the_whole_loop_covers_the_truth(make_workspace: Callable[..., Workspace]) -> None:
    # three markets, each imported, profiled, written to by SMTP and reported; at most one may miss
    misses = 0
    for seed in (1, 2, 3):
        ws = make_workspace(f"shop-{seed}", sender__email=wording.SENDER)
        market = Market(400, UNTIL, seed=seed)
        with Mailbox(exists=stories.exists(market)) as mailbox:
            story = stories.tell_story(ws, market, mailbox)
            for key, _, step in stories.STEPS:
                if key in ("simulate", "import", "profile", "segments", "campaign", "send"):
                    story.figures[key] = step(story, lambda done, total=None, label=None: None)
            _live(story)
            found = stories.report(story, lambda done, total=None, label=None: None)[wording.NEW_TEAS.key]
        bought = found["report"]["effects"][0]["estimate"]
        assert found["report"]["state"] != "measuring"
        misses += not bought["low"] <= found["true_lift"] <= bought["high"]
    assert misses <= 1


def _live(story: stories.Story) -> None:
    """The customers' week, told to the tracking service directly."""
    from zhiyin.services import ingest

    begin = story.ws.now()
    got = {slip.to for slip in story.mailbox.slips}
    block = story.market.block(0)
    mailed = np.array([address in got for address in block.people.emails().to_pylist()])
    done = [act for act in live(story.market, block, mailed, 7.5) if act.do == Do.ORDER]
    after = begin + timedelta(days=8)
    story.ws = replace(story.ws, now=lambda: after)
    payloads = [payload(story.market, act, begin) for act in done]
    request = {"receivedAt": after, "source": "shop", "kind": "batch", "body": {"batch": payloads}}
    story.ws.spool.append([msgspec.json.encode(request)])
    story.ws.spool.close()
    assert ingest.drain(story.ws) == len(payloads)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_shop_has_words_for_everything_in_its_language(language: str) -> None:
    assert wording.SHOP[language]
    assert wording.ADDRESS[language]
    assert all(named.name and named.name_zh for named in wording.SEGMENTS)
    assert all(letter.body.strip().startswith("<mjml>") for letter in (wording.WELCOME, wording.NEW_TEAS))
