"""Engines say which intent a text has. To add one: a class with `classify`, and a line here."""

from nlu.engines.base import Classification, Engine, Health, Setup
from nlu.engines.builtin import BuiltinEngine
from nlu.engines.rasa import RasaEngine

ENGINES: dict[str, type[BuiltinEngine] | type[RasaEngine]] = {
    "builtin": BuiltinEngine,
    "rasa": RasaEngine,
}
"""Name in the settings -> class."""

__all__ = ["ENGINES", "BuiltinEngine", "Classification", "Engine", "Health", "RasaEngine", "Setup"]
