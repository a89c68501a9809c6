"""Campaigns: who is next, what became of those before, under every rule of proactive messages."""

from datetime import datetime
from typing import Any

from bot.app import App
from bot.campaigning import Office, connected, run


def run_campaigns(app: App, due_at: datetime) -> dict[str, Any]:
    """Note answers, orders and opt-outs; queue the batches that are due. Running twice chooses nobody twice."""
    office = Office(
        app.store, app.services.phrases, app.settings, connected(app.channels, app.settings), app.delivery.submit
    )
    return dict(run(office, app.clock()))
