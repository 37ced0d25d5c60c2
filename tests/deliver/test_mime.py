"""MIME by hand, read back with the standard library's strict parser."""

import email
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

from hypothesis import given
from hypothesis import strategies as st

from zhiyin.domain.message import OutgoingEmail
from zhiyin.loop.deliver import mime

NOW = datetime(2026, 3, 1, 8, 5, 9, tzinfo=UTC)
words = st.text(st.characters(codec="utf-8", exclude_characters="\ue000"), max_size=120)


def _email(subject="Hello", name="Tea house", to="li@example.com", html="<p>x</p>", text="x", headers=None):
    return OutgoingEmail(
        message_id="<t1@example.com>",
        envelope_from="shop@example.com",
        to=to,
        subject=subject,
        html=html,
        text=text,
        from_header=mime.mailbox(name, "shop@example.com"),
        headers=headers or {},
    )


def _read(outgoing):
    content = mime.envelope(outgoing, date=NOW).content
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    message = email.message_from_bytes(content, policy=policy.default.clone(raise_on_defect=True))
    assert not message.defects
    return message


@given(words, words, words)
def test_subject_and_bodies_survive_in_every_script(subject, html, text):
    message = _read(_email(subject=subject, html=html, text=text))
    assert message["Subject"].split() == subject.translate(_CONTROL).split()
    plain, rich = message.iter_parts()
    assert plain.get_payload(decode=True).decode() == text
    assert rich.get_payload(decode=True).decode() == html
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")


_CONTROL = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ")


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_value_can_add_a_header(value):
    attack = f"{value}\r\nBcc: victim@example.com\r\n\r\n"
    message = _read(_email(subject=attack, name=attack, headers={"List-ID": "x\r\nBcc: y@example.com"}))
    assert message["Bcc"] is None
    assert len(message["From"].addresses) == 1
    assert message["From"].addresses[0].addr_spec == "shop@example.com"


def test_names_with_marks_and_names_in_chinese():
    assert _read(_email(name='Tea "house", Ltd.'))["From"].addresses[0].display_name == 'Tea "house", Ltd.'
    assert _read(_email(name="知音茶舍"))["From"].addresses[0].display_name == "知音茶舍"
    long = "知音" * 60
    assert _read(_email(name=long))["From"].addresses[0].display_name.replace(" ", "") == long


def test_a_domain_in_chinese_goes_out_in_ascii():
    envelope = mime.envelope(_email(to="li@例子.公司"), date=NOW)
    assert envelope.to == "li@xn--fsqu00a.xn--55qx5d"
    assert b"To: li@xn--fsqu00a.xn--55qx5d\r\n" in envelope.content


def test_people_are_named_and_one_whose_own_part_is_no_ascii_keeps_it():
    outgoing = replace(_email(to="李娜@例子.公司"), to_name="李娜\r\nBcc: x@y.example")
    envelope = mime.envelope(outgoing, date=NOW)
    assert envelope.to == "李娜@xn--fsqu00a.xn--55qx5d"
    message = _read(replace(outgoing, to="li@例子.公司"))
    (person,) = message["To"].addresses
    assert (person.addr_spec, person.display_name.split()) == (
        "li@xn--fsqu00a.xn--55qx5d", ["李娜", "Bcc:", "x@y.example"]
    )  # fmt: skip


def test_a_long_name_or_subject_stays_within_the_length_of_a_line():
    long = "x" * 3000
    message = _read(_email(subject=long, name=long))
    assert message["Subject"] == long
    # the library joins encoded words of a name with blanks
    assert message["From"].addresses[0].display_name.replace(" ", "") == long


def test_date_and_message_id():
    message = _read(_email())
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<t1@example.com>"
    assert message["To"] == "li@example.com"
