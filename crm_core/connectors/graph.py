"""What Facebook and Instagram have in common: the Graph API, its pages and its way of saying that it is enough."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from config.settings import ConnectorSettings
from crm_core.connectors.api import Api, Limited, Refused
from crm_core.connectors.base import Malformed, listed, moment

ENOUGH = {4, 17, 32, 613, 80001, 80002, 80006}
"""Its error codes for too many calls; they come as 400 or 403."""
AT_ONCE = 50


class Graph:
    """Asks the Graph API."""

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://graph.facebook.com/v21.0").rstrip("/")
        self._api = api

    def edge(self, node: str, name: str, fields: str, cursor: str | None = None, **more: object) -> Iterator[Any]:
        """(records, cursor of what follows) of what hangs on a node, page after page.

        Raises:
            Limited: also where the network says so by a code. Besides what `Api.json` raises.
        """
        while True:
            url = f"{self._url}/{quote(node, safe='')}/{name}"
            try:
                answer = self._api.json(url, fields=fields, limit=AT_ONCE, after=cursor, **more)  # type: ignore[arg-type]
            except Refused as refused:
                if _code(refused.body) in ENOUGH:
                    raise Limited("The Graph API allows no more calls for now.", None) from None
                raise
            records = listed(answer, "data")
            paging = answer.get("paging") or {}
            cursor = (paging.get("cursors") or {}).get("after") if "next" in paging else None
            yield records, cursor
            if not cursor:
                return


def _code(body: bytes) -> int | None:
    try:
        code = json.loads(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return None
    return code if isinstance(code, int) else None


def total(record: Any, name: str) -> object:
    """The count in `{name: {summary: {total_count}}}`."""
    return (((record.get(name) or {}).get("summary")) or {}).get("total_count")


def time_of(record: Any, name: str) -> Any:
    """A time such as 2026-11-23T04:00:00+0000."""
    if not isinstance(record.get(name), str):
        raise Malformed("A record without a time.")
    return moment(record[name])
