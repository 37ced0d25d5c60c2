"""The contract of a channel, and a fake that keeps it: inherit ``ChannelContract`` to test your own."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from zhiyin.domain.message import Envelope, MessageStatus, Receipt
from zhiyin.domain.ports import Channel
from zhiyin.domain.reasons import FailReason


class FakeChannel:
    """A channel that keeps what it is given. ``answers`` says what it answers to which address.

    >>> fake = FakeChannel({"gone@example.com": "refuse"})
    >>> fake.send(Envelope("<1@x>", "shop@x.example", "gone@example.com", b"")).reason
    'recipient_refused'
    """

    name = "fake"

    def __init__(self, answers: dict[str, str] | None = None, *, down: bool = False) -> None:
        self.answers = answers or {}
        self.down = down
        self.sent: list[Envelope] = []
        self.closed = False
        self._lock = threading.Lock()

    def open(self) -> Receipt | None:
        """A refusal while it is ``down``."""
        if not self.down:
            return None
        return Receipt(MessageStatus.FAILED, "down", FailReason.UNREACHABLE.value, everyone=True)

    def send(self, message: Envelope) -> Receipt:
        """``accept`` unless ``answers`` says ``refuse``, ``later`` or ``silence`` for the address."""
        down = self.open()
        if down is not None:
            return down
        answer = self.answers.get(message.to, "accept")
        if answer == "refuse":
            return Receipt(MessageStatus.FAILED, "550 5.1.1 No", FailReason.RECIPIENT_REFUSED.value)
        if answer == "later":
            return Receipt(MessageStatus.FAILED, "451 Later", FailReason.RECIPIENT_REFUSED.value, retry=True)
        with self._lock:
            self.sent.append(message)
        if answer == "silence":
            return Receipt(MessageStatus.UNKNOWN, "no answer", FailReason.TIMEOUT.value)
        return Receipt(MessageStatus.ACCEPTED, "250 OK")

    def close(self) -> None:
        """Nothing to give back."""
        self.closed = True


class ChannelContract(ABC):
    """What every channel keeps. A subclass makes the channel and knows what arrived; its name starts with
    ``Test``. The other side takes ``good@example.com``, refuses ``gone@example.com`` for good and asks to
    come back for ``busy@example.com``.
    """

    @abstractmethod
    def channel(self) -> Channel:
        """A channel whose other side answers as described."""

    @abstractmethod
    def unreachable(self) -> Channel:
        """A channel whose other side is not there."""

    @abstractmethod
    def arrived(self) -> list[str]:
        """The addresses of all messages that the other side has taken over."""

    def test_a_good_message_is_accepted_and_arrives_once(self) -> None:
        channel = self.channel()
        receipt = channel.send(_envelope("good@example.com"))
        channel.close()
        assert receipt.status == MessageStatus.ACCEPTED
        assert self.arrived() == ["good@example.com"]

    def test_a_final_refusal_is_a_failure_with_a_reason_and_no_retry(self) -> None:
        channel = self.channel()
        receipt = channel.send(_envelope("gone@example.com"))
        channel.close()
        assert (receipt.status, receipt.retry, receipt.everyone) == (MessageStatus.FAILED, False, False)
        assert receipt.reason in set(FailReason)
        assert receipt.detail
        assert self.arrived() == []

    def test_a_temporary_refusal_asks_to_come_back(self) -> None:
        channel = self.channel()
        receipt = channel.send(_envelope("busy@example.com"))
        channel.close()
        assert (receipt.status, receipt.retry) == (MessageStatus.FAILED, True)
        assert self.arrived() == []

    def test_after_a_refusal_the_next_message_goes_through(self) -> None:
        channel = self.channel()
        receipts = [
            channel.send(_envelope(f"{name}@example.com")) for name in ("gone", "busy", "good", "good")
        ]
        channel.close()
        assert [receipt.status == MessageStatus.ACCEPTED for receipt in receipts] == [
            False,
            False,
            True,
            True,
        ]

    def test_an_absent_other_side_is_a_refusal_for_everyone_and_no_exception(self) -> None:
        channel = self.unreachable()
        opened, receipt = channel.open(), channel.send(_envelope("good@example.com"))
        channel.close()
        assert opened is not None
        assert opened.everyone
        assert (receipt.status, receipt.everyone) == (MessageStatus.FAILED, True)

    def test_threads_share_a_channel(self) -> None:
        from concurrent.futures import ThreadPoolExecutor

        channel = self.channel()
        with ThreadPoolExecutor(4) as pool:
            receipts = list(pool.map(channel.send, [_envelope("good@example.com")] * 20))
        channel.close()
        assert {receipt.status for receipt in receipts} == {MessageStatus.ACCEPTED}
        assert len(self.arrived()) == 20

    def test_it_opens_when_the_other_side_is_there_and_closes_twice(self) -> None:
        channel = self.channel()
        assert channel.open() is None
        channel.close()
        channel.close()


def _envelope(to: str) -> Envelope:
    content = f"From: shop@example.com\r\nTo: {to}\r\nSubject: x\r\n\r\n.hidden dot\r\n".encode()
    return Envelope("<1@example.com>", "shop@example.com", to, content)
