"""The command line: one file per noun; heavy libraries load inside the commands, on first use."""

from __future__ import annotations

import sys

import typer

from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.cli import (
    bounces,
    campaigns,
    channels,
    config,
    customers,
    deliverability,
    demo,
    doctor,
    events,
    features,
    forms,
    imports,
    init,
    keys,
    lake,
    lifecycle,
    messages,
    profile,
    recommend,
    segments,
    sending_domain,
    serve,
    simulate,
    sources,
    suppressions,
    templates,
    topics,
    train,
    worker,
)
from zhiyin.entrypoints.cli.output import fail

app = typer.Typer(
    name="zhiyin",
    help="Zhiyin 知音: learn who each customer is, decide what is worth saying, send it, measure what it changed.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
for module in (init, serve, worker, doctor, config, demo, simulate, profile, train):
    module.register(app)
for name, module in (
    ("import", imports),
    ("customers", customers),
    ("sources", sources),
    ("events", events),
    ("segments", segments),
    ("features", features),
    ("lifecycle", lifecycle),
    ("recommend", recommend),
    ("campaigns", campaigns),
    ("templates", templates),
    ("channels", channels),
    ("messages", messages),
    ("keys", keys),
    ("deliverability", deliverability),
    ("bounces", bounces),
    ("suppressions", suppressions),
    ("topics", topics),
    ("forms", forms),
    ("domains", sending_domain),
    ("lake", lake),
):
    app.add_typer(module.app, name=name)


def main() -> None:
    """Run a command; a ``ZhiyinError`` is told in three parts and ends with exit code 1."""
    try:
        app()
    except ZhiyinError as error:
        fail(error)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
