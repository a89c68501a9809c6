"""What the doctor says of one thing it looked at."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, what was seen, and what to do when it is not well."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    key: str = ""
    """By which phrase it is told when well, if not by its name's."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: value for name, value in asdict(self).items() if name != "key"}
