"""One shape for every refusal: {"error": {"field", "problem", "fix"}}, and never a detail of the inside."""

import logging

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

log = logging.getLogger(__name__)

_FIXES = {
    404: ("There is nothing at this address.", "Check the path."),
    405: ("This address does not take that method.", "See the Allow header."),
}


class Problem(HTTPException):
    """A refusal with the field it is about, the problem, and what to do."""

    def __init__(self, status: int, problem: str, fix: str, *, field: str = "", retry_after: int = 0) -> None:
        super().__init__(status, problem, {"Retry-After": str(retry_after)} if retry_after else None)
        self.field, self.problem, self.fix = field, problem, fix


def refusal(status: int, problem: str, fix: str, *, field: str = "", headers: dict[str, str] | None = None) -> Response:
    """Return the refusal as a response."""
    return JSONResponse({"error": {"field": field, "problem": problem, "fix": fix}}, status, headers)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return refusal(error.status_code, error.problem, error.fix, field=error.field, headers=_headers(error))
    assert isinstance(error, HTTPException)
    problem, fix = _FIXES.get(error.status_code, ("The request was not understood.", str(error.detail)))
    return refusal(error.status_code, problem, fix, headers=_headers(error))


async def _failed(request: Request, error: Exception) -> Response:
    log.error("Web: %s %s failed (%s)", request.method, request.url.path, type(error).__name__)
    return refusal(500, "Something went wrong on this server.", "Try again; the log names what failed.")


def _headers(error: HTTPException) -> dict[str, str] | None:
    return dict(error.headers) if error.headers else None


def install(app: FastAPI) -> None:
    """Answer all errors of the app in this shape."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)
