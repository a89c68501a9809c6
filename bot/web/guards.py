"""Who may open what: this machine's own browser for the staff panes, this site's own pages for every post."""

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import Request

from bot.web.errors import Problem

_LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_local_host(host: str) -> bool:
    """Say whether a Host header names this machine itself; a rebound DNS name does not.

    >>> is_local_host("localhost:8080"), is_local_host("[::1]"), is_local_host("localhost.evil.example")
    (True, True, False)
    """
    return _LOCAL_HOST.fullmatch(host) is not None


def is_loopback(address: str) -> bool:
    """Say whether a peer's address is of this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::ffff:127.0.0.1"), is_loopback("172.17.0.1"), is_loopback("")
    (True, True, False, False)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def may_see_staff_panes(request: Request) -> bool:
    """Say whether the request comes straight from this machine and was meant for it."""
    peer = request.client.host if request.client else ""
    hosts = request.headers.getlist("host")
    forwarded = any(name in request.headers for name in _FORWARDED)
    return is_loopback(peer) and len(hosts) == 1 and is_local_host(hosts[0]) and not forwarded


def require_staff(request: Request, *, playground: bool) -> None:
    """Raise 404 where there is no playground, 403 for everyone but this machine's own browser."""
    if not playground:
        raise Problem(404, "There is no playground here.", "It exists on the sample business only.")
    if not may_see_staff_panes(request):
        raise Problem(403, "The playground opens on its own machine only.", "Use http://localhost and the port.")


def require_same_origin(request: Request, public_url: str) -> None:
    """Raise 403 unless a page of this very server posts (Sec-Fetch-Site, else Origin, must say so)."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    own = {f"{request.url.scheme}://{request.headers.get('host', '')}".lower()}
    if public_url:
        parts = urlsplit(public_url)
        own.add(f"{parts.scheme}://{parts.netloc}".lower())
    same = site == "same-origin" if site is not None else origin.lower() in own
    if not same or (origin and site is None and origin == "null"):
        raise Problem(403, "Another site tried to post here.", "Post from this server's own page (Origin header).")
