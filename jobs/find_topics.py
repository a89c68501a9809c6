"""Finds at night what people talk about, in a child process: in public, and with us."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.app import App
from bot.names import names_of_competitors, own_names
from crm_core.analytics import nightly
from jobs.errors import TryLater
from jobs.know_customers import night_of, told


def find_topics(app: App, due_at: datetime) -> dict[str, Any]:
    """Bring topics up to this week; weeks that were missed are caught up. Done twice, the second finds the same."""
    night = replace(night_of(app, app.clock(), nightly.TOPICS), engine="local", names=_names(app))
    try:
        reports = nightly.know_customers(night)
    except nightly.Stopped as stopped:
        raise TryLater(str(stopped)) from stopped
    return told(night, reports)


def _names(app: App) -> tuple[str, ...]:
    return tuple(said for said, _ in (*own_names(app.settings), *names_of_competitors(app.settings)))
