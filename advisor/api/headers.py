"""What browsers are told: scripts, styles and data from this server alone, shown in no other page."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

_POLICY = "Content-Security-Policy"
_PAGE = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' {known} 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_DATA = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all, a form would be sent without its origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HTTPS = "max-age=31536000"
_SCRIPT = re.compile(rb"<script(?=[\s>])")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def script_hashes(html: str) -> str:
    """The scripts between the lines of some HTML, as a policy names them: for what Gradio adds to its page later."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(html))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


class SecuredSend:
    """Sends an answer with the headers that protect its reader.

    Gradio's page has scripts of its own between its lines, which differ with the server's address. The page is made from
    templates and from the words of the interface, never from what people or documents say, so every script in it gets the
    number that the policy asks for. What is put into the page later has none: it runs only when it is known by its hash.
    "unsafe-eval" is for Gradio's component for HTML, which compiles the template around its value, never the value itself.
    """

    def __init__(self, send: Send, *, https: bool, known: str) -> None:
        """:param known: the hashes of the scripts that the page adds to itself."""
        self._send = send
        self._known = known
        self._https = https
        self._start: Message = {}
        self._body: list[bytes] | None = None  # of a page, which is sent when it is whole

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            headers = MutableHeaders(scope=message)
            kind = headers.get("content-type", "").partition(";")[0]
            self._protect(headers, kind)
            if kind == "text/html" and _POLICY not in headers:
                self._body = []
                return
        elif self._body is not None:
            self._body.append(message.get("body", b""))
            if message.get("more_body"):
                return
            await self._send_page(b"".join(self._body), message)
            return
        await self._send(message)

    def _protect(self, headers: MutableHeaders, kind: str) -> None:
        for name in [name for name in headers if name.startswith("access-control-")]:
            del headers[name]  # Gradio would let other pages of this machine read answers
        for name, value in _ALWAYS.items():
            headers[name] = value
        if self._https:
            headers["Strict-Transport-Security"] = _HTTPS
        if kind in ("text/html", "application/json", "text/event-stream"):
            headers.setdefault("Cache-Control", "no-store")
        if kind not in ("text/html", "application/pdf"):  # the browser's own reader of PDF needs what the policy forbids
            headers.setdefault(_POLICY, _DATA)

    async def _send_page(self, page: bytes, last: Message) -> None:
        nonce = secrets.token_urlsafe(16)
        page = _SCRIPT.sub(f'<script nonce="{nonce}"'.encode(), page)
        headers = MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(page))
        headers[_POLICY] = _PAGE.format(nonce=nonce, known=self._known)
        await self._send(self._start)
        await self._send({**last, "body": page})
