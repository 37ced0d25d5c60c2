"""``zhiyin events rejects`` and ``replay``: what was refused, repaired by a rule and sent again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
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
    from zhiyin.loop.collect.repair import Repair
    from zhiyin.services.rejects import Filter
    from zhiyin.services.workspace import Workspace

ReasonOption = Annotated[str, typer.Option("--reason", help="Only this reason, such as negative_price.")]
SourceOption = Annotated[str, typer.Option("--source", help="Only what this source sent.")]
SinceOption = Annotated[str, typer.Option("--since", help="Only what came since: 2026-03-05, or 7d, 12h.")]
TextOption = Annotated[str, typer.Option("--text", help="Only rejects that hold this text.")]
Pairs = list[str] | None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("rejects")(rejects)
    app.command("replay")(replay)


def rejects(
    reason: ReasonOption = "",
    source: SourceOption = "",
    import_id: Annotated[str, typer.Option("--import", help="Only the rows of this import of files.")] = "",
    since: SinceOption = "",
    text: TextOption = "",
    export: Annotated[
        Path | None,
        typer.Option(help="Write them to this file: CSV, or the payloads as they came to .jsonl."),
    ] = None,
    as_rows: Annotated[
        bool,
        typer.Option(
            "--as-rows", help="Export the rows of an import in the columns of its file, to be mended."
        ),
    ] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Delete them for good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=10_000, help="How many to show.")] = 10,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what was refused, of files and of the tracking API: by reason, and the latest of them."""
    if as_rows and (export is None or not import_id):
        raise typer.BadParameter("needs --export and --import", param_hint="--as-rows")
    ws = open_workspace(workspace)
    from zhiyin.services import rejects as service

    where = service.Filter(source, reason, import_id, _since(ws, since), text)
    if export is not None:
        written = service.export_rows(ws, export, import_id) if as_rows else service.export(ws, export, where)
        if as_json:
            print_json({"file": str(export), "rejects": written})
        else:
            say(f"Wrote {written:,} rejects to [bold]{export}[/].")
        return
    if discard:
        _discard(ws, where, yes, as_json)
        return
    counts = service.reasons(ws, where)
    total, rows = service.list_(ws, where, limit=limit)
    if as_json:
        print_json({"total": total, "reasons": [_plain(one) for one in counts], "rejects": rows})
        return
    _show(total, counts, rows)
    if any(not row["import_id"] for row in rows):
        say("See what would repair them: zhiyin events replay --reason REASON --dry-run")


def replay(
    reason: ReasonOption = "",
    rule: Annotated[str, typer.Option("--rule", help="A ready-made rule; --dry-run lists them.")] = "",
    set_: Annotated[Pairs, typer.Option("--set", metavar="PATH=VALUE", help="Put a value there.")] = None,
    copy: Annotated[Pairs, typer.Option("--copy", metavar="PATH=PATH", help="Take it from there.")] = None,
    drop: Annotated[Pairs, typer.Option("--drop", metavar="PATH", help="Leave a field out.")] = None,
    rename: Annotated[Pairs, typer.Option("--rename", metavar="OLD=NEW", help="Rename an event.")] = None,
    positive: Annotated[bool, typer.Option("--positive", help="Take the minus off amounts.")] = False,
    source: SourceOption = "",
    since: SinceOption = "",
    text: TextOption = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what rules would do; change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Repair rejects of the tracking API by a rule and send them again, each once, as of when it came first.

    Rejects of files are corrected in the file, which is then imported again.
    """
    own = bool(set_ or copy or drop or rename or positive)
    if own and rule:
        raise typer.BadParameter("give a ready-made rule or one of your own", param_hint="--rule")
    if not (own or rule or dry_run):
        raise typer.BadParameter("name a rule, or see them with --dry-run", param_hint="--rule")
    ws = open_workspace(workspace)
    from zhiyin.loop.collect import repair
    from zhiyin.services import rejects as service
    from zhiyin.services import replays

    where = service.Filter(source, reason, "", _since(ws, since), text, "api")
    chosen = None
    if own:
        chosen = repair.rule(
            set={path: _value(value) for path, value in _pairs(set_, "--set").items()},
            copy=_pairs(copy, "--copy"), drop=drop or (), rename=_pairs(rename, "--rename"), positive=positive,
        )  # fmt: skip
    elif rule:
        chosen = _ready(rule, reason)
    if dry_run:
        found = replays.repairs(ws, where) if chosen is None else [replays.trial(ws, where, chosen)]
        _show_proposals(found, as_json)
        return
    assert chosen is not None
    if not yes:
        trial = replays.trial(ws, where, chosen)
        typer.confirm(f"Replay with a rule that repairs {trial.repaired:,} of {trial.looked:,}?", abort=True)
    with progress("Replaying", quiet=as_json) as step:
        done = replays.replay(ws, where, chosen, step)
    if as_json:
        print_json({"replay": done.key, "sent": done.sent, "kept": done.kept, "untouched": done.untouched,
                    "back": done.back})  # fmt: skip
        return
    say(f"Sent [bold]{done.sent:,}[/] again: [bold]{done.kept:,}[/] are events now, "
        f"{sum(done.back.values()):,} were refused again. {done.untouched:,} stay as they were.")  # fmt: skip
    if done.back:
        table(
            "",
            ("Refused again because", "Rejects"),
            [(k, f"{n:,}") for k, n in done.back.items()],
            right=(1,),
        )


def _discard(ws: Workspace, where: Filter, yes: bool, as_json: bool) -> None:
    from zhiyin.services import rejects as service

    if not yes:
        typer.confirm(f"Delete {service.total(ws, where):,} rejects for good?", abort=True)
    gone = service.discard(ws, where)
    if as_json:
        print_json({"discarded": gone})
    else:
        say(f"Deleted {gone:,} rejects.")


def _show(total: int, counts: Sequence[Any], rows: Sequence[dict[str, Any]]) -> None:
    by = [
        (one.reason, f"{one.rejects:,}", ", ".join(f"{name or 'files'} {n:,}" for name, n in one.sources.items()),
         f"{one.last:%Y-%m-%d %H:%M}")
        for one in counts
    ]  # fmt: skip
    table(f"{total:,} rejects", ("Reason", "Rejects", "Sources", "Last (UTC)"), by, right=(1,))
    shown = [
        [row["source"] or f"{Path(row['file'] or '').name}:{row['line']}", row["reason"], row["detail"],
         (row["raw"] or "")[:120]]
        for row in rows
    ]  # fmt: skip
    if shown:
        table("Latest", ("From", "Reason", "Detail", "What it says"), shown)


def _show_proposals(found: Sequence[Any], as_json: bool) -> None:
    if as_json:
        print_json([
            {"rule": one.rule.name, "looked": one.looked, "total": one.total, "repaired": one.repaired,
             "known": one.known, "left": one.left, "untouched": one.untouched}
            for one in found
        ])  # fmt: skip
        return
    if not found:
        say("No ready-made rule repairs any of them; state one with --set, --copy, --drop or --rename.")
        return
    rows = [
        (one.rule.name, f"{one.repaired:,} of {one.looked:,}", f"{one.known:,}",
         ", ".join(f"{reason} {n:,}" for reason, n in one.left.items()), f"{one.untouched:,}")
        for one in found
    ]  # fmt: skip
    table(
        "",
        ("Rule", "Repairs", "Known already", "Refused again", "Untouched"),
        rows,
        right=(1, 2, 4),
        whole=(0,),
    )
    if found[0].looked < found[0].total:
        say(f"Tried on the first {found[0].looked:,} of {found[0].total:,}.")


def _ready(name: str, reason: str) -> Repair:
    from zhiyin.loop.collect import repair_rules

    found = repair_rules.find(name, reason)
    if found is None:
        raise typer.BadParameter(f"there is no rule {name!r}; --dry-run lists them", param_hint="--rule")
    return found


def _pairs(given: Pairs, option: str) -> dict[str, str]:
    pairs = {}
    for pair in given or ():
        left, equals, right = pair.partition("=")
        if not equals or not left.strip():
            raise typer.BadParameter(f"{pair!r} has no '='", param_hint=option)
        pairs[left.strip()] = right
    return pairs


def _value(text: str) -> Any:
    """JSON where it is that: 5, true, null; else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _since(ws: Workspace, text: str) -> datetime | None:
    if not text:
        return None
    if text[:-1].isdigit() and text[-1] in "dh":
        number = int(text[:-1])
        return ws.now() - (timedelta(days=number) if text[-1] == "d" else timedelta(hours=number))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date", param_hint="--since") from None
    return at if at.tzinfo else at.replace(tzinfo=ws.timezone)


def _plain(one: Any) -> dict[str, Any]:
    return {
        "reason": one.reason, "rejects": one.rejects, "sources": one.sources, "first": one.first, "last": one.last
    }  # fmt: skip
