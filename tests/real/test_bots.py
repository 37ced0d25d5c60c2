"""Real user agents: the crawler list as published, and uap-core's test cases of browsers."""

from __future__ import annotations

import pytest
from bench import bots

from zhiyin.loop.collect.agents import is_bot

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not bots.DATA.is_dir(), reason="the web analytics data are not beside the project"),
]


def test_every_example_agent_of_the_crawler_list_is_caught() -> None:
    examples = bots.crawlers()
    assert len(examples) == 2116
    assert [agent for agent in examples if not is_bot(agent)] == []


def test_fewer_than_one_browser_in_two_hundred_is_called_a_bot() -> None:
    browsers = bots.browsers()
    assert len(browsers) > 450
    called = [agent for agent in browsers if is_bot(agent)]
    assert len(called) < 0.005 * len(browsers), called


def test_fewer_than_one_device_in_two_hundred_is_called_a_bot() -> None:
    devices = bots.devices()
    assert len(devices) > 9000
    called = [agent for agent in devices if is_bot(agent)]
    assert len(called) < 0.005 * len(devices), called
