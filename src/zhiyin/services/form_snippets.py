"""What to paste to have a form on a page: a plain form, a frame, a request. None of them needs a script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from zhiyin.adapters.records.models import Form
from zhiyin.services import forms, topics
from zhiyin.services.workspace import Workspace

TRAP = "fax"  # the field that people do not see
_HIDDEN = "position:absolute;left:-6000px"
_LABELS = {
    "en": {"email": "E-mail address", "name": "Name", "city": "City"},
    "zh-hans": {"email": "邮箱地址", "name": "姓名", "city": "城市"},
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to paste; ``name`` is ``html``, ``frame`` or ``api``."""

    name: str
    code: str


def snippets(ws: Workspace, row: Form, language: str) -> list[Snippet]:
    """A form and a frame for a page in ``language``, and a request for an app."""
    url = forms.address(ws, row)
    title = escape(row.noun.text("title", language))
    frame = (
        f'<iframe src="{url}?lang={language}" title="{title}" loading="lazy"\n'
        '        style="width: 100%; height: 560px; border: 0"></iframe>'
    )
    offered = [topic.key for topic in topics.public(ws, row.topics)]
    about = f', "topics": ["{offered[0]}"]' if offered else ""
    request = (
        f"curl {ws.settings.base_url}/v1/forms/{row.key} \\\n"
        "  -H 'content-type: application/json' \\\n"
        f'  -d \'{{"email": "li.na@example.com"{about}, "language": "{language}"}}\''
    )
    return [Snippet("html", _html(ws, row, language, url)), Snippet("frame", frame), Snippet("api", request)]


def _html(ws: Workspace, row: Form, language: str, url: str) -> str:
    noun, labels = row.noun, _LABELS[language]
    lines = [
        f'<form action="{url}" method="post">',
        f'  <input type="hidden" name="lang" value="{language}">',
    ]
    if row.redirects:
        lines.append(f'  <input type="hidden" name="return" value="{escape(row.redirects[0])}">')
    lines.append(
        f'  <label>{labels["email"]} <input type="email" name="email" required autocomplete="email"></label>'
    )
    for name in row.fields:
        if name in labels:
            lines.append(f'  <label>{labels[name]} <input name="{name}" maxlength="200"></label>')
    offered = topics.public(ws, row.topics)
    if len(offered) > 1:
        for topic in offered:
            label = escape(topic.noun.name(language))
            lines.append(f'  <label><input type="checkbox" name="topic" value="{topic.key}"> {label}</label>')
    lines += [
        f'  <div style="{_HIDDEN}" aria-hidden="true"><input name="{TRAP}" tabindex="-1" autocomplete="off"></div>',
        f"  <p>{escape(noun.text('consent', language))}</p>",
        f"  <button>{escape(noun.text('button', language))}</button>",
        "</form>",
    ]
    return "\n".join(lines)
