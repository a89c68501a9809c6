"""Finds out whose public posts are whose: ties those whose names customers gave, shows a person who others may be."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.app import App
from bot.messages import Choice, Reply
from bot.outbox import queue_to_queue, take_queued
from crm_core import audit
from crm_core.listening import author_candidates, authors
from crm_core.models import AuthorTie


def tie_authors(app: App, due_at: datetime) -> dict[str, Any]:
    """Look at the authors of the last days. Each suggestion is shown once."""
    indexed = 0
    while done := app.store.repeated(authors.fill_indexes):
        indexed += done
    now = app.clock()
    with app.store.write() as session:
        without = [name for name, given in app.settings.connectors.items() if not given.tie_by_name]
        tied = author_candidates.tie_by_name(session, now, without)
        if tied:
            audit.record(
                session, app.store.vault, actor="job:tie_authors", action="identity.link", subject="authors",
                fields=("author",), reason=f"{tied} by names that customers gave", now=now,
            )  # fmt: skip
        fresh = author_candidates.suggest_recent(session, app.settings.business.region, now)
        told = _show(app, session, fresh, now) if fresh else 0
        queued = take_queued(session)
    app.delivery.submit(queued)
    return {"indexed": indexed, "tied": tied, "suggested": told}


def _show(app: App, session: Session, ties: list[AuthorTie], now: datetime) -> int:
    """Ask the desk; where there is none, whoever looks at a post is shown the same."""
    place = app.services.desk.place()
    if place is None:
        return 0
    phrases, language = app.services.phrases, place.language
    lines, choices = [phrases("public.tie.found", language)], []
    for tie in ties:
        name, number = author_candidates.named(session, tie)
        who = f"{name} #{number}"
        reasons = "; ".join(phrases(f"public.tie.reasons.{reason}", language) for reason in tie.reasons)
        network = phrases(f"public.networks.{tie.connector}", language)
        said = phrases("public.tie.may_be", language, who=who, reasons=reasons)
        lines.append(f"{tie.author} · {network}\n{said}")
        label = phrases("public.tie.yes", language, who=who)
        choices.append(Choice(label=label, value=f"author_tie:yes:{tie.id}", style="primary"))
        choices.append(Choice(label=phrases("public.tie.no", language, who=who), value=f"author_tie:no:{tie.id}"))
        tie.told_at = now
    reply = Reply(text="\n".join(lines), choices=tuple(choices))
    queue_to_queue(session, place.channel, place.account, place.chat_id, reply, now=now, language=language)
    return len(ties)
