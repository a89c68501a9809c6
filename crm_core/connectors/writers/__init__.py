"""Writing to social networks: one file a network, one line in `WRITERS`. Nothing outside knows a network."""

from collections.abc import Callable

from config.settings import ConnectorSettings
from crm_core.connectors.api import Api
from crm_core.connectors.writers.bluesky import BlueskyWriter
from crm_core.connectors.writers.facebook import FacebookWriter
from crm_core.connectors.writers.linkedin import LinkedInWriter
from crm_core.connectors.writers.mastodon import MastodonWriter
from crm_core.connectors.writers.weibo import WeiboWriter
from crm_core.connectors.writers.x import XWriter
from crm_core.connectors.writing import Writer

WRITERS: dict[str, Callable[[ConnectorSettings, Api], Writer]] = {
    "mastodon": MastodonWriter,
    "bluesky": BlueskyWriter,
    "facebook": FacebookWriter,
    "x": XWriter,
    "linkedin": LinkedInWriter,
    "weibo": WeiboWriter,
}
"""Name in the settings → what builds it from its settings."""
