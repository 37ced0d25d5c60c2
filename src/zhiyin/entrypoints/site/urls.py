"""All addresses that Django answers: public links of messages, sign-up forms, then the console."""

from django.urls import include, path

urlpatterns = [
    path("", include("zhiyin.entrypoints.api.public")),
    path("", include("zhiyin.entrypoints.api.forms")),
    path("", include("zhiyin.entrypoints.api.form_api")),
    path("", include("zhiyin.entrypoints.api.messages")),
    path("", include("zhiyin.entrypoints.api.webhooks")),
    path("", include("zhiyin.entrypoints.console.urls")),
]
handler400 = "zhiyin.entrypoints.console.errors.bad_request"
handler403 = "zhiyin.entrypoints.console.errors.forbidden"
handler404 = "zhiyin.entrypoints.console.errors.not_found"
handler500 = "zhiyin.entrypoints.console.errors.broken"
