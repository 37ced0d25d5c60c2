"""The owner's account: made on the first visit, then sign-in, sign-out, password, language and keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model, login, password_validation
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import Group
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import include, path, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from zhiyin.adapters import clock
from zhiyin.adapters.records import attempt
from zhiyin.entrypoints.site.client import client_address

TRIES, PAUSE = 10, timedelta(minutes=15)  # wrong passwords for one account from one address, then a pause
OWNERS = "owners"


def _look(form: forms.Form) -> None:
    for field in form.fields.values():
        field.widget.attrs.setdefault("class", "form-control")


class Welcome(forms.Form):
    """Name, e-mail and password of the owner; the e-mail is the name to sign in with."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput({"autocomplete": "name", "autofocus": True}),
    )
    email = forms.EmailField(
        label=_("E-mail"), max_length=150, widget=forms.EmailInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 8 characters, and not a common one."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _look(self)

    def clean_email(self) -> str:
        """Addresses are compared in lower case."""
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        """The password must not be common or like the name."""
        given = super().clean() or {}
        if "password" in given:
            user = get_user_model()(
                username=given.get("email", ""),
                email=given.get("email", ""),
                first_name=given.get("name", ""),
            )
            try:
                password_validation.validate_password(given["password"], user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return given


class SignIn(AuthenticationForm):
    """E-mail and password; too many wrong ones for one account from one address lead to a pause."""

    error_messages = {
        "invalid_login": _("E-mail and password do not match. Check both; capitals count in the password."),
        "inactive": _("This account is switched off."),
        "paused": _("Too many wrong passwords. Try again in 15 minutes."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget = forms.EmailInput({"autocomplete": "username", "autofocus": True})
        _look(self)

    def clean_username(self) -> str:
        """Addresses are compared in lower case."""
        return str(self.cleaned_data["username"]).lower()

    def clean(self) -> dict[str, Any]:
        """Django's check, counted."""
        who = f"sign-in:{client_address(self.request)}:{self.cleaned_data.get('username', '')}"
        now = clock.system()
        if attempt.failed(who, now) >= TRIES:
            raise forms.ValidationError(self.error_messages["paused"], code="paused")
        try:
            given = super().clean()
        except forms.ValidationError:
            attempt.count(who, now, PAUSE)
            raise
        attempt.forget(who)
        return given


class NewPassword(PasswordChangeForm):
    """The old password and the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = _("At least 8 characters, and not a common one.")
        _look(self)


@sensitive_post_parameters("password")
@login_not_required
def welcome(request: HttpRequest) -> HttpResponse:
    """The first visit: the one who installs the shop becomes its owner."""
    users = get_user_model().objects
    if users.exists():
        return redirect("overview" if request.user.is_authenticated else "login")
    form = Welcome(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with transaction.atomic():
            # one row that both of two visitors at the same moment need: the second waits, and then looks
            Group.objects.get_or_create(name=OWNERS)
            owners = Group.objects.select_for_update().get(name=OWNERS)
            if users.exists():
                return redirect("login")
            user = users.create_superuser(
                given["email"], given["email"], given["password"], first_name=given["name"]
            )
            owners.user_set.add(user)
        login(request, user)
        return redirect("overview")
    return render(request, "console/welcome.html", {"form": form}, status=422 if form.errors else 200)


class Leave(PasswordChangeView):
    """Change the password; Django signs every other session out."""

    form_class = NewPassword
    template_name = "console/password.html"
    success_url = reverse_lazy("password_done")


def password_done(request: HttpRequest) -> HttpResponse:
    """Say that the password is changed."""
    from django.contrib import messages
    from django.utils.translation import gettext

    messages.success(request, gettext("The password is changed. Every other session is signed out."))
    return redirect("overview")


@require_POST
def keys(request: HttpRequest) -> HttpResponse:
    """Switch the single-letter keys on or off in this browser."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    state = "on" if request.COOKIES.get("zhiyin_keys") == "off" else "off"
    response.set_cookie("zhiyin_keys", state, max_age=365 * 86400, samesite="Lax")
    return response


urlpatterns = [
    path("welcome", welcome, name="welcome"),
    path(
        "login",
        LoginView.as_view(
            template_name="console/login.html", authentication_form=SignIn, redirect_authenticated_user=True
        ),
        name="login",
    ),
    path("logout", LogoutView.as_view(), name="logout"),
    path("password", Leave.as_view(), name="password"),
    path("password/done", password_done, name="password_done"),
    path("keys", keys, name="keys"),
    path("i18n/", include("django.conf.urls.i18n")),
]
