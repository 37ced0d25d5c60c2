"""``zhiyin segments``: named rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.names import PlainNames
from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

if TYPE_CHECKING:
    from datetime import datetime

    from zhiyin.services.segments import AnyRule, Count
    from zhiyin.services.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Named rules.")

Key = Annotated[str, typer.Argument(help="Key of the segment.")]
KeyOrRule = Annotated[
    str, typer.Argument(help="Key of the segment, or a rule as text or as JSON; @FILE reads it from a file.")
]
RuleOption = Annotated[
    str, typer.Option("--rule", help="The rule as text or as JSON; @FILE reads it from a file.")
]


@app.command()
def create(
    key: Annotated[str, typer.Argument(help="Key of the new segment, such as at-risk.")],
    rule: RuleOption,
    name: Annotated[str, typer.Option(help="Name for people; the key if empty.")] = "",
    live: Annotated[
        bool, typer.Option("--live/--no-live", help="Whether members follow each event, or are counted only.")
    ] = True,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make a segment and count it.

    Example: zhiyin segments create tea --rule 'did("Order Completed", at_least=3, where=[category == "Tea"])'
    """
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    row = segments.create(ws, key, name or key, _rule(rule), live=live)
    _say_count(ws, row, "Made", as_json)


@app.command()
def update(
    key: Key,
    rule: Annotated[
        str | None,
        typer.Option("--rule", help="The new rule as text or as JSON; @FILE reads it from a file."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The new name for people.")] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Change the rule or the name, and count again. Campaigns that were started keep the rule they had."""
    if rule is None and name is None:
        raise typer.BadParameter("Say what to change: --rule or --name.")
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    row = segments.update(ws, key, name=name, rule=None if rule is None else _rule(rule))
    _say_count(ws, row, "Changed", as_json)


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List the segments with their last counts."""
    from zhiyin.loop.profile.segment_json import parse
    from zhiyin.loop.profile.segment_text import format

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    rows = segments.list_(ws)
    if as_json:
        print_json([_as_dict(row) for row in rows])
        return
    table(
        "",
        ("Key", "Name", "Customers", "Rule"),
        [(r.key, r.name, "" if r.count is None else f"{r.count:,}", format(parse(r.rule))) for r in rows],
        right=(2,),
    )


@app.command()
def show(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show one segment with its rule in both forms."""
    from zhiyin.loop.profile.segment_json import parse
    from zhiyin.loop.profile.segment_text import format

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    row = segments.get(ws, key)
    if as_json:
        print_json({**_as_dict(row), "text": format(parse(row.rule))})
        return
    say(f"[bold]{row.name}[/] ({row.key}), version {row.version}{', archived' if row.archived else ''}")
    print(format(parse(row.rule)))
    print(json.dumps(row.rule, ensure_ascii=False, indent=2))


@app.command()
def count(
    key_or_rule: Annotated[
        str, typer.Argument(help="Key of the segment, or a rule to try; @FILE reads it from a file.")
    ] = "",
    rule: Annotated[str, typer.Option("--rule", help="A rule to try, as text or JSON.")] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Count who matches now, with who is left after each condition.

    Example: zhiyin segments count 'nearest(500, by="revenue") and consents("email")'
    """
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    if bool(key_or_rule) == bool(rule):
        raise typer.BadParameter("Give either the key of a segment or a rule.")
    key = key_or_rule if segments.is_key(key_or_rule) else ""
    form = segments.get(ws, key).rule if key else _rule(key_or_rule or rule)
    found = segments.refresh(ws, key) if key else segments.count(ws, form)
    if as_json:
        steps = [{"condition": condition, "left": left} for condition, left in found.steps]
        print_json({"count": found.count, "total": found.total, "steps": steps,
                    "warnings": _warnings(ws, form)})  # fmt: skip
        return
    _print_count(found)
    _say_unprofiled(found.total)
    _say_warnings(ws, form)


@app.command()
def members(
    key_or_rule: KeyOrRule,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="How many to leave out first.")] = 0,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """List the ids of who matches now, in order."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    form = segments.rule_or_key(ws, _rule(key_or_rule))
    found = segments.members(ws, form, limit + 1, offset)  # one more tells whether these are all
    shown, more = found[:limit], len(found) > limit
    if as_json:
        print_json({"offset": offset, "members": shown, "more": more, "warnings": _warnings(ws, form)})
        return
    for customer_id in shown:
        print(customer_id)
    if more:
        say("There are more: see --limit and --offset, or export the segment.")
    _say_warnings(ws, form)


@app.command()
def export(
    key: Key,
    file: Annotated[Path, typer.Argument(help="File to write.", dir_okay=False)],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="csv, parquet, match-google, match-meta, match-tencent or match-tencent-md5; as the file's "
            "ending says if absent.",
        ),
    ] = "",
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Write the members: with their profiles, or as hashes for an ad platform.

    A match list holds those who may be written to by marketing; the others are counted by reason.

    Example: zhiyin segments export loyal loyal.csv --format match-google
    """
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segment_exports

    found = segment_exports.export(ws, key, file, format)
    if as_json:
        told = found.to_dict()
        print_json({"file": str(file), "customers": told.pop("written"), **told})
        return
    say(f"Wrote {found.written:,} customers to {file}.")
    if found.left_out:
        say(f"Left out {found.members - found.written:,} of {found.members:,}, by reason:")
        table(
            "", ("Reason", "Customers"), [(code, f"{n:,}") for code, n in found.left_out.items()], right=(1,)
        )


@app.command()
def why(
    key_or_rule: KeyOrRule,
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Tell why a customer matches, or why not, since when, and what would change it."""
    from dataclasses import asdict

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    found = segments.why(ws, _rule(key_or_rule), customer)
    if as_json:
        print_json(asdict(found))
        return
    since = f" since {_moment(ws, found.since)}" if found.since else ""
    of = key_or_rule if segments.is_key(key_or_rule) else "it"
    say(f"{customer} is [bold]{'in' if found.inside else 'not in'}[/] {of}{since}.")
    names = PlainNames(ws.settings.shop.currency)
    rows = [
        (
            "yes" if fact.holds else "no",
            *_words(fact.code, fact.detail, names),
            "yes" if i in found.deciding else "",
        )
        for i, fact in enumerate(found.facts)
    ]
    table("", ("Holds", "Condition", "Found", "Needs", "Decides alone"), rows)
    if found.until:
        say(f"If nothing else happens: {'out' if found.inside else 'in'} on {_moment(ws, found.until)}.")


@app.command()
def size(
    key: Key,
    days: Annotated[int, typer.Option(help="How many days back.", min=1, max=3650)] = 7,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Tell the size of a segment over time: by hour for a week, by day before, and who came and went each day."""
    from dataclasses import asdict
    from datetime import timedelta

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments, sizes

    row, since = segments.get(ws, key), ws.today().date() - timedelta(days=days - 1)
    points, flows = sizes.series(ws, row, since), sizes.flows(ws, row, since)
    if as_json:
        print_json({"sizes": [asdict(one) for one in points], "days": [asdict(one) for one in flows]})
        return
    last = {one.at.astimezone(ws.timezone).date(): one.count for one in points}
    rows = [
        (str(one.day), f"{last[one.day]:,}" if one.day in last else "", f"{one.entered:,}", f"{one.left:,}")
        for one in flows
    ]
    table("", ("Day", "Size", "Entered", "Left"), rows, right=(1, 2, 3))


@app.command()
def archive(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Take a segment out of the lists."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import segments

    row = segments.archive(ws, key)
    if as_json:
        print_json(_as_dict(row))
        return
    say(f"Archived {key}.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of rules, draft 2020-12."""
    from zhiyin.loop.profile import segment_json

    print_json(segment_json.schema())


def _say_count(ws: Workspace, row: Any, done: str, as_json: bool) -> None:
    from zhiyin.services import segments

    found = segments.refresh(ws, row.key)
    if as_json:
        print_json({"key": row.key, "version": row.version, "count": found.count, "total": found.total,
                    "warnings": _warnings(ws, row.rule)})  # fmt: skip
        return
    say(f"{done} the segment [bold]{row.key}[/]: {found.count:,} of {found.total:,} customers.")
    _say_unprofiled(found.total)
    _say_warnings(ws, row.rule)


def _say_unprofiled(total: int) -> None:
    """Why nobody is counted where customers were imported: counting goes by their profiles."""
    from zhiyin.services import profiles

    if not total and (waiting := profiles.waiting()):
        say(f"[yellow]{waiting:,} customers are there and not profiled yet. Run: zhiyin profile[/]")


def _warnings(ws: Workspace, rule: AnyRule) -> list[str]:
    from zhiyin.services import segments, traits

    return [str(text) for text in traits.warnings(ws, segments.rule_of(rule, ws.timezone))]


def _say_warnings(ws: Workspace, rule: AnyRule) -> None:
    from rich.markup import escape

    for text in _warnings(ws, rule):
        say(f"[yellow]{escape(text)}[/]")


def _rule(text: str) -> dict[str, Any] | str:
    from zhiyin.domain.errors import BadRule

    if text.startswith("@"):
        path = Path(text[1:])
        if not path.is_file():
            raise BadRule(f"There is no file {path}.", fix="Write @FILE, or the rule itself.")
        text = path.read_text("utf-8")
    if not text.lstrip().startswith("{"):
        return text
    try:
        form: dict[str, Any] = json.loads(text)
    except RecursionError as error:
        raise BadRule("The rule is nested too deep.", fix="Make it flatter.") from error
    except ValueError as error:
        raise BadRule(
            "The rule is not JSON.", why=f"{error}.", fix="Check the brackets and quotes."
        ) from error
    return form


def _as_dict(row: Any) -> dict[str, Any]:
    names = ("key", "name", "rule", "version", "count", "counted_at", "archived")
    return {name: getattr(row, name) for name in names}


def _print_count(found: Count) -> None:
    from zhiyin.loop.profile.segment_json import parse
    from zhiyin.loop.profile.segment_text import format

    say(f"[bold]{found.count:,}[/] of {found.total:,} customers.")
    rows = [("All customers", f"{found.total:,}")]
    rows += [(format(parse(condition)), f"{left:,}") for condition, left in found.steps]
    table("", ("Condition", "Left"), rows, right=(1,))


def _moment(ws: Workspace, moment: datetime) -> str:
    return f"{moment.astimezone(ws.timezone):%Y-%m-%d %H:%M}"


def _words(code: str, detail: Any, names: PlainNames) -> tuple[str, str, str]:
    """A fact as condition, found, needs: the last in the text form."""
    from zhiyin.domain.segment import Not
    from zhiyin.loop.profile.condition import Condition
    from zhiyin.loop.profile.conditions import Did, Engaged
    from zhiyin.loop.profile.segment_json import parse
    from zhiyin.loop.profile.segment_text import format

    rule = parse(detail["condition"])
    needs = format(Not(rule) if code.endswith("_not") else rule)
    if code.startswith("trait"):
        return detail["trait"], "nothing" if detail["found"] is None else str(detail["found"]), needs
    assert isinstance(rule, Condition)
    if not isinstance(rule, Did | Engaged):
        return rule.KIND, str(rule.found_words(detail, names)), needs
    last = f", last {detail['last'][:10]}" if detail["last"] else ""
    return rule.event if isinstance(rule, Did) else rule.what, f"{detail['found']}{last}", needs
