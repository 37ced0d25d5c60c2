"""Consent: the later word counts, whichever comes in first, and through whichever door."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.domain.event import CONSENT_CHANGED, SUPPRESSION_LIFTED, Event
from zhiyin.services import gate, imports, ingest
from zhiyin.services.workspace import Workspace

UNSUBSCRIBED_AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
EARLIER, LATER = UNSUBSCRIBED_AT - timedelta(days=2), UNSUBSCRIBED_AT + timedelta(days=2)


def unsubscribe(reason: str = "unsubscribed") -> None:
    """What unsubscribing leaves behind."""
    Consent.objects.update_or_create(
        customer_id="ann", channel="email", purpose="marketing",
        defaults={"granted": False, "source": "unsubscribe:page", "at": UNSUBSCRIBED_AT},
    )  # fmt: skip
    Suppression.objects.create(channel="email", address="ann@example.com", reason=reason, at=UNSUBSCRIBED_AT)


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    """Ann, who has an address and said nothing yet."""
    Customer.objects.create(customer_id="ann", email="Ann@example.com")
    return workspace


_numbers = itertools.count()


def by_api(ws: Workspace, at: datetime, answer: object = True) -> None:
    """The shop's form tells through the tracking API."""
    said = Event(
        f"i{next(_numbers)}", "identify", "", at, customer_id="ann", properties={"email_consent": answer}
    )
    ingest.record(ws, [said])
    ws.spool.close()
    ingest.drain(ws)


def by_file(ws: Workspace, at: datetime, answer: object = True) -> None:
    """A file with a date beside the answer."""
    path = ws.folder / "consents.csv"
    path.write_text(
        f"customer_id,consent,consent_at\nann,{'yes' if answer else 'no'},{at:%Y-%m-%dT%H:%M:%SZ}\n"
    )
    imports.run(ws, "customers", [path])


DOORS = pytest.mark.parametrize("say", [by_api, by_file])
Say = Callable[..., None]


def told(ws: Workspace) -> dict[str, int]:
    names = ("Consent Changed", SUPPRESSION_LIFTED)
    return {name: n for name, n in ingest.counts(ws).items() if name in names}


@DOORS
def test_a_later_yes_lifts_an_unsubscription_and_is_an_event(ws: Workspace, say: Say) -> None:
    unsubscribe()
    say(ws, LATER)
    assert not Suppression.objects.exists()
    consent = Consent.objects.get()
    assert (consent.granted, consent.at) == (True, LATER)
    contact = gate.contacts(["ann"])["ann"]
    assert (contact.consent, contact.suppressed) == (True, "")
    assert told(ws) == {CONSENT_CHANGED: 1, SUPPRESSION_LIFTED: 1}
    say(ws, LATER)  # again: nothing new
    assert told(ws) == {CONSENT_CHANGED: 1, SUPPRESSION_LIFTED: 1}


@DOORS
def test_an_earlier_yes_lifts_nothing_though_it_comes_in_later(ws: Workspace, say: Say) -> None:
    unsubscribe()
    say(ws, EARLIER)
    assert Suppression.objects.get().reason == "unsubscribed"
    assert not Consent.objects.get().granted
    assert told(ws) == {}


@DOORS
def test_a_yes_at_the_very_moment_of_the_unsubscription_lifts_nothing(ws: Workspace, say: Say) -> None:
    unsubscribe()
    say(ws, UNSUBSCRIBED_AT)
    assert Suppression.objects.exists()
    assert not Consent.objects.get().granted


def test_an_earlier_yes_does_not_lift_where_only_the_address_is_known(ws: Workspace) -> None:
    unsubscribe()
    Consent.objects.all().delete()
    by_api(ws, EARLIER)
    assert Consent.objects.get().granted
    assert Suppression.objects.exists()
    by_api(ws, LATER)
    assert not Suppression.objects.exists()
    assert told(ws) == {CONSENT_CHANGED: 1, SUPPRESSION_LIFTED: 1}


@DOORS
@pytest.mark.parametrize("reason", ["hard_bounce", "complaint", "manual", "erased"])
def test_a_yes_lifts_nothing_but_an_unsubscription(ws: Workspace, say: Say, reason: str) -> None:
    unsubscribe(reason)
    say(ws, LATER)
    assert Suppression.objects.get().reason == reason
    assert told(ws) == {CONSENT_CHANGED: 1}


@DOORS
def test_the_later_of_two_answers_counts_in_either_order(ws: Workspace, say: Say) -> None:
    say(ws, LATER, False)
    say(ws, EARLIER, True)
    assert not Consent.objects.get().granted
    say(ws, LATER + timedelta(days=1), True)
    say(ws, LATER, False)
    assert Consent.objects.get().granted


def test_two_answers_of_one_segment_count_by_their_time(ws: Workspace) -> None:
    for at, answer in ((LATER, True), (EARLIER, False)):
        said = Event(f"i{at}", "identify", "", at, customer_id="ann", properties={"email_consent": answer})
        ingest.record(ws, [said])
    ws.spool.close()
    ingest.drain(ws)
    assert Consent.objects.get().granted


@pytest.mark.parametrize("answer", ["yes", 1, None, "false"])
def test_only_true_and_false_are_answers(ws: Workspace, answer: object) -> None:
    by_api(ws, LATER, answer)
    assert not Consent.objects.exists()
    assert Customer.objects.get().traits == {}


def test_a_yes_of_a_file_without_a_date_lifts_nothing(ws: Workspace, tmp_path: Path) -> None:
    unsubscribe()
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,consent\nann,yes\n")
    imports.run(ws, "customers", [path])
    imports.run(ws, "customers", [path], consent=True)
    assert Suppression.objects.exists()
    assert not Consent.objects.get().granted


def test_the_customers_page_tells_that_she_may_be_written_to_again(ws: Workspace) -> None:
    from tests.console.small_shop import client, owner

    unsubscribe()
    by_api(ws, LATER)
    owner()
    browser = client()
    from django.contrib.auth import get_user_model

    browser.force_login(get_user_model().objects.get())
    page = browser.get("/customers/ann").content.decode()
    assert "May be written to again" in page
    assert "A later yes lifts the earlier unsubscribing." in page
