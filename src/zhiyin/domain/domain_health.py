"""The health of a sending domain: what DNS says of it, matter by matter, each with its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class HealthState(StrEnum):
    """How a matter stands; the worse, the later. ``unknown``: it could not be found out."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    PROBLEM = "problem"


class Matter(StrEnum):
    """What is looked at, in the order in which it is told."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    PTR = "ptr"
    STARTTLS = "starttls"
    MX = "mx"
    TLS_RPT = "tls_rpt"
    MTA_STS = "mta_sts"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one matter stands: a sentence, its cure where it needs one, and what DNS says at ``name``."""

    matter: Matter
    state: HealthState
    what: str
    fix: str = ""
    name: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS answered: texts, none where there is no such record; ``known`` is false where it did not answer."""

    values: tuple[str, ...] = ()
    known: bool = True


Lookup = Callable[[str, str], Answer]  # a name and a type: TXT, MX, A, AAAA or PTR


def worst(findings: Iterable[Finding]) -> HealthState:
    """The worst state among findings.

    >>> worst([]).value
    'ok'
    """
    order = list(HealthState)
    return max((finding.state for finding in findings), key=order.index, default=HealthState.OK)
