"""Sign-up forms through their doors: hosted page, other sites, API, and the confirmation by mail."""

from __future__ import annotations

import email
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from tests.console.small_shop import client
from tests.services.mailing import moving

from zhiyin.adapters.records.models import Attempt, Consent, Customer, Form, Message, SignUp, Suppression
from zhiyin.entrypoints import site
from zhiyin.services import confirmations, forms, gate, ingest, sending, sign_ups, topics
from zhiyin.services.workspace import Workspace
from zhiyin.testing.channel import FakeChannel

SHOP = "https://shop.example"
PAGE = "/f/door"


@pytest.fixture
def ws(make_workspace: Any) -> Workspace:
    """A form at the door, which offers two topics; there is a third for insiders alone."""
    ws: Workspace = make_workspace(smtp__host="127.0.0.1", sender__email="shop@example.com")
    for key, name in (("news", "New teas"), ("offers", "Offers")):
        topics.create(ws, key, {"en": name})
    topics.create(ws, "insiders", {"en": "Insiders"}, public=False)
    forms.create(
        ws,
        "door",
        "Door",
        topics=["news", "offers"],
        fields=["name"],
        origins=[SHOP],
        redirects=[f"{SHOP}/thanks"],
    )
    return ws


def typed(ws: Workspace, **changes: Any) -> dict[str, Any]:
    """What a person types into our page, eight seconds after it was shown."""
    stamp = sign_ups.stamp(ws, forms.get(ws, "door"), ws.now() - timedelta(seconds=8))
    return {"stamp": stamp, "email": "ann@example.com", "name": "Ann", "topic": ["news"], "fax": ""} | changes


def post(ws: Workspace, path: str = PAGE, origin: str = "", **changes: Any) -> Any:
    return client().post(path, typed(ws, **changes), headers={"origin": origin} if origin else {})


def mailed(ws: Workspace) -> list[Any]:
    """What the worker sends now."""
    channel = FakeChannel()
    while sending.send_step(ws, "test:1", channel=channel):
        pass
    return [email.message_from_bytes(one.content, policy=email.policy.default) for one in channel.sent]


def link_in(letter: Any) -> str:
    text = letter.get_body(("plain",)).get_content()
    return re.search(r"https?://\S*(/c/\S+)", text)[1]


def words() -> dict[str, bool]:
    return dict(Consent.objects.values_list("purpose", "granted"))


def balance(ws: Workspace) -> dict[str, Any]:
    return sign_ups.balance(ws)["door"]


def test_a_confirmed_sign_up_makes_a_customer_with_consent_and_proof(ws: Workspace) -> None:
    answer = post(ws, page=f"{SHOP}/blog")
    assert (answer.status_code, len(answer.cookies)) == (200, 0)
    assert not Customer.objects.exists()
    (letter,) = mailed(ws)
    assert (letter["To"], letter["List-Unsubscribe"]) == ("ann@example.com", None)
    assert mailed(ws) == []  # once for each sign-up
    path = link_in(letter)
    for _ in range(2):
        shown = client().get(path)
        assert client().head(path).status_code == 200
    assert "ann@example.com" in shown.content.decode()
    assert not Customer.objects.exists()
    assert not words()
    pressed = client().post(path)
    assert "confirmed" in pressed.content.decode()
    customer = Customer.objects.get()
    assert (customer.email, customer.name, words()) == ("ann@example.com", "Ann", {"news": True})
    consent = Consent.objects.get()
    assert consent.source == "form:door"
    assert consent.proof["page"] == f"{SHOP}/blog"
    assert "New teas" in consent.proof["text"]
    assert (consent.proof["ip"], consent.proof["version"]) == ("127.0.0.0", "1")
    client().post(path)  # again
    ws.spool.close()
    ingest.drain(ws)
    counts = ingest.counts(ws)
    assert counts["Consent Changed"] == 1
    assert Customer.objects.count() == SignUp.objects.filter(status="confirmed").count() == 1
    assert gate.contacts([customer.pk], topics=["news"])[customer.pk].topics["news"].granted


@pytest.mark.parametrize("letter", [0, 5, -2])
def test_an_altered_link_confirms_nothing(ws: Workspace, letter: int) -> None:
    post(ws)
    path = confirmations.link(ws, SignUp.objects.get()).removeprefix(ws.settings.base_url)
    at = letter % len(path.rpartition("/")[2]) + len("/c/")
    other = path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]
    answer = client().post(other)
    assert (answer.status_code, answer.get("Location")) == (404, None)
    assert SignUp.objects.get().status == "pending"


def test_a_link_ends_after_seven_days_and_the_address_is_forgotten(ws: Workspace, monkeypatch: Any) -> None:
    post(ws)
    mailed(ws)
    row = SignUp.objects.get()
    later, clock = moving(ws)
    clock.ahead = timedelta(days=7, seconds=1)
    monkeypatch.setattr(site, "_open", later)
    answer = client().post(confirmations.link(ws, row).removeprefix(ws.settings.base_url))
    assert answer.status_code == 410
    assert not Customer.objects.exists()
    assert balance(later) | {"reasons": 0} == {
        "received": 1, "confirmed": 0, "pending": 0, "expired": 1, "refused": 0, "reasons": 0
    }  # fmt: skip
    assert sign_ups.forget_expired(later) == 1
    assert (SignUp.objects.get().address, balance(later)["expired"]) == ("", 1)
    assert "example.com" not in str(list(Message.objects.values("address", "domain", "data")))


def test_a_stranger_changes_nothing_of_a_customer_and_her_own_yes_lifts_her_unsubscribing(
    ws: Workspace,
) -> None:
    now = ws.now() - timedelta(days=1)
    Customer.objects.create(customer_id="c1", email="ann@example.com", name="Ann Lee", created_at=now)
    Consent.objects.create(
        customer_id="c1", channel="email", granted=False, source="unsubscribe:page", at=now
    )
    Suppression.objects.create(channel="email", address="ann@example.com", reason="unsubscribed", at=now)
    forms.update(ws, "door", opt_in="single")
    post(ws, name="Stranger")
    assert (Customer.objects.get().name, words()) == ("Ann Lee", {"marketing": False})
    assert Suppression.objects.exists()
    client().post(link_in(mailed(ws)[0]))
    assert words() == {"marketing": False, "news": True}
    assert not Suppression.objects.exists()
    assert SignUp.objects.get().customer_id == "c1"
    ws.spool.close()
    ingest.drain(ws)
    assert Customer.objects.get().name == "Stranger"  # whoever reads the mailbox confirmed what it says


def test_single_opt_in_takes_an_address_that_nobody_knows_at_once_and_reads_the_same(ws: Workspace) -> None:
    forms.update(ws, "door", opt_in="single")
    Customer.objects.create(customer_id="c1", email="known@example.com")
    pages = [post(ws, email=address).content for address in ("new@example.com", "known@example.com")]
    assert pages[0] == pages[1]
    assert words() == {"news": True}
    assert Message.objects.get().address == "known@example.com"


@pytest.mark.parametrize("reason", ["complaint", "hard_bounce", "manual"])
def test_a_form_lifts_no_complaint_and_no_bounce(ws: Workspace, reason: str) -> None:
    Suppression.objects.create(channel="email", address="ann@example.com", reason=reason, at=ws.now())
    known, unknown = post(ws).content, post(ws, email="bob@example.com").content
    assert known == unknown
    assert balance(ws)["reasons"] == {"suppressed": 1}
    assert [letter["To"] for letter in mailed(ws)] == ["bob@example.com"]


def test_an_address_gets_three_messages_a_day_however_it_is_spelled(ws: Workspace, monkeypatch: Any) -> None:
    spellings = ["ann@gmail.com", "a.nn@gmail.com", "ann+1@gmail.com", "Ann+2@Gmail.com", "ann@gmail.com"]
    later, clock = moving(ws)
    monkeypatch.setattr(site, "_open", later)
    pages = set()
    for number, one in enumerate(spellings):
        clock.ahead = timedelta(minutes=11 * number)
        pages.add(post(later, email=one).content)
    assert len(pages) == 1  # the fourth reads what the first read
    assert len(mailed(later)) == 3
    assert balance(later)["reasons"] == {"address_limit": 2}


def test_who_presses_the_button_twice_gets_one_message(ws: Workspace, monkeypatch: Any) -> None:
    assert post(ws).content == post(ws).content
    assert len(mailed(ws)) == 1
    assert balance(ws)["reasons"] == {"address_limit": 1}
    later, clock = moving(ws)
    clock.ahead = timedelta(minutes=11)
    monkeypatch.setattr(site, "_open", later)
    post(later)
    assert len(mailed(later)) == 1  # the first may have got lost


def test_a_network_signs_up_ten_an_hour(ws: Workspace) -> None:
    for number in range(12):
        post(ws, email=f"p{number}@example.com")
    assert len(mailed(ws)) == 10
    found = balance(ws)
    assert (found["received"], found["pending"], found["reasons"]) == (12, 10, {"network_limit": 2})
    Attempt.objects.all().delete()  # an hour later
    post(ws, email="p13@example.com")
    assert balance(ws)["pending"] == 11


def test_programs_are_refused_without_a_word_and_counted(ws: Workspace) -> None:
    quick = sign_ups.stamp(ws, forms.get(ws, "door"), ws.now())
    pages = [post(ws), post(ws, fax="1"), post(ws, stamp=quick)]
    assert len({page.content for page in pages}) == 1
    found = balance(ws)
    assert (found["received"], found["refused"]) == (3, 2)
    assert found["reasons"] == {"too_fast": 1, "trap": 1}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": "ann"}, "cannot be an e-mail address"),
        ({"email": "ann@gmial.com"}, "Did you mean ann@gmail.com?"),
        ({"email": "ann@mailinator.com"}, "thrown away"),
        ({"topic": []}, "choose what"),
        ({"topic": ["insiders"]}, "choose again"),
        ({"stamp": "x"}, "press the button"),
    ],
)
def test_what_a_person_can_mend_is_asked_on_the_page(
    ws: Workspace, change: dict[str, Any], says: str
) -> None:
    answer = post(ws, **change)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not SignUp.objects.exists()
    assert balance(ws)["refused"] == 1


def test_who_is_sure_keeps_an_address_that_looks_mistyped(ws: Workspace) -> None:
    assert post(ws, email="ann@gmial.com", sure="ann@gmial.com").status_code == 200
    assert SignUp.objects.get().address == "ann@gmial.com"


def test_a_form_reaches_no_topic_but_its_own_public_ones(ws: Workspace) -> None:
    topics.update(ws, "news", public=False)
    assert "New teas" not in client().get(PAGE).content.decode()
    assert post(ws).status_code == 422
    topics.archive(ws, "offers")
    assert post(ws, topic=[]).status_code == 404  # nothing is left of what it offered
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [
        (f"{SHOP}/thanks", f"{SHOP}/thanks"),
        ("https://evil.example/", None),
        (f"{SHOP}/thanks/../x", None),
        (f"{SHOP}/thanks?x", None),
        ("//evil.example", None),
        ("javascript:alert(1)", None),
    ],
)
def test_only_listed_addresses_are_led_on_to(ws: Workspace, wanted: str, leads: str | None) -> None:
    answer = post(ws, **{"return": wanted})
    assert answer.get("Location") == leads
    assert answer.status_code == (303 if leads else 200)


def test_another_site_is_asked_once_more_unless_the_form_names_it(ws: Workspace) -> None:
    assert post(ws, origin="https://evil.example").status_code == 422
    assert post(ws, origin=SHOP, stamp="").status_code == 200
    html = post(ws, origin="https://evil.example", email="bob@example.com").content.decode()
    stamp = re.search(r'name="stamp" value="([^"]+)"', html)[1]
    assert post(ws, origin="http://testserver", email="bob@example.com", stamp=stamp).status_code == 200
    assert SignUp.objects.count() == 2


def test_the_page_speaks_the_language_of_the_browser_and_only_named_sites_frame_it(ws: Workspace) -> None:
    page = client().get(PAGE, headers={"accept-language": "zh-CN,zh"})
    assert "接收我们的消息" in page.content.decode()
    assert (
        "Hear from us" in client().get(f"{PAGE}?lang=en", headers={"accept-language": "zh"}).content.decode()
    )
    policy = page["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SHOP};" in policy
    assert "X-Frame-Options" not in page.headers
    assert not page.cookies
    post(ws, lang="zh-hans")
    assert mailed(ws)[0]["Subject"] == "请确认您的邮箱"


def test_what_is_typed_is_never_markup(ws: Workspace) -> None:
    html = post(ws, email='"><script>alert(1)</script>').content.decode()
    assert "<script" not in html
    post(ws, name="<b>{{ shop.name }}</b>")
    (letter,) = mailed(ws)
    assert "<b>{{" not in letter.get_body(("html",)).get_content()


def test_letters_that_no_database_holds_are_left_out(ws: Workspace) -> None:
    post(ws, name="An\x00n\nLee", page="https://shop.example/\x00")
    row = SignUp.objects.get()
    assert (row.fields, row.proof["page"]) == ({"name": "An n Lee"}, "https://shop.example/")
    assert api({"email": "a\x00b@example.com", "topics": ["news"]}).status_code == 422
    assert api(
        b'{"email": "eve@example.com", "fields": {"name": "\\ud800"}, "topics": ["news"]}'
    ).status_code in (202, 400)


def test_a_closed_form_takes_nothing(ws: Workspace) -> None:
    forms.archive(ws, "door")
    assert client().get(PAGE).status_code == post(ws).status_code == 404
    assert client().get("/f/none").status_code == 404
    assert balance(ws)["reasons"] == {"closed": 1}


def api(body: Any, origin: str = "", method: str = "post") -> Any:
    headers = {"origin": origin} if origin else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return getattr(client(), method)("/v1/forms/door", data, content_type="application/json", headers=headers)


def test_the_api_takes_a_sign_up_from_named_sites_alone(ws: Workspace) -> None:
    body = {"email": "ann@example.com", "fields": {"name": "Ann"}, "topics": ["news"], "page": f"{SHOP}/a"}
    answer = api(body, SHOP)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (202, SHOP)
    assert answer.json() == api(body | {"email": "bob@example.com"}).json()  # a server names no origin
    refused = api(body, "https://evil.example")
    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert api(b"", SHOP, "options").status_code == 204
    assert api(b"", "https://evil.example", "options").status_code == 403
    assert SignUp.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_body"),
        ({"email": "a@example.com", "nmae": "x"}, 400, "bad_body"),
        (b" " * 20_000, 413, "too_large"),
        ({"email": "ann"}, 422, "bad_email"),
        ({"email": "ann@gmial.com", "topics": ["news"]}, 422, "mistyped"),
        ({"email": "ann@example.com", "topics": ["insiders"]}, 422, "unknown_topic"),
    ],
)
def test_the_api_says_what_is_wrong(ws: Workspace, body: Any, status: int, code: str) -> None:
    answer = api(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_erasing_a_customer_clears_what_she_typed(ws: Workspace) -> None:
    from zhiyin.services import privacy

    post(ws)
    client().post(link_in(mailed(ws)[0]))
    post(ws, name="Ann again")  # still waiting
    privacy.erase(ws, Customer.objects.get().pk)
    rows = SignUp.objects.values_list("address", "fields", "proof", "customer_id")
    assert set(map(str, rows)) == {"('', {}, {}, '')"}
    assert balance(ws)["received"] == 2
    assert "ann@example.com" not in json.dumps(list(Message.objects.values("address", "data")))
    assert Form.objects.count() == 1
