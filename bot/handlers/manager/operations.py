"""How the installation does: the last backup, channels, queue, deliveries, disk, models, jobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import wording
from bot.doctor import examine
from bot.figures import FigureWords
from bot.finding import Finding
from bot.finding_words import part_of, told
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.messages import Reply, Table
from bot.turns import Preparing
from crm_core.backup_log import NAME as BACKUP
from crm_core.backup_log import MadeBackup, made_backups
from crm_core.models import Interaction, JobRun, OutboxMessage

OLD = timedelta(hours=48)
"""From when on a backup is too old: one a night, and one missed."""
LATELY = timedelta(hours=24)
SLOW = timedelta(minutes=5)
"""From when on a message that waits for its answer is a problem."""
WELL, ILL = "✓", "✗"


# --- backups --------------------------------------------------------------------------------------------------------
def backup_status(turn: ManagerTurn) -> Reply:
    """When the last backup was made, how big it is, whether it was read back; what to do when there is none."""
    turn.store.permit("system.read", "backups")
    words, known = words_of(turn), made_backups(turn.store.session)
    good = next((one for one in known if not one.problem), None)
    lines = [_last_backup(turn, good, words)] if good else [words.say("backup.none")]
    if known and known[0].problem:
        lines.insert(0, words.say("backup.failed", when=_moment(turn, known[0].at), problem=known[0].problem))
    if good is None or turn.now - good.at > OLD:
        lines.append(words.say("backup.how"))
    lines.append(words.say("backup.keys"))
    if len(known) < 2:
        return Reply(text="\n".join(lines))
    columns = tuple(words.say(f"backup.columns.{name}") for name in ("when", "size", "verified"))
    rows = tuple((_moment(turn, one.at), _size(one.size), _state(one, words)) for one in known)
    return Reply(text="\n".join(lines), table=Table(columns=columns, rows=rows))


def _last_backup(turn: ManagerTurn, good: MadeBackup, words: FigureWords) -> str:
    age = words.duration(max(0.0, (turn.now - good.at).total_seconds()))
    key = "backup.last" if good.is_there else "backup.moved"
    text = words.say(
        key, when=_moment(turn, good.at), age=age, size=_size(good.size), rows=f"{good.rows:,}", files=good.files,
        where=good.archive,
    )  # fmt: skip
    checked = words.say("backup.verified" if good.verified else "backup.not_verified")
    old = words.say("backup.old") if turn.now - good.at > OLD else ""
    return "\n".join(part for part in (text, checked, old) if part)


def _state(one: MadeBackup, words: FigureWords) -> str:
    if one.problem:
        return words.say("backup.states.failed")
    return words.say("backup.states.verified" if one.verified else "backup.states.made")


def _size(size: int) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:.0f} {unit}" if unit in ("B", "KB") else f"{size:.1f} {unit}"
        size = round(size / 1024, 1)  # type: ignore[assignment]
    return ""


# --- health ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Examined:
    """What the doctor found, made before the transaction begins: it asks the platforms over the network."""

    findings: tuple[Finding, ...]
    channels: dict[str, Any]


def prepare_health(given: Preparing) -> Examined:
    """Run the doctor and ask the channels."""
    return Examined(tuple(examine(given.services.settings)), given.services.health().get("channels", {}))


def health_check(turn: ManagerTurn) -> Reply:
    """Every part with whether it is well; what is not comes first, with what to do."""
    turn.store.permit("system.read", "health")
    words, examined = words_of(turn), turn.prepared
    assert isinstance(examined, Examined)
    checks = [
        *(_channel(turn, name, health, words) for name, health in sorted(examined.channels.items())),
        *_waiting(turn.store.session, turn.now, words),
        *_jobs(turn, words),
        *(_finding(turn, finding) for finding in examined.findings if finding.name != "channels"),
    ]
    ill = [check for check in checks if check[0] == ILL]
    text = words.say("health.ill", count=len(ill)) if ill else words.say("health.well", count=len(checks))
    columns = tuple(words.say(f"health.columns.{name}") for name in ("state", "part", "detail"))
    return Reply(
        text=text, table=Table(columns=columns, rows=tuple(sorted(checks, key=lambda check: check[0] == WELL)))
    )


Check = tuple[str, str, str]


def _channel(turn: ManagerTurn, name: str, health: dict[str, Any], words: FigureWords) -> Check:
    state = str(health.get("state", ""))
    key = f"manager.health.states.{state}"
    told = turn.services.phrases(key, turn.language) if turn.services.phrases.has(key) else state
    error = str(health.get("last_error") or "") if state != "connected" else ""
    return WELL if state == "connected" else ILL, words.part("channel", name), " · ".join(p for p in (told, error) if p)


def _waiting(session: Session, now: datetime, words: FigureWords) -> list[Check]:
    """The queue of messages without an answer, and what could not be delivered."""
    todo = select(func.count(), func.min(Interaction.received_at)).where(Interaction.status == "received")
    count, oldest = session.execute(todo).one()
    age = now - oldest if oldest else timedelta(0)
    told = words.say("health.queue", count=count, age=words.duration(max(0.0, age.total_seconds())))
    checks = [(WELL if age < SLOW else ILL, words.say("health.parts.queue"), told)]
    recent = OutboxMessage.queued_at >= now - LATELY
    states = select(OutboxMessage.state, func.count()).where(recent).group_by(OutboxMessage.state)
    counted = {state: int(number) for state, number in session.execute(states)}
    failed, unclear = counted.get("failed", 0), counted.get("unclear", 0)
    waiting = sum(counted.get(state, 0) for state in ("queued", "sending", "held", "postponed"))
    told = words.say("health.deliveries", sent=counted.get("sent", 0), failed=failed, unclear=unclear, waiting=waiting)
    return [*checks, (ILL if failed or unclear else WELL, words.say("health.parts.deliveries"), told)]


def _jobs(turn: ManagerTurn, words: FigureWords) -> list[Check]:
    """The last run of every job, and the last backup."""
    session, newest = turn.store.session, select(JobRun.job, func.max(JobRun.due_at)).group_by(JobRun.job)
    checks = []
    for job, due in session.execute(newest).all():
        run = session.execute(select(JobRun).where(JobRun.job == job, JobRun.due_at == due)).scalars().first()
        if run is None or job == BACKUP:
            continue
        went = words.say(f"health.runs.{run.state}", when=_moment(turn, due))
        does = turn.say(f"jobs.does.{job}") if turn.services.phrases.has(f"jobs.does.{job}") else job
        checks.append((ILL if run.state == "failed" else WELL, words.say("health.parts.job", name=does), went))
    good = next((one for one in made_backups(session) if not one.problem), None)
    well = good is not None and turn.now - good.at <= OLD
    told = words.say("health.backup", when=_moment(turn, good.at)) if good else words.say("health.no_backup")
    return [*sorted(checks), (WELL if well else ILL, words.say("health.parts.backup"), told)]


def _finding(turn: ManagerTurn, finding: Finding) -> Check:
    """A finding of the doctor in words."""
    phrases = turn.services.phrases
    return WELL if finding.ok else ILL, part_of(finding, phrases, turn.language), told(finding, phrases, turn.language)


def _moment(turn: ManagerTurn, when: datetime) -> str:
    return wording.moment(when, turn.language, turn.services.settings.business.zone)
