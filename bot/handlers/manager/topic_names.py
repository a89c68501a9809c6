"""A manager names a topic: "call this topic late parcels", 把这个话题叫作包裹晚到, or the button below its texts."""

import re
from collections.abc import Callable

from bot.handlers.agent.asking import argument, declined
from bot.handlers.manager.asking import ManagerTurn
from bot.messages import Choice, Reply
from crm_core.analytics.segments.store import tidy_name
from crm_core.errors import NotFound
from crm_core.staff.topics import LONGEST_NAME, TopicNameTaken

INTENT = "top_topics"
RENAME = "rename"
LISTED = "topics"
"""In the memory: the topics of the list shown last, as they stood there."""
_TOPIC = r"(?:call|name|rename)\s+(?:(?:this|that|the)\s+)?topic\b"
_THEN = r"(?:\b(?:to|as|into)\b[:\s]*|[\"“'‘](?=[^\"”'’]+[\"”'’]?\W*$))"
"""What stands before the new name: a word, or the quotes around it, which are the last ones."""
_PLACES = (r"first|1st|一|1", r"second|2nd|二|2", r"third|3rd|三|3", r"fourth|4th|四|4")
_PLACE = "|".join(_PLACES)
_WISHES = (
    re.compile(
        rf"(?:call|name|rename)\s+(?:the\s+)?(?P<which>{_PLACE})\s+(?:one|topic)\b\s*{_THEN}(?P<name>.+)",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:把|将|给)?第(?P<which>{_PLACE})个(?:话题|主题)(?:重新)?(?:改名|命名|改叫|叫|改)(?:作|做|为|叫|成)?[:：\s]*(?P<name>.+)"),
    re.compile(rf"{_TOPIC}\s*(?P<which>.*?)\s*{_THEN}(?P<name>.+)", re.IGNORECASE),
    re.compile(rf"{_TOPIC}[:\s]+(?P<which>)(?P<name>.+)", re.IGNORECASE),
    re.compile(
        r"(?:把|将|给)?(?:这个|那个|该)?(?:话题|主题)(?P<which>.*?)"
        r"(?:重新)?(?:改名|命名|重命名|改叫|改称|叫|称|改)(?:作|做|为|叫|成|是)?[:：\s]*(?P<name>.+)"
    ),
)  # fmt: skip
Show = Callable[[ManagerTurn, int], Reply]


def wish(text: str) -> tuple[str, str] | None:
    """Which topic is named, in words, and how; None where none is."""
    for pattern in _WISHES:
        found = pattern.search(text[:600])
        if found:
            return found["which"], tidy_name(found["name"])[:LONGEST_NAME]
    return None


def is_naming(text: str, argument_said: str) -> bool:
    """Whether a message names a topic, so that no picture of topics is drawn for it."""
    return argument_said.startswith(RENAME) or wish(text) is not None


def named(turn: ManagerTurn, show: Show) -> Reply | None:
    """Give a topic its name where that is asked for; `show` tells of the topic then."""
    pressed = argument(turn, RENAME)
    if pressed is not None:
        return _ask(turn, int(pressed) if pressed.isdecimal() and len(pressed) <= 19 else 0)
    if RENAME in turn.slots:
        if declined(turn):
            return turn.reply("agent.nothing_done")
        text = turn.understanding.text
        said = wish(text)
        return _renamed(turn, int(turn.slots[RENAME]), said[1] if said else tidy_name(text)[:LONGEST_NAME], show)
    said = None if turn.message.kind == "button" else wish(turn.understanding.text)
    if said is None:
        return None
    topic_id = _meant(turn, said[0])
    if topic_id is None:
        return turn.reply("manager.topics.which")
    return _renamed(turn, int(topic_id), said[1], show)


def _meant(turn: ManagerTurn, which: str) -> int | None:
    """The topic at this place of the list shown last, the one of this name, or the one whose texts were shown."""
    place = next((at for at, words in enumerate(_PLACES) if re.fullmatch(words, which, re.IGNORECASE)), None)
    if place is not None:
        shown = turn.memory.shown(LISTED) or []
        return int(shown[place]) if place < len(shown) else None
    meant = turn.store.topics.said(which) if which else None
    return meant.id if meant else turn.memory.shown("topic")


def button(turn: ManagerTurn, topic_id: int) -> Choice:
    """What asks for a topic's new name."""
    return Choice(label=turn.say("manager.topics.rename"), value=f"{INTENT}:{RENAME}:{topic_id}")


def _ask(turn: ManagerTurn, topic_id: int) -> Reply:
    topic = turn.store.topics.with_id(topic_id)
    if topic is None:
        return turn.reply("manager.topics.gone")
    turn.ask("text", INTENT, rename=topic_id)
    return turn.reply("manager.topics.new_name", name=topic.called(turn.language))


def _renamed(turn: ManagerTurn, topic_id: int, name: str, show: Show) -> Reply:
    before = turn.store.topics.with_id(topic_id)
    if before is None or not name:
        return turn.reply("agent.nothing_done" if before else "manager.topics.gone")
    old = before.called(turn.language)
    try:
        topic = turn.store.topics.rename(topic_id, name)
    except NotFound:
        return turn.reply("manager.topics.gone")
    except TopicNameTaken:
        turn.ask("text", INTENT, rename=topic_id)
        return turn.reply("manager.topics.taken", name=name)
    shown = show(turn, topic.id)
    told = turn.say("manager.topics.renamed", old=old, new=topic.name)
    return shown.model_copy(update={"text": f"{told}\n{shown.text}"})
