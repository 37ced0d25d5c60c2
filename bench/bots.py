"""Crawlers and browsers told apart by their user agents: published crawlers caught, real browsers called bots."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import yaml
from ua_parser import parse_device

from zhiyin.loop.collect.agents import is_bot

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "web-analytics"
# monitors, scanners and browsers without a screen that speak as a browser does
PROGRAMS = {
    "Catchpoint", "HTTrack", "HeadlessChrome", "Monitis", "OpenVAS Scanner", "PhantomJS", "Ruxit Synthetic",
}  # fmt: skip


def main() -> list[dict[str, Any]]:
    """All example agents of the crawler list, and all of uap-core's test cases that are browsers."""
    published, people = crawlers(), browsers()
    caught = sum(map(is_bot, published))
    called = sum(map(is_bot, people))
    share = round(100 * called / len(people), 2)
    rows = [
        {"what": "example agents of the crawler list", "value": len(published), "unit": "agents", "bar": ""},
        {"what": "of these caught", "value": caught, "unit": "agents", "bar": f"{len(published):,}"},
        {"what": "browsers among uap-core's test cases", "value": len(people), "unit": "agents", "bar": ""},
        {"what": "of these called bots", "value": called, "unit": "agents", "bar": ""},
        {"what": "share of browsers called bots", "value": share, "unit": "%", "bar": "< 0.5"},
    ]
    for row in rows:
        print(f"{row['what']}: {row['value']} {row['unit']} (bar {row['bar']})")
    return rows


def crawlers() -> list[str]:
    """Every example agent of the crawler list, as published."""
    with gzip.open(DATA / "crawler-user-agents.json.gz") as file:
        return [agent for crawler in json.load(file) for agent in crawler["instances"]]


def browsers() -> list[str]:
    """The agents of uap-core's test cases that are browsers.

    Its cases name crawlers, monitors and libraries as well. Those of browsers are taken to be the ones that speak
    as a browser does, that uap-core's own device rules do not call a spider, and whose family is no program.
    """
    with gzip.open(DATA / "uap-core" / "test_ua.yaml.gz") as file:
        cases = yaml.load(file, Loader=yaml.CSafeLoader)["test_cases"]
    return [case["user_agent_string"] for case in cases if _is_browser(case)]


def _is_browser(case: dict[str, Any]) -> bool:
    agent = case["user_agent_string"]
    device = parse_device(agent)
    spider = device is not None and device.family == "Spider"
    return re.match(r"Mozilla/|Opera/", agent) is not None and not spider and case["family"] not in PROGRAMS


if __name__ == "__main__":
    main()
