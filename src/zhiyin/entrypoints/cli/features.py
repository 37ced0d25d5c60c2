"""``zhiyin features``: what is known of every customer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zhiyin.entrypoints.cli.output import JsonOption, WorkspaceOption, open_workspace, print_json, say, table

if TYPE_CHECKING:
    from zhiyin.services.features import Known, Spread
    from zhiyin.stats.histogram import Bar

app = typer.Typer(no_args_is_help=True, help="What is known of every customer.")


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List all features, with the share of customers of whom each is known."""
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import features

    found = features.catalogue(ws)
    if as_json:
        print_json([_as_dict(one) for one in found])
        return
    rows = [(one.feature.name, one.feature.owner.value, _share(one), one.feature.meaning) for one in found]
    table("", ("Name", "Owner", "Known", "Meaning"), rows, right=(2,), whole=(0,))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the feature, such as regularity.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show one feature: what it means, and how its values are spread.

    Example: zhiyin features show personal_gap_days
    """
    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import features

    found = features.spread(ws, name)
    if as_json:
        print_json(_spread_as_dict(found))
        return
    feature = found.of.feature
    say(f"[bold]{feature.label}[/] ({feature.name})")
    print(feature.meaning)
    facts = _facts(found.of)
    print(" · ".join(f"{key} {value}" for key, value in facts.items() if value))
    if found.middle is not None:
        print(f"least {found.least:,} · half below {found.middle:,} · most {found.most:,}")
    if found.private:
        print("Values are not shown: they name people.")
    whole = found.of.known or 1
    rows = [(_bar(bar), bar.n) for bar in found.bars] + [
        ("others" if one.value is None else one.value, one.n) for one in found.values
    ]
    if rows:
        most = max(n for _, n in rows) or 1
        table(
            "",
            ("Value", "Customers", "Share", ""),
            [(label, f"{n:,}", f"{100 * n / whole:.1f} %", "█" * round(24 * n / most)) for label, n in rows],
            right=(1, 2),
        )


@app.command()
def refresh(
    customer: Annotated[list[str], typer.Option(help="Id of a customer; may be given several times.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Describe some customers anew, as of now, without the others.

    The usual gap of the shop and the fifths of RFM stay as `zhiyin profile` last found them.

    Example: zhiyin features refresh --customer customer-1 --customer customer-2
    """
    from dataclasses import asdict

    ws = open_workspace(workspace)  # before anything touches the records
    from zhiyin.services import refresh

    found = refresh.refresh(ws, customer)
    if as_json:
        print_json(asdict(found))
        return
    say(f"[bold]{found.customers:,}[/] of {len(set(customer)):,} customers in {found.seconds:.1f} s.")
    if not found.customers:
        print("Nobody knows them, or nobody has been profiled yet: `zhiyin profile` describes all.")


def _facts(one: Known) -> dict[str, str]:
    from zhiyin.domain.feature import OWNERS, UNITS

    feature = one.feature
    return {
        "kind": feature.kind,
        "unit": UNITS.get(feature.unit, ""),
        "window": f"{feature.window} days" if feature.window else "",
        "owner": OWNERS[feature.owner],
        "known": f"{_share(one)} of {one.customers:,} customers",
    }


def _share(one: Known) -> str:
    return "–" if one.share is None else f"{100 * one.share:.1f} %"


def _bar(bar: Bar) -> str:
    if bar.low is None:
        return f"below {bar.high:,g}"
    if bar.high is None:
        return f"{bar.low:,g} and more"
    return f"{bar.low:,g}" if bar.low == bar.high else f"{bar.low:,g} to below {bar.high:,g}"


def _as_dict(one: Known) -> dict[str, Any]:
    feature = one.feature
    return {
        "name": feature.name,
        "label": feature.label,
        "meaning": feature.meaning,
        "kind": feature.kind,
        "unit": feature.unit.value,
        "window_days": feature.window,
        "owner": feature.owner.value,
        "known": one.known,
        "customers": one.customers,
        "share": one.share,
    }


def _spread_as_dict(found: Spread) -> dict[str, Any]:
    return {
        **_as_dict(found.of),
        "least": found.least,
        "middle": found.middle,
        "most": found.most,
        "bars": [{"low": bar.low, "high": bar.high, "customers": bar.n} for bar in found.bars],
        "values": [{"value": one.value, "customers": one.n} for one in found.values],
        "private": found.private,
    }
