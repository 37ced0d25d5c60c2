"""Programs: found by the name that the send ledger bears, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

from django.db.models import Q

from zhiyin.adapters.records.models import Campaign
from zhiyin.domain.campaign import CampaignStatus
from zhiyin.domain.errors import NotFound
from zhiyin.domain.program import Program, Stream, kind_of
from zhiyin.domain.text import say
from zhiyin.services import wording
from zhiyin.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of program: its stream, and where ``load(ws, key) -> Program`` stands.

    A loader raises ``NotFound`` where the program is gone and ``BadSetting`` where it cannot send now.
    """

    stream: Stream
    load: str


KINDS: Mapping[str, Kind] = {
    "campaign": Kind(Stream.MARKETING, "zhiyin.services.programs:campaign"),
    "form": Kind(Stream.TRANSACTIONAL, "zhiyin.services.confirmations:program"),
    "transactional": Kind(Stream.TRANSACTIONAL, "zhiyin.services.transactional:program"),
}


def of(ws: Workspace, name: str) -> Program:
    """The program of a name such as ``campaign:spring``. Raises ``NotFound``."""
    kind = KINDS.get(kind_of(name))
    if kind is None:
        raise NotFound(
            say("There is no kind of program {kind!r}.", kind=kind_of(name)),
            fix=say("There are: {known}.", known=", ".join(KINDS)),
        )
    module, _, attribute = kind.load.partition(":")
    load: Callable[[Workspace, str], Program] = getattr(import_module(module), attribute)
    return load(ws, name.partition(":")[2])


def stream(name: str) -> Stream:
    """The stream of a program's messages, without loading it; of an unknown kind the stricter one."""
    kind = KINDS.get(kind_of(name))
    return kind.stream if kind else Stream.MARKETING


def campaign(ws: Workspace, key: str) -> Program:
    """The program of a campaign's key. Raises ``NotFound``."""
    row = Campaign.objects.filter(key=key).first()
    if row is None:
        raise NotFound(say("There is no campaign {key!r}.", key=key), fix=say("Check the key."))
    return of_campaign(row)


def of_campaign(row: Campaign) -> Program:
    """A campaign as the way of its messages sees it. Raises ``BadTemplate`` for a saved block that is gone."""
    return Program(
        name=row.program,
        title=row.name,
        stream=Stream.MARKETING,
        wordings=wording.ready(row),
        sender_name=row.sender_name,
        sender_email=row.sender_email,
        reply_to=row.reply_to,
        group=f"s{row.segment_id}",
        topic=row.topic,
        placement=row.placement,
        recommender=row.recommender,
        campaign_id=row.pk,
    )


def rows(program: Program) -> Q:
    """Its rows in the ledger."""
    if program.campaign_id is not None:
        return Q(campaign=program.campaign_id)
    return Q(campaign=None, program=program.name)


def going(program: Program) -> Q:
    """Those of its rows that may go on now: none of a campaign that was paused meanwhile."""
    if program.campaign_id is not None:
        return Q(campaign__status=CampaignStatus.SENDING)
    return Q()
