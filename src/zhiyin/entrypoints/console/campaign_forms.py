"""The forms of a campaign: make it, word it, test it, confirm it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from zhiyin.domain.money import to_major, to_minor
from zhiyin.entrypoints.console import formats
from zhiyin.services.workspace import Workspace

Form = TypeVar("Form", bound=forms.Form)
TYPED_FROM = 1_000  # recipients from which the number is typed before sending


class NewCampaign(forms.Form):
    """What a campaign needs before it can be worded."""

    name = forms.CharField(label=_("Name"), max_length=120)
    segment = forms.ChoiceField(label=_("Segment"))
    template = forms.ChoiceField(label=_("Start from"), widget=forms.RadioSelect)
    subject = forms.CharField(
        label=_("Subject"), max_length=300, required=False, help_text=_("The template's subject, if empty.")
    )
    sender_name = forms.CharField(label=_("Sender's name"), max_length=120, required=False)
    sender_email = forms.EmailField(label=_("Sender's address"), required=False)
    day = forms.DateField(
        label=_("Planned day"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("For the calendar. It goes out when you schedule or send it."),
    )

    def __init__(
        self,
        *args: Any,
        segments: Iterable[tuple[str, str]],
        templates: Iterable[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"].choices = list(segments)
        self.fields["template"].choices = list(templates)


class Wording(forms.Form):
    """What a draft says. Empty fields are kept: a draft may be unfinished."""

    subject = forms.CharField(label=_("Subject"), max_length=300, required=False, strip=False)
    preheader = forms.CharField(label=_("Preview line"), max_length=300, required=False, strip=False)
    body = forms.CharField(
        label=_("Message"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 22, "spellcheck": "false", "wrap": "off"}),
    )
    text = forms.CharField(
        label=_("Plain text in your own words"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12}),
    )


class Options(forms.Form):
    """How a draft is sent and measured."""

    name = forms.CharField(label=_("Name"), max_length=120)
    segment = forms.ChoiceField(label=_("Segment"))
    topic = forms.ChoiceField(
        label=_("Topic"),
        required=False,
        help_text=_("Who stopped it does not get this; the unsubscribe link stops this topic first."),
    )
    sender_name = forms.CharField(label=_("Sender's name"), max_length=120, required=False)
    sender_email = forms.EmailField(label=_("Sender's address"), required=False)
    reply_to = forms.EmailField(label=_("Replies go to"), required=False)
    recommender = forms.ChoiceField(label=_("Recommendations from"), required=False)
    holdout = forms.FloatField(label=_("Holdout, %"), min_value=0, max_value=50)
    window_days = forms.IntegerField(label=_("Days measured"), min_value=1, max_value=90)
    cost = forms.CharField(label=_("Cost of one message"), required=False)

    def __init__(
        self,
        *args: Any,
        currency: str,
        segments: Iterable[tuple[str, str]],
        recommenders: Iterable[tuple[str, str]],
        topics: Iterable[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["segment"].choices = list(segments)
        self.fields["recommender"].choices = list(recommenders)
        self.fields["topic"].choices = list(topics)
        if len(self.fields["topic"].choices) == 1:  # nothing to choose from
            del self.fields["topic"]

    def clean_holdout(self) -> float:
        """The share, from the percentage."""
        return float(self.cleaned_data["holdout"]) / 100

    def clean_cost(self) -> int:
        """Minor units, from the amount as people write it."""
        try:
            cost = to_minor(self.cleaned_data["cost"] or "0", self.currency)
        except ValueError:
            raise forms.ValidationError(gettext("This is not an amount.")) from None
        if cost < 0:
            raise forms.ValidationError(gettext("A cost is not below zero."))
        return cost


class Test(forms.Form):
    """Where a test goes, and as whom it is rendered."""

    to = forms.EmailField(label=_("Send a test to"))
    customer = forms.CharField(required=False)


class Confirm(forms.Form):
    """The last question before sending; from 1,000 recipients on, the number is typed."""

    typed = forms.CharField(label=_("Type the number of recipients to confirm"), required=False)
    at = forms.DateTimeField(
        label=_("Later, at"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    local = forms.BooleanField(label=_("At this hour of each recipient's own clock"), required=False)
    allow_local_links = forms.BooleanField(
        label=_("I am trying things out: send although the links lead to this machine only"), required=False
    )

    def __init__(self, *args: Any, recipients: int, local_links: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recipients, self.local_links = recipients, local_links
        self.fields["allow_local_links"].required = local_links

    def clean(self) -> dict[str, Any]:
        """An hour of people's own clocks needs an hour."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("local") and not given.get("at"):
            self.add_error("at", gettext("Choose the day and the hour."))
        return given

    @property
    def needed(self) -> bool:
        """Whether the number has to be typed."""
        return self.recipients >= TYPED_FROM

    def clean_typed(self) -> str:
        """The number as typed, with or without separators."""
        typed = str(self.cleaned_data["typed"])
        number = typed.replace(",", "").replace("，", "").replace(" ", "")
        if self.needed and number != str(self.recipients):
            raise forms.ValidationError(
                gettext("Type %(number)s to confirm.") % {"number": f"{self.recipients:,}"}
            )
        return typed


def options_of(campaign: Any, currency: str) -> dict[str, Any]:
    """The initial values of ``Options`` for a campaign."""
    return {
        "name": campaign.name,
        "segment": campaign.segment.key,
        "topic": campaign.topic,
        "sender_name": campaign.sender_name,
        "sender_email": campaign.sender_email,
        "reply_to": campaign.reply_to,
        "recommender": campaign.recommender,
        "holdout": f"{campaign.holdout * 100:g}",
        "window_days": campaign.window_days,
        "cost": f"{to_major(campaign.cost, currency):f}",
    }


def segment_choices(ws: Workspace) -> list[tuple[str, str]]:
    """The segments to choose from, each with its size where it is known."""
    from zhiyin.services import segments

    return [
        (
            segment.key,
            segment.name if segment.count is None else f"{segment.name} · {formats.number(segment.count)}",
        )
        for segment in segments.list_(ws)
    ]


def topic_choices(ws: Workspace, current: str = "") -> list[tuple[str, str]]:
    """The topics to choose from, none first; an archived one only where it is chosen already."""
    from zhiyin.services import topics

    language = get_language() or "en"
    rows = [row for row in topics.list_(ws) if row.archived_at is None or row.key == current]
    return [("", gettext("none")), *((row.key, row.noun.name(language)) for row in rows)]


def posted(request: HttpRequest) -> QueryDict | None:
    """The posted fields, also where there are none; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


def styled(form: Form) -> Form:
    """The form with the classes of the console on its controls, and errors tied to their fields."""
    for name, field in form.fields.items():
        widget = field.widget
        if isinstance(widget, forms.Select):
            widget.attrs["class"] = "form-select"
        elif isinstance(widget, forms.CheckboxInput):
            widget.attrs["class"] = "form-check-input"
        elif not isinstance(widget, forms.RadioSelect | forms.HiddenInput):
            widget.attrs["class"] = "form-control"
            widget.attrs.setdefault("autocomplete", "off")
        if form.is_bound and name in form.errors:
            widget.attrs["aria-invalid"] = "true"
            widget.attrs["aria-describedby"] = f"{form[name].auto_id}_error"
    return form
