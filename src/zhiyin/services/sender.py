"""The sender: who messages come from, and a test that the mail server takes them."""

from __future__ import annotations

import uuid
from dataclasses import replace

from zhiyin.adapters.channels import channel as open_channel
from zhiyin.domain.errors import BadSetting, Conflict
from zhiyin.domain.message import OutgoingEmail, Receipt
from zhiyin.domain.text import say
from zhiyin.loop import decide
from zhiyin.loop.deliver import dkim, mime
from zhiyin.services import sending_domain
from zhiyin.services.workspace import Workspace


def test(ws: Workspace, to: str, subject: str, text: str) -> Receipt:
    """Send one short e-mail through the mail server of the settings, outside the ledger.

    Raises ``Conflict`` where server or sender are not set up, ``BadSetting`` where ``to`` cannot be an address.
    """
    settings = ws.settings
    if not settings.sends_mail:
        raise Conflict(say("No mail server is set up."), fix=say("Fill in the mail server and save."))
    if not settings.sender.email:
        raise Conflict(say("There is no sender's address."), fix=say("Fill in the sender's e-mail and save."))
    if not decide.is_address(to):
        raise BadSetting(say("{to!r} cannot be an e-mail address.", to=to), fix=say("Correct it."))
    address = mime.ascii_address(settings.sender.email)
    email = OutgoingEmail(
        message_id=f"<{uuid.uuid4().hex}@{address.rpartition('@')[2]}>",
        envelope_from=address,
        to=to,
        subject=subject,
        html=f"<p>{text}</p>",
        text=text,
        from_header=mime.mailbox(settings.sender.name or settings.shop.name, address),
        headers={"Auto-Submitted": "auto-generated"},  # a program's, not a person's (RFC 3834)
    )
    envelope = mime.envelope(email, date=ws.now())
    signed = dkim.signed(envelope.content, sending_domain.signers(ws, address), at=ws.now())
    channel = open_channel("email", settings)
    try:
        return channel.open() or channel.send(replace(envelope, content=signed))
    finally:
        channel.close()
