"""POST /api/shop/orders: a shop system tells of orders and shipments as they happen."""

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from bot.web.bodies import is_storable, read_object, texts
from bot.web.errors import Problem, refusal
from bot.web.services import WebServices


def shop_routes(services: WebServices) -> APIRouter:
    """Return the route; it answers 404 until both a token is set and somebody takes the updates."""
    router = APIRouter()

    @router.post("/api/shop/orders")
    async def take_orders(request: Request) -> Response:
        if services.shop_update is None or services.shop_token is None:
            raise Problem(404, "The route for shop systems is off.", "Set RAPPORT_WEB__SHOP_TOKEN to switch it on.")
        if not _authorised(request, services.shop_token.get_secret_value()):
            fix = "Send Authorization: Bearer and the shop token."
            challenge = {"WWW-Authenticate": 'Bearer realm="shop"'}
            return refusal(401, "The token is missing or wrong.", fix, headers=challenge)
        update = await read_object(request)
        if not all(is_storable(text) for text in texts(update)):
            raise Problem(400, "A text holds a NUL or half of a character pair.", "Send well-formed Unicode text.")
        try:
            taken = await run_in_threadpool(services.shop_update, update)
        except ValueError as error:
            describe = getattr(error, "as_dict", None)
            if describe is None:
                raise
            return JSONResponse({"error": describe()}, 422)
        return JSONResponse(taken)

    return router


def _authorised(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    same = secrets.compare_digest(given.strip(" \t").encode("latin-1"), token.encode())  # as the server decoded it
    return bool(token) and scheme.lower() == "bearer" and same
