"""Real user agents: the crawler list as published, and uap-core's test cases of browsers.

uap-core's cases name crawlers, monitors and libraries as well as browsers. Those of browsers are taken to be the
ones that speak as a browser does, that uap-core's own device rules do not call a spider, and whose family is no
monitor, scanner or browser without a screen.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ua_parser import parse_device

from zhiyin.loop.collect.agents import is_bot

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "web-analytics"
PROGRAMS = {
    "Catchpoint", "HTTrack", "HeadlessChrome", "Monitis", "OpenVAS Scanner", "PhantomJS", "Ruxit Synthetic",
}  # fmt: skip

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the web analytics data are not beside the project"),
]


def test_every_example_agent_of_the_crawler_list_is_caught() -> None:
    with gzip.open(DATA / "crawler-user-agents.json.gz") as file:
        examples = [agent for crawler in json.load(file) for agent in crawler["instances"]]
    assert len(examples) == 2116
    assert [agent for agent in examples if not is_bot(agent)] == []


def test_fewer_than_one_browser_in_two_hundred_is_called_a_bot() -> None:
    with gzip.open(DATA / "uap-core" / "test_ua.yaml.gz") as file:
        cases = yaml.load(file, Loader=yaml.CSafeLoader)["test_cases"]
    browsers = [case["user_agent_string"] for case in cases if _is_browser(case)]
    assert len(browsers) > 450
    called = [agent for agent in browsers if is_bot(agent)]
    assert len(called) < 0.005 * len(browsers), called


def _is_browser(case: dict[str, Any]) -> bool:
    agent = case["user_agent_string"]
    device = parse_device(agent)
    spider = device is not None and device.family == "Spider"
    return re.match(r"Mozilla/|Opera/", agent) is not None and not spider and case["family"] not in PROGRAMS
