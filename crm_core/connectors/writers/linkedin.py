"""A LinkedIn organisation: posts and comments."""

import re
from typing import ClassVar
from urllib.parse import quote

from config.settings import ConnectorSettings
from crm_core.connectors.api import Api, parsed
from crm_core.connectors.base import Malformed
from crm_core.connectors.linkedin import HEADERS
from crm_core.connectors.writing import Draft, Target, Written

MOST, MOST_COMMENT = 3_000, 1_250
_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")


class LinkedInWriter:
    """Writes as the organisation whose number is `writes_as`."""

    repeatable: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.write_url or settings.base_url or "https://api.linkedin.com").rstrip("/") + "/rest/"
        self._author = f"urn:li:organization:{settings.writes_as}"
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
        """A post of the organisation, or a comment of its."""
        return self._comment(draft, draft.answers) if draft.answers else self._post(draft)

    def _post(self, draft: Draft) -> Written:
        said = {
            "author": self._author,
            "commentary": _RESERVED.sub(r"\\\g<0>", draft.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        answer = self._api.post(f"{self._url}posts", HEADERS, json_body=said)
        found = answer.headers.get("x-restli-id")
        if not found:
            raise Malformed("LinkedIn did not say what became of it.")
        return Written(found, f"https://www.linkedin.com/feed/update/{found}")

    def _comment(self, draft: Draft, target: Target) -> Written:
        said: dict[str, object] = {
            "actor": self._author, "object": target.root_id, "message": {"text": draft.text},
        }  # fmt: skip
        if target.kind == "comment":
            said["parentComment"] = target.external_id
        place = f"{self._url}socialActions/{quote(target.external_id, safe='')}/comments"
        answer = parsed(self._api.post(place, HEADERS, json_body=said))
        found = answer.get("commentUrn") or answer.get("$URN") if isinstance(answer, dict) else None
        if not found:
            raise Malformed("LinkedIn did not say what became of it.")
        return Written(str(found), f"https://www.linkedin.com/feed/update/{target.root_id}")
