"""The composer of a draft: its forms, its preview, and the test message."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.message import MessageStatus
from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.entrypoints.console import campaign_preview, words
from zhiyin.entrypoints.console.campaign_wording import Kept
from zhiyin.services.workspace import Workspace


def compose(
    ws: Workspace, request: HttpRequest, campaign: Any, *, options: Any = None, kept: Kept | None = None
) -> dict[str, Any]:
    """The composer: the wording's form, the options, the test, and the preview."""
    people = [member.customer_id for member in campaign_preview.members(ws, campaign)]
    wording = {name: getattr(campaign, name) for name in ("subject", "preheader", "body")}
    return {
        **campaign_preview.previewed(ws, request, campaign, people=people, kept=kept),
        "form": forms.styled(forms.Wording(initial={**wording, **(kept.typed if kept else {})})),
        "people": people,
        "options": options or options_form(ws, campaign),
        "test": forms.styled(forms.Test(initial={"to": request.user.email})),
        "flow": {"at": 2, "count": campaign.segment.count},
    }


def options_form(ws: Workspace, campaign: Any, data: QueryDict | None = None) -> forms.Options:
    """The form of audience, sender and measuring."""
    from zhiyin.services import recommenders

    known = [model.name for model in recommenders.models(ws)]
    return forms.styled(
        forms.Options(
            data,
            initial=forms.options_of(campaign, ws.settings.shop.currency),
            currency=ws.settings.shop.currency,
            segments=forms.segment_choices(ws),
            topics=forms.topic_choices(ws, campaign.topic),
            recommenders=[("", gettext("the best trained model")), *((name, name) for name in known)],
        )
    )


def test(ws: Workspace, key: str, data: QueryDict, own_address: str) -> dict[str, Any]:
    """Send one message to one address and tell what the mail server said."""
    from zhiyin.services import reviews

    filled = data.copy()
    filled.setdefault("to", own_address)
    form = forms.Test(filled)
    if not form.is_valid():
        return {"form": form, "told": gettext("The test was not sent: this is not an address.")}
    to = form.cleaned_data["to"]
    try:
        receipt = reviews.test_send(ws, key, to, form.cleaned_data["customer"] or None)
    except ZhiyinError as error:
        return {"form": form, "error": error, "told": words.tell(error.told)}
    taken = gettext("The mail server took the test for %(to)s.") % {"to": to}
    refused = gettext("The mail server did not take the test: %(reason)s.") % {
        "reason": words.name(words.REASONS, receipt.reason)
    }
    told = taken if receipt.status == MessageStatus.ACCEPTED else refused
    return {"form": form, "receipt": receipt, "to": to, "told": told}
