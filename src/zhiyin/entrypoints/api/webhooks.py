"""Webhooks of the provider that delivers our mail: ``POST /v1/webhooks/NAME``, checked before they are read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from zhiyin.adapters.sources import esp
from zhiyin.domain.errors import ZhiyinError
from zhiyin.entrypoints.site import current
from zhiyin.services import esp_events


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, name: str) -> JsonResponse:
    """Take in what the provider tells; GET and HEAD, by which some look whether anybody is there, do nothing."""
    request.COOKIES.clear()
    ws = current()
    settings = ws.settings.esp
    if not settings.name or name != settings.name:
        return _answer("there is no such webhook", 404)
    if request.method != "POST":
        return _answer("ok", 200)
    try:
        told = esp.events(settings, request)
    except (esp.Forged, SuspiciousOperation):
        return _answer("the signature or the secret is not right", 403)
    except esp.Unreadable:
        return _answer("these are no events", 400)
    except ZhiyinError as error:
        return _answer(str(error.what), 403)
    esp_events.take(ws, name, told)
    return _answer("ok", 200)


def _answer(text: str, status: int) -> JsonResponse:
    return JsonResponse({"message": text}, status=status, headers={"Cache-Control": "no-store"})


urlpatterns = [path("v1/webhooks/<str:name>", take, name="webhook"), path("v1/webhooks/<str:name>/", take)]
