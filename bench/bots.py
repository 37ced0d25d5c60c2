"""Crawlers and people told apart by user agent; corrections of the crawler list were found on the same cases."""

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
_SPEAKS = re.compile(r"Mozilla/|Opera/")  # as a browser does


def main() -> list[dict[str, Any]]:
    """All example agents of the crawler list, and all of uap-core's test cases that are browsers or devices."""
    published, people, owners = crawlers(), browsers(), devices()
    caught = sum(map(is_bot, published))
    called, phones = sum(map(is_bot, people)), sum(map(is_bot, owners))
    share, shared = (round(100 * n / len(of), 2) for n, of in ((called, people), (phones, owners)))
    rows = [
        {"what": "example agents of the crawler list", "value": len(published), "unit": "agents", "bar": ""},
        {"what": "of these caught", "value": caught, "unit": "agents", "bar": f"{len(published):,}"},
        {"what": "browsers among uap-core's test cases", "value": len(people), "unit": "agents", "bar": ""},
        {"what": "of these called bots", "value": called, "unit": "agents", "bar": ""},
        {"what": "share of browsers called bots", "value": share, "unit": "%", "bar": "< 0.5"},
        {
            "what": "agents of phones and other devices among them",
            "value": len(owners),
            "unit": "agents",
            "bar": "",
        },
        {"what": "of these called bots", "value": phones, "unit": "agents", "bar": ""},
        {"what": "share of devices called bots", "value": shared, "unit": "%", "bar": "< 0.5"},
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
    found = []
    for agent, family in _cases("test_ua"):
        device = parse_device(agent)
        spider = device is not None and device.family == "Spider"
        if _SPEAKS.match(agent) and not spider and family not in PROGRAMS:
            found.append(agent)
    return found


def devices() -> list[str]:
    """The agents of uap-core's test cases of devices that are a browser's on a device of some maker."""
    return [agent for agent, family in _cases("test_device") if _SPEAKS.match(agent) and family != "Spider"]


def _cases(file: str) -> list[tuple[str, str]]:
    with gzip.open(DATA / "uap-core" / f"{file}.yaml.gz") as packed:
        cases = yaml.load(packed, Loader=yaml.CSafeLoader)["test_cases"]
    return [(case["user_agent_string"], case["family"]) for case in cases]


if __name__ == "__main__":
    main()
