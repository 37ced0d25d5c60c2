"""``zhiyin import``: take in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    from zhiyin.domain.doubt import DoubtedAddress
    from zhiyin.services.import_preview import Preview

app = typer.Typer(
    no_args_is_help=True, help="Take in files: CSV, TSV, JSON Lines, Parquet, Excel; gzip, UTF-8 and GB18030."
)

_ROWS = 3  # of a dry run, side by side: as many as stay readable in 80 columns
_NOTHING: tuple[object, ...] = (None, "", "{}", [])

FilesArgument = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Paths or quoted patterns, such as 'orders-*.csv.gz'.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="THEIRS=OURS", help="What a column is; may be repeated. OURS '-' ignores it."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show how rows would be understood; keep nothing.")
]
EncodingOption = Annotated[str | None, typer.Option(help="Encoding of the files; detected if left out.")]
DatesOption = Annotated[
    str,
    typer.Option(help="day-first or month-first, for dates like 3/4/2026; seen from the file if it shows."),
]


@app.command("customers")
def customers(
    files: FilesArgument,
    workspace: WorkspaceOption = Path("."),
    map_: MapOption = None,
    consent: Annotated[
        str, typer.Option(help="yes or no: whether all of them agreed to marketing by e-mail.")
    ] = "",
    encoding: EncodingOption = None,
    dates: DatesOption = "",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take in customers: id, e-mail, phone, name, language, consent; other columns become traits."""
    if consent not in ("", "yes", "no"):
        raise typer.BadParameter("must be yes or no", param_hint="--consent")
    stated = None if not consent else consent == "yes"
    _import("customers", files, workspace, map_, encoding, dates, dry_run, as_json, consent=stated)


def _command(kind: str, help_: str) -> None:
    """Add the command of a kind; all but customers take the same options."""

    def command(
        files: FilesArgument,
        workspace: WorkspaceOption = Path("."),
        map_: MapOption = None,
        encoding: EncodingOption = None,
        dates: DatesOption = "",
        dry_run: DryRunOption = False,
        as_json: JsonOption = False,
    ) -> None:
        _import(kind, files, workspace, map_, encoding, dates, dry_run, as_json)

    app.command(kind, help=help_)(command)


_command(
    "items", "Take in items: id, names, category, price, link, picture; other columns become properties."
)
_command(
    "orders", "Take in orders, one row each or one row per line; returns and cancellations are understood."
)
_command(
    "suppressions", "Take in addresses that must not be written to: address, reason, time; of another sender."
)
_command("events", "Take in events, one row each: name, person, time; other columns become properties.")


@app.command("history")
def history(
    workspace: WorkspaceOption = Path("."),
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the latest imports, newest first, also those that failed."""
    ws = open_workspace(workspace)
    from zhiyin.services import imports

    records = imports.history(ws, limit)
    columns = ("import_id", "kind", "status", "read", "imported", "new", "rejected", "started_at")
    if as_json:
        names = (
            *columns,
            "unchanged",
            "changed",
            "changed_orders",
            "reasons",
            "doubts",
            "files",
            "mapping",
            "error",
            "finished_at",
        )
        print_json([{name: getattr(record, name) for name in names} for record in records])
        return
    rows = [
        [r.import_id, r.kind, r.status, *(f"{n:,}" for n in (r.read, r.imported, r.new, r.rejected)),
         f"{r.started_at:%Y-%m-%d %H:%M}"]
        for r in records
    ]  # fmt: skip
    table("", ("Import", "Kind", "Status", "Read", "Imported", "New", "Rejected", "Started (UTC)"),
          rows, right=(3, 4, 5, 6), whole=(0,))  # fmt: skip
    from rich.markup import escape

    for record in records:
        if record.error:
            say(f"[red]{record.import_id}[/] {escape(record.error.splitlines()[0])}")


def _import(
    kind: str,
    files: Sequence[str],
    workspace: Path,
    map_: Sequence[str] | None,
    encoding: str | None,
    dates: str,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    if dates not in ("", "day-first", "month-first"):
        raise typer.BadParameter("must be day-first or month-first", param_hint="--dates")
    mapping = _mapping(map_ or ())
    ws = open_workspace(workspace)
    from zhiyin.services import import_preview, imports

    with progress(f"Reading {kind}", quiet=as_json) as step:
        if dry_run:
            seen = import_preview.preview(ws, kind, files, mapping, encoding, dates=dates, on_progress=step)
        else:
            result = imports.run(ws, kind, files, mapping, encoding, step, dates=dates, **options)
    if dry_run:
        _show_preview(seen, as_json)
        return
    if as_json:
        names = (
            "import_id",
            "kind",
            "read",
            "imported",
            "rejected",
            "new",
            "unchanged",
            "changed",
            "changed_orders",
            "reasons",
            "doubts",
            "seconds",
        )
        print_json({**{name: getattr(result, name) for name in names}, "columns": _columns(result.columns),
                    "doubted": _doubted(result.doubted)})  # fmt: skip
        return
    from rich.markup import escape

    _show_columns(result.columns)
    speed = f"{result.read / max(result.seconds, 0.001):,.0f} rows/s"
    say(f"Read [bold]{result.read:,}[/] rows, imported [bold]{result.imported:,}[/] "
        f"({result.new:,} new or changed, {result.unchanged:,} known), rejected [bold]{result.rejected:,}[/]; "
        f"{result.seconds:.1f} s, {speed}.")  # fmt: skip
    if result.rejected:
        table(
            "", ("Rejected because", "Rows"), [(k, f"{n:,}") for k, n in result.reasons.items()], right=(1,)
        )
        say(f"See them with: zhiyin events rejects --import {result.import_id}")
    if result.changed:
        first = ", ".join(result.changed_orders) + (
            ", …" if result.changed > len(result.changed_orders) else ""
        )
        say(f"[yellow]{result.changed:,} known orders have another amount in these files than in the lake, "
            f"which keeps the first:[/] {escape(first)}")  # fmt: skip
    _show_doubts(result.doubts, result.doubted)
    _say_if_empty(result.read)


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise typer.BadParameter(f"{pair!r} is not THEIRS=OURS", param_hint="--map")
        mapping[theirs.strip()] = ours.strip()
    return mapping


def _show_preview(seen: Preview, as_json: bool) -> None:
    if as_json:
        names = ("kind", "files", "read", "imported", "rejected", "reasons", "doubts", "rows")
        rejected = [
            {"line": r.line, "reason": str(r.reason), "detail": r.detail, "raw": r.raw} for r in seen.rejects
        ]
        print_json({**{name: getattr(seen, name) for name in names}, "dry_run": True,
                    "columns": _columns(seen.columns), "rejects": rejected,
                    "doubted": _doubted(seen.doubted)})  # fmt: skip
        return
    _show_columns(seen.columns)
    if seen.rows:
        shown = seen.rows[:_ROWS]
        filled = [n for n in shown[0] if n != "line" and any(row[n] not in _NOTHING for row in shown)]
        heads = ("Field", *(f"Line {row['line']}" for row in shown))
        table("First rows as they would be understood", heads,
              [[name, *(row[name] for row in shown)] for name in filled])  # fmt: skip
    say(f"Read [bold]{seen.read:,}[/] rows; [bold]{seen.imported:,}[/] would be imported, "
        f"[bold]{seen.rejected:,}[/] rejected. Nothing was kept.")  # fmt: skip
    if seen.rejected:
        table("", ("Rejected because", "Rows"), [(k, f"{n:,}") for k, n in seen.reasons.items()], right=(1,))
        first = [{"file": "", "line": r.line, "reason": r.reason, "detail": r.detail} for r in seen.rejects]
        _show_rejects("First of them", first)
    _show_doubts(seen.doubts, seen.doubted)
    _say_if_empty(seen.read)


def _doubted(first: Sequence[DoubtedAddress]) -> list[dict[str, str]]:
    return [
        {"email": one.email, "reason": one.doubt.reason.value, "suggestion": one.doubt.suggestion}
        for one in first
    ]


def _show_doubts(doubts: Mapping[str, int], first: Sequence[DoubtedAddress]) -> None:
    """Addresses to look at; they are taken in all the same."""
    words = {"mistyped": "look mistyped", "disposable": "are thrown away after use"}
    if doubts:
        counts = ", ".join(f"{n:,} {words[reason]}" for reason, n in doubts.items())
        say(f"[yellow]Addresses to look at, taken in all the same: {counts}.[/]")
        rows = [(one["email"], words[one["reason"]], one["suggestion"]) for one in _doubted(first)]
        table("First of them", ("Address", "Doubt", "Perhaps"), rows)


def _say_if_empty(read: int) -> None:
    if not read:
        say("[yellow]There are no rows below the header.[/] Check that the export has finished.")


def _columns(columns: Sequence[Any]) -> list[dict[str, str]]:
    return [{"theirs": c.theirs, "ours": c.ours, "how": c.how, "sample": c.sample} for c in columns]


def _show_columns(columns: Sequence[Any]) -> None:
    words = {"map": "stated", "name": "by its name", "content": "by its content", "extra": "kept as it is",
             "ignored": "ignored"}  # fmt: skip
    rows = [(c.theirs, "" if c.how == "ignored" else c.ours, words[c.how], c.sample) for c in columns]
    table("Columns", ("In the file", "Taken as", "Why", "Example"), rows)


def _show_rejects(title: str, rows: Sequence[dict[str, Any]]) -> None:
    shown = [[Path(row["file"]).name, row["line"], str(row["reason"]), row["detail"]] for row in rows]
    table(title, ("File", "Line", "Reason", "Detail"), shown, right=(1,))
