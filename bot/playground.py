"""What the playground's page does as staff besides writing: correcting what a customer's message meant."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import App
from bot.channels.web import AGENT, STAFF_SENDERS, WebChannel
from bot.meanings import kind_of, propose
from bot.messages import IncomingMessage, Sender
from bot.staff import StaffRoll
from bot.web.services import CannotCorrect
from config.settings import StaffEntry
from crm_core.access import Actor
from crm_core.corrections import Corrections
from crm_core.errors import CrmError
from crm_core.models import Correction, Interaction
from crm_core.staff.store import StaffStore

PLAYGROUND_STAFF = {
    "playground-agent": StaffEntry(role="agent", name="Agent"),
    "playground-manager": StaffEntry(role="manager", name="Manager"),
}


def correct(app: App, web: WebChannel, chat_id: str, message_id: str, label: str) -> dict[str, Any]:
    """Note what a message meant, as the playground's agent; with "" take back what was noted.

    Raises:
        CannotCorrect: no such message, nothing written in it, or no such intent or mood.
    """
    try:
        with app.store.write() as session:
            corrections = _as_agent(app, web, session)
            query = select(Interaction.id).where(
                Interaction.channel == web.name, Interaction.chat_id == chat_id, Interaction.message_id == message_id,
                Interaction.direction == "in",
            )  # fmt: skip
            found = session.execute(query.order_by(Interaction.revision.desc()).limit(1)).scalar_one_or_none() or 0
            if not label:
                waiting = select(Correction.id).where(Correction.interaction_id == found)
                return {"taken_back": sum(corrections.take_back(key) for key in session.scalars(waiting).all())}
            kind_of(label)
            row = propose(corrections, found, label)
            return {"kind": row.kind, "found": row.found, "label": row.label, "state": row.state}
    except CrmError as error:
        raise CannotCorrect(str(error)) from error


def _as_agent(app: App, web: WebChannel, session: Session) -> Corrections:
    now, business = app.clock(), app.settings.business
    message = IncomingMessage(
        channel=web.name, account=web.account, delivery_id="", chat_id=AGENT, message_id="", side="staff",
        sender=Sender(external_id=STAFF_SENDERS[AGENT]), sent_at=now,
    )  # fmt: skip
    speaker = StaffRoll((), business.zone, local=PLAYGROUND_STAFF).speaker(session, message, now)
    assert speaker is not None
    actor = Actor(speaker.staff_id or 0, speaker.role, speaker.name, speaker.external_id)
    staff = StaffStore(session, app.store.vault, actor=actor, now=now, business=business)
    return Corrections(session, staff.permit, speaker.staff_id, now)
