"""A Facebook page: posts, and answers to what is said below them."""

from typing import ClassVar
from urllib.parse import quote

from config.settings import ConnectorSettings
from crm_core.connectors.api import Api, parsed
from crm_core.connectors.base import Malformed
from crm_core.connectors.writing import Draft, Target, Written

MOST, MOST_COMMENT = 63_206, 8_000


class FacebookWriter:
    """Writes as the page `writes_as`, with its token."""

    repeatable: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.write_url or settings.base_url or "https://graph.facebook.com/v21.0").rstrip("/")
        self._page = settings.writes_as
        self._api = api

    def most(self, answers: bool) -> int:
        """Comments are shorter."""
        return MOST_COMMENT if answers else MOST

    def length(self, text: str) -> int:
        """Characters."""
        return len(text)

    def worded(self, text: str, answers: Target | None) -> str:
        """As it is."""
        return text

    def write(self, draft: Draft) -> Written:
        """A post of the page, or a comment of its."""
        node, edge = (draft.answers.external_id, "comments") if draft.answers else (self._page, "feed")
        answer = parsed(self._api.post(f"{self._url}/{quote(node, safe='')}/{edge}", form={"message": draft.text}))
        if not isinstance(answer, dict) or not answer.get("id"):
            raise Malformed("Facebook did not say what became of it.")
        return Written(str(answer["id"]), f"https://www.facebook.com/{answer['id']}")
