"""What messages say that came back, in the forms of RFC 3464 and RFC 5965, and in words."""

from __future__ import annotations

import pytest

from zhiyin.domain.bounce import Bounce, BounceReport
from zhiyin.loop.deliver import return_path
from zhiyin.loop.deliver.bounces import classify, of_reply

LI, WANG = "li@shop.example", "wang@shop.example"


def mail(body: str, **headers: str) -> bytes:
    """A message to us; a header with underscores has dashes."""
    told = {"From": "MAILER-DAEMON@mx.example", "To": "us@tea.example", "Subject": "Undelivered mail"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return ("".join(f"{name}: {value}\n" for name, value in told.items()) + "\n" + body).encode()


def multipart(*parts: tuple[str, str], report: str = "delivery-status", **headers: str) -> bytes:
    body = "".join(f"--b\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts) + "--b--\n"
    return mail(body, Content_Type=f'multipart/report; report-type={report}; boundary="b"', **headers)


def recipient(address: str, said: str = "", *, action: str = "failed", status: str = "5.0.0") -> str:
    code = f"Diagnostic-Code: smtp; {said}\n" if said else ""
    return f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n{code}\n"


def dsn(*recipients: str, words: str = "It did not arrive.", original: str = "") -> bytes:
    return multipart(
        ("text/plain", words),
        ("message/delivery-status", "Reporting-MTA: dns; relay.example\n\n" + "".join(recipients)),
        ("message/rfc822", original or f"Message-ID: <t1@tea.example>\nTo: {LI}\n\nHello"),
    )


def outcome(bounce: Bounce | BounceReport) -> tuple[str, str]:
    worst = bounce.worst if isinstance(bounce, BounceReport) else bounce
    return worst.kind.value, worst.reason.value


def test_a_delivery_status_tells_who_why_where_and_of_which_message() -> None:
    report = classify(
        dsn(
            recipient(LI, f"550 5.1.1 <{LI}>: user unknown").rstrip() + "\nRemote-MTA: dns; mx.shop.example\n"
        )
    )
    worst = report.worst
    assert outcome(report) == ("hard", "user_unknown")
    assert (worst.recipient, worst.status, worst.code, worst.remote_mta) == (
        LI,
        "5.1.1",
        550,
        "mx.shop.example",
    )
    assert (report.source, report.reporting_mta, report.message_id) == (
        "dsn",
        "relay.example",
        "<t1@tea.example>",
    )
    assert not worst.message_caused


def test_each_recipient_has_an_outcome_of_its_own_and_the_worst_stands_for_all() -> None:
    full, gone = recipient(LI, "452 4.2.2 mailbox full"), recipient(WANG, "550 5.1.1 no such user")
    report = classify(dsn(full, gone))
    assert [(one.recipient, one.kind.value) for one in report.bounces] == [(WANG, "hard"), (LI, "soft")]
    glued = classify(dsn(full.rstrip() + "\n" + gone))  # the empty line between them is missing
    assert glued == report


def test_the_address_that_was_written_to_is_the_original_one() -> None:
    forwarded = f"Original-Recipient: rfc822;{LI}\n" + recipient(
        "li@elsewhere.example", "550 5.1.1 unknown user"
    )
    worst = classify(dsn(forwarded)).worst
    assert (worst.recipient, worst.final_recipient) == (LI, "li@elsewhere.example")
    words = f"<li@elsewhere.example> (expanded from <{LI}>): host mx.example said: 550 5.1.1 unknown user"
    worst = classify(dsn(recipient("li@elsewhere.example", "550 5.1.1 unknown user"), words=words)).worst
    assert (worst.recipient, worst.final_recipient) == (LI, "li@elsewhere.example")
    worst = classify(mail(words)).worst
    assert (worst.recipient, worst.final_recipient) == (LI, "li@elsewhere.example")
    rewritten = "SRS0=HHH=TT=shop.example=li@relay.example"
    assert classify(dsn(recipient(rewritten, "550 5.1.1 unknown user"))).worst.recipient == LI


def test_what_arrived_or_is_still_tried_is_no_hard_bounce() -> None:
    assert outcome(classify(dsn(recipient(LI, action="delivered", status="2.0.0")))) == ("none", "delivered")
    delayed = classify(dsn(recipient(LI, "451 4.1.1 user unknown", action="delayed", status="4.4.7"))).worst
    assert (delayed.kind.value, delayed.final) == ("soft", False)


@pytest.mark.parametrize(
    ("said", "kind", "reason", "message_caused"),
    [
        ("550 5.1.1 <a@b.example>: Recipient address rejected: User unknown", "hard", "user_unknown", False),
        ("550 5.1.2 Host unknown", "hard", "host_unknown", False),
        ("550 5.1.6 The recipient has moved", "hard", "moved", False),
        ("556 5.1.10 Domain does not accept mail (nullMX)", "hard", "no_mail", False),
        ("550 该收件人不存在 5.1.1", "hard", "user_unknown", False),
        ("450 4.1.1 user unknown", "soft", "user_unknown", False),
        ("552 5.2.2 The account is over quota", "soft", "mailbox_full", False),
        ("550 5.2.1 The email account that you tried to reach is disabled.", "soft", "suspended", False),
        ("552 5.3.4 Message size exceeds fixed limit", "soft", "too_big", True),
        ("554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.dnsbl.example", "soft", "blocked", True),
        ("550 5.7.26 This mail has been blocked because it fails SPF and DKIM", "soft", "auth_failure", True),
        ("554 5.7.1 This looks like spam", "soft", "spam", True),
        ("550 Mail content denied", "soft", "content", True),
        ("550 Connection frequency limited", "soft", "rate_limited", True),
        ("421 4.7.0 Too many connections from your host", "soft", "rate_limited", True),
        ("553 5.1.8 Domain of sender address does not exist", "soft", "sender", True),
        ("550 5.7.1 Relaying denied", "soft", "relay", True),
        ("550 5.7.0 Rejected by local policy", "soft", "policy", True),
        ("550 5.7.1", "soft", "policy", True),
        ("550 5.2.2", "soft", "mailbox_full", False),
        ("451 4.3.0 Temporary failure", "soft", "expired", False),
    ],
)  # fmt: skip
def test_a_reply_during_smtp_is_judged_by_its_words_then_by_its_codes(
    said: str, kind: str, reason: str, message_caused: bool
) -> None:
    bounce = of_reply(said)
    assert (*outcome(bounce), bounce.message_caused) == (kind, reason, message_caused)


def test_a_user_unknown_at_the_end_of_data_is_not_given_up() -> None:
    for said in (
        "550 User unknown",
        f"550 <{LI}>: User unknown",
    ):  # the address was taken at RCPT: a filter speaks
        assert outcome(of_reply(said, at="RCPT")) == ("hard", "user_unknown")
        assert outcome(of_reply(said, at="DATA")) == ("soft", "filtered")


def test_the_domain_of_the_sender_is_not_that_of_the_recipient() -> None:
    assert outcome(of_reply("550 Host not found", at="DATA")) == ("soft", "sender")


def test_a_report_that_contradicts_itself_gives_nobody_up() -> None:
    gone = recipient(LI, "550 5.1.1 no such user")
    assert outcome(classify(dsn(gone, words="The mailbox is full."))) == ("soft", "mailbox_full")


@pytest.mark.parametrize(
    ("kind", "outcome_"),
    [
        ("abuse", ("complaint", "abuse")),
        ("fraud", ("complaint", "fraud")),
        ("opt-out", ("complaint", "opt_out")),
        ("something-new", ("complaint", "abuse")),
        ("auth-failure", ("complaint", "auth_failure")),
        ("not-spam", ("none", "not_spam")),
    ],
)
def test_a_feedback_report_is_a_complaint_unless_it_says_otherwise(
    kind: str, outcome_: tuple[str, str]
) -> None:
    fields = f"Feedback-Type: {kind}\nVersion: 1\nOriginal-Rcpt-To: <{LI}>\nOriginal-Rcpt-To: {WANG}\n"
    report = classify(multipart(("message/feedback-report", fields), report="feedback-report"))
    assert [outcome(bounce) for bounce in report.bounces] == [outcome_, outcome_]
    assert [bounce.recipient for bounce in report.bounces] == [LI, WANG]
    assert report.worst.message_caused == (kind == "auth-failure")  # it never suppresses the address


def test_a_complaint_without_a_report_names_the_recipient_of_what_it_returns() -> None:
    raw = multipart(
        ("message/rfc822", f"X-HmXmrOriginalRecipient: {LI}\nTo: else@tea.example\n\nHello"),
        Subject="complaint about message from 192.0.2.1",
        From="staff@hotmail.example",
    )
    assert (outcome(classify(raw)), classify(raw).worst.recipient) == (("complaint", "abuse"), LI)


def test_a_mail_to_unsubscribe_is_a_wish_of_its_writer() -> None:
    report = classify(mail("Sent by my mail program.", From=LI, Subject="Unsubscribe"))
    assert (outcome(report), report.worst.recipient) == (("complaint", "opt_out"), LI)


@pytest.mark.parametrize(
    "words",
    [
        f"Hi. This is the qmail-send program.\n\n<{LI}>:\nRemote host said: 550 5.1.1 no such user\n",
        f"The following address(es) failed:\n\n  {LI}\n    SMTP error from remote mail server after RCPT TO:<{LI}>:\n"
        f"    host mx.shop.example: 550 Unknown user\n\n------ This is a copy of the message ------\n\nTo: {WANG}\n",
        f"   ----- Transcript of session follows -----\n>>> RCPT To:<{LI}>\n<<< 550 User unknown\n",
        f"收件人：{LI}\n退信原因：550 5.1.1 用户不存在\n",
        f"Delivery has failed to these recipients:\n{LI}<mailto:{LI}>\nThe address you entered couldn't be found. "
        f"Remote Server returned '550 5.1.1 RecipientNotFound'\n",
    ],
)  # fmt: skip
def test_a_report_in_words_names_its_recipient_and_its_reason(words: str) -> None:
    report = classify(mail(words))
    assert [(bounce.recipient, outcome(bounce)) for bounce in report.bounces] == [
        (LI, ("hard", "user_unknown"))
    ]


def test_an_address_of_the_returned_message_is_nobodys_bounce() -> None:
    words = f"<{LI}>: 452 4.2.2 mailbox full\n\n--- Below this line is a copy of the message.\n\n<{WANG}>: 550 unknown\n"
    assert [bounce.recipient for bounce in classify(mail(words)).bounces] == [LI]


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "Automatic reply: your order", "From": LI},
        {"Subject": "自动回复：你好", "From": LI},
        {"Subject": "Re: tea", "From": LI, "Auto_Submitted": "auto-replied"},
        {"Subject": "Out of office", "From": LI, "Return_Path": "<>"},
        {"Subject": "Please confirm your message", "From": LI},
    ],
)
def test_who_is_away_has_not_bounced(headers: dict[str, str]) -> None:
    assert outcome(classify(mail("I am away. User unknown to me may write to 550.", **headers))) == (
        "none",
        "auto_reply",
    )


def test_a_person_who_writes_of_a_bounce_has_not_bounced() -> None:
    raw = mail(f"Why did {WANG} get 550 5.1.1 user unknown?", From=LI, Subject="Re: Undelivered mail")
    assert outcome(classify(raw)) == ("none", "not_a_bounce")


def test_a_newsletter_that_nobody_reads_answers_to_has_not_bounced() -> None:
    news = mail(
        "Your account is locked? 20 % off anti-virus.",
        From="no-reply@news.example",
        Subject="Rejected by none",
    )
    assert outcome(classify(news)) == ("none", "not_a_bounce")


def test_a_customer_who_misses_a_delivery_has_not_bounced() -> None:
    raw = mail(
        f"My tea was not delivered. Write to {WANG}, my inbox is full.", From=LI, Subject="Delivery problem"
    )
    assert outcome(classify(raw)) == ("none", "not_a_bounce")


def test_a_notification_of_amazon_is_read_though_mail_folds_it() -> None:
    told = (
        '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":\n "li@shop.example",'
        '"action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}'
    )
    report = classify(mail(told, From="no-reply@sns.example", Subject="Notification"))
    assert (outcome(report), report.worst.recipient) == (("hard", "user_unknown"), LI)


def test_the_tagged_return_path_tells_which_message_came_back() -> None:
    path = return_path.tagged("bounces@tea.example", "7f3a", b"key")
    to_it = classify(mail(f"<{LI}>: 550 5.1.1 unknown user", To=path))
    of_it = classify(
        dsn(recipient(LI, "550 5.1.1 unknown user"), original=f"Return-Path: <{path}>\nTo: {LI}\n")
    )
    assert [return_path.token_of(report.return_path, b"key") for report in (to_it, of_it)] == ["7f3a", "7f3a"]


def test_the_signed_token_of_ours_comes_back_with_the_returned_headers() -> None:
    original = f"To: {LI}\nList-Unsubscribe: <https://tea.example/u/dG9rZW4.c2ln>, <mailto:us@tea.example>\n"
    assert classify(dsn(recipient(LI, "550 5.1.1 unknown user"), original=original)).tag == "dG9rZW4.c2ln"
