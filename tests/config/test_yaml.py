"""What operators may read and change, as every reader of YAML understands it."""

from pathlib import Path

import pytest
import yaml

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("path", sorted(CONFIG.rglob("*.yml")), ids=lambda path: str(path.relative_to(CONFIG)))
def test_it_needs_no_compiled_reader(path: Path) -> None:
    """libyaml takes `{why: Why?}`, the reader in Python does not; where libyaml is missing, nothing would start."""
    assert yaml.load(path.read_text("utf-8"), yaml.SafeLoader)
