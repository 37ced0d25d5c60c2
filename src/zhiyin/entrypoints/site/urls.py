"""All addresses that Django answers: public links of messages, then the console."""

from django.urls import include, path

urlpatterns = [
    path("", include("zhiyin.entrypoints.api.public")),
    path("", include("zhiyin.entrypoints.console.urls")),
]
