"""Reads an account as Mastodon.py does, in the environment of the peers: `python mastodon_reader.py URL NAME`."""

import json
import sys
from typing import Any

from mastodon import Mastodon


def told(status: Any) -> dict[str, Any]:
    return {
        "uri": status.uri, "content": status.content, "author": f"@{status.account.acct}", "url": status.url,
        "at": status.created_at.isoformat(), "edited_at": status.edited_at.isoformat() if status.edited_at else None,
        "likes": status.favourites_count, "shares": status.reblogs_count, "replies": status.replies_count,
        "language": status.language, "in_reply_to_id": status.in_reply_to_id, "id": str(status.id),
        "boost": status.reblog is not None, "poll": [each.title for each in status.poll.options] if status.poll else [],
        "pictures": [each.description for each in status.media_attachments],
    }  # fmt: skip


def main() -> None:
    server = Mastodon(api_base_url=sys.argv[1], version_check_mode="none", ratelimit_method="throw")
    account = server.account_lookup(sys.argv[2])
    pages, page = [], server.account_statuses(account.id)
    while page:
        pages.append([told(status) for status in page])
        page = server.fetch_next(page)
    threads = {
        each["id"]: [told(status) for status in server.status_context(each["id"]).descendants]
        for shown in pages for each in shown if each["replies"]
    }  # fmt: skip
    limits = {"left": server.ratelimit_remaining, "limit": server.ratelimit_limit, "reset": server.ratelimit_reset}
    json.dump({"pages": pages, "threads": threads, "limits": limits}, sys.stdout)


main()
