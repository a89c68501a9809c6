"""What was said, in the other language, as far as the knowledge base has it in both. Nothing is translated by guess."""

import re
from dataclasses import replace

from sqlalchemy import select

from bot.figures import FigureWords
from bot.handlers.agent.asking import Asked, StaffTurn, asked, desk_conversation, hushed, label, whom
from bot.handover import SUMMARY_LINES
from bot.messages import Reply
from crm_core.models import Conversation, Interaction
from nlu.knowledge import CONFIDENT
from nlu.language import detect
from nlu.understanding import Language

LONGEST_SEARCH = 400
LONGEST_SHOWN = 1500
_QUOTED = re.compile(r"[\"“「『](?P<text>[^\"”」』]{2,1500})[\"”」』]|[:：]\s*(?P<rest>\S.{1,1500})$", re.DOTALL)
_QUOTES = "\"“”「」『』'"
_REQUEST = re.compile(
    r"(?<![a-z])(?:please )?(?:translate|translation of|what does|what is the meaning of)(?![a-z])"
    r"|(?<![a-z])mean(?:s|ing)?(?![a-z])|(?:请|帮我)?(?:翻译|译)(?:一下|成中文|成英文|成英语)?|是?什么意思",
    re.IGNORECASE,
)
_OTHER_SCRIPT = {
    "en": re.compile(r"[一-鿿][一-鿿，。？！、\d\s]*[一-鿿？。！](?!['’的]|[一-鿿])"),
    "zh": re.compile(r"[A-Za-z][\w'’-]*(?:[ ,]+[\w'’-]+)+[.?!]?(?!\s?的)"),
}
"""Words in the language that the request itself is not in."""
_CODE = re.compile(r"[\w-]*\d[\w-]*|\S+@\S+")
_WORDS = re.compile(r"[^\W\d_]{2}")
_OURS = re.compile(
    r"(?<![a-z])(?:my|our|your|bot'?s?)(?![a-z]).{0,12}(?:answer|reply|message)|我的回复|我们的回复|机器人",
    re.IGNORECASE,
)


def translate(turn: StaffTurn) -> Reply:
    """Show a message in the other language where it is known in both; else say so, with what was understood of it."""
    wanted = asked(turn)
    given = _given(wanted)
    if given:
        asking = f"{turn.message.command} {wanted.text.replace(given, ' ')}"  # what they quote is not how they speak
        turn = replace(turn, language=detect(asking)[0]) if any(map(str.isalpha, asking)) else turn
        return hushed(turn, _told(turn, given, _target(turn, wanted, given), None))
    conversation = desk_conversation(turn)
    if conversation is None:
        who = whom(turn, wanted, guess=False)
        if isinstance(who, Reply):
            return who
        turn.memory.show("customer", who.customer_id)
        conversation = turn.store.conversation(who.customer_id)
        if conversation is None:
            return turn.reply("agent.desk.never_wrote", who=label(turn, who))
    row = _ours(turn, conversation) if _OURS.search(wanted.text) else _theirs(turn, conversation, wanted)
    text = (row.text or "").strip() if row else ""
    if row is None or not text:
        return turn.reply("agent.translate.nothing")
    return hushed(turn, _told(turn, text, _target(turn, wanted, text), row))


def _given(wanted: Asked) -> str:
    """Words that are to be translated and stand in the request itself: quoted, or in the other language."""
    found = _QUOTED.search(wanted.text)
    if found:
        return (found["text"] or found["rest"]).strip().strip(_QUOTES)
    asked_for = _REQUEST.search(wanted.text)
    if asked_for is None:
        return ""
    text = _REQUEST.sub("\n", wanted.text)
    for entity in wanted.entities:
        if entity.name in ("person_name", "company", "handle"):
            text = text.replace(entity.text, "\n")
    given = _OTHER_SCRIPT[detect(asked_for.group())[0]].search(text)
    return given.group().strip() if given else ""


def _theirs(turn: StaffTurn, conversation: Conversation, wanted: Asked) -> Interaction | None:
    """The message of the customer that is meant: the second of those that the thread showed, else the last in words."""
    newest = turn.store.last_messages(conversation, SUMMARY_LINES)
    place = wanted.first("ordinal")
    if isinstance(place, int) and 0 < abs(place) <= len(newest):
        return newest[-place] if place > 0 else newest[-place - 1]
    return next((row for row in newest if _WORDS.search(_CODE.sub("", row.text or ""))), next(iter(newest), None))


def _ours(turn: StaffTurn, conversation: Conversation) -> Interaction | None:
    """What we said last there."""
    turn.store.permit("timeline.read", f"conversation:{conversation.id}", ("messages",))
    query = select(Interaction).where(Interaction.conversation_id == conversation.id, Interaction.direction == "out")
    return turn.store.session.execute(query.order_by(Interaction.id.desc()).limit(1)).scalar_one_or_none()


def _target(turn: StaffTurn, wanted: Asked, text: str) -> Language:
    """The language asked for, else the one that the text is not in."""
    said = wanted.first("language")
    if said in ("en", "zh"):
        return "zh" if said == "zh" else "en"
    return "en" if detect(text)[0] == "zh" else "zh"


def _told(turn: StaffTurn, text: str, target: Language, row: Interaction | None) -> Reply:
    said = turn.say("agent.translate.original", text=text[:LONGEST_SHOWN])
    known = turn.services.knowledge
    entry = known.written(text)
    if entry is not None:
        answer = known.answer(entry, target) or ""
        return Reply(text="\n".join([said, turn.say(f"agent.translate.same.{target}", text=answer)]))
    hits = known.search(text[:LONGEST_SEARCH], target)
    lines = [said, turn.say("agent.translate.no_translator")]
    if row is not None and row.intent and row.direction == "in":
        lines.append(turn.say("agent.translate.understood", intent=_intent(turn, row.intent)))
    if hits and hits[0].score >= CONFIDENT:
        question = known.question(hits[0].id, target) or hits[0].question
        lines.append(turn.say(f"agent.translate.near.{target}", question=question, answer=hits[0].answer))
    return Reply(text="\n".join(lines))


def _intent(turn: StaffTurn, intent: str) -> str:
    return FigureWords(turn.services.phrases, turn.language).part("intent", intent)
