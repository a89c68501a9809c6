"""What is told of backups: the last good one, one that failed after it, one that is gone."""

from pathlib import Path

from crm_core.backup import backup
from crm_core.backup_log import made_backups, note_backup, note_failure
from crm_core.restoring import check_archive
from tests.dialogues import Stage

MANAGING = "U-MANAGER"


def asked(stage: Stage) -> str:
    sent = stage.staff_says(MANAGING, kind="button", button="backup_status")
    return sent[0].reply.text


def test_the_last_backup_with_its_size_and_whether_it_was_read_back(stage: Stage, tmp_path: Path) -> None:
    done = backup(stage.app.store, tmp_path / "backups", stage.app.settings.data_dir, now=stage.clock())
    check_archive(done.archive)
    note_backup(stage.app.store, done, verified=True, now=stage.clock())
    text = asked(stage)
    assert "Last backup: 23 Nov 2026, 12:00" in text
    assert "read back and compared" in text
    assert str(done.archive) in text
    stage.clock.advance(hours=60)
    note_failure(stage.app.store, "No space left on device", stage.clock())
    done.archive.unlink()
    text = asked(stage)
    assert "The last attempt failed" in text
    assert "No space left on device" in text
    assert "no longer in" in text
    assert "too long ago" in text
    with stage.app.store.read() as session:
        assert [bool(one.problem) for one in made_backups(session)] == [True, False]
