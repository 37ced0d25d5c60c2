"""Reports of receivers, each once."""

from __future__ import annotations

from django.db import models


class MailReport(models.Model):
    """A report by what names it; ``day`` is that on which its period begins, in UTC."""

    kind = models.CharField(max_length=10)  # dmarc, failure, tls
    org = models.CharField(max_length=300)
    domain = models.CharField(max_length=253)
    report_id = models.CharField(max_length=300)
    day = models.DateField()
    begin = models.DateTimeField()
    end = models.DateTimeField()
    policy = models.CharField(max_length=300, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "org", "domain", "report_id"], name="one_mail_report")
        ]
        indexes = [models.Index(fields=["kind", "day"])]


class MailReportRow(models.Model):
    """A line of a report, as in ``domain.mail_report.ReportRow``. It names no recipient."""

    report = models.ForeignKey(MailReport, on_delete=models.CASCADE, related_name="rows")
    source = models.CharField(max_length=300, blank=True)
    count = models.BigIntegerField()
    domain = models.CharField(max_length=253)
    result = models.CharField(max_length=300, blank=True)
    disposition = models.CharField(max_length=12, blank=True)
    dkim = models.BooleanField(default=False)
    spf = models.BooleanField(default=False)
    signed_by = models.CharField(max_length=500, blank=True)
    sent_by = models.CharField(max_length=500, blank=True)
