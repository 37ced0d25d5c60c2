"""Parts that many pages share: the empty place, paging, a sortable column, a problem."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("console/_empty.html")
def empty(
    icon_name: str, title: str, text: str = "", href: str = "", label: str = "", primary: bool = False
) -> dict[str, Any]:
    """``{% empty "filter" title text href label %}``: what will be here, and the button that makes the first."""
    return {
        "icon_name": icon_name,
        "title": title,
        "text": text,
        "href": href,
        "label": label,
        "primary": primary,
    }


@register.inclusion_tag("console/_paging.html", takes_context=True)
def paging(context: Any, page: int, pages: int, total: int) -> dict[str, Any]:
    """``{% paging page pages total %}``: keeps the rest of the query string."""
    return {
        "request": context["request"],
        "page": page,
        "pages": pages,
        "total": total,
        "before": page - 1 if page > 1 else None,
        "after": page + 1 if page < pages else None,
    }


@register.inclusion_tag("console/_sortable.html", takes_context=True)
def sortable(context: Any, key: str, label: str, css: str = "", down_first: bool = True) -> dict[str, Any]:
    """``{% sortable "revenue" label "zy-num" %}``: a column head that sorts; ``context["sort"]`` is ``-revenue``."""
    now = context.get("sort", "")
    up, down = key, f"-{key}"
    state = "descending" if now == down else "ascending" if now == up else ""
    first, second = (down, up) if down_first else (up, down)
    return {
        "request": context["request"],
        "label": label,
        "css": css,
        "state": state,
        "next": second if now == first else first,
    }


@register.inclusion_tag("console/_problem.html")
def problem(error: Any, tone: str = "problem") -> dict[str, Any]:
    """``{% problem error %}``: what, why and what next of a ``ZhiyinError``, with its code."""
    return {"error": error, "tone": tone}
