"""Everybody's own digests: each local date of each kind once, whichever process is first; what fails is told."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import App
from bot.digest import digest_reply, draw, gather
from bot.digest_plan_words import footer
from bot.figures import FigureWords
from bot.handlers.manager.digests import SHOWN
from bot.messages import Reply
from bot.outbox import queue_reply, take_queued
from bot.staff_places import WITH_NAMES, chat_of, missing, own_channel
from config.settings import StaffEntry
from crm_core import audit
from crm_core.digest_plans import TRIES, Due, all_plans, claim, held, newest_due, period_of
from crm_core.models import DigestEdition, DigestPlan, OutboxMessage, Staff

log = structlog.get_logger(__name__)


class CannotSend(Exception):
    """There is no way to somebody; the text is a key below `digests.missing` of the phrases."""


def personal_digests(app: App, due_at: datetime) -> dict[str, Any]:
    """Send what is due, then tell of what failed."""
    now = app.clock()
    with app.store.read() as session:
        due = [(plan, found) for plan in all_plans(session) if (found := newest_due(plan, now))]
    sent = [_send(app, plan, found, now) for plan, found in due if _is_ready(app, plan.channel)]
    return {"due": len(due), "sent": sum(sent), "told": _tell_failures(app, now)}


def _is_ready(app: App, channel: str) -> bool:
    """Whether a message can be addressed there: a channel knows its account once it is connected."""
    return channel not in app.channels or bool(app.channels[channel].account)


def _send(app: App, plan: DigestPlan, due: Due, now: datetime) -> bool:
    with app.store.write() as session:
        edition_id = claim(session, plan, due, now)
        if edition_id is None:
            return False
        lease_until = session.get_one(DigestEdition, edition_id).lease_until
    try:
        return _made(app, plan, due, edition_id, lease_until)
    except Exception as error:
        log.exception("digest_failed", kind=plan.kind, edition_id=edition_id)
        _note_failure(app, edition_id, lease_until, error)
        return False


def _made(app: App, plan: DigestPlan, due: Due, edition_id: int, lease_until: datetime) -> bool:
    """Make it and queue it; False where its person may not see it (any more)."""
    with app.store.read() as session:
        staff = session.get_one(Staff, plan.staff_id)
    entry = app.roll.entry_of(staff.external_id)
    if entry is None or entry.role == "agent":
        return _ended(app, plan)
    problem = missing(app.settings, entry, staff.external_id, plan.channel)
    if problem:
        raise CannotSend(problem)
    words = FigureWords(app.services.phrases, plan.language)
    with app.store.read() as session:
        gathered = gather(
            session, period_of(plan, due), None, words, parts=plan.parts, names=plan.channel in WITH_NAMES
        )  # fmt: skip
    drawn = draw(gathered, app.settings.data_dir)
    now = app.clock()
    with app.store.write() as session:
        edition = held(session, edition_id, lease_until)
        if edition is None:
            return False  # it took too long, and another process makes it
        session.get_one(Staff, staff.id).email = entry.email or None
        reply = digest_reply(
            session, drawn, app.files, words, offer=False, channel=plan.channel,
            foot=footer(plan, app.services.phrases, plan.language),
        )  # fmt: skip
        audit.record(
            session, app.store.vault, actor="job:personal_digests", action="digest.read", subject=f"staff:{staff.id}",
            fields=SHOWN if plan.channel in WITH_NAMES else SHOWN[1:], now=now,
        )  # fmt: skip
        chat = chat_of(session, staff, entry, plan.channel, _account(app, plan.channel), now)
        row = queue_reply(session, chat, reply, now=now, purpose="proactive", language=plan.language)
        session.flush()
        edition.state, edition.outbox_id = "queued", row.id
        queued = take_queued(session)
    app.delivery.submit(queued)
    return True


def _account(app: App, channel: str) -> str:
    return app.channels[channel].account if channel in app.channels else ""


def _ended(app: App, plan: DigestPlan) -> bool:
    """Who is no manager any more gets none."""
    with app.store.write() as session:
        kept = session.get(DigestPlan, plan.id)
        if kept is not None:
            session.delete(kept)
    log.info("digest_ended", staff_id=plan.staff_id, kind=plan.kind)
    return False


# --- failures -------------------------------------------------------------------------------------------------------
def _note_failure(app: App, edition_id: int, lease_until: datetime, error: Exception) -> None:
    """Let the next run try again, until it was tried often enough or there is no way."""
    with app.store.write() as session:
        edition = held(session, edition_id, lease_until)
        if edition is None:
            return
        hopeless = isinstance(error, CannotSend)
        edition.error = f"missing.{error}" if hopeless else type(error).__name__
        edition.lease_until = app.clock()
        if hopeless or edition.attempts >= TRIES:
            edition.state = "failed"


def _tell_failures(app: App, now: datetime) -> int:
    """Tell the person and the administrators of what could not be made or was not taken; each once."""
    with app.store.write() as session:
        not_taken = select(OutboxMessage.id).where(OutboxMessage.state.in_(("failed", "unclear")))
        query = select(DigestEdition).where(
            DigestEdition.told_at.is_(None),
            (DigestEdition.state == "failed")
            | ((DigestEdition.state == "queued") & DigestEdition.outbox_id.in_(not_taken)),
        )
        failed = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
        for edition in failed:
            edition.told_at = now
            _tell(app, session, edition, now)
        queued = take_queued(session)
    app.delivery.submit(queued)
    return len(failed)


def _tell(app: App, session: Session, edition: DigestEdition, now: datetime) -> None:
    phrases = app.services.phrases
    owner = session.get_one(Staff, edition.staff_id)
    row = session.get(OutboxMessage, edition.outbox_id) if edition.outbox_id else None
    log.error("digest_not_sent", staff_id=owner.id, kind=edition.kind, reason=(row.error if row else edition.error))
    admins = session.execute(select(Staff).where(Staff.role == "admin", Staff.id != owner.id)).scalars()
    for member in [owner, *admins]:
        entry = app.roll.entry_of(member.external_id)
        channel = own_channel(member.external_id)
        if entry is None or (member is not owner and entry.role != "admin") or not _account(app, channel):
            continue
        language = _language(session, member, entry, edition)
        reason = row.error if row else edition.error or ""
        known = phrases.has(f"digests.{reason}")
        text = phrases(
            "digests.failed" if member is owner else "digests.failed_for",
            language,
            kind=phrases(f"digests.kinds.{edition.kind}", language),
            day=edition.local_date.isoformat(),
            reason=phrases(f"digests.{reason}", language) if known else reason or "–",
            **({} if member is owner else {"name": owner.name}),
        )
        chat = chat_of(session, member, entry, channel, _account(app, channel), now)
        queue_reply(session, chat, Reply(text=text), now=now, purpose="proactive", language=language)


def _language(session: Session, member: Staff, entry: StaffEntry, edition: DigestEdition) -> str:
    """The digest's own for its person; of others what the settings say."""
    query = select(DigestPlan.language).where(DigestPlan.staff_id == member.id, DigestPlan.id == edition.plan_id)
    return session.execute(query).scalar_one_or_none() or entry.language
