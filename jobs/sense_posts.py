"""Makes sense of posts that are new or were edited: what they want, how they feel, what they name, what they repeat."""

from datetime import datetime
from typing import Any

from bot.app import App
from bot.post_pictures import PostPictures
from bot.sensing import TRAINING, sense_all
from crm_core.listening.pictures import waiting
from crm_core.listening.sensed import unsensed
from nlu.post_models import load_or_train
from nlu.sensing import Sensing


def sense_posts(app: App, due_at: datetime) -> dict[str, Any]:
    """Look at some pictures of posts, then read all posts that nothing is made of. What is done is kept each time."""
    told: dict[str, Any] = {"pictures": _look_at_pictures(app)}
    with app.store.read() as session:
        if not unsensed(session, 0, 1):
            return told | {"sensed": 0}
    models = load_or_train(TRAINING, app.settings.data_dir / "models")
    return told | sense_all(app.store, Sensing(app.names.interpreter(), models), app.clock)


def _look_at_pictures(app: App) -> int:
    with app.store.read() as session:
        if not waiting(session):
            return 0
    settings = app.settings
    folder = settings.data_dir / "tmp" / "pictures"
    pictures = PostPictures(app.store, settings.connectors, folder, app.clock, public_url=settings.web.public_url or "")
    return pictures.look(app.names.interpreter())
