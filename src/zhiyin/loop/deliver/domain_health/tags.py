"""Records of the form ``v=…; name=value``, and what to say where DNS does not answer."""

from __future__ import annotations

from zhiyin.domain.domain_health import Answer, Finding, HealthState, Matter
from zhiyin.domain.text import say

SHOWN = 300  # characters of a record


def parse(record: str) -> dict[str, str]:
    """The tags of a record, names in lower case; the first of a name counts.

    >>> parse("v=DMARC1; p=none;")
    {'v': 'DMARC1', 'p': 'none'}
    """
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), "".join(value.split()))
    return found


def versioned(answer: Answer, version: str) -> list[str]:
    """The records that begin with a version, such as ``v=DMARC1``."""
    return [value for value in answer.values if value.partition(";")[0].replace(" ", "") == version]


def silent(matter: Matter, name: str) -> Finding:
    """The finding where DNS did not answer."""
    return Finding(
        matter,
        HealthState.UNKNOWN,
        say("DNS did not answer about {name}.", name=name),
        say("Check again in some minutes; if it stays so, ask whoever runs the name servers."),
        name,
    )
