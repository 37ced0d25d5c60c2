"""Wordings of a campaign: with its saved blocks in place, one for each language, and who gets which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zhiyin.adapters.records.models import Campaign, Template
from zhiyin.domain.template import Wording, Wordings
from zhiyin.loop.deliver import languages, saved_blocks
from zhiyin.services import blocks


def ready(row: Campaign | Template) -> Wordings:
    """The wordings of a row with every saved block in its place: of a started campaign as they were then.

    Raises ``BadTemplate`` for a saved block that is gone.
    """
    kept: Mapping[str, str] | None = getattr(row, "blocks", None)
    return expanded(row.wordings, saved_of(row.wordings) if kept is None else kept)


def expanded(wordings: Wordings, saved: Mapping[str, str]) -> Wordings:
    """The wordings with these saved blocks in their places. Raises ``BadTemplate`` for one that is not there."""

    def put(one: Wording) -> Wording:
        return replace(one, body=saved_blocks.expand(one.body, saved))

    others = {name: put(one) for name, one in wordings.others.items()}
    return replace(wordings, main=put(wordings.main), others=others)


def saved_of(wordings: Wordings) -> dict[str, str]:
    """The saved blocks that wordings use, as they are now."""
    return blocks.bodies(saved_blocks.used(*(one.body for one in (wordings.main, *wordings.others.values()))))


def language(wordings: Wordings, spoken: str, shop: str) -> str:
    """In which of the further languages a customer is written to; empty for the main one."""
    return (
        languages.choose(spoken or shop, wordings.language or shop, wordings.others)
        if wordings.others
        else ""
    )


def shares(wordings: Wordings, spoken: Mapping[str, int], shop: str) -> dict[str, int]:
    """How many get which language, most first, from how many speak which; nothing where there is one wording only."""
    result = dict.fromkeys((wordings.language or shop, *wordings.others), 0) if wordings.others else {}
    for said, count in spoken.items():
        if result:
            result[language(wordings, said, shop) or wordings.language or shop] += count
    return dict(sorted(result.items(), key=lambda entry: -entry[1]))


def changed(wordings: Wordings, language: str, parts: Mapping[str, Any]) -> Wordings:
    """With other parts in one language; one that is new begins with what the main one says."""
    if not language or language == wordings.language:
        return replace(wordings, main=replace(wordings.main, **parts))
    one = replace(wordings.of(language), **parts)
    return replace(wordings, others={**wordings.others, language: one})


def without(wordings: Wordings, language: str) -> Wordings:
    """Without one of the further languages."""
    return replace(wordings, others={name: one for name, one in wordings.others.items() if name != language})
