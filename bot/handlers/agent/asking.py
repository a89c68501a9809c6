"""What a member of staff asks for, wherever the words come from: a message, a command, a button, an answer to us."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.messages import Choice, Reply
from bot.query_words import spoken, worded
from bot.turns import Turn
from crm_core.models import Conversation
from crm_core.staff.store import MOST_FOUND, Brief, Search, StaffStore
from nlu.understanding import Entity

StaffTurn = Turn[StaffStore]

READ_UP_TO = 600
"""Characters of a text in which a name is looked for without any hint."""
_NUMBER = re.compile(r"(?<![\w.,+-])[#＃]?(\d{4,9})(?![\w.,]?\d|(?!的)[\w%]|[年月天元块])")
_NO_SUCH = re.compile(r"[查找]?无此人|没有?这个?人")
_NOBODY = re.compile(rf"\bnobody\b|\bno one\b|{_NO_SUCH.pattern}", re.IGNORECASE)
HERSELF = re.compile(r"(?<![a-z])(?:her|hers|she|him|his|he)(?![a-z])|(?<!其)[她他](?!们)", re.IGNORECASE)
"""Words for one person, who is never a company."""
_FREE_WORDS = frozenset({"add_note", "add_task", "case_create"})
"""Intents whose words may be about anybody."""
_WORD = re.compile(r"[A-Za-z][\w'’-]*")
_LEADING = re.compile(r"\s*[#＃]?(\d{4,9})(?=\s|[:：,，]|$)")
_PHONE = re.compile(r"(?<![\w.-])\+?\d[\d ()-]{6,18}\d(?!\w)")
"""What may be a telephone number, given out or not: whether anybody has it is for the records to say."""
_FILLER = re.compile(
    r"(?<![a-z])(?:please|pls|can you|could you|would you|find|search(?: for| by)?|look ?up|look for|lookup|show"
    r"|open|pull up"
    r"|bring up|load up|get|give|tell|see|view|display|check|who is|whos|who's|who|what is|what's|whats|what|which"
    r"|where's"
    r"|where|when|why|how|did|does|do|is|are|was|has|have|had|any|anyone|someone|somebody|called|named|name|under"
    r"|the|an|a"
    r"|of|for|from|to|at|in|on|by|with|about|and|my|me|us|our|we|i|you|it|im|i'm|card|profile|record|file|page|details?"
    r"|info|information|summary|overview|background|account|customers?|clients?|person|guy|lady|woman|man|number|no|id"
    r"|timeline|history|contact|contacts|messages?|conversations?|chats?|orders?|last|past|latest|recent|next|recommend"
    r"|offer|suggest|recommendations?|draft|reply|answer|write|this|that|there|here|case|ticket|note|tag|task|remind"
    r"|add|new|system|crm|existing|exist|know|should|could|might|like|buy|bought|status|parcel|package|shipped|up"
    r"|out|mr|mrs|ms"
    r"|may (?:we|i|you)"
    r"|only|just|all|everything|anything|happened|lately|notes?|cases?|tickets?|tasks?|ratings?|open|quick|short"
    r"|version|full|before|call|calls|calling|them|him|her|his|she|he|their|s)(?![a-z])"
)
_FILLER_ZH = re.compile(
    r"帮我|帮忙|麻烦|请问|请|给我|我想|我要|我|一下|一查|查找|查询|查下|查|搜索|搜|寻找|找一找|找找|找出来|找人|找"
    r"|打开|看一看|看看|看下|看|显示|展示|调出|调出来|调"
    r"|全部|所有|只看|只要|备注|工单|评分|资料|档案|信息|详情|卡片|情况|什么|概况|概览|客户|顾客|客人|用户|会员"
    r"|这个|那个|这位|那位|是谁|是哪个|下单|买过|买|哪位"
    r"|哪个|谁|叫|姓名|名字|的人|里面|里|系统"
    r"|有没有|有|在不在|在|吗|呢|吧|啊|呀|了|的|和|跟|与|给|把|对|上次|最近|之前|以前|聊天|聊|沟通|联系|记录|历史"
    r"|往来|时间线|订单|单号|包裹|快递"
    r"|到哪了|到哪|怎么样|推荐|推点|推|回复|写|拟|建议|备注|标签|工单|待办|是|号|编号|都|个|位"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The words that matter, with their entities; `number` when a button names the customer."""

    text: str
    entities: tuple[Entity, ...] = ()
    number: int | None = None

    def first(self, name: str) -> Any | None:
        """The value of the first entity called `name`."""
        return next((entity.value for entity in self.entities if entity.name == name), None)

    def all(self, name: str) -> list[Any]:
        """The values of all entities called `name`."""
        return [entity.value for entity in self.entities if entity.name == name]


def asked(turn: StaffTurn) -> Asked:
    """What this turn asks for. A button that picks one of several customers takes up the words it was shown for."""
    entities = turn.understanding.entities
    if turn.message.kind == "button":
        word, _, rest = turn.argument.rpartition(":")
        number = int(rest) if rest.isdigit() and len(rest) <= 12 else None
        pending = turn.memory.shown("pending")
        if word == "pick" and isinstance(pending, dict) and pending["intent"] == turn.understanding.intent:
            return Asked(pending["text"], tuple(Entity(**entity) for entity in pending["entities"]), number)
        return Asked("", (), number)
    known = turn.slots.get("number")
    return Asked(turn.understanding.text, entities, known)


def argument(turn: StaffTurn, word: str) -> str | None:
    """What follows "word:" in a button's argument; None when the button says something else."""
    head, _, rest = turn.argument.partition(":")
    return rest if turn.message.kind == "button" and head == word else None


def declined(turn: StaffTurn) -> bool:
    """Whether this says no, or "never mind", to what we asked."""
    return turn.question is not None and turn.understanding.first("confirmed") is False


# --- whom is it about -----------------------------------------------------------------------------------------------
def whom(
    turn: StaffTurn, wanted: Asked, *, said: str | None = None, guess: bool = True, finding: bool = False
) -> Brief | Reply:
    """The customer that is meant, or the reply that says why nobody is: nobody named, none or several found.

    Args:
        said: the part of the words in which the customer is named, if that is known.
        finding: somebody is searched for; the customer last shown is no answer, unless meant by "her", 这位.
        guess: search for what is left of the words when no name is recognised; otherwise the customer last shown.
    """
    text = wanted.text if said is None else said
    known = named(turn, wanted, text)
    if known:
        return known[0] if len(known) == 1 else several(turn, wanted, known)
    about_shown = wanted.first("reference") is not None
    if not about_shown or (finding and (_hints(wanted) or _NOBODY.search(text))):
        left = leftover(_NO_SUCH.sub(" ", text)) if guess else ""
        found = turn.store.find(Search(names=(left,)), turn.services.names) if left else []
        if found:
            return found[0] if len(found) == 1 else several(turn, wanted, found)
        said_so = [_whole_name(text, str(value)) for value in _hints(wanted) if not text or str(value) in text]
        hints = " ".join(dict.fromkeys(said_so)) or left
        if hints:
            return not_found(turn, hints)
    meant = about_shown and not _NO_SUCH.search(text) if finding else True
    shown = present(turn) if meant else None
    if shown and shown.kind == "company" and turn.understanding.intent not in _FREE_WORDS and HERSELF.search(text):
        shown = None
    return shown or turn.reply("agent.whom.nobody")


def present(turn: StaffTurn) -> Brief | None:
    """The customer of this hand-over thread, else the one shown last."""
    conversation = desk_conversation(turn)
    shown = conversation.customer_id if conversation else turn.memory.shown("customer")
    found = turn.store.briefs([shown]) if isinstance(shown, int) else []
    return found[0] if found else None


def named(turn: StaffTurn, wanted: Asked, text: str) -> list[Brief]:
    """The customers named in a text, by number, address, handle, place in the list shown last, or name."""
    search = _exact(turn, wanted, text)
    if search.fields:
        return turn.store.find(search, turn.services.names)
    listed = _from_list(turn, wanted)
    if listed:
        return listed
    spoken = [str(value) for name in ("person_name", "company") for value in wanted.all(name)]
    spoken = [name for name in spoken if name in text or not text]
    whole = turn.store.mentioned(text[:READ_UP_TO], turn.services.names)
    if whole:
        return whole
    return turn.store.find(Search(names=tuple(spoken)), turn.services.names) if spoken else []


def _exact(turn: StaffTurn, wanted: Asked, text: str) -> Search:
    """What leaves no doubt: numbers, addresses, handles."""
    if wanted.number is not None:
        return Search(numbers=(wanted.number,))
    numbers = [int(value) for value in wanted.all("customer_id") if str(value).isdigit()]
    leading = _LEADING.match(text)
    if leading:
        numbers.append(int(leading[1]))
    if not numbers and not any(wanted.all(name) for name in ("email", "phone", "handle")):
        numbers = _bare_numbers(turn, wanted, text)
    phones = wanted.all("phone")
    if not phones and not any(wanted.all(name) for name in ("order_id", "tracking_no", "email")):
        phones = [match.group() for match in _PHONE.finditer(text[:READ_UP_TO])][:3]
    return Search(
        numbers=tuple(dict.fromkeys(numbers)),
        phones=tuple(phones),
        emails=tuple(wanted.all("email")),
        handles=tuple(wanted.all("handle")),
    )


def _bare_numbers(turn: StaffTurn, wanted: Asked, text: str) -> list[int]:
    """Numbers that nothing else explains and that a customer has."""
    explained = [entity for entity in wanted.entities if entity.name != "quantity"]  # "10207: tea" is no order of tea
    taken = {int(digits) for entity in explained for digits in re.findall(r"\d{4,9}", entity.text)}
    found = [int(match[1]) for match in _NUMBER.finditer(text[:READ_UP_TO])][:5]
    return [number for number in found if number not in taken and turn.store.numbered(number)]


def _from_list(turn: StaffTurn, wanted: Asked) -> list[Brief]:
    """ "The second one", 第二个: of the list shown last."""
    ordinal, shown = wanted.first("ordinal"), turn.memory.shown("list")
    if not isinstance(ordinal, int) or not isinstance(shown, list) or not ordinal or abs(ordinal) > len(shown):
        return []
    return turn.store.briefs([shown[ordinal - 1 if ordinal > 0 else ordinal]])


def _hints(wanted: Asked) -> list[Any]:
    """What was said like a customer's name or number."""
    names = ("customer_id", "person_name", "company", "phone", "email", "handle")
    number = [wanted.number] if wanted.number is not None else []
    return number + [value for name in names for value in wanted.all(name)]


def _whole_name(text: str, part: str) -> str:
    """A name with the capitalised words beside it that were not recognised: of Nobody McPerson, more than McPerson."""
    words = list(_WORD.finditer(text[:READ_UP_TO]))
    inside = [place for place, word in enumerate(words) if word.group() in part.split()]
    if not inside or not part.isascii():
        return part
    first, last = inside[0], inside[-1]
    while first > 0 and _may_be_name(text, words[first - 1], words[first]):
        first -= 1
    while last + 1 < len(words) and _may_be_name(text, words[last + 1], words[last]):
        last += 1
    return text[words[first].start() : words[last].end()]


def _may_be_name(text: str, word: "re.Match[str]", beside: "re.Match[str]") -> bool:
    """Whether a word is written like a name, means nothing here, and stands right beside one."""
    start, end = sorted((word, beside), key=lambda each: each.start())
    return word.group()[0].isupper() and text[start.end() : end.start()] == " " and bool(leftover(word.group()))


def leftover(text: str) -> str:
    """What is left of a request once the usual words are gone: most likely a name."""
    plain = re.sub(r"[^\w\s@.'’-]", " ", text[:200].lower().replace("'s ", " ").replace("’s ", " "))
    plain = _FILLER_ZH.sub(" ", _FILLER.sub(" ", plain))
    words = [word.strip(".'’-") for word in plain.split()]
    return " ".join(word for word in words if len(word) > 1 or not word.isascii())[:60].strip()


def not_found(turn: StaffTurn, said: str) -> Reply:
    """Nobody of that name, and what else to try."""
    return hushed(turn, turn.reply("agent.whom.none", said=said[:80]))


def several(turn: StaffTurn, wanted: Asked, found: Sequence[Brief]) -> Reply:
    """Ask which of several is meant; the button goes on with what was asked for."""
    intent = turn.understanding.intent
    _keep(turn, wanted)
    reading = intent in ("find_customer", "out_of_scope")
    value = "show_customer:{}" if reading else intent + ":pick:{}"
    choices = tuple(Choice(label=label(turn, one), value=value.format(one.number)) for one in found)
    turn.memory.show("list", [one.customer_id for one in found])
    key = "agent.whom.several" if len(found) < MOST_FOUND else "agent.whom.many"
    return hushed(turn, Reply(text=turn.say(key, count=len(found)), choices=choices))


def keep_asked(turn: StaffTurn, wanted: Asked, reply: Reply) -> None:
    """When `reply` offers several customers: the choice goes on with all that was said, not only with the name."""
    if reply.choices:
        _keep(turn, wanted)


def _keep(turn: StaffTurn, wanted: Asked) -> None:
    entities = [entity.model_dump(mode="json") for entity in wanted.entities]
    turn.memory.show("pending", {"intent": turn.understanding.intent, "text": wanted.text, "entities": entities})


def label(turn: StaffTurn, one: Brief) -> str:
    """A customer in one line: enough to tell two of the same name apart."""
    name = one.name or turn.say("cards.visitor" if one.kind == "visitor" else "cards.customer")
    city = spoken("places", one.city, turn.language) if one.city else ""
    kind = in_words(turn, "tiers", one.tier or "")
    return " · ".join(part for part in (f"{name} #{one.number}", one.company, city, kind) if part)


def in_words(turn: StaffTurn, kind: str, value: str) -> str:
    """A code of ours in words: of `tiers`, `languages` or `channels`."""
    return worded(kind, value, turn.services.phrases, turn.language)


# --- where it is said -----------------------------------------------------------------------------------------------
def desk_conversation(turn: StaffTurn) -> Conversation | None:
    """The customer's conversation whose hand-over thread this was said in."""
    return turn.services.desk.conversation_of(turn.store.session, turn.message)


def hushed(turn: StaffTurn, reply: Reply) -> Reply:
    """Personal data: for the asker's eyes, unless this is a direct message or a hand-over thread."""
    if turn.message.direct or desk_conversation(turn) is not None:
        return reply
    return reply.model_copy(update={"private": True})


def undo(turn: StaffTurn, *values: str) -> tuple[Choice, ...]:
    """The buttons that take back what was just done; "undo" in words presses them all."""
    if values:
        turn.memory.show("undo", {"values": list(values), "at": turn.now.isoformat()})
    return tuple(Choice(label=turn.say("agent.undo"), value=value) for value in values)


def confirming(turn: StaffTurn, *, danger: bool = False) -> tuple[Choice, ...]:
    """The buttons below a question whether to do it."""
    return (
        Choice(label=turn.say("common.yes"), value="affirm", style="danger" if danger else "primary"),
        Choice(label=turn.say("common.no"), value="deny"),
    )
