"""Which case a member of staff means, and what an answer to our question adds to what was asked for before."""

import re
from dataclasses import replace

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, declined, desk_conversation, hushed, named, present
from bot.handlers.agent.case_reading import numbers
from bot.messages import Choice, Reply
from crm_core.staff.cases import NOT_CLOSED, CaseFilter, StaffCase
from nlu.understanding import Entity

MOST_AT_ONCE = 20
OFFERED = 5
_ALL = re.compile(r"(?<![a-z])(?:all|every|both)(?![a-z])|全部|所有|都|一起|统一|单子全", re.IGNORECASE)


def wanted_now(turn: StaffTurn) -> Asked | Reply:
    """What this turn asks for; an answer to our question goes on with what was asked for then."""
    if declined(turn):
        return turn.reply("agent.nothing_done")
    if turn.question is None:
        return asked(turn)
    pending = turn.memory.shown("pending")
    if not isinstance(pending, dict) or pending["intent"] != turn.question.intent:
        return asked(turn)
    before = Asked(pending["text"], tuple(Entity(**entity) for entity in pending["entities"]), pending.get("number"))
    answer = turn.understanding
    if turn.slots.get("for") == "case":
        said = numbers(answer.text, answer.entities) or [int(part) for part in re.findall(r"\d{1,9}", answer.text)]
        return replace(before, number=said[0]) if said else turn.reply("agent.cases.no_number")
    if turn.slots.get("for") == "until":
        times = tuple(replace_span(entity) for entity in answer.entities)
        kept = tuple(entity for entity in before.entities if entity.name not in ("datetime", "date_range", "duration"))
        return replace(before, entities=(*kept, *times))
    return before


def replace_span(entity: Entity) -> Entity:
    """An entity of an answer, which stands nowhere in the words that it is added to."""
    return entity.model_copy(update={"start": -1, "end": -1})


def keep(turn: StaffTurn, wanted: Asked, number: int | None = None) -> None:
    """Remember what is asked for until our question is answered."""
    entities = [entity.model_dump(mode="json") for entity in wanted.entities]
    pending = {"intent": turn.understanding.intent, "text": wanted.text, "entities": entities, "number": number}
    turn.memory.show("pending", pending)


def cases_meant(turn: StaffTurn, wanted: Asked, *, closed: bool = False) -> list[StaffCase] | Reply:
    """The cases that are meant: by number, by customer, of this thread, or the one shown last.

    Args:
        closed: those of a customer that are closed, for reopening.
    """
    if wanted.number is not None:
        return _numbered(turn, [wanted.number])
    said = numbers(wanted.text, wanted.entities)
    if said:
        return _numbered(turn, said[:MOST_AT_ONCE])
    if _ALL.search(wanted.text):
        return turn.reply("agent.cases.name_them")
    statuses = ("closed",) if closed else NOT_CLOSED
    customer = _customer(turn, wanted)
    if customer is not None:
        return _of_customer(turn, wanted, customer, statuses)
    shown = turn.memory.shown("case")
    return _numbered(turn, [shown]) if isinstance(shown, int) else _of_thread(turn, wanted, statuses)


def _of_customer(
    turn: StaffTurn, wanted: Asked, customer_id: int, statuses: tuple[str, ...]
) -> list[StaffCase] | Reply:
    found = turn.store.cases.listed(CaseFilter(customer_id=customer_id, statuses=statuses, order="newest")).cases
    if not found:
        return hushed(turn, turn.reply("agent.cases.none_of_customer"))
    return list(found) if len(found) == 1 else which(turn, wanted, list(found))


def _customer(turn: StaffTurn, wanted: Asked) -> int | None:
    """The one customer who is named, or "her" where somebody was shown."""
    found = named(turn, wanted, wanted.text) if wanted.text else []
    if len(found) == 1:
        return found[0].customer_id
    if wanted.first("reference") == "person":
        who = present(turn)
        return who.customer_id if who else None
    return None


def _of_thread(turn: StaffTurn, wanted: Asked, statuses: tuple[str, ...]) -> list[StaffCase] | Reply:
    conversation = desk_conversation(turn)
    if conversation is not None and conversation.customer_id:
        wished = CaseFilter(customer_id=conversation.customer_id, statuses=statuses, order="newest")
        found = turn.store.cases.listed(wished).cases
        if found:
            return list(found) if len(found) == 1 else which(turn, wanted, list(found))
    mine = turn.store.cases.listed(CaseFilter(owner_id=turn.speaker.staff_id)).cases
    return which(turn, wanted, list(mine))


def _numbered(turn: StaffTurn, said: list[int]) -> list[StaffCase] | Reply:
    found = [(number, turn.store.cases.get(number)) for number in said]
    unknown = [f"#{number}" for number, case in found if case is None]
    if unknown:
        choice = Choice(label=turn.say("agent.cases.buttons.mine"), value="case_list:mine")
        return Reply(
            text=turn.say("agent.cases.unknown", numbers=wording.listed(unknown, turn.language)), choices=(choice,)
        )
    return [case for _, case in found if case is not None]


def which(turn: StaffTurn, wanted: Asked, found: list[StaffCase]) -> Reply:
    """Ask which case is meant; a button or a number goes on with what was asked for."""
    intent = turn.understanding.intent
    keep(turn, wanted)
    turn.ask("text", intent, **{"for": "case"})
    choices = tuple(Choice(label=short(turn, case), value=f"{intent}:pick:{case.number}") for case in found[:OFFERED])
    return hushed(turn, Reply(text=turn.say("agent.cases.which"), choices=choices))


def short(turn: StaffTurn, case: StaffCase) -> str:
    """A case on a button."""
    title = case.title if len(case.title) <= 40 else case.title[:39] + "…"
    return f"#{case.number} · {title}"
