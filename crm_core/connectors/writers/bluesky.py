"""Bluesky: posts and answers, into our own repository. The key of the record is ours, so a second try changes nothing.

Links, people and tags are marked by facets, which name places in the text by bytes.
"""

import re
from datetime import datetime
from typing import Any, ClassVar

from config.settings import ConnectorSettings
from crm_core.connectors import lengths
from crm_core.connectors.api import Api, Refused, parsed
from crm_core.connectors.base import Malformed
from crm_core.connectors.writing import Draft, NotWritable, Target, Written

MOST = 300
MOST_BYTES = 3000
COLLECTION = "app.bsky.feed.post"
_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
_AT = re.compile(r"at://([^/]{1,300})/([\w.]{1,100})/([\w.~:-]{1,100})")
_MENTION = re.compile(
    r"(?<![\w/@.])@((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?)", re.IGNORECASE
)
_TAG = re.compile(r"(?<![\w/&])#(\w*[^\W\d]\w*)")


class BlueskyWriter:
    """Writes as `writes_as`, with an app password as its token."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.write_url or "https://bsky.social").rstrip("/") + "/xrpc/"
        self._name = settings.writes_as.removeprefix("@")
        secret = settings.write_token or settings.token
        self._password = secret.get_secret_value() if secret else ""
        self._api = api

    def most(self, answers: bool) -> int:
        """The same for both."""
        return MOST

    def length(self, text: str) -> int:
        """What a reader takes for characters; more when there are too many bytes in them."""
        count, size = lengths.graphemes(text), len(text.encode())
        return count if size <= MOST_BYTES else max(count, MOST + 1)

    def worded(self, text: str, answers: Target | None) -> str:
        """As it is: whoever is answered is told of it."""
        return text

    def write(self, draft: Draft) -> Written:
        """Put the record into our repository."""
        session = self._session()
        asked = {"Authorization": f"Bearer {session['accessJwt']}"}
        record: dict[str, Any] = {
            "$type": COLLECTION, "text": draft.text, "createdAt": draft.at.isoformat().replace("+00:00", "Z"),
        }  # fmt: skip
        found = self._facets(draft.text, asked)
        if found:
            record["facets"] = found
        if draft.answers:
            record["reply"] = self._below(draft.answers.external_id, asked)
        key = record_key(draft.at, draft.key)
        said = {"repo": session["did"], "collection": COLLECTION, "rkey": key, "record": record}
        answer = parsed(self._api.post(f"{self._url}com.atproto.repo.putRecord", asked, json_body=said))
        if not isinstance(answer, dict) or not answer.get("uri"):
            raise Malformed("The server did not say what became of it.")
        return Written(str(answer["uri"]), f"https://bsky.app/profile/{session['handle']}/post/{key}")

    def _session(self) -> dict[str, Any]:
        given = {"identifier": self._name, "password": self._password}
        try:
            answer = parsed(self._api.post(f"{self._url}com.atproto.server.createSession", json_body=given))
        except (Refused, Malformed):
            raise NotWritable("Bluesky does not let us in. Check `writes_as` and the app password.", "token") from None
        if not isinstance(answer, dict) or not {"accessJwt", "did", "handle"} <= set(answer):
            raise NotWritable("Bluesky does not let us in. Check `write_url`.", "settings")
        return answer

    def _below(self, uri: str, asked: dict[str, str]) -> dict[str, Any]:
        """What is answered, and what that answers; both by their exact version."""
        place = _AT.fullmatch(uri)
        if place is None:
            raise NotWritable("This is no post that can be answered.", "gone")
        try:
            answer = self._api.json(
                f"{self._url}com.atproto.repo.getRecord", asked, repo=place[1], collection=place[2], rkey=place[3]
            )
            parent = {"uri": answer["uri"], "cid": answer["cid"]}
            return {"root": (answer["value"].get("reply") or {}).get("root") or parent, "parent": parent}
        except (Refused, Malformed, KeyError, TypeError, AttributeError):
            raise NotWritable("Bluesky does not know this post any more.", "gone") from None

    def _facets(self, text: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        marks = [(found, {"$type": f"{FACET}#link", "uri": found[0]}) for found in lengths.LINK.finditer(text)]
        taken = [found.span() for found, _ in marks]
        for found in _MENTION.finditer(text):
            did = "" if _inside(found, taken) else self._did(found[1], asked)
            marks += [(found, {"$type": f"{FACET}#mention", "did": did})] if did else []
        marks += [(found, {"$type": f"{FACET}#tag", "tag": found[1]}) for found in _TAG.finditer(text)
                  if not _inside(found, taken) and len(found[1]) <= 64]  # fmt: skip
        return [{"index": _bytes(text, found), "features": [what]} for found, what in marks]

    def _did(self, handle: str, asked: dict[str, str]) -> str:
        """Whom a name means; "" for nobody, whose name then stays plain text."""
        try:
            answer = self._api.json(f"{self._url}com.atproto.identity.resolveHandle", asked, handle=handle)
        except (Refused, Malformed):
            return ""
        return str(answer.get("did") or "") if isinstance(answer, dict) else ""


FACET = "app.bsky.richtext.facet"


def record_key(at: datetime, key: int) -> str:
    """A key in the form the network wants: microseconds and ten bits more, in 13 digits that sort by time.

    >>> from datetime import UTC
    >>> record_key(datetime(2026, 11, 23, 4, tzinfo=UTC), 7)
    '3n2xakfa6222b'
    """
    number = (int(at.timestamp() * 1_000_000) << 10) | (key & 1023)
    return "".join(_DIGITS[(number >> shift) & 31] for shift in range(60, -1, -5))


def _bytes(text: str, found: re.Match[str]) -> dict[str, int]:
    return {"byteStart": len(text[: found.start()].encode()), "byteEnd": len(text[: found.end()].encode())}


def _inside(found: re.Match[str], taken: list[tuple[int, int]]) -> bool:
    return any(start <= found.start() < end for start, end in taken)
