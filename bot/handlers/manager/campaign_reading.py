"""What a sentence says of a campaign: whom it is for, its texts, its channels, when it starts, what it is called."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.campaigning import problem, unknown_fields
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.segment_reading import mentioned, said_conditions
from crm_core.query.conditions import Conditions
from crm_core.staff.segments import is_in

KEYS = "ABCD"
_QUOTED = re.compile(r"[“\"「『](?P<text>[^”\"」』]{2,2000})[”\"」』]")
_CALLED = re.compile(r"(?:(?<![a-z])(?:called|named?)|叫做?|名为|名叫)\s*[:：]?\s*$", re.IGNORECASE)
_TITLE = re.compile(r"(?:(?<![a-z])campaign|活动|名称|名字)(?:是|为)?\s*$", re.IGNORECASE)
_OF_TITLE = re.compile(r"\s*(?:的?(?:营销)?活动|campaign(?![a-z]))", re.IGNORECASE)
_ANEW = re.compile(
    r"\W*(?:(?:please|ok|no|now|i want to|let'?s) )*(?:create|make|start|set up|new|run|launch|plan|send|e-?mail)"
    r"(?: (?:an?|another|the|new|e-?mail|telegram|slack|web|a/b))* campaign(?![a-z])"
    r"|\W*(?:请|帮我|我要|再)*(?:创建|新建|建|做|发起|发|办|搞)(?:一?[个场次])?(?:新的?)?(?:营销|邮件|推广|促销)?活动",
    re.IGNORECASE,
)
_MAKING = re.compile(
    r"(?<![a-z])(?:(?:new|create|set up|start|run|launch|plan|send|schedule|make|an?|the|a/b|ab|e-?mail) )*"
    r"(?:campaigns?|mailings?|newsletters?|promos?)(?![a-z])",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    r"(?<![a-z])(?:everybody|everyone|all (?:of )?(?:our |the )?(?:customers|clients|people|subscribers))(?![a-z])"
    r"|所有(?:的)?(?:客户|人|顾客)|全体(?:客户|顾客)?|全部客户|大家",
    re.IGNORECASE,
)
_CHANNELS = {
    "telegram": re.compile(r"telegram|电报|電報", re.IGNORECASE),
    "email": re.compile(r"(?<![a-z])e-?mails?(?![a-z])|邮件|郵件", re.IGNORECASE),
    "slack": re.compile(r"slack", re.IGNORECASE),
    "web": re.compile(r"(?<![a-z])(?:web(?:site)?(?: chat)?)(?![a-z])|网页|网站", re.IGNORECASE),
}
_ALL = re.compile(r"(?<![a-z])(?:all|any|both|every)(?![a-z])|全部|都|所有|任何", re.IGNORECASE)
_ORDER = re.compile(
    r"(?:(?:please|ok|yes|now|just) )*(?:preview|show|start|begin|launch|send|pause|stop|resume|go|yes|ok|okay)"
    r"(?: (?:it|this|that|the (?:campaign|preview)|now|ahead|please))*[.!]*"
    r"|(?:请|先|现在|马上)?(?:预览|开始|启动|发送|发出|发|暂停|停止|继续|好的?|是的?|可以)(?:一下|吧|它|活动|了)*[。！]*"
)
"""A whole message that nobody would write to customers."""
_BETWEEN = re.compile(r"^\s*-{3,}\s*$", re.MULTILINE)


@dataclass
class Form:
    """What is known of a campaign that is being made; kept as JSON in the open question."""

    name: str = ""
    conditions: dict[str, Any] | None = None
    en: list[str] = field(default_factory=list)
    zh: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    starts_at: str = ""
    asked: str = ""
    """Which part was asked for."""
    language: str = ""
    """What the manager speaks, whatever language the texts are in that are asked for."""
    refused: list[str] = field(default_factory=list)
    """What stood in braces in texts that were not taken, as nobody can fill it."""

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "Form":
        """From the slots of the question."""
        return cls(**stored)

    def dump(self) -> dict[str, Any]:
        """As the slots of a question."""
        return asdict(self)

    @property
    def start(self) -> datetime | None:
        """When it starts; None at once."""
        return datetime.fromisoformat(self.starts_at) if self.starts_at else None

    @property
    def variants(self) -> tuple[dict[str, Any], ...]:
        """The texts with their keys."""
        return tuple({"key": key, "en": en, "zh": zh} for key, en, zh in zip(KEYS, self.en, self.zh, strict=False))


def read(turn: ManagerTurn) -> tuple[Form, tuple[str, ...]]:
    """All that one sentence says, and the words about customers that were not understood."""
    text, form = turn.understanding.text, Form(language=turn.language)
    for match in _QUOTED.finditer(text):
        if not form.name and _CALLED.search(text[: match.start()]):
            form.name = match["text"]
        elif unknown_fields(match["text"]):
            form.refused += unknown_fields(match["text"])
        elif not problem(match["text"]):
            (form.zh if is_chinese(match["text"]) else form.en).append(match["text"].strip())
    _take_title(form, text)
    rest = _QUOTED.sub(lambda match: " " * len(match.group()), text)
    form.channels = channels_in(rest)
    moment = next((one.value for one in turn.understanding.entities if one.name == "datetime"), None)
    if moment and datetime.fromisoformat(str(moment)) > turn.now:
        form.starts_at = str(moment)
    conditions = audience_in(turn, rest)
    form.conditions = conditions.dump() if conditions.all or _EVERYBODY.search(rest) else None
    return form, conditions.unused


def _take_title(form: Form, text: str) -> None:
    """One text too many that stands beside the word campaign is what the campaign is called."""
    if form.name or len(form.en) == len(form.zh):
        return
    for match in _QUOTED.finditer(text):
        more = form.zh if len(form.zh) > len(form.en) else form.en
        beside = _TITLE.search(text[: match.start()]) or _OF_TITLE.match(text, match.end())
        if beside and match["text"].strip() in more and len(form.en) + len(form.zh) > 1:
            form.name = match["text"].strip()
            more.remove(form.name)
            return


def begins_anew(text: str) -> bool:
    """Whether a text asks for a campaign of its own, and is no part of the one being made."""
    return _ANEW.match(text) is not None


def audience_in(turn: ManagerTurn, text: str) -> Conditions:
    """The customers that a text names: segments and conditions."""
    text = _MAKING.sub(lambda match: " " * len(match.group()), text)
    kept = tuple(
        one
        for one in turn.understanding.entities
        if one.name not in ("datetime", "campaign", "channel") and (one.start < 0 or text[one.start : one.end].strip())
    )
    about = replace(turn, understanding=turn.understanding.model_copy(update={"text": text, "entities": kept}))
    said = said_conditions(about)
    named = [condition for segment in mentioned(about) for condition in is_in(segment).all]
    return replace(said, all=(*named, *said.all))


def is_everybody(text: str) -> bool:
    """Whether a text says that it is for all customers."""
    return _EVERYBODY.search(text) is not None


def channels_in(text: str) -> list[str]:
    """The channels that a text names, in its order."""
    found = [(match.start(), name) for name, pattern in _CHANNELS.items() if (match := pattern.search(text))]
    return [name for _, name in sorted(found)]


def says_all(text: str) -> bool:
    """Whether any channel will do."""
    return _ALL.search(text) is not None


def is_order(text: str) -> bool:
    """Whether it is said to us and not to customers: preview, start it, 停止."""
    return _ORDER.fullmatch(text.strip().lower()) is not None


def texts_in(text: str) -> list[str]:
    """Texts that stand below each other, with a line of dashes between them."""
    return [part.strip() for part in _BETWEEN.split(text) if part.strip()]


def is_chinese(text: str) -> bool:
    """Whether a text is in Chinese."""
    return any("一" <= char <= "鿿" for char in text)
