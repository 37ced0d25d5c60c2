"""Reports written for people: whom they name, and what they say of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from zhiyin.loop.deliver.bounces import addresses, returned
from zhiyin.loop.deliver.bounces.delivery_status import MANY
from zhiyin.loop.deliver.bounces.letter import Headers, Letter, first
from zhiyin.loop.deliver.bounces.verdict import STATUS, code_of

_A = addresses.ADDRESS.pattern
# a line that begins what is said of one recipient
_LINE = re.compile(
    r"(?im)^[ \t>*\u2022-]*(?:[45]\d\d[ -](?:\d\.\d\.\d+ )?)?"
    r"(?:(?:recipients?|(?:recipient |e-?mail )?address(?:es)?|rcpt to|user|unknown user|delivery failed \d+ attempts"
    r"|final-recipient|failed recipients?|收件人|收信人|收件人邮箱|宛先)[ \t]*[:：][ \t]*(?:rfc822;)?[ \t]*)?"
    rf"[\"'(\[]?(?:smtp:|mailto:)?<?({_A})(?![\w-]|\.\w)>?[\"')\]]?[ \t]*(?:$|[:,;.\[(<-].*$|[ \t].*$)"
)
_EXPANDED = re.compile(rf"(?i)\((?:expanded|(?:ultimately )?generated)\s+from:?\s+<?({_A})")
_MOST, _LONGEST = 60_000, 998
_HIDDEN = re.compile(r"(?i)</?(?:script|style|head)\b[^<>]{0,500}>")
_TAGS = re.compile(r"<[^<>]{0,2000}>")
_BREAKS = re.compile(r"(?i)<(?:br|p|div|tr|li|td|h\d)\b[^<>]{0,500}>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&quot;": '"', "&#39;": "'", "&amp;": "&", "&#64;": "@"}


@dataclass(frozen=True, slots=True)
class Prose:
    """A report's own words, what it returns after them, and the headers of that."""

    words: str
    headers: Headers


def read(letter: Letter) -> Prose:
    """The words of a letter up to what it returns."""
    texts = []
    for part in letter.parts:
        if part.type in returned.RETURNED:
            break
        if part.type == "text/plain":
            texts.append(part.text())
    if not any(text.strip() for text in texts):
        texts = [_flat(part.text()) for part in letter.parts if part.type == "text/html"]
    words, rest = returned.cut(_short("\n".join(texts)))
    return Prose(words, returned.headers(letter, rest))


def _short(text: str) -> str:
    """As many lines as a report may need, each as long as one may be (RFC 5322 section 2.1.1)."""
    return "\n".join(line[:_LONGEST] for line in text[:_MOST].split("\n"))


def said_of(prose: Prose, letter: Letter) -> dict[str, str]:
    """Failed recipients and what is said of each; the whole text where nothing is said of one alone."""
    named = _named(prose.words)
    failed = addresses.find_all(letter.header("x-failed-recipients"))
    if failed:
        return {address: _block(named, address) or prose.words for address in failed}
    own = _own(letter, prose.headers)
    kept = {address: text for address, text in named.items() if _other(address, own)}
    if not kept:
        loose = [address for address in addresses.find_all(prose.words) if _other(address, own)]
        to = returned.recipients(prose.headers)
        both = [address for address in loose if address.lower() in {one.lower() for one in to}]
        kept = dict.fromkeys(both or loose[:1] or to[:1], prose.words)
    if not kept:  # somebody who writes to themselves
        kept = {address: text for address, text in named.items() if not addresses.nobodys(address)}
    if not STATUS.search(prose.words) and not code_of(prose.words):
        return kept
    # the reason stands before the names where nothing after them has a code
    shared = prose.words[: min((prose.words.find(text) for text in kept.values()), default=0)]
    coded = {address: STATUS.search(text) or code_of(text) for address, text in kept.items()}
    return {address: text if coded[address] else f"{shared}\n{text}" for address, text in kept.items()}


def of(prose: Prose, address: str) -> str:
    """What the words say of one recipient; all of them where they do not name it on a line of its own."""
    return _block(_named(prose.words), address) or prose.words


def written_to(words: str) -> str:
    """The address that was written to, where the words on another say that it was made of it.

    >>> written_to("<li@elsewhere.example> (expanded from <li@shop.example>): mailbox full")
    'li@shop.example'
    """
    found = _EXPANDED.search(words)
    return addresses.clean(found[1]) if found else ""


def before(prose: Prose) -> str:
    """What the words say before they name anybody: it is about everybody."""
    head = _LINE.search(prose.words)
    return prose.words[: head.start() if head else len(prose.words)][:600]


def _named(words: str) -> dict[str, str]:
    """Addresses at the head of a line, and the text from there to the next one."""
    heads = list(islice(_LINE.finditer(words), MANY))
    ends = [*(head.start() for head in heads[1:]), len(words)]
    named: dict[str, str] = {}
    for head, end in zip(heads, ends, strict=False):
        address = addresses.clean(head[1])
        text = words[head.start() : end]
        named[address] = f"{named.get(address, '')}\n{text}".strip("\n")
    return named


def _block(named: dict[str, str], address: str) -> str:
    return next((text for one, text in named.items() if one.lower() == address.lower()), "")


def _own(letter: Letter, original: Headers) -> set[str]:
    """Addresses of who was told, who tells, and who wrote."""
    values: Iterable[str] = (
        value
        for name in ("to", "from", "sender", "return-path", "envelope-to", "delivered-to", "reply-to")
        for value in letter.headers.get(name, ())
    )
    own = {address.lower() for value in values for address in addresses.find_all(value)}
    return own | {address.lower() for address in addresses.find_all(first(original, "from"))}


def _other(address: str, own: set[str]) -> bool:
    return address.lower() not in own and not addresses.nobodys(address)


def _flat(html: str) -> str:
    seen = " ".join(_HIDDEN.split(html)[::2])  # what stands between two of these tags is not for people
    text = _TAGS.sub("", _BREAKS.sub("\n", seen))
    for entity, letter in _ENTITIES.items():
        text = text.replace(entity, letter)
    return text
