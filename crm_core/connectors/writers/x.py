"""X, over its API v2: posts and answers."""

from typing import ClassVar

from config.settings import ConnectorSettings
from crm_core.connectors import lengths
from crm_core.connectors.api import Api, parsed
from crm_core.connectors.base import Malformed
from crm_core.connectors.writing import Draft, Target, Written

MOST = 280


class XWriter:
    """Writes as the account whose own token it is; a token for reading alone writes nothing."""

    repeatable: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.write_url or settings.base_url or "https://api.x.com").rstrip("/") + "/2/tweets"
        self._name = settings.writes_as.removeprefix("@")
        self._most = settings.most_characters or MOST
        self._api = api

    def most(self, answers: bool) -> int:
        """The same for both; some accounts may write more."""
        return self._most

    def length(self, text: str) -> int:
        """By weight."""
        return lengths.x(text)

    def worded(self, text: str, answers: Target | None) -> str:
        """As it is: whoever is answered is told of it."""
        return text

    def write(self, draft: Draft) -> Written:
        """A post."""
        said: dict[str, object] = {"text": draft.text}
        if draft.answers:
            said["reply"] = {"in_reply_to_tweet_id": draft.answers.external_id}
        answer = parsed(self._api.post(self._url, json_body=said))
        found = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(found, dict) or not found.get("id"):
            raise Malformed("X did not say what became of it.")
        return Written(str(found["id"]), f"https://x.com/{self._name}/status/{found['id']}")
