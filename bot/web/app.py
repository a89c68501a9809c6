"""Puts the routes together. What exists depends on what the application passes in; nothing is on by itself."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from bot.web import errors
from bot.web.errors import Problem
from bot.web.guards import require_staff
from bot.web.limits import MIB, BodyLimit, PageHeaders
from bot.web.panes import PaneApi
from bot.web.services import WebServices
from bot.web.shop import shop_routes
from bot.web.unsubscribe import unsubscribe_routes

STATIC = Path(__file__).parent / "static"
_REVALIDATE = {"Cache-Control": "no-cache"}


def create_app(services: WebServices) -> FastAPI:
    """Return the web application; start the channel itself (`WebChannel.start`) on the same event loop."""
    app = FastAPI(title="Rapport", docs_url=None, redoc_url=None, openapi_url=None)
    errors.install(app)
    app.add_middleware(BodyLimit, limit_of=_body_limit)
    app.add_middleware(PageHeaders, framed=frozenset({"/chat"}), framers=services.embed_origins)
    app.include_router(_operations(services))
    app.include_router(shop_routes(services))
    app.include_router(unsubscribe_routes(services))
    app.include_router(_pages(services))
    if services.web is not None:
        app.include_router(PaneApi(services, services.web).routes())
        app.mount("/static", _Revalidated(directory=STATIC))
    return app


class _Revalidated(StaticFiles):
    """Static files that a browser keeps but asks about, so that an upgrade shows at once."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response


def _body_limit(path: str) -> int:
    return 12 * MIB if path.startswith("/api/panes/") else MIB


def _operations(services: WebServices) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def alive() -> Response:
        return PlainTextResponse("ok\n")

    @router.get("/health")
    async def health() -> Response:
        state = await run_in_threadpool(services.health)
        return JSONResponse(state, 200 if state.get("ok", True) else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        figures = await run_in_threadpool(services.metrics)
        return Response(figures, media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.post("/telegram/webhook")
    async def telegram(request: Request) -> Response:
        take: Callable[..., Awaitable[int]] | None = services.telegram_webhook
        if take is None:
            raise Problem(404, "The Telegram webhook is off.", "Set RAPPORT_TELEGRAM__WEBHOOK_SECRET to switch it on.")
        return Response(status_code=await take(dict(request.headers.items()), await request.body()))

    return router


def _pages(services: WebServices) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def playground(request: Request) -> Response:
        require_staff(request, playground=services.playground)
        return FileResponse(STATIC / "playground.html", headers=_REVALIDATE)

    @router.get("/chat")
    async def chat() -> Response:
        _require_chat(services)
        return FileResponse(STATIC / "chat.html", headers=_REVALIDATE)

    @router.get("/chat.js")
    async def embed() -> Response:
        _require_chat(services)
        return FileResponse(STATIC / "embed.js", media_type="text/javascript", headers=_REVALIDATE)

    return router


def _require_chat(services: WebServices) -> None:
    if services.web is None:
        raise Problem(404, "There is no web chat here.", "Set RAPPORT_WEB__CHAT=true to switch it on.")
