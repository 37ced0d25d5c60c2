"""What browsers and mail programs need of HTTP: keep-alive requests to one server, and its forms."""

from __future__ import annotations

import http.client
import re
import threading
from html import unescape
from urllib.parse import urljoin, urlsplit

AGENTS = {
    "phone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148",
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/138.0.0.0 Safari/537.36",
    "gmail": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "apple": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "apple_proxy": "Mozilla/5.0",  # what Apple's Mail Privacy Protection says
    "scanner": "Mozilla/5.0 (compatible; BarracudaCentral link checker)",
}
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_INPUT = re.compile(r"<(?:input|button)\b([^>]*)>", re.IGNORECASE)


class Web:
    """Keep-alive HTTP/1.1 to one server, one connection per thread."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._local = threading.local()
        self._all: list[http.client.HTTPConnection] = []
        self.requests = 0

    def ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of the answer; redirects are not followed."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                self.requests += 1
                return response.status, response.headers, response.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                connection.close()  # the server closed an idle connection
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(self._host, self._port, timeout=30)
            self._all.append(self._local.connection)
        connection: http.client.HTTPConnection = self._local.connection
        return connection


def form_of(page: str, url: str) -> tuple[str, dict[str, str]]:
    """Where the first POST form of a page goes, and the values it sends. Raises ``ValueError`` if it has none.

    >>> form_of('<form method="post" action="/x"><input name="a" value="1"></form>', "http://h/u")
    ('http://h/x', {'a': '1'})
    """
    for match in _FORM.finditer(page):
        attributes = dict(_ATTRIBUTE.findall(match[1]))
        if attributes.get("method", "").lower() != "post":
            continue
        values = {}
        for tag in _INPUT.findall(match[2]):
            given = {name.lower(): unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
            if "name" in given:
                values[given["name"]] = given.get("value", "")
        return urljoin(url, unescape(attributes.get("action", "")) or url), values
    raise ValueError("the page has no form to post")
