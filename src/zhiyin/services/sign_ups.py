"""Sign-ups: what was typed into a form is taken or refused with a reason, and counted either way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from zhiyin.adapters.records import attempt
from zhiyin.adapters.records.erasure import address_mark
from zhiyin.adapters.records.models import Form, Message, SignUp, SignUpRefusal, Suppression
from zhiyin.domain.form import LIFE, OptIn, SignUpStatus
from zhiyin.domain.form import SignUp as Typed
from zhiyin.domain.message import PENDING
from zhiyin.domain.reasons import DoubtReason, SignUpReason, SuppressReason
from zhiyin.domain.topic import spoken_language
from zhiyin.loop.collect import doubts, sign_ups
from zhiyin.loop.deliver import sign
from zhiyin.services import confirmations, topics
from zhiyin.services.batches import batches
from zhiyin.services.tracking import Visitor
from zhiyin.services.workspace import Workspace

PER_ADDRESS, DAY = 3, timedelta(days=1)  # mails that strangers may have us send to somebody
SOON = timedelta(minutes=10)  # so long one mail of a form is enough: who presses twice means it once
PER_NETWORK, HOUR = 10, timedelta(hours=1)
_FORGOTTEN = 500  # in one statement


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a sign-up. ``told`` says whether the reason is shown: of some refusals nobody is told, so that a
    page never answers whether an address is known. ``suggestion`` is the address that was probably meant."""

    reason: SignUpReason | None = None
    suggestion: str = ""

    @property
    def told(self) -> bool:
        """Whether whoever typed it reads something else than thanks."""
        return self.reason is not None and self.reason not in sign_ups.QUIET


def receive(ws: Workspace, form: Form, typed: Typed, visitor: Visitor, page: str = "") -> Outcome:
    """Take what was typed, or refuse it. Nothing of it touches a customer before it is confirmed.

    With double opt-in a message with a signed link goes to the address, once for each sign-up; with single opt-in
    an address that nobody knows is taken at once, and every other one is asked like that too.
    """
    now = ws.now()
    asked = sign_ups.Asked(form.noun, typed, offered(ws, form), now)
    with transaction.atomic():
        reason = SignUpReason.CLOSED if form.archived_at else sign_ups.refusal(asked)
        reason = reason or _limited(form, asked.email, visitor, now)
        if reason is not None:
            _count(ws, form, reason)
            meant = doubts.doubt(asked.email) if reason == SignUpReason.MISTYPED else None
            return Outcome(reason, meant.suggestion if meant else "")
        row = _row(ws, form, asked, visitor, page)
        if form.opt_in == OptIn.SINGLE and _unheard_of(asked.email):
            confirmations.confirm(ws, row.token, visitor)
        else:
            confirmations.ask(ws, row)
    return Outcome()


def offered(ws: Workspace, form: Form) -> list[str]:
    """The topics of a form that everybody may choose just now."""
    return [row.key for row in topics.public(ws, form.topics)]


def stamp(ws: Workspace, form: Form, shown_at: datetime) -> str:
    """What a page of ours carries, so that it is known when it was shown; nobody else can make one."""
    text = f"{form.key} {int(shown_at.timestamp() * 1000)}"
    return sign.sign(sign.key(ws.settings.server.secret, sign.FORM), text)


def shown_at(ws: Workspace, form: Form, stamped: str) -> datetime | None:
    """When the page was shown, None where the stamp is missing, altered or another form's."""
    text = sign.verify(sign.key(ws.settings.server.secret, sign.FORM), stamped) or ""
    key, _, moment = text.partition(" ")
    return datetime.fromtimestamp(int(moment) / 1000, UTC) if key == form.key else None


def balance(ws: Workspace, forms: Sequence[Form] | None = None) -> dict[str, dict[str, Any]]:
    """By form: ``received = confirmed + pending + expired + refused``, and the refused by reason."""
    now, rows = ws.now(), SignUp.objects.all()
    refusals = SignUpRefusal.objects.all()
    if forms is not None:
        rows, refusals = rows.filter(form__in=forms), refusals.filter(form__in=forms)
    waits = Q(status=SignUpStatus.PENDING)
    found = (
        rows.order_by()
        .values("form__key")
        .annotate(
            confirmed=Count("pk", filter=Q(status=SignUpStatus.CONFIRMED)),
            pending=Count("pk", filter=waits & Q(expires_at__gt=now)),
            expired=Count("pk", filter=Q(status=SignUpStatus.EXPIRED) | waits & Q(expires_at__lte=now)),
        )
    )
    keys = (
        [form.key for form in forms]
        if forms is not None
        else list(Form.objects.values_list("key", flat=True))
    )
    sums: dict[str, dict[str, Any]] = {
        key: {"received": 0, "confirmed": 0, "pending": 0, "expired": 0, "refused": 0, "reasons": {}}
        for key in keys
    }
    for counts in found:
        sums[counts.pop("form__key")] |= counts
    for key, reason, count in (
        refusals.order_by("reason").values_list("form__key", "reason").annotate(Sum("count"))
    ):
        sums[key]["reasons"][reason] = count
    for one in sums.values():
        one["refused"] = sum(one["reasons"].values())
        one["received"] = one["confirmed"] + one["pending"] + one["expired"] + one["refused"]
    return sums


def of_form(
    ws: Workspace, form: Form, status: str = "", page: int = 1, per_page: int = 50
) -> tuple[int, list[SignUp]]:
    """The sign-ups of a form, latest first, and how many there are; ``status`` is one of ``SignUpStatus``."""
    rows = SignUp.objects.filter(form=form)
    waits = Q(status=SignUpStatus.PENDING)
    if status == SignUpStatus.EXPIRED:
        rows = rows.filter(Q(status=status) | waits & Q(expires_at__lte=ws.now()))
    elif status == SignUpStatus.PENDING:
        rows = rows.filter(waits, expires_at__gt=ws.now())
    elif status:
        rows = rows.filter(status=status)
    found = list(rows[(page - 1) * per_page : page * per_page])
    for row in found:
        row.status = standing(row, ws.now())
    return rows.count(), found


def standing(row: SignUp, now: datetime) -> str:
    """Where a sign-up stands at a moment: time alone makes it expire."""
    waits = row.status == SignUpStatus.PENDING
    return SignUpStatus.EXPIRED.value if waits and row.expires_at <= now else row.status


def forget_expired(ws: Workspace) -> int:
    """Keep no address that nobody confirmed in time: the count stays, the person goes. Returns how many."""
    with transaction.atomic():
        rows = SignUp.objects.select_for_update().filter(
            status=SignUpStatus.PENDING, expires_at__lte=ws.now()
        )
        tokens = list(rows.values_list("token", flat=True))
        for some in batches(tokens, _FORGOTTEN):
            letters = Message.objects.filter(
                program__startswith=f"{confirmations.KIND}:", occurrence__in=some
            )
            letters.exclude(status__in=PENDING).update(address="", domain="", detail="", data=None)
            SignUp.objects.filter(token__in=some).update(
                status=SignUpStatus.EXPIRED, address="", fields={}, proof={}
            )
    return len(tokens)


def _limited(form: Form, email: str, visitor: Visitor, now: datetime) -> SignUpReason | None:
    """Whether this network has asked too often, the address must not be written to, or got enough of these mails."""
    network = f"sign-ups from {visitor.raw()['ip']}"
    attempt.count(network, now, HOUR)
    if attempt.failed(network, now) > PER_NETWORK:
        return SignUpReason.NETWORK_LIMIT
    plain = email.lower()
    stops = Suppression.objects.filter(channel="email", address__in=(plain, address_mark(plain)))
    if stops.exclude(reason=SuppressReason.UNSUBSCRIBED).exists():
        return SignUpReason.SUPPRESSED  # a form lifts neither a complaint nor a bounce nor an erasure
    mailbox = f"sign-ups of {sign_ups.mailbox(email)}"
    lately = f"{mailbox} at {form.key}"
    attempt.count(lately, now, SOON)
    if attempt.failed(lately, now) > 1:
        return SignUpReason.ADDRESS_LIMIT
    attempt.count(mailbox, now, DAY)
    return SignUpReason.ADDRESS_LIMIT if attempt.failed(mailbox, now) > PER_ADDRESS else None


def _row(ws: Workspace, form: Form, asked: sign_ups.Asked, visitor: Visitor, page: str) -> SignUp:
    noun, language = form.noun, spoken_language(asked.typed.language or ws.settings.shop.language)
    named = [topics.name(key, language) for key in asked.topics]
    shown = " · ".join([noun.text("consent", language), *named])
    raw = visitor.raw()
    return SignUp.objects.create(
        token=uuid.uuid4().hex,
        form=form,
        form_version=form.version,
        address=asked.email,
        fields={name: plain for name, said in asked.typed.fields.items() if (plain := sign_ups.plain(said))},
        topics=list(asked.topics),
        language=language,
        disposable=_disposable(asked.email),
        proof={
            "text": shown, "version": str(form.version), "page": sign_ups.plain(page)[:500],
            "ip": raw["ip"], "user_agent": sign_ups.plain(raw["user_agent"]),
        },
        created_at=ws.now(),
        expires_at=ws.now() + LIFE,
    )  # fmt: skip


def _disposable(email: str) -> bool:
    found = doubts.doubt(email)
    return found is not None and found.reason == DoubtReason.DISPOSABLE


def _unheard_of(email: str) -> bool:
    """Whether nobody has this address: no customer, and no list of addresses that must not be written to."""
    listed = Suppression.objects.filter(channel="email", address=email.lower())
    return not confirmations.of_address(email) and not listed.exists()


def _count(ws: Workspace, form: Form, reason: SignUpReason) -> None:
    day = ws.today().date()
    row, _ = SignUpRefusal.objects.get_or_create(form=form, day=day, reason=reason.value)
    SignUpRefusal.objects.filter(pk=row.pk).update(count=F("count") + 1)
