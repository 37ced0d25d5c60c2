"""Settings: shop, sender, mail server, campaign defaults, and the doctor's checks."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from zhiyin.adapters import settings as settings_file
from zhiyin.domain.errors import BadSetting, ZhiyinError
from zhiyin.domain.esp import ESPS
from zhiyin.domain.message import MessageStatus
from zhiyin.domain.money import EXPONENTS, SYMBOLS
from zhiyin.entrypoints.console import words
from zhiyin.entrypoints.site import current, reopen
from zhiyin.services import doctor, sender

_CURRENCIES = sorted({"CNY", "AUD", "CAD", "CHF", "INR", "SGD", "THB", "MYR", *SYMBOLS, *EXPONENTS})
_PASSWORDS = (
    "smtp__password",
    "bounces__password",
    "esp__key",
    "esp__secret",
    "esp__webhook_secret",
    "esp__webhook_key",
)
_KEPT = "••••••••"  # shown where a password is set; sent back unchanged, it stays


def _origin(value: str) -> None:
    """Marks the field where ``zhiyin.toml`` would refuse the address."""
    try:
        settings_file.check_origin("server.base_url", value, "")
    except BadSetting as error:
        raise forms.ValidationError(
            _("Write the address alone, such as https://mail.example.com, without a path.")
        ) from error


def _switch(label: str, help_text: str) -> forms.TypedChoiceField:
    choices = [(True, _("Switched on")), (False, _("Switched off"))]
    return forms.TypedChoiceField(
        label=label, help_text=help_text, choices=choices, coerce=lambda chosen: chosen == "True"
    )


def _password(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput({"autocomplete": "off"}, render_value=True),
    )


class SettingsForm(forms.Form):
    """Every setting that a marketer changes; the names are those of ``zhiyin.toml`` with ``__`` for the dot."""

    shop__name = forms.CharField(label=_("Name of the shop"), max_length=120)
    shop__language = forms.ChoiceField(
        label=_("Language of messages"),
        choices=[("en", "English"), ("zh-hans", "中文")],
        help_text=_("For customers whose language is not known."),
    )
    shop__currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in _CURRENCIES])
    shop__timezone = forms.ChoiceField(
        label=_("Time zone"), choices=[(name, name) for name in sorted(available_timezones())]
    )
    shop__address = forms.CharField(
        label=_("Postal address"),
        required=False,
        max_length=300,
        help_text=_("Stands at the foot of messages; many countries require it."),
    )
    server__base_url = forms.URLField(
        label=_("Public address"),
        required=False,
        max_length=253,
        assume_scheme="https",
        validators=[_origin],
        help_text=_("Where links in messages lead, such as https://mail.example.com."),
    )
    sender__name = forms.CharField(
        label=_("Sender's name"), required=False, max_length=120, help_text=_("The shop's name if empty.")
    )
    sender__email = forms.EmailField(label=_("Sender's e-mail"), required=False, max_length=254)
    sender__bounce_address = forms.EmailField(
        label=_("What comes back goes to"),
        required=False,
        max_length=254,
        help_text=_("Such as bounces@mail.example.com, with a mailbox that takes bounces+anything too."),
    )
    transactional__sender_name = forms.CharField(
        label=_("Sender's name"), required=False, max_length=120, help_text=_("That of the sender if empty.")
    )
    transactional__sender_email = forms.EmailField(
        label=_("Sender's e-mail"),
        required=False,
        max_length=254,
        help_text=_("Best of a domain of its own, so that marketing does not harm receipts and passwords."),
    )
    transactional__reply_to = forms.EmailField(
        label=_("Answers go to"), required=False, max_length=254, help_text=_("To the sender if empty.")
    )
    transactional__tracking = _switch(
        _("Tracking"), _("Their links and a pixel tell that they were opened and clicked.")
    )
    smtp__host = forms.CharField(
        label=_("Mail server"),
        required=False,
        max_length=253,
        help_text=_("Sending is off while this is empty."),
    )
    smtp__port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    smtp__security = forms.ChoiceField(
        label=_("Encryption"),
        choices=[("starttls", "STARTTLS (587)"), ("tls", "TLS (465)"), ("none", _("none (25)"))],
    )
    smtp__user = forms.CharField(label=_("User"), required=False, max_length=254)
    smtp__password = _password(_("Password"))
    esp__name = forms.ChoiceField(
        label=_("Provider"),
        required=False,
        choices=[("", _("none: the mail server")), *((name, name) for name in ESPS)],
        help_text=_("Delivers through its own API, in place of the mail server."),
    )
    esp__key = _password(_("Key"))
    esp__secret = _password(_("Second part of the key"), _("Only mailjet and amazon_ses have one."))
    esp__options = forms.CharField(
        label=_("More options"),
        required=False,
        max_length=1_000,
        help_text=_("Such as api_url=https://api.eu.mailgun.net/v3, sender_domain=mg.example.com."),
    )
    esp__webhook_secret = _password(
        _("Secret of webhooks"),
        _("USER:PASSWORD. The provider posts to /v1/webhooks/ and its name, with both."),
    )
    esp__webhook_key = _password(_("Key of webhooks"), _("By which the provider signs them, if it does."))
    bounces__protocol = forms.ChoiceField(
        label=_("Mailbox"),
        required=False,
        choices=[("", _("none")), ("imap", "IMAP"), ("pop3", "POP3")],
        help_text=_("The one that takes what comes back. It is read every few minutes."),
    )
    bounces__host = forms.CharField(label=_("Server of the mailbox"), required=False, max_length=253)
    bounces__port = forms.IntegerField(
        label=_("Port"), min_value=0, max_value=65535, help_text=_("The usual one if 0.")
    )
    bounces__security = forms.ChoiceField(
        label=_("Encryption"),
        choices=[
            ("tls", "TLS"),
            ("starttls", "STARTTLS"),
            ("none", _("none (this machine only)")),
            ("unsafe", _("none, over the network too")),
        ],
    )
    bounces__user = forms.CharField(label=_("User"), required=False, max_length=254)
    bounces__password = _password(_("Password"))
    bounces__folder = forms.CharField(label=_("Folder"), max_length=200, help_text=_("IMAP only."))
    bounces__after = forms.ChoiceField(
        label=_("After a message was taken in"),
        choices=[("keep", _("It stays in the mailbox")), ("delete", _("It is removed"))],
    )
    campaign__holdout = forms.DecimalField(
        label=_("Holdout, %"),
        min_value=0,
        max_value=50,
        decimal_places=1,
        help_text=_("Kept back by chance, so that the effect can be told."),
    )
    campaign__window_days = forms.IntegerField(
        label=_("Window, days"),
        min_value=1,
        max_value=365,
        help_text=_("Orders this long after sending count."),
    )
    campaign__cost = forms.DecimalField(
        label=_("Cost of a message"), min_value=0, decimal_places=4, help_text=_("In the shop's currency.")
    )
    campaign__consent = forms.ChoiceField(
        label=_("Who may be written to"),
        choices=[
            ("opt_in", _("Only customers who agreed")),
            ("opt_out", _("Also customers who were never asked")),
        ],
    )
    calendar__occasions = forms.ChoiceField(
        label=_("Days marked in the calendar"),
        choices=[
            ("language", _("Those of the shop's language")),
            ("chinese", _("Chinese")),
            ("western", _("Western")),
            ("both", _("Both")),
            ("none", _("No days")),
        ],
    )

    pace__per_minute = forms.IntegerField(
        label=_("Messages a minute"), min_value=0, max_value=1_000_000, help_text=_("No limit if 0.")
    )
    pace__domains = forms.CharField(
        label=_("Messages a minute to a domain"),
        required=False,
        max_length=2_000,
        help_text=_("Domains or providers, such as tencent=60, gmail.com=300."),
    )
    pace__quiet = forms.CharField(
        label=_("Quiet hours"),
        required=False,
        max_length=20,
        help_text=_("On the recipient's clock, such as 21:00-08:00. Messages wait until they end."),
    )
    pace__windows = forms.CharField(
        label=_("Hours for sending"),
        required=False,
        max_length=500,
        help_text=_(
            "On the recipient's clock, such as Mon-Fri 09:00-18:00, Sat 10:00-14:00. Empty: all hours."
        ),
    )
    pace__warm_up_from = forms.CharField(
        label=_("Warm-up since"),
        required=False,
        max_length=10,
        help_text=_("The day a new sender began, such as 2026-03-01. Empty: no warm-up."),
    )
    pace__warm_up_first = forms.IntegerField(
        label=_("Messages on the first day"), min_value=1, max_value=1_000_000
    )
    pace__warm_up_growth = forms.DecimalField(
        label=_("Times as many each day"), min_value=1, max_value=10, decimal_places=2
    )
    tracking__opens = _switch(_("Opens"), _("A pixel in each message tells that it was opened."))
    tracking__clicks = _switch(_("Clicks"), _("Links lead through this server, which notes the click."))
    tracking__hidden_link = _switch(
        _("Hidden link"), _("Nobody sees it; programs that follow it are told apart from people.")
    )
    tracking__utm_source = forms.SlugField(
        label=_("Source in links (utm_source)"),
        required=False,
        max_length=60,
        help_text=_("For web analytics: added to links, with the campaign's key. Empty adds nothing."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            chosen = isinstance(field, forms.ChoiceField)
            field.widget.attrs["class"] = "form-select" if chosen else "form-control"

    def changes(self) -> dict[str, Any]:
        """What to write, by the name of the setting."""
        given = {name.replace("__", "."): value for name, value in self.cleaned_data.items()}
        given["campaign.holdout"] = float(given["campaign.holdout"]) / 100
        given["pace.warm_up_growth"] = float(given["pace.warm_up_growth"])
        given["campaign.cost"] = str(given["campaign.cost"])
        for name in _PASSWORDS:
            if given[name.replace("__", ".")] == _KEPT:
                del given[name.replace("__", ".")]
        return given


GROUPS = (
    (
        "shop",
        _("Shop"),
        ("shop__name", "shop__language", "shop__currency", "shop__timezone", "shop__address"),
    ),
    ("server", _("Links in messages"), ("server__base_url",)),
    ("sender", _("Sender"), ("sender__name", "sender__email", "sender__bounce_address")),
    (
        "transactional",
        _("Transactional messages"),
        (
            "transactional__sender_name",
            "transactional__sender_email",
            "transactional__reply_to",
            "transactional__tracking",
        ),
    ),
    (
        "smtp",
        _("Mail server"),
        ("smtp__host", "smtp__port", "smtp__security", "smtp__user", "smtp__password"),
    ),
    (
        "esp",
        _("Provider of mail"),
        ("esp__name", "esp__key", "esp__secret", "esp__options", "esp__webhook_secret", "esp__webhook_key"),
    ),
    (
        "bounces",
        _("What comes back"),
        (
            "bounces__protocol",
            "bounces__host",
            "bounces__port",
            "bounces__security",
            "bounces__user",
            "bounces__password",
            "bounces__folder",
            "bounces__after",
        ),
    ),
    (
        "campaign",
        _("Defaults of a campaign"),
        (
            "campaign__holdout",
            "campaign__window_days",
            "campaign__cost",
            "campaign__consent",
            "calendar__occasions",
        ),
    ),
    (
        "pace",
        _("Pace of sending"),
        (
            "pace__per_minute",
            "pace__domains",
            "pace__quiet",
            "pace__windows",
            "pace__warm_up_from",
            "pace__warm_up_first",
            "pace__warm_up_growth",
        ),
    ),
    (
        "tracking",
        _("Opens and clicks"),
        ("tracking__opens", "tracking__clicks", "tracking__hidden_link", "tracking__utm_source"),
    ),
)


@sensitive_post_parameters(*_PASSWORDS)
def page(request: HttpRequest) -> HttpResponse:
    """Show the settings; a valid form is written to ``zhiyin.toml`` and holds at once."""
    form = SettingsForm(request.POST or None, initial=_present())
    if request.method == "POST" and form.is_valid():
        try:
            settings_file.write(current().folder, form.changes())
            reopen()
        except BadSetting as error:
            form.add_error(None, words.tell(error.told))
        else:
            messages.success(request, gettext("Saved. The new settings hold from now on."))
            return redirect("settings")
    return render(request, "console/settings.html", _context(form), status=422 if form.errors else 200)


def checks(request: HttpRequest) -> HttpResponse:
    """The doctor's checks, loaded after the page: the mail server may take seconds to answer."""
    found = [
        (check, words.CHECK_TEXTS.get((check.name, check.level), words.tell(check.what)))
        for check in doctor.check(current())
    ]
    return render(request, "console/_checks.html", {"checks": found})


@require_POST
def mail_test(request: HttpRequest) -> HttpResponse:
    """Send a test e-mail and say what the server answered."""
    ws = current()
    try:
        receipt = sender.test(
            ws,
            request.POST.get("to", "").strip(),
            gettext("Test from %(shop)s") % {"shop": ws.settings.shop.name},
            gettext("This message shows that the mail server takes messages from this address."),
        )
    except ZhiyinError as error:
        return render(request, "console/_problem.html", {"error": error, "tone": "problem"}, status=422)
    accepted = receipt.status == MessageStatus.ACCEPTED
    return render(request, "console/_mail_test.html", {"receipt": receipt, "accepted": accepted})


def _context(form: SettingsForm) -> dict[str, Any]:
    ws = current()
    return {
        "form": form,
        "groups": [(key, label, [form[name] for name in names]) for key, label, names in GROUPS],
        "overridden": [
            value for value in settings_file.explain(ws.folder) if value.source.startswith("environment")
        ],
        "section": "settings",
    }


def _present() -> dict[str, Any]:
    settings = current().settings
    present: dict[str, Any] = {}
    for _key, _label, names in GROUPS:
        for name in names:
            section, field = name.split("__")
            present[name] = getattr(getattr(settings, section), field)
    present["campaign__holdout"] = round(present["campaign__holdout"] * 100, 1)
    for name in _PASSWORDS:
        present[name] = _KEPT if present[name] else ""
    return present


urlpatterns = [
    path("settings", page, name="settings"),
    path("settings/checks", checks, name="settings_checks"),
    path("settings/mail-test", mail_test, name="settings_mail_test"),
]
