"""Envelopes: what somebody will see → tracked, wrapped, signed bytes. What all share is prepared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from zhiyin.domain.message import Envelope, OutgoingEmail
from zhiyin.domain.program import Program
from zhiyin.domain.template import Rendered
from zhiyin.loop.deliver import dkim, headers, mime, return_path, sign
from zhiyin.services import sending_domain
from zhiyin.services.marks import Marks
from zhiyin.services.public_links import PublicLinks
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Written:
    """A message to one customer: what they see, what is handed over, which items were recommended."""

    rendered: Rendered
    envelope: Envelope
    items: tuple[str, ...]
    skeleton: str = ""  # its wording before anybody's name stood in it


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Makes the envelopes of one program."""

    public: PublicLinks
    sender: str
    author: str  # as the header says it
    headers: Mapping[str, str]  # the same in every message
    listed: bool  # whether they say how to stop them
    mailto: str
    bounces: str  # where what comes back goes; the sender if empty
    return_key: bytes
    signers: Sequence[dkim.Signer]
    now: datetime

    @classmethod
    def of(cls, ws: Workspace, program: Program, now: datetime) -> Envelopes:
        """What the messages of a program share. Raises ``BadSetting`` where keys cannot be read."""
        sender = mime.ascii_address(program.sender_email)
        domain = sender.rpartition("@")[2]
        feedback = headers.feedback_id(program.key, program.group, domain, program.stream)
        common = {
            "List-ID": headers.list_id(domain, program.topic),
            "Feedback-ID": feedback,
            "Precedence": "bulk",  # with List-ID it keeps holiday replies away (RFC 3834 section 2)
        }
        if not program.marketing:  # no list, but still a program's and not a person's
            common = {"Feedback-ID": feedback, "Auto-Submitted": "auto-generated"}
        if program.reply_to:
            common["Reply-To"] = mime.ascii_address(program.reply_to)
        return cls(
            PublicLinks.of(ws),
            sender,
            mime.mailbox(program.sender_name, sender),
            common,
            program.marketing,
            mime.ascii_address(program.reply_to),
            mime.ascii_address(ws.settings.sender.bounce_address),
            sign.key(ws.settings.server.secret, sign.RETURN),
            sending_domain.signers(ws, sender),
            now,
        )

    def written(
        self,
        rendered: Rendered,
        items: Sequence[Mapping[str, Any]],
        token: str,
        to: str,
        name: str,
        marked: Marks,
        skeleton: str = "",
    ) -> Written:
        """One message, its links tracked, signed with every key of the domain."""
        stop = headers.unsubscribe(self.public.unsubscribe(token), self.mailto) if self.listed else {}
        html, text = marked.put(
            rendered.html,
            rendered.text,
            click=lambda url: self.public.click(token, url),
            pixel=self.public.open(token),
            keep=(f"{self.public.base_url}/u/",),
        )
        email = OutgoingEmail(
            message_id=f"<{token}@{self.sender.rpartition('@')[2]}>",
            envelope_from=return_path.tagged(self.bounces, token, self.return_key)
            if self.bounces
            else self.sender,
            to=to,
            to_name=name,
            subject=rendered.subject,
            html=html,
            text=text,
            from_header=self.author,
            headers={**stop, **self.headers},
        )
        envelope = mime.envelope(email, date=self.now)
        signed = dkim.signed(envelope.content, self.signers, at=self.now)
        return Written(
            Rendered(rendered.subject, html, text, rendered.preheader),
            replace(envelope, content=signed),
            tuple(str(item["item_id"]) for item in items),
            skeleton,
        )
