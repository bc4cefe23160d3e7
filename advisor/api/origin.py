"""Where a request comes from: the name it was sent to, and the page that sent it."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_SAFE = ("GET", "HEAD", "OPTIONS")


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own, without asking a name server."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(headers: Headers) -> str:
    """The name in the Host header, without its port, in small letters; "" for one that is malformed."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def is_own_host(host: str, names: Collection[str]) -> bool:
    """Whether a request meant this server. A page elsewhere can point its own name at 127.0.0.1 ("DNS rebinding")."""
    return is_loopback(host) or host in names


def is_cross_origin(method: str, headers: Headers) -> bool:
    """Whether a request that changes something was sent by a page of another origin.

    Browsers say so themselves (Sec-Fetch-Site), or name the origin, which is then compared with the host; what sends neither
    is no browser, and carries no cookie that it was not given on purpose. The method is that of Go's
    http.CrossOriginProtection; it needs no tokens in forms.
    """
    if method in _SAFE:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    except ValueError:  # no address at all
        return True
