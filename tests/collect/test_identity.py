"""Whom a visitor turned out to be."""

from __future__ import annotations

from typing import Any

from tests.collect.payloads import arrival, browser, server

from zhiyin.loop.collect.facts import Facts
from zhiyin.loop.collect.pipeline import run


def owners(*payloads: dict[str, Any], facts: Facts | None = None) -> list[str | None]:
    found = run([arrival(one | {"messageId": f"m{n}"}) for n, one in enumerate(payloads)], facts or Facts())
    assert not found.rejects
    return [one.customer_id for one in found.events]


IDENTIFY = browser(type="identify", userId="ann")


def test_after_identify_a_visitors_events_belong_to_the_customer() -> None:
    facts = Facts()
    assert owners(browser(), IDENTIFY, browser(), facts=facts) == [None, "ann", "ann"]
    assert facts.memory.links == {"visitor": "ann"}


def test_alias_links_an_earlier_id() -> None:
    alias = server(type="alias", previousId="visitor")
    assert owners(alias, browser()) == ["ann", "ann"]


def test_links_from_before_count() -> None:
    facts = Facts(identities={"visitor": "bob"})
    assert owners(browser(), facts=facts) == ["bob"]
    assert facts.memory.links == {}


def test_on_a_shared_device_the_last_one_counts() -> None:
    facts = Facts(identities={"visitor": "bob"})
    assert owners(browser(), IDENTIFY, browser(), facts=facts) == ["bob", "ann", "ann"]
    assert facts.memory.links == {"visitor": "ann"}


def test_an_event_that_names_somebody_is_theirs_and_links_nothing() -> None:
    facts = Facts()
    assert owners(browser(userId="ann"), browser(), facts=facts) == ["ann", None]
    assert facts.memory.links == {}


def test_nobody_is_linked_to_a_word_that_means_nothing() -> None:
    facts = Facts()
    owners(
        browser(type="identify", userId="ann", anonymousId="undefined"),
        server(type="alias", previousId="ann"),
        facts=facts,
    )
    assert facts.memory.links == {}
