"""What every request meets first: a cap on its body, quiet ends of broken connections, headers that protect pages."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.errors import Problem, refusal

MIB = 1024 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
)


class BodyLimit:
    """Answers 413 as soon as a body is known to be, or turns out, larger than its path may take."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            fix = f"Send at most {limit // MIB} MB."
            response = refusal(413, "The request is too large.", fix, headers={"Connection": "close"})
            await response(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise Problem(413, "The request is too large.", f"Send at most {limit // MIB} MB.")
            return message

        try:
            await self._app(scope, counted, send)
        except ClientDisconnect:
            return  # the browser left in the middle of its request: nothing to answer, nothing to report


class PageHeaders:
    """Adds the security headers; only the paths in `framed` may be shown in a frame, by `framers`."""

    def __init__(self, app: ASGIApp, *, framed: frozenset[str], framers: tuple[str, ...]) -> None:
        self._app = app
        self._framed = framed
        self._framers = " ".join(("'self'", *framers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ancestors = self._framers if scope["path"] in self._framed else "'none'"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", CONTENT_SECURITY_POLICY + f"frame-ancestors {ancestors}")
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers["permissions-policy"] = "camera=(), microphone=(self), geolocation=()"
                embeddable = scope["path"] == "/chat.js"
                headers["cross-origin-resource-policy"] = "cross-origin" if embeddable else "same-origin"
                headers["cross-origin-opener-policy"] = "same-origin"
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)
