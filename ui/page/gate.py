"""Who may reach the server of the page: whoever has its token, from this machine, and no page of another origin.

It stands before everything that Streamlit serves: the page, its connection, uploads, downloads and static files.
Only the health check, which says "ok", answers without a token.
"""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")  # no other name may be pointed at this machine (DNS rebinding)
_HEALTH = "/_stcore/health"
# Vega draws charts with functions that it makes, and Streamlit styles elements in place; all else is ours alone.
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-src 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_REFUSAL = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>CodeRAG: token needed</title></head>
<body style="font-family: sans-serif; max-width: 40rem; margin: 4rem auto; line-height: 1.5">
<h1>This page needs its token</h1>
<p>{reason}</p>
<p>Open the address that <code>coderag ui</code> printed in its terminal; it ends in <code>?token=...</code>.
If it is gone, stop <code>coderag ui</code> with Ctrl+C and start it again.</p>
</body></html>
"""
_MISSING = "It shows databases and conversations of the person who started it, so the address alone does not open it."
_WRONG = "The token in the address is not the one of this server: each start makes a new one."


class Gate:
    """Lets a browser in that has brought the token once, and keeps pages of other origins out.

    A right token in the address is exchanged for a cookie of the browser session and taken out of the address, so that
    it stands in no history, reload or link. The cookie holds no token, only what is derived from it.

    Args:
        app: What to guard.
        token: The token; empty to let in whoever reaches the server.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()
        self._pass = hmac.new(self._token, b"coderag page cookie", hashlib.sha256).hexdigest()
        # Browsers keep one jar for all ports of a host: a name of its own for each server.
        self._cookie = f"coderag_{hashlib.sha256(b'name' + self._token).hexdigest()[:12]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, refuse or exchange the token (ASGI)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        http = scope["type"] == "http"
        given = _token_of(scope) if http and self._token else ""
        known = self._knows(headers)
        if not _is_own_origin(headers):
            await _refuse(scope, send, "The request came from another host or from another page.")
        elif given:
            await (self._exchange(scope, send) if known or self._is_right(given) else _refuse(scope, send, _WRONG))
        elif known or (http and scope["path"] == _HEALTH):
            await self._app(scope, receive, _with_headers(send))
        else:
            await _refuse(scope, send, _MISSING)

    def _knows(self, headers: dict[str, str]) -> bool:
        """Whether the browser has the cookie, or needs none."""
        if not self._token:
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._pass.encode())

    def _is_right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    async def _exchange(self, scope: Scope, send: Send) -> None:
        rest = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        cookie = f"{self._cookie}={self._pass}; Path=/; HttpOnly; SameSite=Lax"
        path = "/" + scope["path"].lstrip("/")  # two slashes would name another host
        location = path + (f"?{rest}" if rest else "")
        await _answer(scope, send, 303, "", {"location": quote(location, safe="/?&=%+:;,~-._"), "set-cookie": cookie})


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _token_of(scope: Scope) -> str:
    return dict(_query(scope)).get("token", "")


def _is_own_origin(headers: dict[str, str]) -> bool:
    """Whether the request is for this machine by name, and not from a page that another server sent."""
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name not in HOSTS:
        return False
    origin = headers.get("origin")
    return origin is None or origin in (f"http://{host}", f"https://{host}")


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            kept = [pair for pair in message.get("headers", ()) if pair[0].decode("latin-1").lower() not in _HEADERS]
            message = {**message, "headers": [*kept, *ours]}
        await send(message)

    return guarded


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser gets a 403
    else:
        await _answer(scope, send, 403, _REFUSAL.format(reason=reason), {})


async def _answer(scope: Scope, send: Send, status: int, body: str, headers: dict[str, str]) -> None:
    content = b"" if scope.get("method") == "HEAD" else body.encode()
    given = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store", **headers}
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    pairs.append((b"content-length", str(len(content)).encode()))
    await _with_headers(send)({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})
