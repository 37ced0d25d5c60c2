"""The whole loop, as the demo runs it: files, letters, a server of its own, and customers in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import pytest

from zhiyin.adapters import clock
from zhiyin.domain.event import (
    EMAIL_LINK_CLICKED,
    EMAIL_OPENED,
    MESSAGE_DECIDED,
    ORDER_COMPLETED,
    ORDER_REFUNDED,
    PRODUCT_VIEWED,
    UNSUBSCRIBED,
)
from zhiyin.simulate import story as stories
from zhiyin.simulate import wording
from zhiyin.simulate.mailbox import Mailbox
from zhiyin.simulate.market import Market
from zhiyin.simulate.story import Story

pytestmark = pytest.mark.xdist_group("story-loop")  # one run for all tests of this file
CAMPAIGNS = (wording.WELCOME.key, wording.NEW_TEAS.key)


@pytest.fixture(scope="module")
def story(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A shop of 300 customers that lived through the loop once."""
    from zhiyin.entrypoints.site import open_workspace

    folder = tmp_path_factory.mktemp("story") / "shop"
    shutil.copytree(pristine, folder)
    ws = open_workspace(folder, {"sender.email": wording.SENDER})
    market = Market(300, stories.end_of_history(clock.system()), seed=11)
    with Mailbox(exists=stories.exists(market)) as mailbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stories, "_TRAINING", timedelta(seconds=3))  # the demo's test takes as long as demos do
        told = stories.tell_story(ws, market, mailbox)
        stories.run(told)
        yield told
    told.ws.spool.close()


def events(story: Story, name: str) -> list[dict[str, Any]]:
    frame = story.ws.lake.events(properties=["token", "assigned", "choice"])
    return story.ws.lake.collect(frame.filter(nw.col("event") == name)).to_pylist()


def people(story: Story, key: str, status: str | None = None) -> list[dict[str, Any]]:
    from zhiyin.services import explanations

    return explanations.people(story.ws, key, status, limit=story.market.customers)[1]


def test_what_is_read_is_imported_or_rejected(story: Story) -> None:
    rows = story.figures["simulate"]["rows"]
    for kind in stories.KINDS:
        result = story.figures["import"][kind]
        assert result["read"] == rows[kind] == result["imported"] + result["rejected"]
        assert result["imported"] == result["new"] + result["unchanged"]
        assert result["rejected"] == 0


def test_the_lake_holds_what_the_market_did(story: Story) -> None:
    block = story.market.block(0)
    orders = story.market.orders(block)
    live = story.figures["live"]
    assert len(events(story, ORDER_COMPLETED)) == len(orders) + live["order"]
    assert len(events(story, ORDER_REFUNDED)) > 0
    views = story.market.views(block, orders)
    assert len(events(story, PRODUCT_VIEWED)) == len(views.at) + live["view"]


def test_revenue_of_the_profiles_is_that_of_the_events(story: Story) -> None:
    from zhiyin.services import profiles

    known = [e for e in events(story, ORDER_COMPLETED) if e["customer_id"]]
    back = [
        e for name in (ORDER_REFUNDED, "Order Cancelled") for e in events(story, name) if e["customer_id"]
    ]
    revenue = sum(e["amount"] for e in known) - sum(e["amount"] for e in back)
    assert profiles.totals(story.ws)["revenue"] == revenue


@pytest.mark.parametrize("key", CAMPAIGNS)
def test_everyone_planned_is_accounted_for(story: Story, key: str) -> None:
    review, sent = story.figures["campaign"][key], story.figures["send"][key]
    accounted = story.figures["report"][key]["report"]["accounted"]
    assert sent["status"] == "sent"
    assert sent["planned"] == review["segment"] == len(people(story, key))
    assert review["segment"] == review["held_out"] + sum(review["refused"].values()) + review["will_receive"]
    assert sent["held_out"] == review["held_out"]
    assert sent["refused_by_reason"] == review["refused"]
    assert sent["accepted"] + sent["failed"] == review["will_receive"]
    assert sent["unknown"] == sent["waiting"] == sent["claimed"] == sent["handed_over"] == 0
    assert accounted["planned"] == (
        accounted["held_out"]
        + sum(accounted["refused"].values())
        + accounted["delivered"]
        + sum(accounted["failed"].values())
    )


def test_the_mail_server_got_exactly_what_was_sent(story: Story) -> None:
    accepted = [p["email"] for key in CAMPAIGNS for p in people(story, key, "accepted")]
    assert sorted(slip.to for slip in story.mailbox.slips) == sorted(accepted)
    assert len(set(accepted)) == len(accepted)
    failed = [p["email"] for key in CAMPAIGNS for p in people(story, key, "failed")]
    assert sorted(story.mailbox.refused) == sorted(failed)


@pytest.mark.parametrize("key", CAMPAIGNS)
def test_nobody_in_the_holdout_got_a_letter(story: Story, key: str) -> None:
    got = {slip.to for slip in story.mailbox.slips}
    held = [p["email"] for p in people(story, key, "held_out")]
    assert held
    assert not got & set(held)


def test_nobody_without_consent_got_a_letter(story: Story) -> None:
    block = story.market.block(0)
    said_no = block.people.emails().filter(block.people.consent != 1).drop_null().to_pylist()
    assert said_no
    assert not {slip.to for slip in story.mailbox.slips} & set(said_no)


def test_letters_speak_the_customers_language_and_recommend(story: Story) -> None:
    chinese = dict(
        zip(
            story.market.block(0).people.emails().to_pylist(),
            story.market.block(0).people.chinese,
            strict=True,
        )
    )
    recommended = 0
    for slip in story.mailbox.slips:
        letter = story.mailbox.open(slip)
        assert ("茶" in letter.subject) == bool(chinese[slip.to])
        assert letter.one_click
        recommended += len(set(letter.links)) >= 4
    assert recommended > 0.9 * len(story.mailbox.slips)


def test_every_act_of_a_customer_is_an_event_once(story: Story) -> None:
    live = story.figures["live"]
    assert len(events(story, EMAIL_OPENED)) == live["open"] + live.get("machine_open", 0)
    clicks = len(events(story, EMAIL_LINK_CLICKED))
    scanned = live.get("machine_click", 0)
    assert clicks >= live["click"]
    assert (clicks > live["click"]) == (scanned > 0)
    assert (
        len(events(story, UNSUBSCRIBED)) == live.get("unsubscribe", 0) + live.get("unsubscribe_page", 0) > 0
    )


def test_who_unsubscribed_is_written_to_no_more(story: Story) -> None:
    from zhiyin.services import campaigns, reviews

    gone = {event["customer_id"] for event in events(story, UNSUBSCRIBED)}
    campaigns.create(story.ws, key="again", name="Again", segment="buyers", template="new-teas", holdout=0.0)
    refused = reviews.review(story.ws, "again").refused
    buyers = {person["customer_id"] for person in people(story, "new-teas")}
    assert gone & buyers
    assert refused["unsubscribed"] == len(gone & buyers)


@pytest.mark.parametrize("key", CAMPAIGNS)
def test_the_report_has_a_verdict_with_an_interval(story: Story, key: str) -> None:
    report = story.figures["report"][key]["report"]
    bought = report["effects"][0]["estimate"]
    assert report["state"] in ("measured", "no_effect", "not_clear")
    assert bought["low"] < bought["value"] < bought["high"]
    assert 0 < report["probability_positive"] < 1
    assert report["message_group"]["n"] + report["holdout_group"]["n"] == len(people(story, key))


@pytest.mark.parametrize("key", CAMPAIGNS)
def test_the_reported_effect_is_near_the_truth(story: Story, key: str) -> None:
    # five standard errors: one run in two million misses that, whatever the day
    found = story.figures["report"][key]
    bought = found["report"]["effects"][0]["estimate"]
    error = (bought["high"] - bought["low"]) / 2 / 1.96
    assert abs(bought["value"] - found["true_lift"]) < 5 * error


def test_decisions_in_the_lake_are_those_of_the_ledger(story: Story) -> None:
    decided = events(story, MESSAGE_DECIDED)
    by_campaign = {key: [e for e in decided if e["campaign"] == key] for key in CAMPAIGNS}
    for key, found in by_campaign.items():
        ledger = {p["customer_id"]: p["status"] for p in people(story, key)}
        assert {e["customer_id"] for e in found} == set(ledger)
        held = {e["customer_id"] for e in found if e["property_assigned"] == "holdout"}
        assert held == {customer for customer, status in ledger.items() if status == "held_out"}


def test_a_second_import_of_the_same_files_changes_nothing(story: Story) -> None:
    from zhiyin.services import imports

    before = story.ws.lake.count("events")
    for kind in ("orders", "events"):
        again = imports.run(story.ws, kind, [story.ws.folder / "files" / f"{kind}.csv"])
        assert (again.new, again.unchanged) == (0, again.read)
    assert story.ws.lake.count("events") == before
