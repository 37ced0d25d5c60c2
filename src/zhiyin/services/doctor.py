"""The doctor: checks the whole installation, each problem with its cure."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from zhiyin.adapters.channels import channel, probe
from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.host import is_private
from zhiyin.domain.text import say
from zhiyin.services import channels, domain_health, mailbox, memberships
from zhiyin.services.workspace import Workspace

NEEDED_DISK = 1_000_000_000
MANY_MEMBERSHIPS = 5_000_000  # 750 MB of a file that one process at a time can write


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked. ``level`` is ok, warning (works, but) or problem (does not work)."""

    name: str
    level: str
    what: str
    fix: str = ""


def check(ws: Workspace) -> list[Check]:
    """All checks, in the order in which one would cure them."""
    return [look(ws) for look in CHECKS]


def _python(ws: Workspace) -> Check:
    text = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "python", "ok", say("Python {python}, Zhiyin {zhiyin}", python=text, zhiyin=_version("zhiyin"))
    )


def _disk(ws: Workspace) -> Check:
    free = shutil.disk_usage(ws.folder).free
    if free < NEEDED_DISK:
        return Check(
            "disk",
            "problem",
            say("Only {free:.1f} GB are free.", free=free / 1e9),
            say("Make room before the next import."),
        )
    return Check("disk", "ok", say("{free:.0f} GB free", free=free / 1e9))


def _records(ws: Workspace) -> Check:
    from django.db import Error, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        return Check(
            "records",
            "problem",
            say("The records cannot be read: {error}", error=error),
            say("Check records.url and the database server."),
        )
    if missing:
        return Check(
            "records",
            "problem",
            say("{n} migrations are missing.", n=len(missing)),
            say("Run `zhiyin serve` once, it applies them."),
        )
    if connection.vendor == "sqlite" and (held := sum(memberships.counts().values())) > MANY_MEMBERSHIPS:
        return Check(
            "records",
            "warning",
            say("{n:,} memberships of live segments are many for SQLite.", n=held),
            say("Move the records to PostgreSQL (records.url), or make large segments with --no-live."),
        )
    return Check("records", "ok", say("{vendor}, schema is current", vendor=connection.vendor))


def _lake(ws: Workspace) -> Check:
    try:
        rows = ws.lake.collect(ws.lake.events().select("event_id").head(1)).num_rows
    except ZhiyinError as error:
        return Check("lake", "problem", error.what, error.fix)
    files = len(ws.lake.files("events"))
    if not rows:
        return Check(
            "lake",
            "warning",
            say("The lake is empty; engine {engine}.", engine=ws.settings.lake.engine),
            say("Import a file: `zhiyin import orders FILE`."),
        )
    return Check(
        "lake",
        "ok",
        say(
            "{n:,} events in {files} files; engine {engine}",
            n=ws.lake.count("events"),
            files=files,
            engine=ws.settings.lake.engine,
        ),
    )


def _spool(ws: Workspace) -> Check:
    waiting = ws.spool.size()
    if waiting > 100_000_000:
        return Check(
            "spool",
            "warning",
            say("{waiting:.0f} MB wait for the worker.", waiting=waiting / 1e6),
            say("Is `zhiyin work` running?"),
        )
    return Check("spool", "ok", say("{waiting:.1f} MB waiting", waiting=waiting / 1e6))


def _secret(ws: Workspace) -> Check:
    if len(ws.settings.server.secret) < 32:
        return Check(
            "secret",
            "problem",
            say("server.secret is missing or short."),
            say("Set it to 48 random characters; links already sent stop working."),
        )
    mode = (ws.folder / "zhiyin.toml").stat().st_mode & 0o077
    if mode:
        return Check(
            "secret",
            "warning",
            say("zhiyin.toml can be read by other accounts."),
            say("Run: chmod 600 {file}", file=ws.folder / "zhiyin.toml"),
        )
    return Check("secret", "ok", say("made at init, readable by its owner only"))


def _address(ws: Workspace) -> Check:
    url = ws.settings.base_url
    if not url.startswith("https://"):
        return Check(
            "address",
            "warning",
            say("Links in messages lead to {url}, which mailboxes outside cannot open safely.", url=url),
            say("Set server.base_url to the public https address."),
        )
    return Check("address", "ok", url)


def _mail(ws: Workspace) -> Check:
    smtp, provider = ws.settings.smtp, ws.settings.esp.name
    if provider:
        return _provider(ws, provider)
    if not smtp.host:
        return Check(
            "mail",
            "warning",
            say("No mail server is set up."),
            say("Set smtp.host, or fill it in under Settings."),
        )
    if problem := probe.problem(smtp):
        return Check(
            "mail",
            "problem",
            say("{server} does not answer: {problem}", server=f"{smtp.host}:{smtp.port}", problem=problem),
            say("Check host, port and firewall."),
        )
    return Check(
        "mail",
        "ok",
        say("{server} answers ({security})", server=f"{smtp.host}:{smtp.port}", security=smtp.security),
    )


def _provider(ws: Workspace, name: str) -> Check:
    made = channel("email", ws.settings)
    refusal = made.open()
    made.close()
    if refusal is not None:
        return Check(
            "mail",
            "problem",
            say("{server} does not answer: {problem}", server=name, problem=refusal.detail),
            say("Check esp.key and esp.options."),
        )
    return Check("mail", "ok", say("Messages go through {name}.", name=name))


def _sender(ws: Workspace) -> Check:
    if not ws.settings.sender.email:
        return Check("sender", "warning", say("No sender address is set."), say("Set sender.email."))
    return Check("sender", "ok", ws.settings.sender.email)


def _bounces(ws: Workspace) -> Check:
    """What the last look into the mailbox found; it is not asked from here."""
    name, settings = "bounces", ws.settings
    if not settings.bounces.protocol:
        if not settings.sender.bounce_address:
            return Check(name, "ok", say("No mailbox takes what comes back."))
        return Check(
            name,
            "warning",
            say("Nobody reads what comes back to {address}.", address=settings.sender.bounce_address),
            say("Set bounces.protocol and what follows it, or fill it in under Settings."),
        )
    found = mailbox.state(ws)
    if found is None or found.tried_at is None:
        return Check(
            name,
            "warning",
            say("The mailbox at {host} was not read yet.", host=settings.bounces.host),
            say("Run: zhiyin bounces read"),
        )
    if found.failures:
        return Check(name, "problem", found.error, say("Run: zhiyin bounces read"))
    assert found.read_at is not None
    at = f"{found.read_at:%Y-%m-%d %H:%M} UTC"
    return Check(name, "ok", say("{host} was read at {at}.", host=settings.bounces.host, at=at))


def _channel(ws: Workspace) -> Check:
    """Whether messages go through the mail server, as its last answers say; it is not asked from here."""
    found = channels.breaker(channels.EMAIL)
    if why := channels.told(found):
        return Check("channel", "problem", why, say("Run: zhiyin channels health"))
    return Check("channel", "ok", say("Nothing holds messages back."))


def _deliverability(ws: Workspace) -> Check:
    """What the last check of the sender's domain found; DNS is not asked from here."""
    name, domain = "deliverability", ws.settings.sender.email.rpartition("@")[2].lower()
    if not domain or is_private(domain) or domain.endswith(".example"):
        return Check(name, "ok", say("There is no sending domain to check yet."))
    again = say("Run: zhiyin deliverability check {domain}", domain=domain)
    found = domain_health.last(domain)
    if found is None:
        return Check(name, "warning", say("The DNS of {domain} was not checked yet.", domain=domain), again)
    counts = {state: found.count(state) for state in ("problem", "warning", "unknown")}
    if not any(counts.values()):
        return Check(
            name,
            "ok",
            say("{domain} was in order on {day}.", domain=domain, day=f"{found.checked_at:%Y-%m-%d}"),
        )
    told = say(
        "{domain} on {day}: problems {problem}, warnings {warning}, not known {unknown}.",
        domain=domain,
        day=f"{found.checked_at:%Y-%m-%d}",
        **counts,
    )
    return Check(name, "problem" if counts["problem"] else "warning", told, again)


def _extras(ws: Workspace) -> Check:
    found = [name for name in ("psycopg", "pyspark", "django-anymail") if _version(name)]
    return Check("extras", "ok", ", ".join(found) if found else say("none installed, none needed"))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


CHECKS: tuple[Callable[[Workspace], Check], ...] = (
    _python,
    _disk,
    _secret,
    _records,
    _lake,
    _spool,
    _address,
    _sender,
    _mail,
    _bounces,
    _channel,
    _deliverability,
    _extras,
)
