"""Not what was meant: staff say what a customer's message meant, with two clicks; managers decide what is learnt."""

from collections.abc import Callable

from bot.handlers.agent.asking import StaffTurn, desk_conversation, hushed
from bot.meanings import DOUBT, felt, kind_of, likely_first, name_of, propose
from bot.messages import Card, Choice, Reply
from crm_core.corrections import Corrections, Item, counted, last_learnt
from crm_core.errors import NotPossible
from crm_core.models import Conversation, Correction
from nlu.training import MOODS

SHOWN = 3
"""Lines of the list in one answer."""
LONGEST = 400


def corrections_of(turn: StaffTurn) -> Corrections:
    """Corrections with the rights of whoever speaks."""
    return Corrections(turn.store.session, turn.store.permit, turn.speaker.staff_id, turn.now)


def wrong_choice(turn: StaffTurn, interaction_id: int) -> Choice:
    """The button that opens the menu."""
    return Choice(label=turn.say("agent.meaning.wrong"), value=f"correct:{interaction_id}")


# --- correcting -----------------------------------------------------------------------------------------------------
def correct(turn: StaffTurn) -> Reply:
    """`correct:<message>` opens the menu, `correct:<message>:<label>` corrects, `correct:undo:<id>` takes it back.

    Without a message it is the last one of this thread's customer, or of the conversation in `correct:of:<id>`.
    """
    first, _, rest = turn.argument.strip().partition(":")
    if first == "undo":
        done = corrections_of(turn).take_back(_number(rest))
        return turn.reply("agent.meaning.taken_back" if done else "agent.meaning.too_late")
    interaction_id = _number(first) or _last_message(turn, _number(rest))
    rest = "" if first == "of" else rest
    if not interaction_id:
        return turn.reply("agent.meaning.which")
    try:
        return _corrected(turn, interaction_id, rest) if rest else _menu(turn, interaction_id)
    except NotPossible:
        return turn.reply("agent.meaning.nothing_written")


def _menu(turn: StaffTurn, interaction_id: int) -> Reply:
    message = corrections_of(turn).message(interaction_id)
    text = turn.say(
        "agent.meaning.menu", text=_short(message.text), found=_name(turn, message.intent or ""),
        mood=_name(turn, felt(message)),
    )  # fmt: skip
    found = likely_first(message.intent or "", [name for name, _ in message.alternatives or ()])
    moods = [mood for mood in MOODS if mood != felt(message)]
    labels = [*found[:3], *moods, *found[3:]]
    choices = tuple(Choice(label=_name(turn, each), value=f"correct:{interaction_id}:{each}") for each in labels)
    return hushed(turn, Reply(text=text, choices=choices))


def _corrected(turn: StaffTurn, interaction_id: int, label: str) -> Reply:
    row = propose(corrections_of(turn), interaction_id, label)
    text = turn.say("agent.meaning.noted", found=_name(turn, row.found or ""), label=_name(turn, label))
    return hushed(
        turn, Reply(text=text, choices=(Choice(label=turn.say("agent.undo"), value=f"correct:undo:{row.id}"),))
    )


def _last_message(turn: StaffTurn, conversation_id: int) -> int:
    """The last thing the customer of a hand-over thread wrote."""
    conversation = desk_conversation(turn) or turn.store.session.get(Conversation, conversation_id)
    message = turn.store.last_message(conversation) if conversation else None
    return message.id if message else 0


# --- reviewing ------------------------------------------------------------------------------------------------------
def review(turn: StaffTurn) -> Reply:
    """The list, or a button of it: ok, no, back or other with an id, set:<id>:<label>, from:<place>."""
    action, _, rest = turn.argument.strip().partition(":")
    number, _, label = rest.partition(":")
    return _REVIEWING.get(action, _list)(turn, _number(number), label)


def _approve(turn: StaffTurn, item_id: int, label: str) -> Reply:
    return _decided(turn, corrections_of(turn).approve(item_id))


def _reject(turn: StaffTurn, item_id: int, label: str) -> Reply:
    return _decided(turn, corrections_of(turn).reject(item_id))


def _reopen(turn: StaffTurn, item_id: int, label: str) -> Reply:
    corrections_of(turn).reopen(item_id)
    return turn.reply("agent.meaning.reopened")


def _change(turn: StaffTurn, item_id: int, label: str) -> Reply:
    if kind_of(label) != corrections_of(turn).item(item_id).kind:
        return turn.reply("agent.meaning.other_kind")
    return _decided(turn, corrections_of(turn).approve(item_id, label))


def _list(turn: StaffTurn, start: int, label: str) -> Reply:
    items = corrections_of(turn).waiting(DOUBT)
    counts = counted(turn.store.session)
    if not items:
        none = turn.say("agent.meaning.none", approved=counts["approved"])
        return hushed(turn, Reply(text="\n".join(part for part in (none, _last_night(turn)) if part)))
    shown = items[start : start + SHOWN] or items[:SHOWN]
    proposed = sum(item.label is not None for item in items)
    text = turn.say(
        "agent.meaning.list", proposed=proposed, unsure=len(items) - proposed, approved=counts["approved"]
    )  # fmt: skip
    following = start + SHOWN
    more = Choice(label=turn.say("agent.meaning.more"), value=f"review:from:{following}")
    text = "\n".join(part for part in (text, _last_night(turn)) if part)
    cards = tuple(_card(turn, item) for item in shown)
    return hushed(turn, Reply(text=text, cards=cards, choices=(more,) if following < len(items) else ()))


def _last_night(turn: StaffTurn) -> str:
    """What was learnt last: how many corrections are in, and the scores before and after."""
    told = last_learnt(turn.store.session)
    if told is None:
        return ""
    parts = [
        turn.say(f"agent.meaning.scores.{name}", before=f"{100 * told['before'][name]:.1f}", after=f"{100 * after:.1f}")
        for name, after in told["after"].items()
    ]
    counts = {"corrections": told["corrections"], "refused": told["refused"]}
    return turn.say("agent.meaning.learnt", scores=turn.say("agent.meaning.and").join(parts), **counts)


def _card(turn: StaffTurn, item: Item) -> Card:
    found = _name(turn, item.found)
    if item.confidence_milli is not None:
        found += f" ({item.confidence_milli / 10:.0f} %)"
    facts = [(turn.say("agent.meaning.found"), found)]
    if item.label:
        facts.append((turn.say("agent.meaning.meant"), _name(turn, item.label)))
    if item.proposed_by:
        facts.append((turn.say("agent.meaning.by"), item.proposed_by))
    facts.append((turn.say("agent.meaning.customer"), f"#{item.customer}"))
    title = turn.say("agent.meaning.quoted", text=_short(item.text, 120))
    rest = item.text if len(item.text) > 120 else ""
    return Card(title=title, subtitle=_short(rest), facts=tuple(facts), choices=_decisions(turn, item))


def _decisions(turn: StaffTurn, item: Item) -> tuple[Choice, ...]:
    other = Choice(label=turn.say("agent.meaning.other"), value=f"review:other:{item.id}")
    leave = Choice(label=turn.say("agent.meaning.reject"), value=f"review:no:{item.id}")
    if item.label:
        return (
            Choice(label=turn.say("agent.meaning.approve"), value=f"review:ok:{item.id}", style="primary"),
            other,
            leave,
        )
    likely = [item.found, *likely_first(item.found, item.alternatives)][:3]
    return (*(Choice(label=_name(turn, each), value=f"review:set:{item.id}:{each}") for each in likely), other, leave)


def _others(turn: StaffTurn, item_id: int, label: str) -> Reply:
    item = corrections_of(turn).item(item_id)
    labels = list(MOODS) if item.kind == "mood" else [item.found, *likely_first(item.found, item.alternatives)]
    choices = tuple(
        Choice(label=_name(turn, each), value=f"review:set:{item.id}:{each}") for each in labels if each != item.label
    )
    return hushed(turn, Reply(text=turn.say("agent.meaning.which_one", text=_short(item.text)), choices=choices))


def _decided(turn: StaffTurn, row: Correction) -> Reply:
    left = len(corrections_of(turn).waiting(DOUBT))
    key = "agent.meaning.approved" if row.state == "approved" else "agent.meaning.rejected"
    text = turn.say(key, text=_short(row.text, 80), label=_name(turn, row.label or row.found or ""), left=left)
    undo = Choice(label=turn.say("agent.undo"), value=f"review:back:{row.id}")
    following = Choice(label=turn.say("agent.meaning.next"), value="review:next", style="primary")
    return hushed(turn, Reply(text=text, choices=(following, undo) if left else (undo,)))


_REVIEWING: dict[str, Callable[[StaffTurn, int, str], Reply]] = {
    "ok": _approve,
    "no": _reject,
    "back": _reopen,
    "other": _others,
    "set": _change,
}


# --- inside ---------------------------------------------------------------------------------------------------------
def _name(turn: StaffTurn, label: str) -> str:
    return name_of(turn.services.phrases, label, turn.language)


def _short(text: str | None, most: int = LONGEST) -> str:
    plain = " ".join((text or "").split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
