"""The API behind the pages: session, events (SSE), posts, files; traces and the queue for the playground's staff."""

import json
from collections.abc import AsyncIterator
from typing import Any, get_args
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import Response, StreamingResponse

from bot.channels.web import (
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TEXT_BYTES,
    STAFF_CHATS,
    BadPost,
    NotStored,
    Pane,
    Posted,
    WebChannel,
)
from bot.channels.web_events import Event, TooManyWatchers, Watcher
from bot.channels.web_files import Upload, picture_type, shown_name, sound_type
from bot.channels.web_sessions import LIFETIME
from bot.channels.web_spool import SpoolFull
from bot.web.bodies import form_problem, media_type, parse_object, read_object
from bot.web.errors import Problem
from bot.web.guards import may_see_staff_panes, require_same_origin, require_staff
from bot.web.services import CannotCorrect, WebServices

HEARTBEAT_SECONDS = 15.0
ALL = "all"
"""In place of a pane: one stream for all three, because a browser opens only six connections to a server."""
RECONNECT_MILLISECONDS = 1500
_FILE_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, max-age=3600"}


class PaneApi:
    """The routes' functions, with the session and the rights worked out once."""

    def __init__(self, services: WebServices, web: WebChannel) -> None:
        self._services = services
        self._web = web
        self._secure = services.public_url.startswith("https://")

    def routes(self) -> APIRouter:
        """Return the routes of the chat, and those of the playground, which guard themselves."""
        router = APIRouter()
        add = router.add_api_route
        add("/api/session", self.session, methods=["GET"])
        add("/api/panes/{pane}/events", self.events, methods=["GET"])
        add("/api/panes/{pane}/messages", self.post, methods=["POST"])
        add("/files/{attachment_id}", self.file, methods=["GET"])
        add("/uploads/{reference}", self.upload, methods=["GET"])
        add("/api/playground", self.playground, methods=["GET"])
        add("/api/queue", self.queue, methods=["GET"])
        add("/api/trace/{chat_id}/{message_id}", self.trace, methods=["GET"])
        add("/api/corrections/{chat_id}/{message_id}", self.correct, methods=["POST"])
        return router

    async def session(self, request: Request) -> Response:
        """Say who this browser is; issue or renew its cookie."""
        chat_id = self._session(request)
        now = self._web.now()
        headers = {}
        if not chat_id or self._web.sessions.due(request.cookies.get(self._cookie, ""), now):
            value, chat_id = self._web.sessions.issue(now, chat_id)
            headers["Set-Cookie"] = self._set_cookie(value)
        limits = {"text_bytes": MAX_TEXT_BYTES, "file_bytes": MAX_FILE_BYTES, "files": MAX_FILES}
        answer = {"business": self._services.business_name, "chat_id": chat_id, "limits": limits}
        return JSONResponse(answer, headers=headers)

    def _set_cookie(self, value: str) -> str:
        """Return the header by hand: Python writes `Partitioned` from 3.14 on only."""
        framed = self._secure and bool(self._services.embed_origins)
        parts = [f"{self._cookie}={value}", "Path=/", f"Max-Age={int(LIFETIME.total_seconds())}", "HttpOnly"]
        parts += ["Secure"] if self._secure else []
        # inside another site's frame only SameSite=None is sent; posts are checked by their origin in any case
        parts += ["SameSite=None", "Partitioned"] if framed else ["SameSite=Lax"]
        return "; ".join(parts)

    async def events(self, request: Request, pane: str) -> Response:
        """Stream what happens in a pane as server-sent events, from `Last-Event-ID` (or `?after=`) on."""
        chats = self._all_chats(request) if pane == ALL else self._chats(request, _pane(pane))
        after = request.headers.get("last-event-id") or request.query_params.get("after", "")
        try:
            start = int(after) if after.isascii() and after.isdigit() and len(after) < 20 else 0
            watcher = self._web.watch(chats, start)
        except TooManyWatchers as error:
            problem = "Too many pages are open on this chat."
            raise Problem(429, problem, "Close some of them.", retry_after=10) from error
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(watcher), media_type="text/event-stream", headers=headers)

    async def _stream(self, watcher: Watcher) -> AsyncIterator[str]:
        try:
            yield f"retry: {RECONNECT_MILLISECONDS}\n\n"
            while True:
                event = await watcher.next(HEARTBEAT_SECONDS)
                if event is not None:
                    yield _line(event)
                elif watcher.closed:
                    return
                else:
                    yield ": still here\n\n"
        finally:
            self._web.leave(watcher)

    async def post(self, request: Request, pane: str) -> Response:
        """Take a text, an edit, a press or files; answers only once it is stored, 503 when it could not be."""
        require_same_origin(request, self._services.public_url)
        name = _pane(pane)
        chats = self._chats(request, name)
        posted = await _posted(request)
        try:
            accepted = await self._web.post(name, chats[0], posted)
        except BadPost as error:
            raise Problem(413 if error.too_large else 400, error.problem, error.fix, field=error.field) from error
        except (NotStored, SpoolFull) as error:
            problem = "The message could not be stored."
            raise Problem(503, problem, "Send it again with the same client_id.", retry_after=2) from error
        return JSONResponse({"id": accepted.message_id, "new": accepted.new})

    async def file(self, request: Request, attachment_id: str) -> Response:
        """Serve a file that was sent into a chat of this browser."""
        known = attachment_id.isascii() and attachment_id.isdigit() and len(attachment_id) < 20
        if not known or not self._web.was_sent(self._visible(request), int(attachment_id)):
            raise _no_file()
        stored = await run_in_threadpool(self._services.read_file, int(attachment_id))
        if stored is None:
            raise _no_file()
        return _file(stored.name, stored.content)

    async def upload(self, request: Request, reference: str) -> Response:
        """Serve a file that this browser uploaded a while ago, as long as it is kept."""
        found = await self._web.uploaded(self._visible(request), reference)
        if found is None:
            raise _no_file()
        return _file(found[0], found[2])

    async def playground(self, request: Request) -> Response:
        """Say what there is to try."""
        require_staff(request, playground=self._services.playground)
        info = await run_in_threadpool(self._services.playground_info)
        return JSONResponse(info)

    async def queue(self, request: Request) -> Response:
        """Give the state of each hand-over thread that the agent's pane shows."""
        require_staff(request, playground=self._services.playground)
        threads = list(dict.fromkeys(event["thread_id"] for event in self._web.kept("queue") if event.get("thread_id")))
        states = await run_in_threadpool(self._services.thread_states, threads)
        return JSONResponse({"states": dict(states)})

    async def trace(self, request: Request, chat_id: str, message_id: str) -> Response:
        """Give what happened to a message of this browser's customer pane or of a staff pane."""
        require_staff(request, playground=self._services.playground)
        traced = None
        if chat_id in self._visible(request) and len(message_id) <= 64:
            traced = await run_in_threadpool(self._services.trace, self._web.name, chat_id, message_id)
        if traced is None:
            raise Problem(404, "There is no trace of this message.", "Ask for a message that was sent in a pane.")
        return JSONResponse(traced)

    async def correct(self, request: Request, chat_id: str, message_id: str) -> Response:
        """Take what a message of this browser's customer pane meant: the name of an intent or mood as `label`."""
        require_staff(request, playground=self._services.playground)
        require_same_origin(request, self._services.public_url)
        label = (await read_object(request)).get("label")
        if not isinstance(label, str) or len(label) > 40:
            raise Problem(400, "label is not the name of an intent or mood.", "Send one of the menu.", field="label")
        if self._services.correct is None or chat_id not in self._visible(request) or len(message_id) > 64:
            raise Problem(404, "There is no such message.", "Correct a message that was sent in a pane.")
        try:
            noted = await run_in_threadpool(self._services.correct, chat_id, message_id, label)
        except CannotCorrect as error:
            raise Problem(409, str(error), "Correct a customer's message with a name of the menu.") from error
        return JSONResponse(noted)

    def _chats(self, request: Request, pane: Pane) -> tuple[str, ...]:
        if pane != "customer":
            require_staff(request, playground=self._services.playground)
            return self._web.chats_of(pane, "")
        session = self._session(request)
        if not session:
            problem = "This browser has no chat yet, or its cookie is not genuine."
            raise Problem(401, problem, "Open /api/session first and send its cookie.")
        return self._web.chats_of(pane, session)

    def _all_chats(self, request: Request) -> tuple[str, ...]:
        """Return the chats of all three panes; raises as each of them would."""
        return tuple(chat for pane in get_args(Pane) for chat in self._chats(request, pane))

    def _visible(self, request: Request) -> tuple[str, ...]:
        """Return all chats whose content this request may read."""
        session = self._session(request)
        staff = self._services.playground and may_see_staff_panes(request)
        return ((session,) if session else ()) + (STAFF_CHATS if staff else ())

    def _session(self, request: Request) -> str:
        return self._web.sessions.chat_of(request.cookies.get(self._cookie, ""), self._web.now())

    @property
    def _cookie(self) -> str:
        return "__Host-rapport" if self._secure else "rapport"


def _pane(name: str) -> Pane:
    for pane in get_args(Pane):
        if pane == name:
            return pane  # type: ignore[no-any-return]  # get_args loses the names
    raise Problem(404, "There is no such pane.", "Use customer, agent or manager.")


async def _posted(request: Request) -> Posted:
    kind = media_type(request)
    if kind == "application/json":
        return _from_json(await read_object(request), ())
    if kind != "multipart/form-data":
        problem = "The content type is neither application/json nor multipart/form-data."
        raise Problem(415, problem, "Send JSON, or a form with `message` and `files`.")
    try:
        async with request.form(max_files=MAX_FILES, max_fields=2, max_part_size=8 * MAX_TEXT_BYTES) as form:
            message = form.get("message")
            if not isinstance(message, str):
                raise Problem(400, "The form has no `message`.", "Add it: the message as JSON.", field="message")
            files = [await _read(file) for file in form.getlist("files") if isinstance(file, UploadFile)]
    except MultiPartException as error:
        raise form_problem(error) from error
    except UnicodeDecodeError as error:
        raise Problem(400, "The form is not UTF-8.", "Send the form as UTF-8.") from error
    return _from_json(parse_object(message.encode("utf-8", "surrogatepass")), tuple(files))


async def _read(file: UploadFile) -> Upload:
    content = await file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        fix = f"Send files of at most {MAX_FILE_BYTES // 1024 // 1024} MB."
        raise Problem(413, "A file is too large.", fix, field="files")
    return Upload(file.filename or "", file.content_type or "", content)


def _from_json(body: dict[str, Any], uploads: tuple[Upload, ...]) -> Posted:
    """Return the post in a parsed body; raises Problem 400 for a member of the wrong type or an unknown kind."""
    names = ("client_id", "text", "target", "value", "thread_id", "language", "kind")
    for name in names:
        if not isinstance(body.get(name, ""), str):
            raise Problem(400, f"{name} is not a text.", "Send it as a JSON string.", field=name)
    given = {"client_id": "", **{name: body[name] for name in names if name in body}}
    kind = given.pop("kind", "text")
    if kind not in ("text", "edit", "button"):
        raise Problem(400, "kind is unknown.", "Use text, edit or button.", field="kind")
    if given.get("language", "") not in ("", "en", "zh"):
        raise Problem(400, "language is unknown.", "Use en or zh.", field="language")
    return Posted(kind=kind, uploads=uploads, **given)


def _line(event: Event) -> str:
    """Return an event in the stream's format. Kept events carry an id, with which a page takes up the stream again."""
    number = f"id: {event['event_id']}\n" if "event_id" in event else ""
    return f"{number}data: {json.dumps(event, ensure_ascii=True)}\n\n"


def _file(name: str, content: bytes) -> Response:
    """Return a file: pictures are shown, recordings are played, all else is only saved, never run in the page."""
    shown = picture_type(content) or sound_type(content)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in shown_name(name))
    quoted = quote(shown_name(name), safe="")
    way = "inline" if shown else "attachment"
    headers = {"Content-Disposition": f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quoted}", **_FILE_HEADERS}
    return Response(content, media_type=shown or "application/octet-stream", headers=headers)


def _no_file() -> Problem:
    return Problem(404, "There is no such file in this chat, or no longer.", "Ask for it to be sent again.")
