"""Public links: the addresses that messages lead to, made from their tokens and signed."""

from __future__ import annotations

from dataclasses import dataclass

from zhiyin.loop.deliver import sign
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """Makes the public addresses of a message from its token, all signed."""

    base_url: str
    open_key: bytes
    click_key: bytes
    unsubscribe_key: bytes

    @classmethod
    def of(cls, ws: Workspace) -> PublicLinks:
        """The links of this workspace."""
        secret = ws.settings.server.secret
        keys = (sign.key(secret, purpose) for purpose in (sign.OPEN, sign.CLICK, sign.UNSUBSCRIBE))
        return cls(ws.settings.base_url, *keys)

    def open(self, token: str) -> str:
        """The address of the open pixel."""
        return f"{self.base_url}/t/o/{sign.sign(self.open_key, token)}.gif"

    def click(self, token: str, url: str) -> str:
        """The address that leads to ``url``; the destination stands inside the signature."""
        return f"{self.base_url}/t/c/{sign.sign(self.click_key, f'{token} {url}')}"

    def unsubscribe(self, token: str) -> str:
        """The unsubscribe page, which is the address of the one-click POST too."""
        return f"{self.base_url}/u/{sign.sign(self.unsubscribe_key, token)}"
