"""Match lists: who may be in the file for an ad platform, and the hashes by which it knows them.

The gate of sends decides: consent to marketing by e-mail, suppression, erasure. On top of it, no hash of
somebody who said no is written, not even where another customer has the same address or number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from zhiyin.adapters.records.models import Consent, Customer, Suppression
from zhiyin.domain.consent import MARKETING
from zhiyin.domain.reasons import LeftOutReason, Reason
from zhiyin.loop import decide
from zhiyin.loop.collect import normal_forms
from zhiyin.loop.deliver.match_list import Platform
from zhiyin.services import gate
from zhiyin.services.consents import EMAIL
from zhiyin.services.workspace import Workspace

# a number alone may do, so that an address is no condition here
_OF_ADDRESS = frozenset({Reason.NO_ADDRESS, Reason.BAD_ADDRESS})
_CHUNK = 2_000


class MatchList:
    """The rows of one platform's file, a batch of customers at a time, and why others are left out.

    After all batches ``asked = written + sum(left_out.values())``. Memory grows with the number of people who
    said no, by about 100 bytes each, and not with the segment.
    """

    def __init__(self, ws: Workspace, platform: Platform) -> None:
        self.platform = platform
        self.asked = self.written = 0
        self.left_out: Counter[str] = Counter()
        self._policy = gate.policy(ws)
        self._region = normal_forms.region(ws.settings.shop.currency, ws.settings.shop.timezone)
        self._refused = {bytes.fromhex(mark) for mark in self._marks_of_refused() if mark}

    def rows(self, customer_ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The rows of those who may be in the list, in the order of the ids; the others are counted."""
        phones = dict(Customer.objects.filter(pk__in=customer_ids).values_list("pk", "phone"))
        for customer_id, contact in gate.contacts(customer_ids).items():
            self.asked += 1
            facts = decide.check(contact, self._policy)
            reason = decide.refusal([fact for fact in facts if fact.code not in _OF_ADDRESS])
            marks: tuple[str, ...] = ()
            if not reason:
                address = contact.address if decide.is_address(contact.address) else ""
                found = self._marks(address, phones.get(customer_id, ""))
                marks = tuple("" if mark and bytes.fromhex(mark) in self._refused else mark for mark in found)
                if not any(marks):
                    reason = LeftOutReason.SHARED if any(found) else LeftOutReason.NO_IDENTIFIER
            if reason:
                self.left_out[str(reason)] += 1
            else:
                self.written += 1
                yield marks

    def _marks(self, address: str, phone: str) -> tuple[str, ...]:
        number = normal_forms.phone(phone, self._region) if phone else None
        return self.platform.hashes(address, number or "")

    def _marks_of_refused(self) -> Iterator[str]:
        """The hashes of everyone who said no and of every suppressed address, however it was written."""
        said_no = Consent.objects.filter(purpose=MARKETING, granted=False).order_by()
        for channel, email, phone in said_no.values_list(
            "channel", "customer__email", "customer__phone"
        ).iterator(chunk_size=_CHUNK):
            yield from self._marks(email if channel == EMAIL else "", phone)
        theirs = Suppression.objects.filter(channel=EMAIL, address=Lower(OuterRef("email")))
        suppressed = Customer.objects.filter(Exists(theirs)).exclude(phone="").order_by()
        for phone in suppressed.values_list("phone", flat=True).iterator(chunk_size=_CHUNK):
            yield from self._marks("", phone)
        listed = Suppression.objects.filter(Q(address__contains="@") | Q(address__startswith="+")).order_by()
        for address in listed.values_list("address", flat=True).iterator(chunk_size=_CHUNK):
            yield from self._marks(address, "") if "@" in address else self._marks("", address)
