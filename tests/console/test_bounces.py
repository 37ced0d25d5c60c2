"""What came back in the console: the sum, the mailbox, and what nobody is believed about."""

from __future__ import annotations

from tests.console.test_chinese_pages import english
from tests.console.test_sources import plain, signed_in
from tests.services.mailboxes import serving
from tests.services.returned_mail import AWAY, FULL, dsn, sent

from zhiyin.adapters import settings as settings_file
from zhiyin.entrypoints.site import reopen
from zhiyin.services import bounce_notes
from zhiyin.services.workspace import Workspace

PAGE = "/settings/deliverability"


def page(language: str = "en", address: str = PAGE) -> str:
    answer = signed_in(language).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_a_mailbox_the_page_leads_to_the_settings(owned: Workspace) -> None:
    shown = page()
    assert "/settings#group-bounces" in shown
    assert "Read the mailbox now" not in shown


def test_the_sum_adds_up_and_what_is_not_believed_says_why(owned: Workspace) -> None:
    li, wang = sent(owned, "li", "wang")
    for letter in (dsn(li), dsn(wang, recipient="eve@example.com"), AWAY, b""):
        bounce_notes.take(owned, letter, "file")
    told = plain(page())
    assert (
        "4 received = 1 about messages of ours + 1 not believed + 1 no bounces + 1 that cannot be read"
        in told
    )
    assert (
        "It names another address than the message went to eve@example.com The mailbox does not exist" in told
    )
    assert "It cannot be read – empty" in told
    assert english(page("zh-hans")) == []


def test_the_button_reads_the_mailbox_and_tells_what_fails(owned: Workspace) -> None:
    with serving("imap") as box:
        given = {name.replace("__", "."): value for name, value in box.settings("imap").items()}
        settings_file.write(owned.folder, given)
        reopen()
        assert "was not read yet" in page()
        box.put(dsn(*sent(owned, "li")))
        browser = signed_in("en")
        assert "1 new message was read." in plain(
            browser.post(f"{PAGE}/bounces/read", follow=True).content.decode()
        )
        box.fault = lambda command: "drop"
        failed = plain(browser.post(f"{PAGE}/bounces/read", follow=True).content.decode())
        assert "1 try failed." in failed
        assert "cannot be read" in failed
        assert "s3cret" not in failed
        assert english(page("zh-hans").replace("the connection was closed", "")) in (
            [],
            ["socket error: EOF"],
        )


def test_a_campaign_says_what_came_back_of_what_was_accepted(owned: Workspace) -> None:
    li, wang, _ann = sent(owned, "li", "wang", "ann")
    bounce_notes.take(owned, dsn(li), "file")
    bounce_notes.take(owned, dsn(wang, **FULL), "file")
    told = plain(page(address="/campaigns/spring?tab=delivery"))
    assert "Accepted by the receiving server. Came back later: Not this time 1 · Address gone 1" in told
    people = page(address="/campaigns/spring?tab=people&status=accepted&reason=hard")
    assert "1 customer" in plain(people)
    assert "Address gone: The mailbox does not exist" in plain(people)
    assert "/customers/li" in people
    assert "/customers/wang" not in people
