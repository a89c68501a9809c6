"""What happened to one message, step by step: for staff who wonder where an answer is."""

from datetime import datetime

from sqlalchemy import select

from bot import wording
from bot.handlers.agent.asking import StaffTurn, desk_conversation, hushed
from bot.handlers.agent.corrections import wrong_choice
from bot.messages import Reply
from bot.trace import traced
from crm_core.models import Conversation, Interaction


def trace(turn: StaffTurn) -> Reply:
    """The trace of the message with this id, else of the customer's last message in this thread."""
    conversation = desk_conversation(turn)
    wanted = turn.argument.strip()
    if conversation is None and not wanted:
        return turn.reply("agent.trace.which")
    row = _message(turn, conversation, wanted)
    told = traced(turn.store.session, row.channel, row.chat_id, row.message_id) if row else None
    if told is None:
        return turn.reply("agent.trace.unknown", message=wanted[:60] or "–")
    lines = [turn.say("agent.trace.intro", message=row.message_id if row else wanted)]
    lines += [_step(turn, step) for step in told["steps"]]
    choices = (wrong_choice(turn, row.id),) if row and row.intent and (row.text or "").strip() else ()
    return hushed(turn, Reply(text="\n".join(lines), choices=choices))


def _message(turn: StaffTurn, conversation: Conversation | None, wanted: str) -> Interaction | None:
    """The newest message with this id of the conversation, else of any customer."""
    subject = f"conversation:{conversation.id}" if conversation else f"message:{wanted[:60]}"
    turn.store.permit("trace.read", subject, ("steps",))
    query = select(Interaction).where(Interaction.direction == "in", Interaction.author == "customer")
    if wanted:
        query = query.where(Interaction.message_id == wanted)
    if conversation:
        query = query.where(Interaction.conversation_id == conversation.id)
    return turn.store.session.execute(query.order_by(Interaction.id.desc()).limit(1)).scalar_one_or_none()


def _step(turn: StaffTurn, step: dict[str, str]) -> str:
    at = datetime.fromisoformat(step["at"])
    name, _, state = step["step"].partition(" ")
    word = turn.say(f"agent.trace.steps.{name}")
    when = wording.moment(at, turn.language, turn.speaker.zone)
    return " · ".join(part for part in (when, f"{word} {state}".strip(), step["detail"]) if part)
