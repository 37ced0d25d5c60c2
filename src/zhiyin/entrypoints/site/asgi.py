"""The ASGI application: the tracking API and the browser tag beside Django, one process."""

from __future__ import annotations

from typing import Any

from zhiyin.entrypoints.api import openapi, tag
from zhiyin.entrypoints.api.track import TrackingApi
from zhiyin.services.workspace import Workspace

_DJANGO = ("/v1/messages", "/v1/forms/", "/v1/webhooks/")  # few at a time, answered from the records


def application(workspace: Workspace) -> Any:
    """The application of an open workspace: ``/v1/`` is the tracking API with its description and the schema of
    rules, ``/zhiyin.js`` the browser tag, all else is Django's."""
    from django.core.asgi import get_asgi_application

    django = get_asgi_application()
    track, script, documents = TrackingApi(workspace), tag.Tag(), openapi.documents()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send, workspace, track)
        elif scope["path"] in documents:
            await documents[scope["path"]](scope, receive, send)
        elif scope["path"].startswith("/v1/") and not scope["path"].startswith(_DJANGO):
            await track(scope, receive, send)
        elif scope["path"] == tag.PATH:
            await script(scope, receive, send)
        else:
            await django(scope, receive, send)

    return app


async def _lifespan(receive: Any, send: Any, workspace: Workspace, track: TrackingApi) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            workspace.spool.close()
            await track.door.write()
            await send({"type": "lifespan.shutdown.complete"})
            return
