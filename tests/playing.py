"""Plays the dialogues of tests/conversations on a stage; the format is told in tests/conversations/README.md."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from bot.messages import Choice, IncomingAttachment, Outgoing
from bot.outbox import readable
from crm_core.models import Base, Customer, Interaction, Order, OutboxMessage
from crm_core.personal_data import counts
from jobs import JOBS
from tests.dialogues import Stage
from tests.secrets_of_others import assert_nothing_of_others

CHATS = {"first": "70001", "second": "70002"}
SENDS_BY_ITSELF = re.compile(r"\s*(?:send|发送)\s*[:：]", re.IGNORECASE)
STAFF_STEPS = (
    "staff", "staff_presses", "staff_edits", "staff_sends", "staff_command", "staff_shortcut", "staff_deletes",
)  # fmt: skip
MODELS = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}


@dataclass
class Play:
    """One dialogue being played: who speaks where, and what each side was sent by the present turn."""

    stage: Stage
    dialogue: dict[str, Any]
    numbers: Callable[[str], int]
    step: dict[str, Any] = field(default_factory=dict)
    where: str = ""
    forged: str = ""
    """What was said in buttons that we never showed."""
    to_customers: list[Outgoing] = field(default_factory=list)
    to_staff: list[Outgoing] = field(default_factory=list)

    @property
    def chat(self) -> str:
        """The customer's chat that this turn is about."""
        return CHATS[self.step.get("chat", "first")]

    @property
    def by_staff(self) -> bool:
        """Whether somebody behind the counter acts in this turn."""
        return any(name in self.step for name in STAFF_STEPS)

    def fail(self, what: str) -> AssertionError:
        """A failure that names the dialogue and the turn."""
        return AssertionError(f"{self.where}: {what}")


def load_dialogues(folder: Path) -> list[dict[str, Any]]:
    """All dialogues of a folder of YAML files."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.yml")):
        for dialogue in yaml.safe_load(path.read_text("utf-8")):
            found.append({**dialogue, "file": path.stem})
    return found


def play(stage: Stage, dialogue: dict[str, Any], numbers: Callable[[str], int]) -> None:
    """Play one dialogue; every expectation in it is asserted."""
    for who, chat in (("customer", CHATS["first"]), ("second_customer", CHATS["second"])):
        if dialogue.get(who):
            stage.link(chat, numbers(dialogue[who]))
    if dialogue.get("nobody_at_the_desk"):
        stage.desk.queue = ""
    played = Play(stage, dialogue, numbers)
    for position, step in enumerate(dialogue["turns"], 1):
        played.step = step
        played.where = f"{dialogue['file']}: {dialogue['name']}, turn {position}"
        _turn(played)
    erased = any(step.get("erased") for step in dialogue["turns"])
    for chat in CHATS.values():
        told = text_of([o for o in stage.customers.outgoing if o.chat_id == chat])
        if told and not erased:  # whose chat it was is not known any more
            assert_nothing_of_others(stage, chat, told, said=played.forged)


def _turn(played: Play) -> None:
    stage, step = played.stage, played.step
    stage.clock.now += timedelta(minutes=step.get("after_minutes", 0))
    stage.customers.unreachable = step.get("unreachable", "")
    before = {table: stage.count(table) for table in step.get("adds", {})}
    erased = stage.conversation(played.chat).customer_id if step.get("erased") else None
    customers, staff = len(stage.customers.outgoing), len(stage.desk.outgoing)
    _act(played)
    played.to_customers = [o for o in stage.customers.outgoing[customers:] if o.chat_id == played.chat]
    played.to_staff = stage.desk.outgoing[staff:]
    if erased:
        _check_erased(played, erased)
    else:
        _check_kept(played)
    _check_understood(played)
    _check_words(played)
    _check_silence(played)
    _check_files(played)
    for table, more in step.get("adds", {}).items():
        added = stage.count(table) - before[table]
        if added != more:
            raise played.fail(f"{added} rows added to {table}, {more} expected")
    if "state" in step:
        state = stage.conversation(played.chat).state
        if state != step["state"]:
            raise played.fail(f"the conversation is {state}, not {step['state']}")
    for wanted in step.get("stored", []):
        _check_stored(played, wanted)


# --- acting ---------------------------------------------------------------------------------------------------------
def _act(played: Play) -> None:
    act = _act_as_staff if played.by_staff else _act_as_customer
    act(played, played.step)


def _act_as_customer(played: Play, step: dict[str, Any]) -> None:
    stage, chat = played.stage, played.chat
    extra: dict[str, Any] = {"direct": not step.get("in_group", False)}
    if "restart" in step:
        stage.restart()
    elif "job" in step:
        JOBS[step["job"]](stage.app, stage.clock())
        stage.settle()
    elif "said" in step:
        stage.customer_says(chat, step["said"] * step.get("times", 1), **extra)
    elif "edited" in step:
        last = stage.last_understood(chat=chat)
        extra["kind"], extra["message_id"], extra["revision"] = "edit", last.message_id, last.revision + 1
        stage.customer_says(chat, step["edited"], **extra)
    elif "pressed" in step:
        stage.customer_says(chat, kind="button", button=_shown_to_customer(played, step["pressed"]).value, **extra)
    elif "forged_button" in step:
        played.forged += f"\n{step['forged_button']}"
        stage.customer_says(chat, kind="button", button=step["forged_button"], **extra)
    elif "command" in step:
        command, _, rest = step["command"].partition(" ")
        stage.customer_says(chat, rest, kind="command", command=command, **extra)
    else:
        stage.customer_says(chat, step.get("caption", ""), attachments=_attachments(step["sends"]), **extra)


def _act_as_staff(played: Play, step: dict[str, Any]) -> None:
    stage, user = played.stage, step.get("as", "U-AGENT")
    thread = stage.thread(played.chat) if step.get("in_thread", True) else ""
    if step.get("in_thread", True) and not thread:
        raise played.fail("no hand-over thread was opened")
    extra: dict[str, Any] = {"addressed": True} if step.get("mention") else {}
    if "staff_presses" in step:
        pressed = _shown_to_staff(played, step["staff_presses"])
        stage.staff_says(user, thread=thread, kind="button", button=pressed.value, **extra)
    elif "staff_command" in step:
        command, _, rest = step["staff_command"].partition(" ")
        stage.staff_says(user, rest, thread=thread, kind="command", command=command, **extra)
    elif "staff_shortcut" in step or "staff_deletes" in step:
        last = stage.last_understood("slack", kinds=("new", "edit"))
        extra |= {"command": step.get("staff_shortcut", "deleted"), "reply_to": last.message_id, "kind": "command"}
        stage.staff_says(user, last.text or "", thread=thread, **extra)
    elif "staff_edits" in step:
        last = stage.last_understood("slack", kinds=("new", "edit"))
        extra["kind"], extra["message_id"], extra["revision"] = "edit", last.message_id, last.revision + 1
        stage.staff_says(user, step["staff_edits"], thread=thread, **extra)
    elif "staff_sends" in step:
        attachments = _attachments(step["staff_sends"])
        stage.staff_says(user, step.get("caption", ""), thread=thread, attachments=attachments, **extra)
    else:
        stage.staff_says(user, step["staff"], thread=thread, **extra)


def _attachments(given: dict[str, Any] | list[dict[str, Any]]) -> tuple[IncomingAttachment, ...]:
    return tuple(IncomingAttachment(**one) for one in (given if isinstance(given, list) else [given]))


def _shown_to_customer(played: Play, wanted: str) -> Choice:
    """The newest button that this customer was really shown, by its label or value."""
    sent = [o for o in played.stage.customers.outgoing if o.chat_id == played.chat]
    return _button(played, sent, wanted)


def _shown_to_staff(played: Play, wanted: str) -> Choice:
    return _button(played, played.stage.desk.outgoing, wanted)


def _button(played: Play, sent: list[Outgoing], wanted: str) -> Choice:
    for outgoing in reversed(sent):
        for choice in _choices(outgoing):
            if wanted in (choice.label, choice.value) or choice.value.startswith(f"{wanted}:"):
                return choice
    labels = [choice.label for outgoing in sent for choice in _choices(outgoing)]
    raise played.fail(f"no button {wanted!r} was shown, only {labels}")


def _choices(outgoing: Outgoing) -> Iterator[Choice]:
    yield from outgoing.reply.choices
    for card in outgoing.reply.cards:
        yield from card.choices


# --- checking -------------------------------------------------------------------------------------------------------
def text_of(sent: list[Outgoing]) -> str:
    """Everything a person can read of some messages, buttons included."""
    parts = []
    for outgoing in sent:
        parts.append(readable(outgoing.reply))
        parts.extend(choice.label for choice in _choices(outgoing))
        parts.append(outgoing.reply.request_contact)
    return "\n".join(part for part in parts if part)


def _check_kept(played: Play) -> None:
    """Every message is stored and answered without a failure; what was answered is remembered and was sent."""
    if "restart" in played.step or "job" in played.step:
        return
    row = played.stage.last_understood("slack" if played.by_staff else "telegram")
    if row.status != "answered" or row.incoming is not None:
        raise played.fail(f"the message is {row.status}, not answered")
    with played.stage.app.store.read() as session:
        rows = session.execute(select(OutboxMessage).where(OutboxMessage.answers_id == row.id)).scalars().all()
    sent = {id_ for id_ in (row.interaction_id for row in rows if row.state == "sent") if id_}
    if len(sent) != len(rows):
        raise played.fail(f"of {len(rows)} answers {len(sent)} were sent")
    if not played.by_staff and bool(rows) != bool([o for o in played.to_customers if o.reply.text or o.reply.cards]):
        raise played.fail("what was sent is not what was answered")


def _check_erased(played: Play, customer_id: int) -> None:
    """Nothing is left that belonged to the customer, in any table."""
    with played.stage.app.store.read() as session:
        left = counts(session, [customer_id])
    if left:
        raise played.fail(f"still there: {left}")


def _check_understood(played: Play) -> None:
    step = played.step
    if "intent" not in step and "entities" not in step:
        return
    row = played.stage.last_understood("slack" if played.by_staff else "telegram")
    if "intent" in step and row.intent != step["intent"]:
        raise played.fail(f"understood {row.intent} ({row.confidence_milli}) {row.alternatives}, not {step['intent']}")
    found: dict[str, list[Any]] = {}
    for entity in json.loads(row.entities or "[]"):
        found.setdefault(entity["name"], []).append(entity["value"])
    for name, value in step.get("entities", {}).items():
        if value not in found.get(name, []):
            raise played.fail(f"{name} is {found.get(name)!r}, not {value!r}")


def _check_words(played: Play) -> None:
    """What each side was sent because of this turn; `…_never_got`: what it must not have been sent at any time."""
    step, stage = played.step, played.stage
    now = {
        "answered": text_of(played.to_staff if played.by_staff else played.to_customers),
        "customer_got": text_of(played.to_customers),
        "desk_got": text_of(played.to_staff),
    }
    ever = {
        "never": now["answered"],
        "customer_never_got": text_of([o for o in stage.customers.outgoing if o.chat_id == played.chat]),
        "desk_never_got": text_of(stage.desk.outgoing),
    }
    for name, text in now.items():
        for pattern in _listed(step.get(name)):
            if not re.search(pattern, text, re.IGNORECASE):
                raise played.fail(f"{name}: no {pattern!r} in {text!r}")
    for name, text in ever.items():
        for pattern in _listed(step.get(name)):
            if re.search(pattern, text, re.IGNORECASE):
                raise played.fail(f"{name}: {pattern!r} in {text!r}")
    if "customer_edit" in step and [o.reply.edit for o in played.to_customers] != [True]:
        raise played.fail("the customer's copy was not changed in its place")
    if "marks" in step:
        marks = [o.reply.mark for o in played.to_staff if o.reply.mark]
        if marks != _listed(step["marks"]):
            raise played.fail(f"marks {marks}")


def _check_silence(played: Play) -> None:
    """Where silence is right there is none; a plain line in a hand-over thread never reaches the customer."""
    step = played.step
    told = text_of(played.to_customers)
    if step.get("silent") and told:
        raise played.fail(f"answered {told!r} where silence was right")
    plain = "staff" in step and step.get("in_thread", True) and not SENDS_BY_ITSELF.match(step["staff"])
    if plain and "customer_got" not in step and told:
        raise played.fail(f"the customer was sent {told!r} because of an internal line")


def _check_files(played: Play) -> None:
    """Files that went out in this turn: `customer_file` and `desk_file` say name and content as patterns."""
    for name, sent in (("customer_file", played.to_customers), ("desk_file", played.to_staff)):
        wanted = played.step.get(name)
        if wanted is None:
            continue
        files = [file for outgoing in sent for file in outgoing.reply.files]
        fitting = [file for file in files if re.search(wanted.get("name", ""), file.name)]
        if not fitting:
            raise played.fail(f"{name}: no file {wanted.get('name')!r} among {[file.name for file in files]}")
        content = played.stage.app.files.read(fitting[0].attachment_id)
        if "begins" in wanted and not content.startswith(bytes(wanted["begins"])):
            raise played.fail(f"{name}: begins with {content[:8]!r}")
        text = _readable(content)
        for pattern in _listed(wanted.get("has")):
            if not re.search(pattern, text, re.IGNORECASE):
                raise played.fail(f"{name}: no {pattern!r} in {content[:400]!r}")


def _readable(content: bytes) -> str:
    """A file's text; of a zip that of all files in it."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8-sig", "replace")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def _check_stored(played: Play, wanted: dict[str, Any]) -> None:
    """The newest row of `table` that fits `where` must have `has`; `none: true`: there must be no such row."""
    model = MODELS[wanted["table"]]
    where = _resolved(played, dict(wanted.get("where", {})))
    real = {name: value for name, value in where.items() if name in model.__table__.columns}
    sealed = {name: value for name, value in where.items() if name not in real}
    with played.stage.app.store.read() as session:
        query = select(model).filter_by(**real).order_by(model.id.desc())
        rows = [
            row
            for row in session.execute(query).scalars()
            if all(re.search(str(value), str(getattr(row, name) or "")) for name, value in sealed.items())
        ]
        if wanted.get("none"):
            if rows:
                raise played.fail(f"{wanted['table']}: {len(rows)} rows where none may be")
            return
        if not rows:
            raise played.fail(f"{wanted['table']}: no row with {where}")
        for name, value in wanted.get("has", {}).items():
            found = getattr(rows[0], name)
            fits = bool(re.search(value, str(found))) if isinstance(value, str) else found == value
            if not fits:
                raise played.fail(f"{wanted['table']}.{name} is {found!r}, not {value!r}")


def _resolved(played: Play, where: dict[str, Any]) -> dict[str, Any]:
    """`order: SO-1`, `customer: wang_fang` and `mine: true` as the ids that rows hold."""
    with played.stage.app.store.read() as session:
        if "order" in where:
            number = where.pop("order")
            where["order_id"] = session.execute(select(Order.id).where(Order.number == number)).scalar_one()
        if "customer" in where:
            number = played.numbers(where.pop("customer"))
            where["customer_id"] = session.execute(select(Customer.id).where(Customer.number == number)).scalar_one()
        if where.pop("mine", False):
            where["customer_id"] = played.stage.conversation(played.chat).customer_id
        if where.pop("here", False):
            where["conversation_id"] = played.stage.conversation(played.chat).id
        if where.pop("this_message", False):
            where["interaction_id"] = session.execute(
                select(Interaction.id).where(Interaction.direction == "in").order_by(Interaction.id.desc()).limit(1)
            ).scalar_one()
    return where


def _listed(value: str | list[str] | None) -> list[str]:
    listed = [] if value is None else [value] if isinstance(value, str) else value
    assert all(isinstance(one, str) for one in listed), f"a pattern must be a text, in quotes: {listed}"
    return listed
