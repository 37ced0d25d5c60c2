"""Forms: where people sign up by themselves, what they are asked, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from zhiyin.domain.topic import spoken, spoken_language

FIELDS = (
    "name",
    "city",
    "language",
)  # what may be asked beside the address; few, since each keeps people away
TEXTS = ("title", "intro", "consent", "button", "subject", "letter")
READY: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Hear from us",
        "consent": "Write to me by e-mail. I can stop it with one click in every message.",
        "button": "Sign up",
        "subject": "Please confirm your address",
        "letter": "Somebody, we hope it was you, signed up with this address. Press the button to confirm it.\n"
        "If it was not you, do nothing: we will not write to you again.",
    },
    "zh-hans": {
        "title": "接收我们的消息",
        "consent": "我同意接收邮件，并可在每封邮件中一键退订。",
        "button": "登记",
        "subject": "请确认您的邮箱",
        "letter": "有人用此邮箱登记接收我们的邮件，希望就是您本人。请点击按钮确认。\n"
        "如果不是您本人，无需任何操作，我们不会再写信给您。",
    },
}  # what stands where nobody wrote anything else
LIFE = timedelta(days=7)  # of a sign-up that waits for its confirmation


class OptIn(StrEnum):
    """Whether an address is asked by mail before anything is sent to it, or taken as it was typed."""

    DOUBLE = "double"
    SINGLE = "single"


class SignUpStatus(StrEnum):
    """Where a sign-up stands: ``pending → confirmed``, or ``expired`` where nobody confirmed it in time."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Form:
    """One form. ``texts`` maps a language to what people read there; every change of it makes another version.

    ``origins`` are the sites that may hold it or post to it; ``redirects`` the only addresses that it leads on to.
    """

    key: str
    name: str
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    opt_in: OptIn = OptIn.DOUBLE
    take_disposable: bool = False
    origins: tuple[str, ...] = ()
    redirects: tuple[str, ...] = ()
    version: int = 1

    def text(self, name: str, language: str) -> str:
        """One of ``TEXTS`` for a reader, the ready-made one where nobody wrote it.

        >>> Form("door", "Door", {"en": {"title": "Tea post"}}).text("title", "en-GB")
        'Tea post'
        >>> Form("door", "Door", {"en": {"title": "Tea post"}}).text("button", "zh-CN")
        '登记'
        """
        written = {code: texts.get(name, "") for code, texts in self.texts.items()}
        mine = spoken_language(language)
        return written.get(mine) or READY[mine].get(name, "") or spoken(written, mine)


@dataclass(frozen=True, slots=True)
class SignUp:
    """What somebody typed into a form: nothing of it is believed yet.

    ``trap`` is a field that people do not see; ``asked_at`` says when the form was shown, None where that is not
    known; ``trusted`` that it came from a site which may hold the form; ``sure`` that the address was asked about.
    """

    email: str
    fields: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    language: str = ""
    trap: str = ""
    asked_at: datetime | None = None
    trusted: bool = False
    sure: bool = False
