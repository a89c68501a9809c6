"""What the doctor found, in words of both languages: for the manager's answer and for the terminal."""

import re

from bot.finding import Finding
from bot.phrases import Phrases


def part_of(finding: Finding, phrases: Phrases, language: str) -> str:
    """What was looked at."""
    name, _, audience = finding.name.rstrip(")").partition(" (")
    key = f"manager.health.parts.{_slug(name)}"
    part = phrases(key, language) if phrases.has(key) else name
    return part + (f" · {phrases(f'manager.health.audiences.{audience}', language)}" if audience else "")


def told(finding: Finding, phrases: Phrases, language: str) -> str:
    """How it is, or what to do about it; in its own English words where there are no others."""
    slug = _slug(finding.name.partition(" (")[0])
    if not finding.ok:
        key = f"manager.health.fixes.{slug}"
        return phrases(key, language) if phrases.has(key) else f"{finding.detail}: {finding.fix}"
    key, number = f"manager.health.details.{finding.key or slug}", re.search(r"\d+", finding.detail)
    if not phrases.has(key):
        return finding.detail
    return phrases(key, language, number=number.group() if number else "–")


def _slug(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")
