"""Taking conversations over and giving them back; what is said in hand-over threads; linking a chat to a customer."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select

from bot.handlers.agent.asking import Asked, StaffTurn, asked, declined, desk_conversation, hushed, label, present, whom
from bot.handlers.agent.decisions import DECISIONS
from bot.handlers.agent.suggestions import suggest_for
from bot.handover import sent_from
from bot.messages import Choice, IncomingMessage, OutgoingFile, Reply
from bot.turns import Handler
from crm_core.errors import NotPossible
from crm_core.models import Attachment, Conversation, Interaction

SEND_PREFIXES = ("send to customer:", "send:", "发送：", "发送:", "发给客户：", "发给客户:")
"""With one of these in front a line in a hand-over thread goes to the customer; folded to lower case, ：is :."""
_PREFIXES = tuple(dict.fromkeys(prefix.replace("：", ":") for prefix in SEND_PREFIXES))


# --- taking and giving back -----------------------------------------------------------------------------------------
def handoff_take(turn: StaffTurn) -> Reply:
    """Take the conversation of this thread, else the one of the customer meant; the bot falls silent there."""
    return _with_conversation(turn, _take)


def handoff_return(turn: StaffTurn) -> Reply:
    """Give the conversation back to the bot."""
    return _with_conversation(turn, _return)


def _with_conversation(turn: StaffTurn, act: Callable[[StaffTurn, Conversation], Reply]) -> Reply:
    conversation = desk_conversation(turn)
    if conversation is not None:
        return act(turn, conversation)
    found = _conversation_meant(turn)
    return found if isinstance(found, Reply) else hushed(turn, act(turn, found))


def _conversation_meant(turn: StaffTurn) -> Conversation | Reply:
    who = whom(turn, asked(turn), guess=False)
    if isinstance(who, Reply):
        return who if who.choices else turn.reply("desk.not_here")
    turn.memory.show("customer", who.customer_id)
    conversation = turn.store.conversation(who.customer_id)
    return conversation or turn.reply("agent.desk.never_wrote", who=label(turn, who))


def _take(turn: StaffTurn, conversation: Conversation) -> Reply:
    turn.store.permit("conversation.take", f"conversation:{conversation.id}")
    session, desk = turn.store.session, turn.services.desk
    if conversation.desk_thread_id is None and not desk.hand_over(session, conversation, "staff", turn.now):
        return turn.reply("agent.desk.no_queue")
    desk.take(session, conversation, turn.speaker, turn.now)
    key = "desk.taken" if desk_conversation(turn) else "agent.desk.taken_elsewhere"
    choices = (Choice(label=turn.say("desk.give_back"), value=f"desk:return:{conversation.id}"),)
    return Reply(text=turn.say(key, name=turn.speaker.name), choices=choices)


def _return(turn: StaffTurn, conversation: Conversation) -> Reply:
    turn.store.permit("conversation.take", f"conversation:{conversation.id}")
    turn.services.desk.give_back(turn.store.session, conversation, turn.speaker, turn.now)
    choices = (Choice(label=turn.say("desk.take"), value=f"desk:take:{conversation.id}"),)
    return Reply(text=turn.say("desk.given_back"), choices=choices)


# --- buttons of the thread ------------------------------------------------------------------------------------------
def desk(turn: StaffTurn) -> Reply:
    """A button of a hand-over thread: take, suggest, resolve, snooze, return, send:<interaction id>, or a decision."""
    action, _, digits = turn.argument.partition(":")
    if action in DECISIONS:
        return DECISIONS[action](turn, action, digits)
    key = int(digits) if digits.isdigit() and len(digits) < 20 else 0
    if action == "send":
        return _send_kept(turn, turn.store.session.get(Interaction, key) if key else None)
    conversation = desk_conversation(turn) or turn.store.session.get(Conversation, key)
    act = _ACTIONS.get(action)
    if act is None or conversation is None or conversation.identity_id is None:
        return turn.reply("desk.gone")
    return act(turn, conversation)


def _resolve(turn: StaffTurn, conversation: Conversation) -> Reply:
    turn.store.permit("conversation.take", f"conversation:{conversation.id}")
    if conversation.state == "resolved":
        return turn.reply("agent.desk.already_resolved")
    turn.services.desk.resolve(turn.store.session, conversation, turn.speaker, turn.now)
    choices = (Choice(label=turn.say("agent.desk.reopen"), value=f"desk:take:{conversation.id}"),)
    return Reply(text=turn.say("desk.resolved"), choices=choices)


def _snooze(turn: StaffTurn, conversation: Conversation) -> Reply:
    turn.store.permit("conversation.take", f"conversation:{conversation.id}")
    turn.services.desk.snooze(turn.store.session, conversation, turn.speaker, turn.now)
    choices = (Choice(label=turn.say("desk.take"), value=f"desk:take:{conversation.id}"),)
    return Reply(text=turn.say("desk.snoozed"), choices=choices)


def _suggest(turn: StaffTurn, conversation: Conversation) -> Reply:
    return suggest_for(turn, conversation, Asked(""))


_ACTIONS: dict[str, Callable[[StaffTurn, Conversation], Reply]] = {
    "take": _take,
    "suggest": _suggest,
    "resolve": _resolve,
    "snooze": _snooze,
    "return": _return,
}


# --- lines of the thread --------------------------------------------------------------------------------------------
def desk_thread(turn: StaffTurn) -> Reply:
    """A line in a hand-over thread that is not said to the bot: sent when it says so, else kept inside."""
    conversation = desk_conversation(turn)
    if turn.message.command == "send":
        return _send_line(turn, turn.message.reply_to)
    if conversation is None or turn.message.kind == "command":
        return Reply()  # a deleted line stays in the record; what was sent cannot be unsaid silently
    text, explicit = sendable(turn.message.text)
    if turn.message.kind == "edit":
        turn.store.permit("conversation.answer", f"conversation:{conversation.id}")
        changed = turn.services.desk.correct(turn.store.session, turn.message, text, turn.now)
        return turn.reply("desk.corrected") if changed else Reply()
    if explicit:
        files = _files(turn, turn.interaction_id)
        return _send(turn, conversation, Reply(text=text, files=files), turn.message)
    turn = replace(turn, language=turn.understanding.language)  # whoever writes here is answered as they write
    choice = Choice(label=turn.say("desk.send"), value=f"desk:send:{turn.interaction_id}")
    return Reply(text=turn.say("desk.internal"), choices=(choice,), private=True)


def sendable(text: str) -> tuple[str, bool]:
    """The line without its sending prefix, and whether it had one."""
    folded = text.lstrip().lower().replace("：", ":")
    for prefix in _PREFIXES:
        if folded.startswith(prefix):
            return text.lstrip()[len(prefix) :].strip(), True
    return text, False


def _send_line(turn: StaffTurn, message_id: str) -> Reply:
    """Send the line of this thread that a shortcut was used on."""
    query = select(Interaction).where(
        Interaction.conversation_id == turn.conversation_id, Interaction.message_id == message_id
    )
    newest = query.order_by(Interaction.revision.desc(), Interaction.id.desc()).limit(1)
    return _send_kept(turn, turn.store.session.execute(newest).scalar_one_or_none())


def _send_kept(turn: StaffTurn, row: Interaction | None) -> Reply:
    """Send a line that was written inside, or a suggested answer."""
    if row is None:
        return turn.reply("desk.gone")
    if row.kind == "draft" and row.direction == "internal":
        return _send_draft(turn, row)
    conversation = desk_conversation(turn)
    if conversation is None or row.conversation_id != turn.conversation_id or row.direction != "in":
        return turn.reply("desk.not_here")
    origin = turn.message.model_copy(update={"message_id": row.message_id, "chat_id": row.chat_id, "reply_to": ""})
    if sent_from(turn.store.session, origin) is not None:
        return turn.reply("agent.desk.sent_before")
    reply = Reply(text=sendable(row.text or "")[0], files=_files(turn, row.id))
    return _send(turn, conversation, reply, origin)


def _send_draft(turn: StaffTurn, row: Interaction) -> Reply:
    conversation = turn.store.session.get_one(Conversation, row.conversation_id)
    if row.topic == "sent":
        return turn.reply("agent.desk.sent_before")
    turn.store.suggestions.sent_after_all(row.topic or "")
    row.topic = "sent"
    origin = turn.message.model_copy(update={"message_id": turn.message.reply_to or turn.message.message_id})
    return _send(turn, conversation, Reply(text=row.text or ""), origin)


def _send(turn: StaffTurn, conversation: Conversation, reply: Reply, origin: IncomingMessage) -> Reply:
    turn.store.permit("conversation.answer", f"conversation:{conversation.id}")
    if not reply.text.strip() and not reply.files:
        return turn.reply("desk.sent_empty")
    turn.services.desk.send(turn.store.session, conversation, reply, turn.speaker, origin, turn.now)
    return Reply() if desk_conversation(turn) else turn.reply("agent.desk.sent_from_here")


def _files(turn: StaffTurn, interaction_id: int) -> tuple[OutgoingFile, ...]:
    query = select(Attachment).where(Attachment.interaction_id == interaction_id, Attachment.stored_at.is_not(None))
    return tuple(
        OutgoingFile(attachment_id=row.id, name=row.name or row.kind, media_type=row.media_type)
        for row in turn.store.session.execute(query.order_by(Attachment.id)).scalars()
    )


# --- linking --------------------------------------------------------------------------------------------------------
def link_customer(turn: StaffTurn) -> Reply:
    """Say that this thread's visitor is a known customer: confirmed first, then everything of the chat is theirs."""
    conversation = desk_conversation(turn)
    if conversation is None:
        return turn.reply("desk.not_here")
    if declined(turn):
        return turn.reply("agent.nothing_done")
    number = turn.slots.get("number")
    if turn.question is not None and number is not None:
        return _linked(turn, conversation, int(number))
    who = whom(turn, asked(turn), guess=bool(turn.argument.strip()))
    if isinstance(who, Reply):
        return who
    visitor = present(turn)
    if visitor and visitor.customer_id == who.customer_id:
        return turn.reply("agent.link.already", who=label(turn, who))
    turn.ask("confirm", "link_customer", number=who.number)
    choices = (
        Choice(label=turn.say("common.yes"), value="affirm", style="primary"),
        Choice(label=turn.say("common.no"), value="deny"),
    )
    return hushed(turn, Reply(text=turn.say("agent.link.confirm", who=label(turn, who)), choices=choices))


def _linked(turn: StaffTurn, conversation: Conversation, number: int) -> Reply:
    who = turn.store.numbered(number)
    if who is None:
        return turn.reply("agent.whom.none", said=f"#{number}")
    try:
        result = turn.store.link(conversation, who.customer_id)
    except NotPossible:
        return turn.reply("agent.link.other_record")
    key = "agent.link.done" if result == "linked" else "agent.link.already"
    return turn.reply(key, who=label(turn, who))


HANDOFF: dict[str, Handler] = {
    "handoff_take": handoff_take,
    "handoff_return": handoff_return,
    "desk": desk,
    "desk_thread": desk_thread,
    "link_customer": link_customer,
}
