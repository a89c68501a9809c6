"""Opening cases, also from a hand-over thread or from the message that a shortcut was used on."""

from bot.handlers.agent import reading
from bot.handlers.agent.asking import (
    StaffTurn,
    argument,
    asked,
    declined,
    desk_conversation,
    hushed,
    label,
    undo,
    whom,
)
from bot.handover import last_words
from bot.messages import Reply
from crm_core.cases import PRIORITIES


def case_create(turn: StaffTurn) -> Reply:
    """Open a case for the customer meant; in a hand-over thread their last words are its title unless one is said."""
    undone = argument(turn, "undo")
    if undone is not None:
        return _closed(turn, undone)
    if declined(turn):
        return turn.reply("agent.nothing_done")
    wanted = asked(turn)
    answer = turn.question is not None
    head, title = ("", wanted.text) if answer else reading.case(wanted.text, wanted.entities)
    who = whom(turn, wanted, said=head or wanted.text, guess=bool(head))
    if isinstance(who, Reply):
        return who
    conversation = desk_conversation(turn)
    if conversation and not title:
        title = " / ".join(last_words(turn.store.session, conversation, 2))
    if not title:
        turn.ask("prose", "case_create", number=who.number, priority=_priority(turn, wanted.first("priority")))
        return turn.reply("agent.cases.what", who=label(turn, who))
    priority = _priority(turn, wanted.first("priority"))
    topic = str(wanted.first("reason") or wanted.first("topic") or "")
    number = turn.store.cases.open(who.customer_id, title, priority, topic, conversation.id if conversation else None)
    turn.memory.show("customer", who.customer_id)
    turn.memory.show("case", number)
    word = turn.say(f"agent.cases.priorities.{priority}")
    text = turn.say("agent.cases.opened", number=number, who=label(turn, who), title=title, priority=word)
    return hushed(turn, Reply(text=text, choices=undo(turn, f"case_create:undo:{number}")))


def _priority(turn: StaffTurn, said: object) -> str:
    kept = said or turn.slots.get("priority")
    return str(kept) if kept in PRIORITIES else "normal"


def _closed(turn: StaffTurn, number: str) -> Reply:
    done = (
        number.isdigit() and len(number) < 12 and turn.store.cases.close(int(number), turn.say("agent.cases.mistake"))
    )
    return turn.reply("agent.cases.closed" if done else "agent.too_late", **({"number": number} if done else {}))
