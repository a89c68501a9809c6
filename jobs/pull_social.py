"""Reads what people say in public: every source of every connector in the settings."""

from datetime import datetime
from typing import Any

import structlog

from bot.app import App
from crm_core.connectors import CONNECTORS, pull_all

log = structlog.get_logger(__name__)


class UnknownConnector(Exception):
    """The settings name a network that there is no connector for."""


def pull_social(app: App, due_at: datetime) -> dict[str, Any]:
    """Bring in what is new. A source that fails or wants to be left alone keeps no other from being read."""
    told: dict[str, Any] = dict.fromkeys(
        ("sources", "new", "changed", "deleted", "malformed", "pages", "more", "waiting", "failed"), 0
    )
    unknown = sorted(set(app.settings.connectors) - set(CONNECTORS))
    if unknown:
        raise UnknownConnector(f"There is no connector {', '.join(unknown)}. Known: {', '.join(CONNECTORS)}.")
    for name, settings in app.settings.connectors.items():
        places = app.settings.web.public_url, app.settings.business.region
        pulled_all = pull_all(app.store, name, settings, app.clock, *places)
        for source, pulled in pulled_all.items():
            told["sources"] += 1
            for counted in ("new", "changed", "deleted", "malformed", "pages"):
                told[counted] += getattr(pulled.counts, counted)
            if pulled.state != "done":
                told[pulled.state] += 1
                log.warning("source_not_read", connector=name, source=source, state=pulled.state, why=pulled.problem)
    return told
