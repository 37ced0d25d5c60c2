"""Public links over real HTTP, with the literal bytes that mail programs send."""

from __future__ import annotations

import http.client
import re
import threading
from html import unescape

import narwhals as nw
import pytest
import uvicorn
from tests.services.mailing import campaign, people

from zhiyin.adapters.records.models import Consent, Customer, Message, Suppression
from zhiyin.loop.deliver import sign
from zhiyin.services import campaigns, ingest, planning, sending
from zhiyin.services.public_links import PublicLinks
from zhiyin.testing.channel import FakeChannel

ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'


class Site:
    """The site on a free port, and raw requests to it."""

    def __init__(self, ws):
        from zhiyin.entrypoints.site.asgi import application

        config = uvicorn.Config(application(ws), host="127.0.0.1", port=0, log_level="error", ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join()

    def ask(self, method, path, body=b"", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.text = answer.read().decode("utf-8", "replace")
        connection.close()
        assert answer.getheader("Set-Cookie") is None
        return answer


@pytest.fixture
def sent(make_workspace):
    """Two customers were mailed; the site is up. Gives workspace, site and the paths in the first message."""
    ws = make_workspace(smtp__host="127.0.0.1", shop__name="Tea & more")
    people(ws, 2)
    Customer.objects.filter(pk="c0000").update(language="zh-CN")
    campaign(ws, holdout=0)
    campaigns.start(ws, "spring")
    channel = FakeChannel()
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    with Site(ws) as site:
        yield ws, site, _paths(ws)


def _paths(ws):
    links, token = PublicLinks.of(ws), Message.objects.get(customer_id="c0000").token
    base = len(ws.settings.base_url)
    return {
        "open": links.open(token)[base:],
        "click": links.click(token, "https://shop.example/tea?a=1&b=2")[base:],
        "unsubscribe": links.unsubscribe(token)[base:],
    }


def _gone():
    return Consent.objects.filter(customer="c0000", granted=False).exists()


def _events(ws):
    ws.spool.close()
    ingest.drain(ws)
    return ingest.counts(ws) if ws.lake.count("events") else {}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ONE_CLICK, {"Content_Type": "application/x-www-form-urlencoded"}),
        (ONE_CLICK, {"Content_Type": "application/x-www-form-urlencoded", "User_Agent": "Go-http-client/1.1"}),
        (ONE_CLICK, {}),
        (MULTIPART, {"Content_Type": "multipart/form-data; boundary=b"}),
        (b"", {}),
        (b"broken", {"Content_Type": "multipart/form-data; boundary=none"}),
        (ONE_CLICK, {"Content_Type": "application/x-www-form-urlencoded", "Cookie": "zhiyin_session=x",
                     "Origin": "https://mail.example"}),
    ],
)  # fmt: skip
def test_the_one_click_post_of_rfc_8058_acts(sent, body, headers):
    _, site, paths = sent
    answer = site.ask("POST", paths["unsubscribe"], body, **headers)
    assert answer.status == 200
    assert answer.getheader("Location") is None
    assert _gone()
    assert Suppression.objects.get().address == "c0000@example.com"
    assert Consent.objects.get(customer="c0000").source == "unsubscribe:one_click"
    assert not Consent.objects.filter(customer="c0001", granted=False).exists()


def test_get_and_head_ask_and_change_nothing(sent):
    ws, site, paths = sent
    for _ in range(3):
        page = site.ask("GET", paths["unsubscribe"], User_Agent="Mozilla/5.0")
        assert site.ask("HEAD", paths["unsubscribe"]).status == 200
    act = "?List-Unsubscribe=One-Click&how=one_click&sub=0"
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):  # as scanners, prefetchers and the curious do
        site.ask(method, paths["unsubscribe"] + act, Purpose="prefetch", User_Agent="")
    assert page.status == 200
    assert "要退订" in page.text or "Unsubscribe from our e-mails?" in page.text
    assert page.getheader("Content-Language") == "zh-hans"
    assert "c•••@example.com" in page.text
    assert "c0000@example.com" not in page.text
    assert not _gone()
    assert Suppression.objects.count() == 0
    assert "Unsubscribed" not in _events(ws)


def test_the_button_of_the_page_acts_and_twice_counts_once(sent):
    ws, site, paths = sent
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    first = site.ask("POST", paths["unsubscribe"], b"how=page", **form)
    again = site.ask("POST", paths["unsubscribe"], b"how=page", **form)
    assert (first.status, again.status) == (200, 200)
    assert "<html" in first.text
    assert _gone()
    counts = _events(ws)
    assert (counts["Unsubscribed"], counts["Consent Changed"]) == (1, 1)


def test_who_unsubscribed_is_not_mailed_again(sent):
    ws, site, paths = sent
    site.ask("POST", paths["unsubscribe"], ONE_CLICK)
    campaign(ws, key="summer", holdout=0)
    campaigns.start(ws, "summer")
    channel = FakeChannel()
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    assert [envelope.to for envelope in channel.sent] == ["c0001@example.com"]
    assert campaigns.progress(ws, "summer")["refused_by_reason"] == {"unsubscribed": 1}


def test_a_click_leads_to_the_signed_goal_and_is_an_event(sent):
    ws, site, paths = sent
    answer = site.ask("GET", paths["click"], User_Agent="Mozilla/5.0")
    assert (answer.status, answer.getheader("Location")) == (302, "https://shop.example/tea?a=1&b=2")
    assert site.ask("HEAD", paths["click"]).status == 302
    assert site.ask("POST", paths["click"]).status in (403, 405)
    assert _events(ws)["Email Link Clicked"] == 2
    clicks = ws.lake.events(properties=["method"]).filter(nw.col("event") == "Email Link Clicked")
    methods = ws.lake.collect(clicks.select("property_method"))["property_method"].to_pylist()
    assert sorted(methods) == ["GET", "HEAD"]  # kept as it came: the rule knows that no person asks by HEAD


def test_an_open_gives_the_pixel_and_is_an_event(sent):
    ws, site, paths = sent
    answer = site.ask("GET", paths["open"])
    assert (answer.status, answer.getheader("Content-Type")) == (200, "image/gif")
    assert "no-store" in answer.getheader("Cache-Control")
    site.ask("HEAD", paths["open"])
    assert _events(ws)["Email Opened"] == 1


def test_an_altered_link_never_leads_anywhere(sent):
    ws, site, paths = sent
    head, _, signature = paths["click"].rpartition(".")
    other = sign.sign(sign.key("another secret", sign.CLICK), "t https://evil.example")
    script = sign.sign(PublicLinks.of(ws).click_key, "t javascript:alert(1)")
    for path in (
        f"{head}.{'A' * len(signature)}",
        f"{head[:-2]}xx.{signature}",
        "/t/c/" + other,
        "/t/c/" + script,
        "/t/c/https://evil.example",
        "/t/c/?url=https://evil.example",
        "/t/c/x",
        paths["click"].replace("/t/c/", "/u/"),
        paths["unsubscribe"].replace("/u/", "/t/c/"),
    ):
        answer = site.ask("GET", path)
        assert answer.status == 404, path
        assert answer.getheader("Location") is None
    assert site.ask("POST", paths["unsubscribe"][:-1], ONE_CLICK).status == 404
    assert not _gone()
    assert "Email Link Clicked" not in _events(ws)


def test_the_links_of_a_real_message_work_from_end_to_end(sent):
    ws, site, _ = sent
    channel = FakeChannel()
    campaign(ws, key="summer", holdout=0)
    campaigns.start(ws, "summer")
    planning.plan_step(ws)
    sending.send_step(ws, "test:1", channel=channel)
    import email

    message = email.message_from_bytes(channel.sent[0].content)
    html = message.get_payload()[1].get_payload(decode=True).decode()
    click, hidden = (
        unescape(link).removeprefix(ws.settings.base_url)
        for link in re.findall(r'href="([^"]*/t/c/[^"]*)"', html)
    )
    labels = "utm_source=newsletter&utm_medium=email&utm_campaign=summer"
    assert site.ask("GET", click).getheader("Location") == f"https://shop.example/tea?a=1&b=2&{labels}"
    answer = site.ask("GET", hidden)
    assert (answer.status, answer.getheader("Location")) == (204, None)
