"""What the kept reports of receivers come to: by day, by sender, by result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from zhiyin.adapters.records.models import MailReport, MailReportRow
from zhiyin.domain.mail_report import SUCCESS, Disposition, ReportKind
from zhiyin.services.workspace import Workspace

SHOWN = 50  # senders and results that are named
_DMARC = Q(dkim=True) | Q(spf=True)  # one aligned pass is enough, RFC 7489 section 6.6.2


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of mail: messages that passed DMARC and that failed; or of TLS sessions likewise."""

    day: date
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Sender:
    """An address that sent mail in the domain's name: how much, what passed aligned, what receivers did."""

    source: str
    messages: int
    passed: int
    dkim: int
    spf: int
    quarantined: int
    rejected: int
    signed_by: tuple[str, ...]
    sent_by: tuple[str, ...]

    @property
    def domains(self) -> list[str]:
        """The domains that DKIM and SPF found in order; they often tell whose server it is."""
        return sorted({*self.signed_by, *self.sent_by})

    @property
    def dmarc_share(self) -> float | None:
        """The share that passed DMARC."""
        return self._share(self.passed)

    @property
    def dkim_share(self) -> float | None:
        """The share with an aligned signature in order."""
        return self._share(self.dkim)

    @property
    def spf_share(self) -> float | None:
        """The share with an aligned return path in order."""
        return self._share(self.spf)

    def _share(self, part: int) -> float | None:
        return part / self.messages if self.messages else None


@dataclass(frozen=True, slots=True)
class Result:
    """TLS sessions that failed in one way, or failure reports alike, with where that was seen."""

    result: str
    source: str
    count: int
    last: date


@dataclass(frozen=True, slots=True)
class Summary:
    """What the reports of a stretch of days say; ``days`` without reports are left out."""

    first: date | None
    last: date | None
    domains: list[str]
    reports: dict[str, int]
    days: list[Day]
    senders: list[Sender]
    more_senders: int
    tls_days: list[Day]
    tls_failures: list[Result]
    failures: list[Result]
    kept: int  # reports of all times and domains

    @property
    def messages(self) -> int:
        """Messages that DMARC reports tell of."""
        return sum(day.passed + day.failed for day in self.days)

    @property
    def passed(self) -> int:
        """Those that passed DMARC."""
        return sum(day.passed for day in self.days)

    @property
    def sessions(self) -> int:
        """TLS sessions that were tried."""
        return sum(day.passed + day.failed for day in self.tls_days)

    @property
    def secured(self) -> int:
        """Those that came about."""
        return sum(day.passed for day in self.tls_days)


def summary(ws: Workspace, days: int = 0, domain: str = "") -> Summary:
    """Sums over the last ``days`` (all if 0) and one domain (all if empty), by day, sender and result."""
    chosen = MailReportRow.objects.all()
    if days:
        chosen = chosen.filter(report__day__gt=ws.now().date() - timedelta(days=days))
    domains = MailReport.objects.order_by("domain").values_list("domain", flat=True).distinct()
    if domain:
        chosen = chosen.filter(report__domain=domain)
    of = {kind: chosen.filter(report__kind=kind) for kind in ReportKind}
    seen = MailReport.objects.filter(pk__in=chosen.values("report"))
    ends = seen.aggregate(first=Min("day"), last=Max("day"))
    senders = of[ReportKind.DMARC].values("source").distinct().count()
    return Summary(
        ends["first"],
        ends["last"],
        list(domains),
        {kind.value: seen.filter(kind=kind).count() for kind in ReportKind},
        _days(of[ReportKind.DMARC], _DMARC),
        _senders(of[ReportKind.DMARC]),
        max(0, senders - SHOWN),
        _days(of[ReportKind.TLS], Q(result=SUCCESS)),
        _results(of[ReportKind.TLS].exclude(result=SUCCESS)),
        _results(of[ReportKind.FAILURE]),
        MailReport.objects.count(),
    )


def _days(rows: QuerySet[MailReportRow], passed: Q) -> list[Day]:
    sums = rows.values("report__day").annotate(total=Sum("count"), good=_sum(passed)).order_by("report__day")
    return [Day(one["report__day"], one["good"], one["total"] - one["good"]) for one in sums]


def _senders(rows: QuerySet[MailReportRow]) -> list[Sender]:
    sums = rows.values("source").annotate(
        messages=Sum("count"),
        passed=_sum(_DMARC),
        dkim_passed=_sum(Q(dkim=True)),
        spf_passed=_sum(Q(spf=True)),
        quarantined=_sum(Q(disposition=Disposition.QUARANTINE)),
        rejected=_sum(Q(disposition=Disposition.REJECT)),
    )
    largest = list(sums.order_by("-messages", "source")[:SHOWN])
    names: dict[str, tuple[set[str], set[str]]] = {one["source"]: (set(), set()) for one in largest}
    domains = rows.filter(source__in=names).values_list("source", "signed_by", "sent_by").distinct()
    for source, signed_by, sent_by in domains:
        names[source][0].update(filter(None, signed_by.split(", ")))
        names[source][1].update(filter(None, sent_by.split(", ")))
    return [
        Sender(
            one["source"],
            one["messages"],
            one["passed"],
            one["dkim_passed"],
            one["spf_passed"],
            one["quarantined"],
            one["rejected"],
            *(tuple(sorted(found)) for found in names[one["source"]]),
        )
        for one in largest
    ]


def _results(rows: QuerySet[MailReportRow]) -> list[Result]:
    sums = rows.values("result", "source").annotate(total=Sum("count"), last=Max("report__day"))
    return [
        Result(one["result"], one["source"], one["total"], one["last"])
        for one in sums.order_by("-total", "result", "source")[:SHOWN]
    ]


def _sum(which: Q) -> Coalesce:
    return Coalesce(Sum("count", filter=which), 0)
