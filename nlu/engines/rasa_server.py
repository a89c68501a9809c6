"""What a Rasa server is asked over HTTP, and one error for everything that can go wrong with it."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

TIMEOUT = httpx.Timeout(2.0, connect=0.5, pool=0.5)
"""Seconds. A server that is there takes a connection at once; an answer may take longer on a busy machine."""
LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=60)
"""Connections are kept for a minute; Rasa closes them after two."""
_REASONS = {
    404: "there is no Rasa at this address (404)",
    409: "it has no model loaded (409)",
}

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below, they write the address, which has Rasa's token in it


class RasaFailed(Exception):
    """Rasa did not answer as it should. The text says why, without token, address or what was asked."""


class TokenRefused(RasaFailed):
    """The token is missing or wrong."""


@dataclass(frozen=True)
class Parsed:
    """What Rasa makes of one text: the intent it names, if any, and all it weighed, best first."""

    intent: str | None
    ranking: tuple[tuple[str, float], ...]


class RasaServer:
    """One Rasa server; safe to share between threads, which share its connections."""

    def __init__(self, url: str, token: str = "", transport: httpx.BaseTransport | None = None) -> None:
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL:
            raise ValueError("The address of Rasa cannot be read; write one such as http://127.0.0.1:5005.") from None
        self.place = f"{parts.scheme}://{parts.host}" + (f":{parts.port}" if parts.port else "")
        """The address, without a password that may stand in it."""
        self._client = httpx.Client(
            base_url=url,
            params={"token": token} if token else None,
            timeout=TIMEOUT,
            limits=LIMITS,
            transport=transport,
            trust_env=False,  # what people write goes to this server, and to no proxy on the way
        )

    def parse(self, text: str) -> Parsed:
        """Ask what a text means."""
        return _parsed(self._ask("POST", "/model/parse", {"text": text}))

    def version(self) -> str:
        """Rasa's own version; every server tells it, with or without token and model."""
        return str(self._ask("GET", "/version").get("version", "?"))

    def model(self) -> str:
        """The name of the loaded model: that of its file, without `.tar.gz`."""
        file = str(self._ask("GET", "/status").get("model_file") or "")
        return file.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".tar.gz")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, json=body)
            status = answer.status_code
            if status in {401, 403}:
                raise TokenRefused(f"it refuses the token ({status})")
            if status != 200:
                raise RasaFailed(_REASONS.get(status, f"it answers with status {status}"))
            told = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RasaFailed(f"it does not answer ({type(error).__name__})") from None  # its text has the token
        except (ValueError, RecursionError):
            raise RasaFailed("what it answers is not JSON") from None
        if not isinstance(told, dict):
            raise RasaFailed("what it answers is not an object")
        return told


def _parsed(told: dict[str, Any]) -> Parsed:
    try:
        name = told["intent"]["name"]
        items: Sequence[Any] = told.get("intent_ranking") or ([told["intent"]] if name else [])
        ranking = tuple((str(item["name"]), float(item["confidence"])) for item in items)
    except (KeyError, TypeError, ValueError):
        raise RasaFailed("what it answers has no intents") from None
    if not all(math.isfinite(share) and share >= 0 for _, share in ranking):
        raise RasaFailed("what it answers has no confidences")
    return Parsed(None if name is None else str(name), ranking)
