"""What several of a customer's handlers say or ask in the same way."""

from bot.messages import Choice, Reply
from bot.turns import Turn
from crm_core.cases import CaseView
from crm_core.customer_store import CustomerStore
from crm_core.opened_orders import Pass

CustomerTurn = Turn[CustomerStore]

LONGEST_VALUE = 64
"""Bytes that a button's value may have on every channel."""
READ_UP_TO = 600
"""Characters of a text in which words are looked for: what matters is said early, and 64 KB must stay cheap."""


def words(turn: CustomerTurn) -> str:
    """What was written, lower-cased, as far as it is read for single words."""
    return turn.understanding.text[:READ_UP_TO].lower()


def argument(turn: CustomerTurn) -> str:
    """What a button or a command carries along; "" for what was written in words."""
    return turn.argument.strip() if turn.message.kind in ("button", "command") else ""


def is_private(turn: CustomerTurn) -> bool:
    """Whether only the customer reads along: never so in groups, nor when somebody else uses their chat."""
    return turn.message.direct and turn.message.sender.external_id == turn.speaker.external_id


def passes(turn: CustomerTurn) -> list[Pass]:
    """Proofs of the orders that were opened in this conversation; the store checks each of them."""
    kept = turn.memory.shown("opened")
    return [one for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []


def declined(turn: CustomerTurn) -> bool:
    """Whether the customer said no, or "never mind", when we asked for something."""
    return turn.question is not None and turn.understanding.first("confirmed") is False


def choice(turn: CustomerTurn, intent: str, argument: str = "", label: str = "") -> Choice | None:
    """A button for an intent; None when its value would be longer than channels take, or not ASCII."""
    value = f"{intent}:{argument}" if argument else intent
    if not value.isascii() or len(value) > LONGEST_VALUE:
        return None
    return Choice(label=label or turn.say(f"customer.labels.{intent}"), value=value)


def choices(turn: CustomerTurn, *wanted: str) -> tuple[Choice, ...]:
    """Buttons for intents, "intent" or "intent:argument", with their usual labels."""
    made = (choice(turn, *one.split(":", 1)) for one in wanted)
    return tuple(button for button in made if button)


def offer_person(turn: CustomerTurn, key: str, **values: object) -> Reply:
    """Say something and offer a person."""
    return Reply(text=turn.say(key, **values), choices=choices(turn, "talk_to_human"))


def confirmed(turn: CustomerTurn) -> bool | None:
    """The answer to our question to confirm; None when this is none."""
    asked = turn.question is not None and turn.question.wants == "confirm"
    said = turn.understanding.first("confirmed") if asked else None
    return None if said is None else bool(said)


def show_desk(turn: CustomerTurn, key: str, choices: tuple[tuple[str, str], ...] = (), /, **values: object) -> None:
    """Show staff something in the conversation's thread; `choices`: (key of the label, value) of their buttons."""
    language = turn.services.desk.language
    said = turn.services.phrases(key, language, **values)
    buttons = tuple(Choice(label=turn.services.phrases(label, language), value=value) for label, value in choices)
    turn.outcome.for_desk.append(Reply(text=said, choices=buttons))


def ask_staff(turn: CustomerTurn, case: CaseView, request: str, number: str = "") -> None:
    """Show staff a request that became a case, with the buttons that settle it."""
    buttons = (
        ("desk.request.done", f"desk:done:{case.number}"),
        ("desk.request.refuse", f"desk:refuse:{case.number}"),
    )
    about = number or "–"
    show_desk(turn, "desk.request.asked", buttons, case=case.number, order=about, request=request)


def yes_or_no(turn: CustomerTurn) -> tuple[Choice, ...]:
    """The two buttons below a question to confirm."""
    return (
        Choice(label=turn.say("common.yes"), value="affirm", style="primary"),
        Choice(label=turn.say("common.no"), value="deny"),
    )


def known_or_plain(turn: CustomerTurn, prefix: str, word: str) -> str:
    """The phrase for a word of the records if there is one, else the word with blanks for underscores."""
    key = f"{prefix}.{word.replace(' ', '_').replace('.', '')}"
    return turn.say(key) if turn.services.phrases.has(key) else word.replace("_", " ")
