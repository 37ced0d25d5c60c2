"""``zhiyin deliverability``: does mail arrive as ours? Reports of receivers, and the domain's DNS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    progress,
    say,
    table,
)

if TYPE_CHECKING:
    from zhiyin.services.mail_report_sums import Summary

app = typer.Typer(no_args_is_help=True, help="Deliverability: reports of receivers, and the domain's DNS.")

_COLOURS = {"ok": "green", "unknown": "magenta", "warning": "yellow", "problem": "red"}


@app.command("read")
def read(
    paths: Annotated[
        list[Path], typer.Argument(help="Reports, mails with them, mboxes, or folders of those.")
    ],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Read DMARC, failure and TLS reports; each counts once. Ends with exit code 1 if nothing could be read."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import mail_reports

    with progress("Reading reports", quiet=as_json) as step:
        result = mail_reports.read(ws, paths, step)
    if as_json:
        from dataclasses import asdict

        print_json({**asdict(result), "found": result.found})
    else:
        say(
            f"{result.found:,} reports in {result.files:,} files = {result.new:,} new + {result.known:,} known; "
            f"{len(result.refused):,} refused."
        )
        if result.refused:
            table(
                "",
                ("Refused", "Reason", "Why", "What to do"),
                [(one.name, one.reason.value, one.why, one.fix) for one in result.refused],
            )
    if not result.found:
        raise typer.Exit(1)


@app.command("reports")
def reports(
    days: Annotated[int, typer.Option("--days", min=0, help="Of the last days, 0 for all.")] = 90,
    domain: Annotated[str, typer.Option("--domain", help="Of one domain; all if empty.")] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what the reports say: by day, by sending address, and which encrypted connections failed."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import mail_report_sums

    found = mail_report_sums.summary(ws, days, domain)
    if as_json:
        print_json(_document(found))
    elif not any(found.reports.values()):
        more = f" {found.kept:,} reports are older or of other domains: --days 0." if found.kept else ""
        say(f"No report of {domain or 'any domain'} in these days.{more}")
    else:
        _show(found)


def _show(found: Summary) -> None:
    say(
        f"{found.first} to {found.last} (UTC): {found.passed:,} of {found.messages:,} messages passed DMARC; "
        f"{found.secured:,} of {found.sessions:,} connections were encrypted."
    )
    if found.days:
        rows = [(one.day, f"{one.passed:,}", f"{one.failed:,}") for one in found.days]
        table("Messages", ("Day", "Passed", "Failed"), rows, right=(1, 2))
        table(
            "Senders",
            ("Address", "Messages", "DMARC", "DKIM", "SPF", "Quarantined", "Rejected"),
            [
                (
                    one.source,
                    f"{one.messages:,}",
                    _share(one.passed, one.messages),
                    _share(one.dkim, one.messages),
                    _share(one.spf, one.messages),
                    f"{one.quarantined:,}",
                    f"{one.rejected:,}",
                )
                for one in found.senders
            ],
            right=(1, 2, 3, 4, 5, 6),
            whole=(0, 1, 2, 3, 4),
        )
    if found.more_senders:
        say(f"{found.more_senders:,} more senders with fewer messages.")
    columns = ("Result", "At", "Count", "Last")
    for title, results in (
        ("Connections without encryption", found.tls_failures),
        ("Single failures", found.failures),
    ):
        if results:
            cells = [(one.result, one.source, f"{one.count:,}", one.last) for one in results]
            table(title, columns, cells, right=(2,))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _document(found: Summary) -> dict[str, Any]:
    from dataclasses import asdict

    sums = {name: getattr(found, name) for name in ("messages", "passed", "sessions", "secured")}
    return {**asdict(found), **sums}


@app.command("check")
def check(
    domain: Annotated[str, typer.Argument(help="The sending domain, or an address in it.")],
    selector: Annotated[
        list[str] | None, typer.Option("--selector", "-s", help="A DKIM selector; may be given again.")
    ] = None,
    address: Annotated[str, typer.Option("--address", help="Where mail goes out, if not at smtp.host.")] = "",
    resolver: Annotated[
        str, typer.Option("--resolver", help="A name server, as ADDRESS or ADDRESS:PORT.")
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Ask DNS how a sending domain stands: SPF, DKIM, DMARC, names and encryption. Exit code 1 for a problem."""
    ws = open_workspace(workspace)  # before anything touches the records
    from dataclasses import asdict

    from rich.text import Text

    from zhiyin.services import domain_health

    found = domain_health.check(ws, domain, selector or [], resolver=resolver, address=address)
    if as_json:
        print_json({**asdict(found), "state": found.state})
    else:
        rows = [
            (one.matter.value, Text(one.state.value, _COLOURS[one.state]), one.what, one.fix)
            for one in found.findings
        ]
        table(found.domain, ("Matter", "", "Found", "What to do"), rows)
    if found.state == "problem":
        raise typer.Exit(1)
