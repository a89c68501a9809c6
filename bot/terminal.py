"""In which language commands speak to who sits at the terminal."""

import os
from typing import Annotated, Literal

import typer

from nlu.understanding import Language

LanguageOption = Annotated[
    Literal["en", "zh"] | None, typer.Option("--language", help="en or zh; else that of the terminal (LANG).")
]


def language_of(given: Language | None) -> Language:
    """The language that was asked for, else Chinese in a terminal that is set to it, else English."""
    set_to = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return given or ("zh" if set_to.lower().startswith("zh") else "en")
