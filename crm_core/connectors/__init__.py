"""Reading social networks: one file a network, one line in `CONNECTORS`. Nothing outside knows a network."""

from collections.abc import Callable
from datetime import datetime

from config.settings import ConnectorSettings
from crm_core.connectors.api import Api
from crm_core.connectors.base import Connector, ConnectorProblem
from crm_core.connectors.bluesky import Bluesky
from crm_core.connectors.facebook import Facebook
from crm_core.connectors.fetching import Fetcher
from crm_core.connectors.file_import import FileImport
from crm_core.connectors.html_page import HtmlPage
from crm_core.connectors.instagram import Instagram
from crm_core.connectors.linkedin import LinkedIn
from crm_core.connectors.mastodon import Mastodon
from crm_core.connectors.pulling import Pulled, Puller
from crm_core.connectors.rss import Rss
from crm_core.connectors.wechat import WeChat
from crm_core.connectors.weibo import Weibo
from crm_core.connectors.x import X
from crm_core.database import Store

CONNECTORS: dict[str, Callable[[ConnectorSettings, Api], Connector]] = {
    "rss": Rss,
    "mastodon": Mastodon,
    "bluesky": Bluesky,
    "x": X,
    "facebook": Facebook,
    "instagram": Instagram,
    "linkedin": LinkedIn,
    "weibo": Weibo,
    "wechat": WeChat,
    "file": FileImport,
    "html": HtmlPage,
}
"""Name in the settings → what builds it from its settings."""

__all__ = ["CONNECTORS", "ConnectorProblem", "Pulled", "pull_all"]


def pull_all(
    store: Store, name: str, settings: ConnectorSettings, clock: Callable[[], datetime], public_url: str = "",
    region: str = "",
) -> dict[str, Pulled]:  # fmt: skip
    """Read all sources of a connector; returns what became of each. `region`: whose numbers have no prefix."""
    token = settings.token.get_secret_value() if settings.token else ""
    with Fetcher(allow_private=settings.allow_private, public_url=public_url) as fetcher:
        connector = CONNECTORS[name](settings, Api(fetcher, clock, token))
        puller = Puller(store, name, connector, settings, clock, region=region)
        return {source.name: puller.pull(source) for source in settings.sources}
