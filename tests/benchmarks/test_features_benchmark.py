"""The benchmark of features on a tiny history: by hand and by definition come to the same, before and after a day."""

from pathlib import Path

from benchmarks.features import STEPS, differing
from benchmarks.features_data import Size

SIZE = Size(customers=300, interactions=6000, lines=2400)


def test_by_hand_and_by_definition_come_to_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rapport.sqlite'}"
    done = {
        name: STEPS[name](url, tmp_path, SIZE) for name in ("make", "compute", "export", "sql", "pandas", "refresh")
    }
    for name in ("sql", "pandas"):
        assert differing(tmp_path / "result-compute.parquet", tmp_path / f"result-{name}.parquet") == 0
    assert done["refresh"]["increment_differing_cells"] == 0
    assert 0 < done["refresh"]["increment_added"] < SIZE.customers / 4
    assert {"cpu_s", "rss_mb"} <= set(done["compute"])
