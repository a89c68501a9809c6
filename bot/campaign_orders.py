"""What managers order of a campaign by its name alone, however the words sound by themselves: "start Tea two"."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.hearing import Heard
from bot.turns import Memory
from crm_core.campaigns.naming import wholly_meant
from nlu.intents import OUT_OF_SCOPE

READ_UP_TO = 200
DOUBTFUL = 0.6
"""Below this a sentence is held to mean the campaign that it names only in part."""
_FIRST = (
    r"\W*(?:(?:please|pls|ok|okay|now|and|so|then|can you|could you|let'?s|i want to|we should|go ahead and)\W+"
    r"|(?:请|帮我|麻烦|现在|那就?|那么)\W*)*"
)
_NAME = r"(?:(?:the|our|my) )?(?P<name>.{1,150}?)"
_LAST = r"(?:\W+(?:please|now|again|today|so far|yet|for now|right away|immediately|for good)|吧|了|呢)*\W*"
_FIGURES = r"(?:results?|reports?|figures|numbers|performance|outcome|stats|statistics|uplift|effect)"
_RESULT = r"(?:效果|结果|成绩|表现|数据|报告|成效|战果|进展|情况)"
_HOW = r"(?:怎么样|怎样|如何|好不好|好吗|咋样)"
_ENDS_EN = (
    r"(?:stop|end|halt|abort|cancel|kill|terminate|pause|suspend|freeze|interrupt|resume|continue|unpause|restart)"
)
_ENDS_ZH = r"(?:暂停|停止|停掉|停下来?|停|终止|中止|中断|结束|取消|关掉|叫停|恢复|继续|重启|挂起)"
_DROPS_EN = r"(?:delete|discard|drop|throw away|remove|scrap|get rid of)"
_DROPS_ZH = r"(?:删除|删掉|丢弃|扔掉|作废)"
_STARTS_EN = r"(?:start|launch|run|begin|kick off|activate|go (?:ahead|live) with|send(?: out| off)?)"
_STARTS_ZH = r"(?:开始|启动|上线|开启|发送|发出|运行|执行)"
_FORMS: tuple[tuple[str, str], ...] = (
    ("campaign_report", rf"how(?: well)?(?:['’]s| (?:did|does|is|was|has|have|are)) {_NAME}"
     r" (?:been )?(?:do|doing|done|perform(?:ing|ed)?|go|going|gone|work(?:ing|ed)?(?: out)?|fare|fared|sell(?:ing)?)"),
    ("campaign_report", rf"how successful (?:is|was) {_NAME}"),
    ("campaign_report", rf"(?:did|was|is|has) {_NAME} (?:work(?:ed)?|pa(?:y|id) off|succeed(?:ed)?|a success|successful"
     r"|worth (?:it|while))"),
    ("campaign_report", rf"what (?:did|has|have) {_NAME} (?:bring|brought|achieved?|earn(?:ed)?|yield(?:ed)?)"
     r"(?: in| us)*"),
    ("campaign_report", rf"(?:show (?:me )?|give me |what (?:is|was) )?(?:the )?{_FIGURES} (?:of|for|on|from) {_NAME}"),
    ("campaign_report", r"how many (?:people |customers )?(?:opted out|unsubscribed|replied|answered|bought|ordered"
     rf"|got|received)(?: of| from| to| after| because of)? {_NAME}"),
    ("campaign_report", rf"(?:show (?:me )?|give me )?(?:the )?{_NAME} {_FIGURES}"),
    ("campaign_report", rf"(?:看看?|看一下|查一?下|查看|汇报)?{_NAME}的?{_RESULT}{_HOW}?"),
    ("campaign_report", rf"{_NAME}(?:[做跑发卖办进]得|做|进行)?{_HOW}"),
    ("campaign_stop", rf"{_ENDS_EN} {_NAME}"),
    ("campaign_stop", rf"{_DROPS_EN} {_NAME}"),
    ("campaign_stop", rf"{_DROPS_ZH}(?:一下)?{_NAME}|[把将]{_NAME.replace('name', 'other')}{_DROPS_ZH}"),
    ("campaign_stop", rf"put {_NAME} on hold"),
    ("campaign_stop", rf"[把将]?先?{_ENDS_ZH}(?:一下)?{_NAME}"),
    ("campaign_stop", rf"[把将]?{_NAME}先?{_ENDS_ZH}(?:一下)?"),
    ("campaign_create", rf"{_STARTS_EN} {_NAME}"),
    ("campaign_create", rf"{_STARTS_ZH}(?:一下)?{_NAME}"),
    ("campaign_create", rf"[把将]{_NAME}(?:{_STARTS_ZH}|发出去|发掉)"),
    ("campaign_preview", rf"(?:preview|show(?: me)?|open|let me see|look at|who (?:gets|would get|will get)) {_NAME}"),
    ("campaign_preview", rf"(?:预览|看看|看一下|打开|显示)(?:一下)?{_NAME}"),
    ("campaign_preview", rf"{_NAME}会?发给谁"),
    ("campaign_preview", rf"when (?:does|will|is|do we) {_NAME} (?:starts?|begin|go(?:es|ing)? out|be sent|sent)"),
)  # fmt: skip
_ORDERS = tuple((intent, re.compile(_FIRST + f"(?:{form})" + _LAST, re.IGNORECASE)) for intent, form in _FORMS)
_THAT = re.compile(
    r"(?:it|this|that|this one|that one|(?:this |that |the )?(?:campaign|one|draft))"
    r"|它|(?:[这那该]个?)(?:活动|草稿)?|(?:活动|草稿)",
    re.IGNORECASE,
)
"""Names the campaign spoken of last."""
_DEFINITE = re.compile(r"(?!(?:an?|another|new|some)(?![a-z])|一?[个场次]|新)", re.IGNORECASE)


_PLACE = re.compile(
    r"\W*(?:the )?(?:first|second|third|fourth|fifth|sixth|last)(?: one)?\W*"
    r"|\W*第?[一二三四五六1-6]个?\W*|\W*最后一?个\W*",
    re.IGNORECASE,
)
_DROPS = re.compile(rf"(?<![a-z]){_DROPS_EN}(?![a-z])|{_DROPS_ZH}", re.IGNORECASE)
ASKED = "campaigns"
"""In the memory of a conversation: of which campaigns it was asked which, by whom and for what."""


def named_order(heard: Heard, memory: Memory, names: Callable[[], Sequence[str]]) -> Heard:
    """The message as an order about a campaign, where it says the name of one, or "it" of the one shown last."""
    understanding = heard.understanding
    if heard.message.kind not in ("new", "edit") or understanding.engine == "command":
        return heard
    asked = which_asked(understanding.text, memory, names)
    if asked is not None:
        meant = understanding.model_copy(update={"intent": asked["intent"], "confidence": 1.0, "wishes": ()})
        return replace(heard, understanding=meant, prepared=None)
    sure = understanding.intent != OUT_OF_SCOPE and understanding.confidence >= DOUBTFUL
    for intent, order in _ORDERS:
        match = order.fullmatch(understanding.text.strip()[: READ_UP_TO + 1])
        if match is None or (intent == understanding.intent and sure):
            continue
        if _means_one(_said(match), memory, names, sure=sure):
            meant = understanding.model_copy(update={"intent": intent, "confidence": 1.0, "wishes": ()})
            return replace(heard, understanding=meant, prepared=None)
    return heard


def which_asked(text: str, memory: Memory, names: Callable[[], Sequence[str]]) -> dict[str, Any] | None:
    """The question which campaign is meant, where it was asked last and a text is a name or a place in its list."""
    asked = memory.shown(ASKED) if memory.latest == ASKED else None
    if not isinstance(asked, dict) or len(text) > READ_UP_TO or any(order.fullmatch(text) for _, order in _ORDERS):
        return None
    return asked if _PLACE.fullmatch(text) or wholly_meant(text, names()) else None


def drops(text: str) -> bool:
    """Whether a text wants a draft thrown away."""
    return _DROPS.search(text) is not None


def started_name(text: str) -> str | None:
    """What a text wants to start, if that is one there is: "the draft", "Tea two"; None for a campaign to be made."""
    for intent, order in _ORDERS:
        match = order.fullmatch(text.strip()[: READ_UP_TO + 1]) if intent == "campaign_create" else None
        if match is not None and _DEFINITE.match(_said(match)):
            return _said(match)
    return None


def is_spoken_of(said: str) -> bool:
    """Whether words mean the campaign that was spoken of, and no name."""
    return _THAT.fullmatch(said.strip()) is not None


def _said(match: "re.Match[str]") -> str:
    groups = match.groupdict()
    return str(groups.get("name") or groups.get("other") or "").strip(" \"'“”「」『』")


def _means_one(said: str, memory: Memory, names: Callable[[], Sequence[str]], *, sure: bool) -> bool:
    """Whether it is a campaign; with something else understood surely, only where the whole name is said."""
    if is_spoken_of(said):
        return memory.latest == "campaign"
    found = wholly_meant(said, names())
    whole = any(name.casefold() in said.casefold() for name in found)
    return bool(found) and (whole or not sure)
