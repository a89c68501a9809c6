"""The page behind the link in a letter. Opening it changes nothing (mail scanners open links): its button does."""

from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from bot.web.services import WebServices

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>{name}</title>
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:34em;margin:12vh auto;padding:0 20px;color:#22252a}}
button{{font:inherit;padding:.6em 1.4em;border:0;border-radius:8px;background:#1f6f63;color:#fff}}</style></head>
<body><main><h1>{name}</h1>{body}</main></body></html>
"""
ASKED = """<p>No more promotional messages, by e-mail or elsewhere? Answers and news about orders go on.</p>
<p lang="zh">不再接收任何推广信息？回复和订单通知不受影响。</p>
<form method="post"><button type="submit">Unsubscribe · 退订</button></form>"""
DONE = """<p>Done. You get no more promotional messages.</p><p lang="zh">已退订。您不会再收到推广信息。</p>"""
UNKNOWN = """<p>This link is not complete. Please open it from the letter again.</p>
<p lang="zh">链接不完整，请从邮件中重新打开。</p>"""


def unsubscribe_routes(services: WebServices) -> APIRouter:
    """The page, and what mail readers post by themselves (RFC 8058)."""
    router = APIRouter()

    @router.get("/unsubscribe/{token}")
    async def ask(token: str) -> Response:
        return _page(services.business_name, ASKED)

    @router.post("/unsubscribe/{token}")
    async def stop(token: str) -> Response:
        known = await run_in_threadpool(services.unsubscribe, token)
        return _page(services.business_name, DONE if known else UNKNOWN, 200 if known else 404)

    return router


def _page(name: str, body: str, status: int = 200) -> Response:
    content = PAGE.format(name=escape(name), body=body)
    return HTMLResponse(content, status, {"Content-Security-Policy": POLICY})
