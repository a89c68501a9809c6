"""Removes what has served its purpose, in small steps so that nobody has to wait for it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from bot.app import App
from bot.channels.web_spool import Spool
from crm_core.analytics.facts.folder import NAME, remove_stale
from crm_core.listening.echoes import KEPT
from crm_core.models import Attachment, Base, Delivery, Interaction, JobRun, Post, PostBand, PostRecord
from crm_core.privacy import remove_files

DELIVERIES = timedelta(days=7)
"""No platform repeats a delivery for longer."""
ENVELOPES = timedelta(days=7)
"""The raw form of a message whose handler failed, kept for looking into it."""
OWN_FILES = timedelta(days=30)
"""Charts, lists and exports that we made."""
JOB_RUNS = timedelta(days=90)
POST_RECORDS = timedelta(days=7)
"""What a network sent of a post."""
BATCH = 500


def cleanup(app: App, due_at: datetime) -> dict[str, Any]:
    """Remove old deliveries, done envelopes, own files, finished runs, what was kept of posts, forgotten uploads."""
    now = app.clock()
    done = {
        "deliveries": _delete(app, Delivery, Delivery.received_at < now - DELIVERIES),
        "envelopes": _empty_envelopes(app, now - ENVELOPES),
        "files": _delete_own_files(app, now - OWN_FILES),
        "job_runs": _delete(app, JobRun, (JobRun.due_at < now - JOB_RUNS) & (JobRun.state != "running")),
        "post_bands": _delete(app, PostBand, PostBand.post_id.in_(select(Post.id).where(Post.sensed_at < now - KEPT))),
        "post_records": _delete(app, PostRecord, PostRecord.received_at < now - POST_RECORDS),
    }
    done["facts"] = int(remove_stale(app.settings.data_dir / NAME, now))
    Spool(app.settings.data_dir / "spool", b"").sweep()
    return done


def _delete(app: App, record: type[Base], old: ColumnElement[bool]) -> int:
    removed = 0
    while True:
        with app.store.write() as session:
            ids = list(session.execute(select(record.id).where(old).limit(BATCH)).scalars())
            session.execute(delete(record).where(record.id.in_(ids)))
        removed += len(ids)
        if len(ids) < BATCH:
            return removed


def _empty_envelopes(app: App, before: datetime) -> int:
    """Answered messages lose theirs at once; what failed keeps it for a while."""
    emptied = 0
    while True:
        with app.store.write() as session:
            query = select(Interaction.id).where(
                Interaction.status == "failed",
                Interaction.incoming_sealed.is_not(None),
                Interaction.received_at < before,
            )
            ids = list(session.execute(query.limit(BATCH)).scalars())
            session.execute(update(Interaction).where(Interaction.id.in_(ids)).values(incoming_sealed=None))
        emptied += len(ids)
        if len(ids) < BATCH:
            return emptied


def _delete_own_files(app: App, before: datetime) -> int:
    """What came with a customer's message is the customer's; what we made belongs to no message."""
    removed = 0
    while True:
        with app.store.write() as session:
            query = select(Attachment.id).where(Attachment.interaction_id.is_(None), Attachment.created_at < before)
            ids = list(session.execute(query.limit(BATCH)).scalars())
            session.execute(delete(Attachment).where(Attachment.id.in_(ids)))
        remove_files(app.settings.data_dir / "files", ids)
        removed += len(ids)
        if len(ids) < BATCH:
            return removed
