"""audience → intents: everyone in the segment once, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zhiyin.domain.campaign import Campaign
from zhiyin.domain.intent import Intent


def intents(campaign: Campaign, audience: Iterable[str]) -> Iterator[Intent]:
    """One intent for every customer of the audience; a repeated id counts once.

    >>> campaign = Campaign("spring", "loyal", "Hello", "<mjml/>", "Shop", "shop@example.com")
    >>> [intent.customer_id for intent in intents(campaign, ["c1", "c2", "c1"])]
    ['c1', 'c2']
    """
    for customer_id in dict.fromkeys(audience):
        yield Intent(campaign.program, customer_id)
