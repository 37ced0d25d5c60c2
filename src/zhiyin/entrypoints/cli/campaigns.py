"""``zhiyin campaigns``: create, preview, send and report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zhiyin.domain.placement import EMAIL
from zhiyin.entrypoints.cli import campaign_calendar, campaign_check, campaign_clicks, campaign_schedule
from zhiyin.entrypoints.cli.output import (
    JsonOption,
    WorkspaceOption,
    open_workspace,
    print_json,
    progress,
    say,
    table,
)

app = typer.Typer(no_args_is_help=True, help="Create, preview, send and report.")

Key = Annotated[str, typer.Argument(help="Key of the campaign.")]
CustomerOption = Annotated[str | None, typer.Option(help="Id of the customer to write it for.")]
LanguageOption = Annotated[
    str | None, typer.Option(help="In this language of its wordings; that of the customer if left out.")
]


NameOption = Annotated[str | None, typer.Option(help="Name for people; the key if left out.")]
TemplateOption = Annotated[
    str | None, typer.Option(help="Key of a template; `zhiyin templates list` lists them.")
]
SubjectOption = Annotated[str | None, typer.Option(help="Subject, in Liquid.")]
BodyOption = Annotated[Path | None, typer.Option(help="File with the body, in MJML and Liquid.")]
PreheaderOption = Annotated[
    str | None, typer.Option(help="The line that mail programs show beside the subject.")
]
SenderNameOption = Annotated[str | None, typer.Option(help="Sender's name.")]
SenderEmailOption = Annotated[str | None, typer.Option(help="Sender's address.")]
ReplyToOption = Annotated[str | None, typer.Option(help="Address for answers.")]
HoldoutOption = Annotated[float | None, typer.Option(help="Share kept back for comparison, 0 to 0.5.")]
WindowOption = Annotated[int | None, typer.Option(help="Days in which orders count.")]
CostOption = Annotated[str | None, typer.Option(help="Cost of one message, such as 0.05.")]
RecommenderOption = Annotated[
    str | None, typer.Option(help="Model for the recommendations; that of the placement if left out.")
]
PlacementOption = Annotated[
    str | None, typer.Option(help="Placement whose model and rules the items follow; email if left out.")
]
TopicOption = Annotated[
    str | None, typer.Option(help="Key of the topic it is about; who stopped that topic does not get it.")
]


@app.command()
def create(
    key: Key,
    segment: Annotated[str, typer.Option(help="Key of the segment to write to.")],
    name: NameOption = None,
    template: TemplateOption = None,
    subject: SubjectOption = None,
    body: BodyOption = None,
    preheader: PreheaderOption = None,
    sender_name: SenderNameOption = None,
    sender_email: SenderEmailOption = None,
    reply_to: ReplyToOption = None,
    holdout: HoldoutOption = None,
    window_days: WindowOption = None,
    cost: CostOption = None,
    placement: PlacementOption = None,
    recommender: RecommenderOption = None,
    topic: TopicOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Make a draft from a template, or from a subject and a body."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    row = campaigns.create(
        ws,
        key=key,
        name=name or "",
        segment=segment,
        template=template,
        subject=subject,
        body=read(body) if body else None,
        preheader=preheader or "",
        sender_name=sender_name,
        sender_email=sender_email,
        reply_to=reply_to or "",
        holdout=holdout,
        window_days=window_days,
        cost=cost,
        placement=placement or EMAIL,
        recommender=recommender or "",
        topic=topic or "",
    )
    if as_json:
        print_json(_form(row))
        return
    say(f"Made the draft [bold]{row.key}[/] for the segment {row.segment.key}.")
    say(f"Next: `zhiyin campaigns preview {row.key}`, then `zhiyin campaigns send {row.key}`.")


@app.command()
def update(
    key: Key,
    segment: Annotated[str | None, typer.Option(help="Key of the segment to write to.")] = None,
    name: NameOption = None,
    template: TemplateOption = None,
    subject: SubjectOption = None,
    body: BodyOption = None,
    preheader: PreheaderOption = None,
    sender_name: SenderNameOption = None,
    sender_email: SenderEmailOption = None,
    reply_to: ReplyToOption = None,
    holdout: HoldoutOption = None,
    window_days: WindowOption = None,
    cost: CostOption = None,
    placement: PlacementOption = None,
    recommender: RecommenderOption = None,
    topic: TopicOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Change a draft; what is left out stays. A campaign that was started cannot be changed."""
    given = {
        "segment": segment,
        "name": name,
        "template": template,
        "subject": subject,
        "preheader": preheader,
        "sender_name": sender_name,
        "sender_email": sender_email,
        "reply_to": reply_to,
        "holdout": holdout,
        "window_days": window_days,
        "cost": cost,
        "placement": placement,
        "recommender": recommender,
        "topic": topic,
    }
    changes: dict[str, Any] = {option: value for option, value in given.items() if value is not None}
    if body:
        changes["body"] = read(body)
    if not changes:
        raise typer.BadParameter("Say what to change, such as --subject or --holdout.")
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    row = campaigns.update(ws, key, **changes)
    if as_json:
        print_json(_form(row))
        return
    say(f"Changed {', '.join(option.replace('_', ' ') for option in changes)} of [bold]{row.key}[/].")


@app.command("list")
def list_(workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """List all campaigns, newest first."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    rows = campaigns.list_(ws)
    if as_json:
        print_json([_form(row) for row in rows])
        return
    table(
        "",
        ("Key", "Name", "Segment", "Status", "Holdout", "Started"),
        [(r.key, r.name, r.segment.key, r.status, f"{r.holdout:.0%}", _when(r.started_at)) for r in rows],
        right=(4,),
    )


@app.command()
def show(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show a campaign and where everyone in it stands."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    row, standing = campaigns.get(ws, key), campaigns.progress(ws, key)
    if as_json:
        print_json({**_form(row), "progress": standing})
        return
    table("", (row.name, ""), [(name.replace("_", " "), value) for name, value in _form(row).items()])
    _show_progress(standing)


@app.command()
def preview(
    key: Key,
    customer: CustomerOption = None,
    language: LanguageOption = None,
    html: Annotated[Path | None, typer.Option(help="Write the HTML here, to look at in a browser.")] = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Show what a customer would see, rendered as it will be sent."""
    ws = open_workspace(workspace)
    from zhiyin.services import reviews

    shown = reviews.preview(ws, key, customer, language=language)
    if html:
        html.write_text(shown.html, encoding="utf-8")
    if as_json:
        print_json(
            {"subject": shown.subject, "preheader": shown.preheader, "text": shown.text, "html": shown.html}
        )
        return
    from rich.markup import escape

    say(f"[bold]{escape(shown.subject)}[/]")
    say()
    say(escape(shown.text))
    if html:
        say(f"\nThe HTML is in {html}.")


@app.command("test-send")
def send_test(
    key: Key,
    to: Annotated[str, typer.Argument(help="Address to send the test to.")],
    customer: CustomerOption = None,
    language: LanguageOption = None,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Send the message of one customer to yourself."""
    ws = open_workspace(workspace)
    from rich.markup import escape

    from zhiyin.services import breaker, reviews

    receipt = reviews.test_send(ws, key, to, customer, language=language)
    fix = "" if receipt.status == "accepted" else breaker.cure(receipt)
    if as_json:
        told = {"status": receipt.status, "reason": receipt.reason, "detail": receipt.detail}
        print_json({**told, "fix": fix} if fix else told)
    else:
        say(escape(f"{receipt.status}: {receipt.detail}" if receipt.detail else str(receipt.status)))
        if fix:
            say(fix)
    if receipt.status != "accepted":
        raise typer.Exit(1)


@app.command()
def review(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Show the arithmetic from the segment to the recipients, and what to mend first."""
    ws = open_workspace(workspace)
    from zhiyin.services import reviews

    found = reviews.review(ws, key)
    if as_json:
        print_json(found.to_dict())
        return
    _show_review(found)


@app.command()
def send(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,
    allow_local_links: Annotated[
        bool, typer.Option(help="Send although links lead to this machine only, to try things out.")
    ] = False,
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Start a draft and wait until everything is handed over; a campaign under way is carried on."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns, reviews, sending

    row = campaigns.get(ws, key)
    if row.status == "draft":
        found = reviews.review(ws, key)
        if not as_json:
            _show_review(found)
        if not yes:
            typer.confirm(f"Send to {found.will_receive:,}?", abort=True)
        campaigns.start(ws, key, allow_local_links=allow_local_links)
    elif row.status == "paused":
        campaigns.resume(ws, key)
    with progress("Sending", quiet=as_json) as step:
        sending.run_until_done(ws, key, on_progress=step)
    standing = campaigns.progress(ws, key)
    if as_json:
        print_json(standing)
    else:
        _show_progress(standing)
        if standing["status"] == "sending" and standing["waiting"]:
            say(f"{standing['waiting']:,} will be sent later, while `zhiyin serve` or `zhiyin work` runs.")
    if standing["error"] or standing["channel"]:
        raise typer.Exit(1)


campaign_schedule.register(app)
campaign_calendar.register(app)
campaign_clicks.register(app)
campaign_check.register(app)


@app.command()
def pause(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """Stop everything that is not handed over."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    campaigns.pause(ws, key)
    say(f"Paused. {campaigns.progress(ws, key)['waiting']:,} messages wait.")


@app.command()
def resume(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """Go on with a paused campaign; the worker sends, or `zhiyin campaigns send`."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    campaigns.resume(ws, key)
    say("Resumed.")


@app.command()
def cancel(key: Key, workspace: WorkspaceOption = Path(".")) -> None:
    """End a campaign for good: nobody else gets it."""
    ws = open_workspace(workspace)
    from zhiyin.services import campaigns

    campaigns.cancel(ws, key)
    say("Cancelled. What was handed over stays sent.")


@app.command()
def resend(
    key: Key,
    workspace: WorkspaceOption = Path("."),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send the messages whose outcome is unknown once more; some people may get theirs twice."""
    ws = open_workspace(workspace)
    from zhiyin.services import resending

    waiting = resending.waiting(ws, key)
    if waiting and not yes:
        typer.confirm(f"Send {waiting:,} again? Whoever got the first message gets it twice.", abort=True)
    planned = resending.again(ws, key)
    if as_json:
        print_json({"campaign": key, "planned": planned})
    elif planned:
        say(f"{planned:,} planned again. `zhiyin campaigns send {key}` or the worker sends them.")
    else:
        say("No message of it has an unknown outcome.")


@app.command()
def why(
    key: Key,
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    workspace: WorkspaceOption = Path("."),
    as_json: JsonOption = False,
) -> None:
    """Say why a customer got this campaign, or did not."""
    ws = open_workspace(workspace)
    from zhiyin.services import explanations

    found = explanations.why(ws, key, customer)
    if as_json:
        print_json(found)
        return
    reason = f" ({found['reason']})" if found.get("reason") else ""
    say(f"[bold]{found['choice']}{reason}[/] · {found['state']}")
    if "assigned" in found:
        say(f"By chance alone: {found['assigned']}, with probability {found['probability']:.0%}.")
    facts = found.get("membership", []) + found["facts"]
    table(
        "",
        ("Checked", "Holds", "Figures"),
        [(f["code"], "yes" if f["holds"] else "no", _figures(f["detail"])) for f in facts],
    )
    if found.get("message"):
        message = found["message"]
        say(f"Message: {message['status']} {message['detail']}".rstrip())
    for name, version in found.get("versions", {}).items():
        say(f"[dim]{name}: {version}[/]")


@app.command()
def report(key: Key, workspace: WorkspaceOption = Path("."), as_json: JsonOption = False) -> None:
    """Report the effect first, then what became of everyone, then the responses."""
    ws = open_workspace(workspace)
    from zhiyin.services import reports

    found = reports.campaign(ws, key).to_dict()
    if as_json:
        print_json(found)
        return
    from zhiyin.entrypoints.cli.campaign_report import show as show_report

    show_report(found)


def read(body: Path) -> str:
    """The text of a file with a wording. Raises ``BadFile``."""
    from zhiyin.domain.errors import BadFile

    try:
        return body.read_text(encoding="utf-8")
    except OSError as error:
        raise BadFile(
            f"{body} cannot be read.",
            why=f"{error.strerror}.",
            fix="Give the path of a file with MJML, or with plain text.",
        ) from error
    except UnicodeDecodeError as error:
        raise BadFile(
            f"{body} is not text in UTF-8.",
            why=f"Byte {error.start + 1} does not fit.",
            fix="Save the file as UTF-8.",
        ) from error


def _form(row: Any) -> dict[str, Any]:
    """A campaign as JSON."""
    return {
        "key": row.key,
        "name": row.name,
        "segment": row.segment.key,
        "topic": row.topic,
        "status": row.status,
        "error": row.error,
        "subject": row.subject,
        "sender": f"{row.sender_name} <{row.sender_email}>",
        "holdout": row.holdout,
        "seed": row.seed,
        "window_days": row.window_days,
        "cost": row.cost,
        "created_at": _when(row.created_at),
        "started_at": _when(row.started_at),
        "finished_at": _when(row.finished_at),
    }


def _show_review(found: Any) -> None:
    rows = [("In the segment", f"{found.segment:,}"), ("Held out", f"− {found.held_out:,}")]
    rows += [(f"Refused: {reason}", f"− {count:,}") for reason, count in found.refused.items()]
    rows += [("Will receive", f"{found.will_receive:,}")]
    rows += [(f"  of them in {language}", f"{count:,}") for language, count in found.languages.items()]
    if found.smallest_effect is not None:
        rows += [("Smallest effect this holdout can show", f"{found.smallest_effect * 100:.2f} points")]
    table("", ("Review", ""), rows, right=(1,))
    for problem in found.warnings:
        colour = "red" if problem.level == "error" else "yellow"
        say(f"[{colour}]{problem.level}[/] {problem.text}")


def _show_progress(standing: dict[str, Any]) -> None:
    by_reason = {name: f"{name}_by_reason" for name in ("refused", "waiting", "failed")}
    rows = []
    for name in ("held_out", "refused", "waiting", "claimed", "handed_over", "accepted", "failed", "unknown"):
        detail = standing[by_reason[name]] if name in by_reason else {}
        if standing[name] or name in ("held_out", "accepted"):
            rows.append((name.replace("_", " "), f"{standing[name]:,}", _figures(detail)))
    rows.append(("planned", f"{standing['planned']:,}", ""))
    rows += [
        (f"  accepted, came back later: {kind}", f"{n:,}", "") for kind, n in standing["came_back"].items()
    ]
    table("", ("People", "", "By reason"), rows, right=(1,))
    say(f"Status: [bold]{standing['status']}[/]")
    if standing["error"]:
        say(f"[red]{standing['error']}[/]")


def _figures(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items())


def _when(at: Any) -> str:
    return at.isoformat(timespec="seconds") if at else ""
