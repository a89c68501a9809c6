"""Makes sense of posts that are new or were edited: what they want, how they feel, what they name, what they repeat."""

from datetime import datetime
from typing import Any

from bot.app import App
from bot.sensing import TRAINING, sense_all
from crm_core.listening.sensed import unsensed
from nlu.post_models import load_or_train
from nlu.sensing import Sensing


def sense_posts(app: App, due_at: datetime) -> dict[str, Any]:
    """Read all posts that nothing is made of. An interrupted run goes on where it stopped."""
    with app.store.read() as session:
        if not unsensed(session, 0, 1):
            return {"sensed": 0}
    models = load_or_train(TRAINING, app.settings.data_dir / "models")
    return sense_all(app.store, Sensing(app.names.interpreter(), models), app.clock)
