"""Asking a network: what it may be asked, how often, and what its refusals mean."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from crm_core.connectors import refusals
from crm_core.connectors.base import ConnectorProblem, Malformed
from crm_core.connectors.fetching import Answer, Fetcher, Unreachable, where
from crm_core.connectors.limits import FIRST_PAUSE, wait


class Limited(ConnectorProblem):
    """The network wants to be left alone. `pause`: for how long, None when it did not say."""

    def __init__(self, text: str, pause: timedelta | None) -> None:
        super().__init__(text)
        self.pause = pause


class Refused(ConnectorProblem):
    """The network will not answer this, however often it is asked. `body`: what it said instead."""

    def __init__(self, text: str, body: bytes = b"", status: int = 0) -> None:
        super().__init__(text)
        self.body, self.status = body, status


class Api:
    """One network's answers. Asks no more once a limit is reached: the next question raises instead."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], datetime], token: str = "") -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._free_at: datetime | None = None

    def without_token(self) -> "Api":
        """The same, for a network that is told the token in a way of its own."""
        return Api(self._fetcher, self._clock)

    def get(self, url: str, headers: Mapping[str, str] | None = None, **query: object) -> Answer:
        """Ask once.

        Raises:
            Limited: now, or by the answer before this one.
            Unreachable: no answer, or a failure of theirs.
            Refused: the address or the token is wrong.
        """
        now = self._clock()
        if self._free_at and now < self._free_at:
            raise Limited(f"{where(url)} allows no more calls for now.", self._free_at - now)
        given = {name: value for name, value in query.items() if value is not None}
        asked = f"{url}{'&' if '?' in url else '?'}{urlencode(given)}" if given else url
        return self._judged(url, self._fetcher.get(asked, {**self._headers, **(headers or {})}), now)

    def post(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Tell the network something, once, as JSON or as a form.

        Raises:
            Unreachable: no answer; it may have been heard. Besides that what `get` raises: then nothing happened.
        """
        now = self._clock()
        if self._free_at and now < self._free_at:
            raise Limited(f"{where(url)} allows no more calls for now.", self._free_at - now)
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        body = urlencode(form) if form is not None else json.dumps(json_body, ensure_ascii=False)
        sent = {**self._headers, "Content-Type": kind, **(headers or {})}
        return self._judged(url, self._fetcher.send("POST", url, body.encode(), sent), now)

    def _judged(self, url: str, answer: Answer, now: datetime) -> Answer:
        """The answer, unless it is a refusal or a failure; from what it says about limits on, those are kept."""
        refused = answer.status in (420, 429) or (answer.status == 403 and "retry-after" in answer.headers)
        pause = wait(answer.headers, now, refused or answer.status == 503)
        if pause or refused:
            self._free_at = now + (pause or FIRST_PAUSE)
        if refused or (answer.status == 503 and pause):
            raise Limited(f"{where(url)} allows no more calls for now.", pause)
        if answer.status >= 500 or answer.status == 408:
            raise Unreachable(f"{where(url)} answers with {answer.status}, a failure of its own.")
        if answer.status in (400, 403) and refusals.read(answer.status, answer.body).kind == "limit":
            self._free_at = now + (pause or FIRST_PAUSE)
            raise Limited(f"{where(url)} allows no more calls for now.", pause)
        if answer.status >= 400:
            text = f"{where(url)} answers with {answer.status}. Check this source's address and the token."
            raise Refused(text, answer.body, answer.status)
        return answer

    def json(self, url: str, headers: Mapping[str, str] | None = None, **query: object) -> Any:
        """Ask for JSON.

        Raises:
            Malformed: the answer is none. Besides what `get` raises.
        """
        return parsed(self.get(url, headers, **query))


def parsed(answer: Answer) -> Any:
    """The JSON of an answer.

    Raises:
        Malformed: it is none.
    """
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise Malformed(f"{where(answer.url)} does not answer in JSON. Is the address that of its API?") from None
