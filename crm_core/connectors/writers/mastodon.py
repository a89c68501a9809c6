"""Mastodon: statuses and answers. A key of ours keeps a second try from being a second status, for an hour."""

from typing import ClassVar
from urllib.parse import quote

from config.settings import ConnectorSettings
from crm_core.connectors import lengths
from crm_core.connectors.api import Api, parsed
from crm_core.connectors.base import Malformed
from crm_core.connectors.writing import Draft, NotWritable, Target, Written

MOST = 500


class MastodonWriter:
    """Writes as the account that the token belongs to."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.write_url or settings.base_url or "https://mastodon.social").rstrip("/")
        self._most = settings.most_characters or MOST
        self._api = api

    def most(self, answers: bool) -> int:
        """As the server has it; many allow more than most."""
        return self._most

    def length(self, text: str) -> int:
        """Links count 23, people elsewhere only their names."""
        return lengths.mastodon(text)

    def worded(self, text: str, answers: Target | None) -> str:
        """Who is answered is told of it only when named."""
        if answers is None or answers.author.casefold() in text.casefold():
            return text
        return f"{answers.author} {text}"

    def write(self, draft: Draft) -> Written:
        """A public status."""
        said: dict[str, object] = {"status": draft.text, "visibility": "public"}
        if draft.answers:
            said["in_reply_to_id"] = draft.answers.place_id or self._found(draft.answers.external_id)
        answer = parsed(
            self._api.post(f"{self._url}/api/v1/statuses", {"Idempotency-Key": str(draft.key)}, json_body=said)
        )
        if not isinstance(answer, dict) or not answer.get("uri"):
            raise Malformed("The server did not say what became of it.")
        return Written(str(answer["uri"]), answer.get("url"))

    def _found(self, uri: str) -> str:
        """What this server calls a post that another one gave its address."""
        answer = self._api.json(f"{self._url}/api/v2/search?q={quote(uri, safe='')}", resolve="true", type="statuses")
        found = answer.get("statuses") if isinstance(answer, dict) else None
        if not isinstance(found, list) or not found or not isinstance(found[0], dict) or not found[0].get("id"):
            raise NotWritable("The server does not know this post any more.", "gone")
        return str(found[0]["id"])
