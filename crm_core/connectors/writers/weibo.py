"""Weibo: comments, answers to comments, and posts, which must hold a link to the site that is bound to the app."""

import json
from typing import ClassVar

from config.settings import ConnectorSettings
from crm_core.connectors import lengths
from crm_core.connectors.api import Api, Refused, parsed
from crm_core.connectors.base import Malformed
from crm_core.connectors.writing import Draft, NotWritable, Target, Written

MOST = 140


class WeiboWriter:
    """Writes as the account that gave the token."""

    repeatable: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.write_url or settings.base_url or "https://api.weibo.com").rstrip("/") + "/2/"
        secret = settings.write_token or settings.token
        self._headers = {"Authorization": f"OAuth2 {secret.get_secret_value()}"} if secret else {}
        self._api = api

    def most(self, answers: bool) -> int:
        """The same for both."""
        return MOST

    def length(self, text: str) -> int:
        """Chinese characters; two letters are one."""
        return lengths.weibo(text)

    def worded(self, text: str, answers: Target | None) -> str:
        """As it is."""
        return text

    def write(self, draft: Draft) -> Written:
        """A comment where something is answered, else a post."""
        if draft.answers is None:
            if not lengths.LINK.search(draft.text):
                raise NotWritable("Weibo takes a post from a program only with a link to your own site in it.", "link")
            place, form = "statuses/share.json", {"status": draft.text}
        elif draft.answers.kind == "comment":
            place = "comments/reply.json"
            form = {"cid": draft.answers.external_id, "id": draft.answers.root_id, "comment": draft.text}
        else:
            place, form = "comments/create.json", {"id": draft.answers.external_id, "comment": draft.text}
        answer = parsed(self._api.post(self._url + place, self._headers, form=form))
        if isinstance(answer, dict) and answer.get("error_code"):  # with whatever status it comes
            raise Refused("Weibo refuses.", json.dumps(answer).encode(), 400)
        if not isinstance(answer, dict) or not answer.get("id"):
            raise Malformed("Weibo did not say what became of it.")
        number = str(answer.get("idstr") or answer["id"])
        user = (answer.get("user") or {}).get("id", "")
        root = draft.answers.root_id if draft.answers else number
        return Written(number, f"https://weibo.com/{user}/{root}" if user else None)
