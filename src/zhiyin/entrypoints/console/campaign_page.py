"""What the pages of a campaign before and during sending show, put together for one request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language, gettext

from zhiyin.domain.errors import BadTemplate, NotFound, ZhiyinError
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.template import Rendered
from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.entrypoints.console import formats, words
from zhiyin.loop.deliver import sandbox
from zhiyin.services.workspace import Workspace

PEOPLE = 20  # members to look through in the preview
_LINE = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True)
class Preview:
    """The message as one customer sees it, or why it cannot be made."""

    customer: Any = None
    number: int = 0
    of: int = 0
    before: str = ""
    after: str = ""
    language: str = ""
    search: str = ""
    nobody: str = ""
    rendered: Rendered | None = None
    error: ZhiyinError | None = None
    line: int | None = None
    saved_at: datetime | None = None

    @property
    def wide(self) -> bool:
        """Whether the subject is Chinese, where half as many signs fit."""
        return self.rendered is not None and any(ord(sign) > 0x2E7F for sign in self.rendered.subject)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the accounted-for bar; the parts of a bar add up to everyone planned."""

    code: str
    label: str
    count: int
    width: float
    tone: str
    note: str = ""
    hatch: bool = False
    outline: bool = False
    people: bool = True


# --- a new one ------------------------------------------------------------------------------------------


def new(ws: Workspace, request: HttpRequest) -> dict[str, Any]:
    """The form of a new campaign; ``?segment=`` chooses the segment."""
    from zhiyin.services import segments, templates

    offered = _templates(templates.list_(ws))
    choices = [(segment.key, _sized(segment)) for segment in segments.list_(ws)]
    initial = {
        "segment": request.GET.get("segment", ""),
        "sender_name": ws.settings.sender.name or ws.settings.shop.name,
        "sender_email": ws.settings.sender.email,
    }
    form = forms.NewCampaign(
        posted(request),
        initial=initial,
        segments=choices,
        templates=[(template.key, template.name) for template in offered],
    )
    chosen = request.POST.get("template") or (offered[0].key if offered else "")
    return {
        "form": forms.styled(form),
        "templates": [(template, _example(ws, template.subject)) for template in offered],
        "chosen": chosen,
        "has_segments": bool(choices),
    }


def _example(ws: Workspace, subject: str) -> str:
    """The subject as somebody without a name would read it."""
    shop = {"name": ws.settings.shop.name, "address": "", "currency": "", "language": ""}
    return sandbox.render(sandbox.parse(subject), {"shop": shop, "customer": {}}).strip()


def posted(request: HttpRequest) -> QueryDict | None:
    """The posted fields, also where there are none; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def _templates(stored: Sequence[Any]) -> list[Any]:
    """The templates, those of the reader's language first."""
    mine = "zh" if formats.chinese(get_language()) else "en"
    return sorted(stored, key=lambda template: (not template.language.startswith(mine), template.name))


def _sized(segment: Any) -> str:
    if segment.count is None:
        return str(segment.name)
    return f"{segment.name} · {formats.number(segment.count)}"


def create(ws: Workspace, data: Mapping[str, Any]) -> Any:
    """A new draft from the cleaned form."""
    from zhiyin.services import campaigns, keys

    taken = {campaign.key for campaign in campaigns.list_(ws)} | {"new"}
    given = {name: data[name] for name in ("subject", "sender_name", "sender_email") if data[name]}
    return campaigns.create(
        ws,
        key=keys.free(data["name"], taken, "campaign"),
        name=data["name"],
        segment=data["segment"],
        template=data["template"],
        **given,
    )


def copy(ws: Workspace, key: str) -> Any:
    """A fresh draft with the wording and audience of another campaign."""
    from zhiyin.services import campaigns, keys

    old = campaigns.get(ws, key)
    taken = {campaign.key for campaign in campaigns.list_(ws)} | {"new"}
    return campaigns.create(
        ws,
        key=keys.free(old.key, taken, "campaign"),
        name=old.name,
        segment=old.segment.key,
        subject=old.subject,
        body=old.body,
        preheader=old.preheader,
        sender_name=old.sender_name,
        sender_email=old.sender_email,
        holdout=old.holdout,
        window_days=old.window_days,
        cost=old.cost,
        recommender=old.recommender,
    )


# --- the composer ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft after somebody typed: as it is stored now, what was typed, and why it could not be stored."""

    campaign: Any
    typed: Mapping[str, str]
    error: ZhiyinError | None = None


def keep(ws: Workspace, key: str, data: QueryDict) -> Kept:
    """Keep what was typed. A wording that cannot be rendered is not kept: the error says where it breaks."""
    from zhiyin.services import campaigns

    form = forms.Wording(data)
    form.is_valid()
    typed = {name: value.replace("\r\n", "\n") for name, value in form.cleaned_data.items() if name in data}
    campaign = campaigns.get(ws, key)
    changed = {name: value for name, value in typed.items() if value != getattr(campaign, name)}
    if not changed:
        return Kept(campaign, typed)
    try:
        return Kept(campaigns.update(ws, key, **changed), typed)
    except BadTemplate as error:
        return Kept(campaign, typed, error)


def options_form(ws: Workspace, campaign: Any, data: QueryDict | None = None) -> forms.Options:
    """The form of audience, sender and measuring."""
    from zhiyin.services import recommendations, segments

    known = [model.name for model in recommendations.models(ws)]
    return forms.styled(
        forms.Options(
            data,
            initial=forms.options_of(campaign, ws.settings.shop.currency),
            currency=ws.settings.shop.currency,
            segments=[(segment.key, _sized(segment)) for segment in segments.list_(ws)],
            recommenders=[("", gettext("the best trained model")), *((name, name) for name in known)],
        )
    )


def compose(
    ws: Workspace, request: HttpRequest, campaign: Any, *, options: Any = None, kept: Kept | None = None
) -> dict[str, Any]:
    """The composer: the wording's form, the options, the test, and the preview."""
    people = [member.customer_id for member in _members(ws, campaign, "")]
    wording = {name: getattr(campaign, name) for name in ("subject", "preheader", "body")}
    return {
        **previewed(ws, request, campaign, people=people, kept=kept),
        "form": forms.styled(forms.Wording(initial={**wording, **(kept.typed if kept else {})})),
        "people": people,
        "options": options or options_form(ws, campaign),
        "test": forms.styled(forms.Test(initial={"to": request.user.email})),
        "flow": {"at": 2, "count": campaign.segment.count},
    }


def previewed(
    ws: Workspace,
    request: HttpRequest,
    campaign: Any,
    *,
    people: list[str] | None = None,
    kept: Kept | None = None,
) -> dict[str, Any]:
    """The preview for the chosen customer, and the checks that stand beside it."""
    from zhiyin.services import checks

    data = request.POST
    language, search = data.get("language", ""), data.get("search", "").strip()
    ids = people if people is not None else data.getlist("people")
    if language:
        ids = [member.customer_id for member in _members(ws, campaign, language)]
    wanted, nobody = _wanted(ws, data, ids, language, search)
    error = kept.error if kept else None
    shown = _preview(ws, campaign, wanted, ids, error)
    return {
        "campaign": campaign,
        "section": "campaigns",
        "checks": [] if error else checks.check(ws, campaign),
        "preview": Preview(
            **shown,
            language=language,
            search=search,
            nobody=nobody,
            saved_at=ws.now() if kept and not error else None,
        ),
    }


def _wanted(ws: Workspace, data: QueryDict, ids: list[str], language: str, search: str) -> tuple[str, str]:
    """Whose preview is asked for: somebody searched for, the next one, the same one, the first."""
    from zhiyin.services import customers

    if search:
        found = customers.search(ws, q=search, per_page=1).rows
        if found:
            return found[0].customer_id, ""
        return _first(ids, ""), gettext("No customer matches “%(who)s”.") % {"who": search}
    if language and not ids:
        return data.get("customer", ""), gettext("Nobody in the segment reads this language.")
    if data.get("see"):
        return data["see"], ""
    return _first(ids, "" if language and data.get("customer") not in ids else data.get("customer", "")), ""


def _first(ids: list[str], chosen: str) -> str:
    return chosen or (ids[0] if ids else "")


def _members(ws: Workspace, campaign: Any, language: str) -> list[Any]:
    """Members of the segment to look through, the same ones every time."""
    from zhiyin.services import segments

    sample = segments.sample(ws, campaign.segment.rule, PEOPLE if not language else PEOPLE * 10)
    if language:
        shop = ws.settings.shop.language
        sample = [member for member in sample if (member.language or shop).lower().startswith(language)]
    return list(sample)[:PEOPLE]


def _preview(
    ws: Workspace, campaign: Any, customer_id: str, ids: list[str], error: ZhiyinError | None = None
) -> dict[str, Any]:
    from zhiyin.services import customers, reviews

    if not customer_id:
        return _broken(error) if error else {}
    shown: dict[str, Any] = {}
    try:
        shown["customer"] = customers.get(ws, customer_id)
    except NotFound:
        return {}
    at = ids.index(customer_id) if customer_id in ids else -1
    shown |= {"number": at + 1 or 1, "of": max(1, len(ids))}
    if ids:
        shown |= {"before": ids[(at - 1) % len(ids)], "after": ids[(at + 1) % len(ids)]}
    if error:
        return shown | _broken(error)
    try:
        return {**shown, "rendered": reviews.preview(ws, campaign.key, customer_id)}
    except ZhiyinError as problem:
        return shown | _broken(problem)


def _broken(error: ZhiyinError) -> dict[str, Any]:
    found = _LINE.search(f"{error.what} {error.why}")
    return {"error": error, "line": int(found[1]) if found and "subject" not in error.what else None}


def test(ws: Workspace, key: str, data: QueryDict, own_address: str) -> dict[str, Any]:
    """Send one message to one address and tell what the mail server said."""
    from zhiyin.services import reviews

    filled = data.copy()
    filled.setdefault("to", own_address)
    form = forms.Test(filled)
    if not form.is_valid():
        return {"form": form, "told": gettext("The test was not sent: this is not an address.")}
    to = form.cleaned_data["to"]
    try:
        receipt = reviews.test_send(ws, key, to, form.cleaned_data["customer"] or None)
    except ZhiyinError as error:
        return {"form": form, "error": error, "told": str(error)}
    taken = gettext("The mail server took the test for %(to)s.") % {"to": to}
    refused = gettext("The mail server did not take the test: %(reason)s.") % {
        "reason": words.name(words.REASONS, receipt.reason)
    }
    told = taken if receipt.status == MessageStatus.ACCEPTED else refused
    return {"form": form, "receipt": receipt, "to": to, "told": told}


def content(ws: Workspace, campaign: Any) -> dict[str, Any]:
    """The wording as it was frozen, seen by the first member, and the rule it went to."""
    from zhiyin.domain.segment import parse
    from zhiyin.entrypoints.console.segment_page import capitalised

    members = _members(ws, campaign, "")
    shown = _preview(ws, campaign, members[0].customer_id if members else "", [])
    rule = parse(campaign.segment_rule or campaign.segment.rule)
    return {"preview": Preview(**shown), "sentence": capitalised(rule, ws.settings.shop.currency)}


# --- review and progress --------------------------------------------------------------------------------


def review(ws: Workspace, request: HttpRequest, campaign: Any) -> dict[str, Any]:
    """The subtraction, what the holdout can show, the warnings, and the question."""
    from zhiyin.services import reviews

    reviewed = reviews.review(ws, campaign.key)
    confirm = forms.styled(forms.Confirm(posted(request), recipients=reviewed.will_receive))
    members = _members(ws, campaign, "")
    shown = _preview(ws, campaign, members[0].customer_id if members else "", [])
    problems = [one for one in reviewed.warnings if one.level == "error"]
    blocked = ""
    if not reviewed.will_receive:
        blocked = gettext("Nobody would receive it, so there is nothing to send.")
    elif problems:
        blocked = gettext("Sending is not possible until the problem above is cured.")
    return {
        "campaign": campaign,
        "section": "campaigns",
        "review": reviewed,
        "minus": {"held_out": -reviewed.held_out},
        "refused": [(reason, -count) for reason, count in reviewed.refused.items() if count],
        "warnings": reviewed.warnings,
        "blocked": blocked,
        "confirm": confirm,
        "holdout_words": holdout_words(campaign, reviewed),
        "preview": Preview(**shown),
        "test": forms.styled(forms.Test(initial={"to": request.user.email})),
        "flow": {"at": 3, "count": reviewed.segment},
    }


def holdout_words(campaign: Any, reviewed: Any) -> str:
    """What this holdout can show, in one sentence."""
    if not campaign.holdout:
        return gettext("This campaign keeps no holdout, so its effect will not be known.")
    if reviewed.smallest_effect is None:
        return gettext("There are no past orders to tell how small an effect this holdout can show.")
    return gettext(
        "With this holdout, a lift of %(points)s points or more in purchases would show (4 times in 5)."
    ) % {"points": formats.number(reviewed.smallest_effect * 100, 1)}


def progress(ws: Workspace, key: str) -> dict[str, Any]:
    """How far sending is, in one sentence and in parts."""
    from zhiyin.services import campaigns

    campaign = campaigns.get(ws, key)
    state = campaigns.progress(ws, key)
    waiting = pending(state)
    planned = int(state["planned"])
    out = planned - waiting
    live = campaign.status in ("sending", "paused")
    words_now = {
        "sending": gettext("Sending: %(done)s of %(planned)s settled"),
        "paused": gettext("Paused: %(done)s of %(planned)s settled"),
        "cancelled": gettext("Cancelled: %(done)s of %(planned)s settled"),
    }.get(campaign.status, gettext("Sent: %(done)s of %(planned)s settled"))
    figures = {"done": formats.number(out), "planned": formats.number(planned)}
    note = "" if state["planning_done"] else gettext("Customers of the segment are still being planned.")
    return {
        "campaign": campaign,
        "progress": {
            "headline": words_now % figures,
            "note": note,
            "parts": parts(state, campaign.holdout),
            "pending": waiting,
            "live": live,
            "over": not live,
            "spoken": words_now % {name: _rounded(text, planned) for name, text in figures.items()},
        },
    }


def _rounded(text: str, planned: int) -> str:
    """A figure for the screen reader that changes in twentieths, so that it does not speak every second."""
    number, step = int(text.replace(",", "")), max(1, planned // 20)
    return formats.number(number if number == planned else number // step * step)


def pending(state: Mapping[str, Any]) -> int:
    """How many are planned and not settled."""
    return sum(int(state[status]) for status in ("waiting", MessageStatus.CLAIMED, MessageStatus.HANDED_OVER))


def parts(state: Mapping[str, Any], holdout: float) -> list[Part]:
    """Everyone planned, by what became of them; the counts add up to ``state["planned"]``."""
    counts = {
        status: int(state[status]) for status in ("held_out", "refused", "accepted", "failed", "unknown")
    }
    return accounts(
        {**counts, "pending": pending(state)}, state["refused_by_reason"], state["failed_by_reason"], holdout
    )


def accounts(
    counts: Mapping[str, int], refused: Mapping[str, int], failed: Mapping[str, int], holdout: float
) -> list[Part]:
    """The parts of the bar from their counts, with a note under each."""
    planned = sum(counts.values())
    looks = {
        "held_out": (
            "grey",
            gettext("%(share)s, chosen by chance, kept for comparison")
            % {"share": formats.percent(holdout, 0)},
        ),
        "refused": ("violet", _reasons(refused)),
        "accepted": ("gain", gettext("Accepted by the receiving server")),
        "failed": ("harm", _reasons(failed)),
        "unknown": ("ink", gettext("Connection lost after hand-over. Not resent.")),
        "pending": ("grey", gettext("Not handed over yet")),
    }
    labels = {**words.STATUSES, "pending": gettext("Pending")}
    made = []
    for code, (tone, note) in looks.items():
        count = counts[code]
        if code == "pending" and not count:
            continue
        made.append(
            Part(
                code,
                words.name(labels, code),
                count,
                100 * count / planned if planned else 0.0,
                tone,
                note if count else "",
                hatch=code == "refused",
                outline=code == "pending",
            )
        )
    return made


def _reasons(counts: Mapping[str, int]) -> str:
    shown = sorted(((count, reason) for reason, count in counts.items() if count), reverse=True)
    return " · ".join(
        f"{words.name(words.REASONS, reason)} {formats.number(count)}" for count, reason in shown
    )
