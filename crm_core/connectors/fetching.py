"""The one place that asks others, and the only one that tells them anything: public addresses only, little, soon.

A name is resolved once and the connection goes to the address that was checked, so that a name which changes between
the look and the call leads nowhere. Each redirect is a new address and is checked as one.
"""

import asyncio
import ipaddress
import re
import socket
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import httpx

from config import VERSION
from crm_core.connectors.base import ConnectorProblem

MOST_BYTES = 2 * 1024 * 1024
"""After unpacking."""
SECONDS = 15.0
"""For everything: looking up the name, connecting, redirects, the last byte."""
REDIRECTS = 3
PORTS = (80, 443)
CHUNK = 64 * 1024
LONGEST_ADDRESS = 4000
_EMBEDDED = [
    ipaddress.ip_network(each)
    for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::ffff:0:0/96", "::/96", "192.0.0.0/24")
]
"""Addresses that stand for others (NAT64, 6to4, Teredo, IPv4 in IPv6), and those kept for protocols."""
_HOST = re.compile(r"[\w.-]{1,253}|[0-9a-fA-F:.]{2,45}", re.ASCII)
_PROLOG = re.compile(r"\A\ufeff?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}encoding=["']([\w.:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset=["']?([\w.:-]{1,40})""", re.IGNORECASE)
_ENCODINGS = re.compile(
    r"utf[-_]?(8|16|16le|16be)|us-ascii|ascii|gbk|gb2312|gb18030|big5|shift[-_]jis|euc-(jp|kr)|koi8-r"
    r"|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d",
    re.IGNORECASE,
)


class Forbidden(ConnectorProblem):
    """An address, a redirect or a document that is not let in."""


class Unreachable(ConnectorProblem):
    """No answer, or none in time. Worth trying again."""


class Unheard(Unreachable):
    """No connection came about: what was to be told was not heard."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` by lower-case name; `url` after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def text(self) -> str:
        """The body as text. Only encodings that servers use are believed; anything else is read as UTF-8."""
        marks = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
        named = next((name for mark, name in marks.items() if self.body.startswith(mark)), "")
        if not named:
            said = _CHARSET.search(self.headers.get("content-type", ""))
            declared = _DECLARED.search(self.body[:200])
            named = said[1] if said else declared[1].decode() if declared else ""
        encoding = named if _ENCODINGS.fullmatch(named) else "utf-8"
        return self.body.decode(encoding, "replace").removeprefix("\ufeff")


def xml_of(answer: Answer) -> str:
    """The text of an XML document that declares nothing: a DOCTYPE could make it unfold, or read files.

    Raises:
        Forbidden: it has one, or what comes before its first element is not XML.
    """
    text = answer.text
    prolog = _PROLOG.match(text)
    if prolog is None or not re.match(r"<[^\W\d]", text[prolog.end() : prolog.end() + 2]):
        raise Forbidden(f"{where(answer.url)} is no XML document, or has a DOCTYPE. Give the address of a plain feed.")
    return text


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, itself and not by way of another."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    inside = any(found in network for network in _EMBEDDED if network.version == found.version)
    odd = found.is_multicast or found.is_reserved or getattr(found, "is_site_local", False)
    return found.is_global and not (inside or odd)


def where(url: str) -> str:
    """The part of an address that may be told: no path, no query, no password."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


class Fetcher:
    """Fetches for one pull; closed after it. Not shared between threads: it has its own loop, for its deadline.

    Args:
        allow_private: also addresses that are not public, and any port: for tests and intranets.
        public_url: where this product is to be found, so that whoever is asked can see who asks.
    """

    def __init__(
        self,
        allow_private: bool = False,
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
        public_url: str = "",
    ) -> None:
        self._agent = f"Rapport/{VERSION}" + (f" (+{public_url})" if public_url else "")
        self._allow_private = allow_private
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._loop = asyncio.Runner()
        self._client = httpx.AsyncClient(timeout=seconds, trust_env=False, follow_redirects=False)

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._client.aclose())
        self._loop.close()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch an address.

        Raises:
            Forbidden: not let in.
            Unreachable: no answer in time.
        """
        try:
            return self._loop.run(self._within_time(url, dict(headers or {})))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise Unreachable(f"{where(url)} does not answer: {type(error).__name__}.") from None

    def send(self, method: Literal["POST", "PUT"], url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Tell an address something, once. A redirect is not followed: what we say is for whom we said it to.

        Raises:
            Forbidden: not let in; nothing was sent.
            Unheard: no connection.
            Unreachable: no answer in time; it may have been heard.
        """
        try:
            return self._loop.run(self._told(method, url, body, dict(headers)))
        except (httpx.ConnectError, httpx.ConnectTimeout, socket.gaierror) as error:
            raise Unheard(f"{where(url)} does not answer: {type(error).__name__}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise Unreachable(f"{where(url)} does not answer: {type(error).__name__}.") from None

    async def _told(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        async with asyncio.timeout(self._seconds):
            answer = await self._once(url, headers, method, body)
        if answer.status in (301, 302, 303, 307, 308):
            raise Forbidden(f"{where(url)} leads to another address. Set the address that it leads to.")
        return answer

    async def _within_time(self, url: str, headers: dict[str, str]) -> Answer:
        async with asyncio.timeout(self._seconds):
            for _ in range(REDIRECTS + 1):
                answer = await self._once(url, headers)
                target = answer.headers.get("location") if answer.status in (301, 302, 303, 307, 308) else None
                if not target:
                    return answer
                onward = urljoin(url, target)
                if urlsplit(onward)[:2] != urlsplit(url)[:2]:
                    headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
                url = onward
        raise Forbidden(f"{where(url)} redirects more than {REDIRECTS} times.")

    async def _once(self, url: str, headers: dict[str, str], method: str = "GET", body: bytes | None = None) -> Answer:
        host, port = self._checked(url)
        pinned = await self._resolved(host, port)
        target = httpx.URL(url).copy_with(host=pinned)
        sent = {
            "User-Agent": self._agent, "Accept-Encoding": "gzip, deflate", **headers,
            "Host": httpx.URL(url).netloc.decode("ascii"),
        }  # fmt: skip
        extensions = {"sni_hostname": host}
        request = self._client.build_request(method, target, headers=sent, content=body, extensions=extensions)
        response = await self._client.send(request, stream=True)
        try:
            answered = await self._body(response, url)
        finally:
            await response.aclose()
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, answered, url)

    def _checked(self, url: str) -> tuple[str, int]:
        """Host and port of an address that may be asked."""
        try:
            parts = httpx.URL(url) if len(url) <= LONGEST_ADDRESS else httpx.URL("")
        except httpx.InvalidURL:
            parts = httpx.URL("")
        host = parts.raw_host.decode("ascii")
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or parts.userinfo:
            raise Forbidden(f"{where(url)}: only plain addresses that begin with http:// or https:// are fetched.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if port not in PORTS and not self._allow_private:
            raise Forbidden(f"{where(url)}: port {port} is not fetched from, only {PORTS}.")
        return host, port

    async def _resolved(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not (self._allow_private or all(is_public(each) for each in addresses)):
            raise Forbidden(f"{host} is not a public address. For an intranet, set allow_private for this connector.")
        return addresses[0]

    async def _body(self, response: httpx.Response, url: str) -> bytes:
        """The body, unpacked step by step, never more than allowed."""
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("identity", "gzip", "x-gzip", "deflate", ""):
            raise Forbidden(f"{where(url)} answers in the encoding {packed[:20]!r}, which is not unpacked.")
        unpack = None if packed in ("identity", "") else _Unpacking()
        body = bytearray()
        async for chunk in response.aiter_raw(CHUNK):
            left = self._most_bytes - len(body)
            body += unpack(chunk, left + 1) if unpack else chunk
            if len(body) > self._most_bytes:
                raise Forbidden(f"{where(url)} sends more than {self._most_bytes // 1024} KB.")
        return bytes(body)


class _Unpacking:
    """gzip and both forms of deflate, one after the other tried on the first bytes."""

    def __init__(self) -> None:
        self._unpack: Any = None

    def __call__(self, chunk: bytes, most: int) -> bytes:
        try:
            if self._unpack is None:
                zlib_or_gzip = chunk[:2] == b"\x1f\x8b" or (
                    chunk[0] & 0x0F == 8 and int.from_bytes(chunk[:2]) % 31 == 0
                )
                self._unpack = zlib.decompressobj(47 if zlib_or_gzip else -15)
            unpacked: bytes = self._unpack.decompress(chunk, max(most, 1))
        except zlib.error:
            raise Forbidden("An answer that cannot be unpacked.") from None
        return unpacked
