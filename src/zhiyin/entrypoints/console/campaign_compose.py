"""The composer of a draft: its forms, its preview, and the test message."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext

from zhiyin.domain.errors import ZhiyinError
from zhiyin.domain.message import MessageStatus
from zhiyin.entrypoints.console import campaign_forms as forms
from zhiyin.entrypoints.console import campaign_preview, campaign_wording, editor_parts, words
from zhiyin.entrypoints.console.campaign_wording import Kept
from zhiyin.entrypoints.console.editor import Edited
from zhiyin.services.workspace import Workspace


def compose(
    ws: Workspace,
    request: HttpRequest,
    campaign: Any,
    *,
    options: Any = None,
    kept: Kept | None = None,
    edited: Edited | None = None,
) -> dict[str, Any]:
    """The composer: the wording's form, the blocks, the options, the test, and the preview."""
    people = [member.customer_id for member in campaign_preview.members(ws, campaign)]
    language = campaign_wording.language_of(campaign, request.POST or editor_parts.asked(request))
    return {
        **campaign_preview.previewed(ws, request, campaign, people=people, kept=kept, in_language=language),
        **editing(ws, campaign, language, kept, edited or Edited("")),
        **editor_parts.languages(campaign, language),
        "language_url": reverse("campaign_language", args=[campaign.key]),
        "people": people,
        "options": options or options_form(ws, campaign),
        "test": forms.styled(forms.Test(initial={"to": request.user.email})),
        "flow": {"at": 2, "count": campaign.segment.count},
    }


def editing(ws: Workspace, campaign: Any, language: str, kept: Kept | None, edited: Edited) -> dict[str, Any]:
    """The wording of one language in its form, and its blocks."""
    address = reverse("campaign_preview", args=[campaign.key])
    return editor_parts.parts(ws, campaign.wordings.of(language), kept.typed if kept else {}, edited, address)


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
    from zhiyin.services import campaigns, reviews

    filled = data.copy()
    filled.setdefault("to", own_address)
    form = forms.Test(filled)
    if not form.is_valid():
        return {"form": form, "told": gettext("The test was not sent: this is not an address.")}
    to = form.cleaned_data["to"]
    try:
        in_language = campaign_wording.shown_language(campaigns.get(ws, key), data)
        receipt = reviews.test_send(ws, key, to, form.cleaned_data["customer"] or None, language=in_language)
    except ZhiyinError as error:
        return {"form": form, "error": error, "told": words.tell(error.told)}
    taken = gettext("The mail server took the test for %(to)s.") % {"to": to}
    refused = gettext("The mail server did not take the test: %(reason)s.") % {
        "reason": words.name(words.REASONS, receipt.reason)
    }
    told = taken if receipt.status == MessageStatus.ACCEPTED else refused
    return {"form": form, "receipt": receipt, "to": to, "told": told}
