"""What an alert is to watch: a figure and what it is about. What is named and cannot be watched is handed back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.handlers.manager.alert_vocabulary import ENDS, NO_NAMES, USUAL, ZH_PLAIN
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.queries import IN_PUBLIC, read
from bot.query_words import spoken
from crm_core.alerts import STOCK
from crm_core.reports.metrics import METRICS
from crm_core.reports.subjects import PRODUCT, SAYS, SEGMENT, SPOKEN
from nlu.understanding import Entity

_BAD_REVIEWS = re.compile(r"差评|(?<![a-z])bad reviews?(?![a-z])")
_COMPLAIN = re.compile(r"(?<![a-z])complain(?:s|ing|ts?)?(?![a-z])|投诉|抱怨")
_POSTS = re.compile(
    r"(?<![a-z])(?:posts?|mention(?:s|ed)?|tweets?|online|in public|social media|mastodon|bluesky|weibo|twitter)"
    r"(?![a-z])"
    r"|帖|网上|微博|舆[情论]|社媒|社交媒体|提及|网友"
)
_FEELING = re.compile(r"(?<![a-z])(?:mood|sentiment)(?![a-z])|情绪|心情|口碑")
_STOCK = re.compile(
    r"(?<![a-z])(?:stock|inventory|sells? out|sold out|runs? out|units? left|left in the warehouse)(?![a-z])"
    r"|库存|存货|缺货|断货|售罄|卖完|卖光|补货|到货"
)
_TELLING = re.compile(r"(?<![a-z])message me(?![a-z])|发[个条]?消息")
_MESSAGES = re.compile(r"(?<![a-z])messages?(?![a-z])|消息")
_FIGURES = {
    "orders": re.compile(r"(?<![a-z])orders?(?![a-z])|订单|下单"),
    "new_customers": re.compile(r"(?<![a-z])new customers?(?![a-z])|新客户?"),
}
"""Figures that are called like records."""
_BAD = re.compile(r"(?<![a-z])(?:negative|bad|angry|nasty)(?![a-z])|负面|坏话|差的")
_QUOTED = re.compile(r"[“\"'‘「]([^”\"'’」]{2,40})[”\"'’」]")
_SAYING = re.compile(
    r"(?<![a-z])(?:mention(?:s|ing)?|say(?:s|ing)?|contain(?:s|ing)?|with the words?|talks? about)(?![a-z])\s+"
    r"(?:(?:a|an|the|any|our|of)\s+)*(?P<en>[a-z][\w'-]*(?:\s+[a-z][\w'-]*){0,3})"
    r"|(?:提到|说到|提及|谈到|聊到|出现|含有|包含)了?(?P<zh>[\u4e00-\u9fff]{1,8}?)(?=就|时|的|，|,|$|超|一|马|请|提|告|通)"
)
_LINKED = re.compile(
    r"(?<![a-z])(?P<link>from|in|of|for|about|regarding|concerning|on|over|by|at)\s+"
    r"(?:(?:the|our|my|all|any|a|an|this|these|every|each)\s+)*(?P<en>[a-z][\w'-]*(?:\s+[a-z][\w'-]*){0,3})"
)
_KINDS = re.compile(
    r"(?<![a-z])(?:returning|repeat|loyal|old|long-?time|existing|big) (?:customers?|buyers?|clients?)(?![a-z])"
    r"|(?:老|熟|回头|大|散|企业|忠实|优质|高价值)(?:客户|顾客|客|用户)"
)
"""Kinds of customers that no record knows by this name."""
_TAKEN = frozenset(
    ["product", "category", "competitor", "brand", "segment", "location", "tier", "language", "channel", "agent_name",
     "person_name", "company", "customer_id", "metric", "group_by", "date_range", "datetime", "duration", "recurrence",
     "timezone", "money", "amount", "percent", "rating", "count", "quantity", "priority"]
)  # fmt: skip
"""Entities of which an alert makes something, or that say how much and when."""
_ABOUT = ("about", "regarding", "concerning", "over")
_ZH_ABOUT = re.compile(r"(?:关于|有关|针对)(?P<zh>[\u4e00-\u9fffA-Za-z0-9 ]{1,12}?)的")


@dataclass(slots=True)
class Watch:
    """What is to be watched. `unknown`: what was named and is nothing known; `alone`: a single customer."""

    metric: str | None = None
    only: dict[str, list[str]] = field(default_factory=dict)
    without: dict[str, list[str]] = field(default_factory=dict)
    unknown: str = ""
    alone: str = ""


def read_watch(turn: ManagerTurn, text: str) -> Watch:
    """The figure that a sentence names, and all that it says of whom or what it is about."""
    said, entities = read(turn, turn.store.session), turn.understanding.entities
    only = {name: list(values) for name, values in said.only.items()}
    watch = Watch(said.metric, only, {name: list(values) for name, values in said.without.items()})
    for name, entity in ((PRODUCT, "product"), (SEGMENT, "segment")):
        values = _values(turn, entity)
        if values:
            only[name] = values
    if only.get(SEGMENT) and "tier" in only:
        del only["tier"]  # "our best customers" is read as both
    brands = _values(turn, "competitor")
    words, left = _words_said(turn, text)
    if _STOCK.search(text) and not brands and not _POSTS.search(text):
        watch.metric = STOCK
    elif brands or _POSTS.search(text):
        _publish(watch, text, brands)
    else:
        _of_chats(watch, text)
    if watch.metric in SPOKEN or (watch.metric in METRICS and SAYS in _sayable(watch.metric)):
        watch.only |= {SAYS: [*watch.only.get(SAYS, ()), *words]} if words else {}
        words = []
    names = [one.text for one in entities if one.name in ("person_name", "company", "customer_id")]
    agents = {name.lower() for name in _values(turn, "agent_name")}
    watch.alone = next((name for name in names if name.lower() not in agents and "agent" not in watch.only), "")
    watch.unknown = (words + left + [""])[0]
    return watch


def _values(turn: ManagerTurn, entity: str) -> list[str]:
    return list(dict.fromkeys(str(value) for value in turn.understanding.all(entity)))


def _sayable(metric: str) -> tuple[str, ...]:
    return (SAYS,) if "network" in METRICS[metric].by else ()


def _publish(watch: Watch, text: str, brands: list[str]) -> None:
    """Of posts: about a competitor, a product, or us."""
    if watch.metric not in (None, "mood", "messages", "complaints", "conversations", *_OF_POSTS):
        watch.only |= {"brand": brands} if brands else {}
        return  # revenue of a competitor: it is told that this cannot be
    felt, complained = bool(_FEELING.search(text)), watch.metric == "complaints" or bool(_COMPLAIN.search(text))
    watch.only = {IN_PUBLIC.get(name, name) if name != "category" else name: v for name, v in watch.only.items()}
    if brands:
        watch.only["brand"] = brands
    known = bool(brands or PRODUCT in watch.only)
    if felt:
        watch.metric = "voice_mood" if known else "post_mood"
        return
    watch.metric = "voice" if known else "mentions"
    if complained:
        watch.only["need"] = ["complain"]
    elif _BAD.search(text):
        watch.only["feeling"] = ["negative"]


_OF_POSTS = ("voice", "voice_mood", "mentions", "post_mood")


def _of_chats(watch: Watch, text: str) -> None:
    if watch.metric == "messages" and not _MESSAGES.search(_TELLING.sub("", text)):
        watch.metric = None
    watch.metric = watch.metric or next((name for name, words in _FIGURES.items() if words.search(text)), None)
    if _BAD_REVIEWS.search(text) or (watch.metric in (None, "conversations", "messages") and _COMPLAIN.search(text)):
        watch.metric = "complaints"
    if "agent" in watch.only:
        watch.metric = {"conversations": "taken", "messages": "staff_messages"}.get(watch.metric or "", watch.metric)
    if watch.metric in SPOKEN and "category" in watch.only:  # what somebody writes about is found by its names
        names = [spoken("categories", key, each) for key in watch.only.pop("category") for each in ("en", "zh")]
        watch.only[SAYS] = list(dict.fromkeys(name.lower() for name in names))


# --- words ----------------------------------------------------------------------------------------------------------
def _words_said(turn: ManagerTurn, text: str) -> tuple[list[str], list[str]]:
    """Words that texts are to hold; and names of subjects that are nothing we know."""
    taken = [one for one in turn.understanding.entities if one.name in _TAKEN]
    said = [_trimmed(match[1]) for match in _QUOTED.finditer(text)]
    said += [_name(match, taken) for match in _SAYING.finditer(text)] if not said else []
    said += [_name(match, taken) for match in _ZH_ABOUT.finditer(text)]
    left: list[str] = []
    for match in _LINKED.finditer(text):
        name = _name(match, taken)
        (said if match["link"] in _ABOUT else left).append(name)
    strange = list(_strange_zh(text, taken))
    said += [name for name in strange if f"投诉{name}" in text or f"{name}投诉" in text]
    words = list(dict.fromkeys(word for word in said if word))
    kinds = [match[0] for match in _KINDS.finditer(text) if not _inside(*match.span(), taken)]
    left += [*kinds, *_strange(text, taken), *strange]
    known = " ".join(words)
    return words, [name for name in left if name and name not in known]


def _name(match: re.Match[str], taken: list[Entity]) -> str:
    """A name, up to the word at which it is over; "" where it is found already, or is none."""
    group = "en" if match.groupdict().get("en") else "zh"
    if not match.groupdict().get(group):
        return ""
    start = match.start(group)
    kept: list[str] = []
    for word in re.finditer(r"[a-z][\w'-]*" if group == "en" else r".+", match[group]):
        first = start + word.start()
        if _inside(first, first + len(word[0]), taken) or word[0] in ENDS or (not kept and word[0] in NO_NAMES):
            break
        kept.append(word[0])
    return _trimmed(" ".join(kept))


def _trimmed(name: str) -> str:
    return re.sub(r"^(?:a|an|the|our|any|us)\s+|^us$|^我们$", "", name.strip(" ,.，。"))


def _inside(start: int, end: int, taken: list[Entity]) -> bool:
    return any(one.start < end and start < one.end for one in taken)


def _strange(text: str, taken: list[Entity]) -> Iterator[str]:
    """English words that are no everyday words and that nothing explains: Gotham."""
    for word in re.finditer(r"(?<![\w#@/.'’-])[a-z][a-z]{2,}(?![\w@/])", text):
        plain = word[0].removesuffix("s")
        usual = {word[0], plain} & USUAL
        if not usual and not _inside(*word.span(), taken):
            yield word[0]


def _strange_zh(text: str, taken: list[Entity]) -> Iterator[str]:
    """What is left of a Chinese sentence without all that says when and how to be told."""
    masked = list(text)
    for one in taken:
        masked[one.start : one.end] = "|" * (one.end - one.start)
    yield from re.findall(r"[\u4e00-\u9fff]{2,}", ZH_PLAIN.sub("|", "".join(masked)))
