"""A training's report as one HTML file that needs nothing else: no script, no picture, no request."""

from __future__ import annotations

import re
from pathlib import Path

from django.template.loader import render_to_string
from django.utils.translation import override

from zhiyin.adapters.records.models import TrainingRun
from zhiyin.entrypoints.console.recommendation_training import sections
from zhiyin.services.workspace import Workspace

_CSS = Path(__file__).parent / "static" / "zhiyin" / "zy.css"
_ICONS = re.compile(r'<svg class="zy-icon.*?</svg>', re.DOTALL)  # these live in a file beside the pages


def write(ws: Workspace, run: TrainingRun, path: Path, language: str = "en") -> None:
    """Write the report of a training to a file."""
    with override(language):
        text = render_to_string(
            "console/recommendations/report_file.html",
            {
                "run": run,
                "sections": sections(run),
                "shop": ws.settings.shop,
                "css": _CSS.read_text(encoding="utf-8"),
                "language": "zh-CN" if language.startswith("zh") else language,
            },
        )
    path.write_text(_ICONS.sub("", text), encoding="utf-8")
