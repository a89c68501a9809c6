"""The known people of the sample business, by key."""

import yaml

from config.settings import FOLDER


def number_of(key: str) -> int:
    """Customer number of a known character."""
    content = yaml.safe_load((FOLDER / "sample" / "characters.yml").read_text("utf-8"))
    return int(next(person["number"] for person in content["characters"] if person["key"] == key))
