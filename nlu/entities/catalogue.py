"""The business's own names: products, people, companies, tags … found exactly, by title and surname, or with typos."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nlu.cleaning import fold
from nlu.entities.common_words import COMMON, SHORT
from nlu.entities.phrases import Phrases, Token, tokens
from nlu.entities.spans import Passage

Names = tuple[tuple[str, str], ...]
"""Pairs of a name as people say it and the value that it stands for."""

NEAR_ENOUGH = 84.0
"""Similarity (0-100) from which a misspelt name counts as meant."""
CANDIDATES = 5
"""At most so many people are offered for one name."""
_SHORTEST_WITH_TYPO = 5


@dataclass(frozen=True)
class Gazetteer:
    """Names from the records: for each kind of entity, (name, value) pairs. The same name may have several values."""

    products: Names = ()
    categories: Names = ()
    features: Names = ()
    brands: Names = ()
    competitors: Names = ()
    colours: Names = ()
    locations: Names = ()
    tags: Names = ()
    segments: Names = ()
    campaigns: Names = ()
    queues: Names = ()
    agents: Names = ()
    people: Names = ()
    companies: Names = ()


ENTITY_OF = {
    "segments": "segment",
    "campaigns": "campaign",
    "products": "product",
    "companies": "company",
    "people": "person_name",
    "agents": "agent_name",
    "competitors": "competitor",
    "brands": "brand",
    "categories": "category",
    "queues": "queue",
    "tags": "tag",
    "features": "feature",
    "colours": "colour",
    "locations": "location",
}
"""Field of the gazetteer -> entity; where a name is in several, the upper one comes first."""
_CUSTOMERS_SEE = frozenset({"product", "category", "feature", "brand", "competitor", "colour", "location", "campaign"})
_DOUBTFUL = frozenset(
    [
        "may",
        "june",
        "april",
        "august",
        "mark",
        "rose",
        "grace",
        "art",
        "bill",
        "hope",
        "joy",
        "will",
        "frank",
        "rich",
        "summer",
        "dawn",
        "an",
        "so",
        "can",
        "he",
        "she",
        "ma",
    ]
)
"""Names that are also words: only meant when written with a capital."""
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹"
    "孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧阳"
)
_CHINESE_TITLE = re.compile(
    rf"(?:(?P<old>[老小])(?P<nick>[{_SURNAMES}])(?![\u4e00-\u9fff]*(?:板|心|时))"
    rf"|(?P<surname>[{_SURNAMES}])(?P<given>[\u4e00-\u9fff]{{0,2}}?)"
    r"(?:先生|女士|小姐|太太|老师|经理|总(?![共是体计数量额部结])|老板))"
)
_ENGLISH_TITLE = re.compile(r"(?<![a-z])(?:mrs|mr|ms|miss|dr|mx)\.? (?P<surname>[a-z][a-z'’-]{1,30})(?![a-z])")
PERSONAL = frozenset(
    [
        "find_customer",
        "show_customer",
        "show_timeline",
        "order_lookup",
        "case_create",
        "add_note",
        "tag_customer",
        "update_field",
        "add_task",
        "complete_task",
        "get_score",
        "explain_score",
        "suggest_reply",
        "recommend_for_customer",
        "consent_check",
        "data_export",
        "audit_query",
        "merge_customers",
        "handoff_take",
        "send_canned_reply",
        "translate",
    ]
)
"""Intents whose leftover words may well be a customer's name."""
_NAME_WORD = re.compile(r"[^\W\d_]{2,20}(?:['’-][^\W\d_]{2,20})?")
_CAPITALS = re.compile(r"(?: (?:&|of|and))?(?: [A-Z][\w&.-]{1,20}){1,3}")
_AT = re.compile(r"(?<![a-z])(?:at|from|of)\s+$")
_CUE = re.compile(
    r"(?<![a-z])(?:find|up|for|is|about|on|with|call|named|called|ask|tell|from|show|to|customer|client|and|me|of)\s+$"
)
_PART_OF_A_CODE = re.compile(r"[_/-]?\d|_[a-z]")
"""What goes on so is no name: HK-20931, sam_88."""
_NOT_A_NAME = (
    "高价|高消|高级|高端|高风|高优|金额|金卡|方便|方式|方案|方面|马上|白色|白天|黄色|周[一二三四五六日末边年期]"
    "|万|何|任务|任何|任意"
    "|江苏|成都|于|严重|程序|程度|陶瓷|余额|余下|向|莫名|段时|范围|夏[天季装]|秋[天季]|谢谢|许多|叶子|苏州|沈阳"
    "|郑州|杜绝|关于|常"
    "|龙井|贺卡|钱|熊猫|付款|付费|林业|马克|毛利|孔雀|汪|曾经|钟"
)
_CALLED_CHINESE = re.compile(
    "(?:^|叫|给|找|查一?下|看一?下|看看|查|跟|和|联系|客户|关于|搜一?下|搜索?|打开|把|导出|调出|一下)"
    rf"(?P<name>(?!{_NOT_A_NAME})[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}?)"
    r"(?=的|$|[^\u4e00-\u9fff]|打电|打上|建|加|记|发|推|最近|这|现在|是谁|是哪|上次|说了|聊|有没|能不|转|写|贴"
    r"|情绪|流失|回电|买"
    "|下了|在哪|这个人)"
)


class Catalogue:
    """A gazetteer made ready for searching; built once whenever the names change."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._phrases = Phrases(_entries(gazetteer))
        self._by_surname = _surnames(gazetteer)
        self._alike = _Alike(gazetteer)
        self.colleagues = frozenset(fold(name) for name, _ in gazetteer.agents)
        """Names of staff, folded: "@sam" is one of them and no handle."""

    def find(self, passage: Passage, words: list[Token]) -> None:
        """Claim exact names, then people by title and surname."""
        for hit in self._phrases.find(words):
            meanings = [meaning for meaning in hit.meanings if _may_name(passage, meaning[0])]
            written = passage.text[hit.start : hit.end]
            if not meanings or not passage.free(hit.start, hit.end) or _only_a_word(written):
                continue
            if _PART_OF_A_CODE.match(passage.folded, hit.end) and written.isalpha():
                continue
            first = _preferred(meanings, passage)
            for _, value in [meaning for meaning in meanings if meaning[0] == first][:CANDIDATES]:
                passage.add(first, value, hit.start, hit.end)
            passage.block(hit.start, hit.end)
        if passage.audience != "customer":
            self._find_titled(passage)

    def find_misspelt(self, passage: Passage, words: list[Token]) -> None:
        """Claim names with a typo among the words that nothing else has taken."""
        for start, end, entity, value in self._alike.search(passage, words):
            if passage.free(start, end) and _may_name(passage, entity):
                passage.claim(entity, value, start, end)

    def find_unknown_people(self, passage: Passage, words: list[Token]) -> None:
        """Claim what is said like a name though no record has it: records are encrypted, so that most are unknown."""
        if passage.audience == "customer" or passage.intent not in PERSONAL:
            return
        known = passage.has(("person_name",))
        for match in () if known else _CALLED_CHINESE.finditer(passage.folded):
            if passage.free(*match.span("name")):
                passage.claim("person_name", passage.text[slice(*match.span("name"))], *match.span("name"))
        for start, end in _strange_words(passage, words):
            written, before = passage.text[start:end], passage.folded[:start]
            if _AT.search(before) and not passage.has(("company",)) and passage.has(("person_name",)):
                more = _CAPITALS.match(passage.text, end)
                last = more.end() if more and passage.free(end, more.end()) else end
                passage.claim("company", passage.text[start:last], start, last)
            elif not passage.has(("person_name",)) and (written[0].isupper() or _CUE.search(before) or not start):
                passage.claim("person_name", written, start, end)

    def _find_titled(self, passage: Passage) -> None:
        """王女士, 老陈, Mr Chen: everybody of that surname, or the words themselves where nobody is."""
        for pattern in (_CHINESE_TITLE, _ENGLISH_TITLE):
            for match in pattern.finditer(passage.folded):
                if not passage.free(*match.span()):
                    continue
                groups = match.groupdict()
                surname = groups.get("nick") or groups["surname"]
                known = self._by_surname.get(surname + (groups.get("given") or ""), ())
                said = passage.text[slice(*match.span())]
                for value in known[:CANDIDATES] or (said,):
                    passage.add("person_name", value, *match.span())
                passage.block(*match.span())


def _entries(gazetteer: Gazetteer) -> Iterator[tuple[str, str, str]]:
    for field, entity in ENTITY_OF.items():
        for name, value in getattr(gazetteer, field):
            if len(fold(name).strip()) < 2:
                continue
            yield name, entity, value
            parts = name.split()
            if entity == "person_name" and len(parts) == 2 and name.isascii():
                yield f"{parts[1]} {parts[0]}", entity, value


def _surnames(gazetteer: Gazetteer) -> dict[str, tuple[str, ...]]:
    """Surname -> people: the first character of a Chinese name, either end of an English one."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in gazetteer.people:
        folded = fold(name).strip()
        keys = {folded[:1], folded} if re.match("[\u4e00-\u9fff]", folded) else {folded.split()[-1], folded.split()[0]}
        for key in keys if folded else ():
            known = found.get(key, ())
            if value not in known and len(known) < CANDIDATES + 1:
                found[key] = (*known, value)
    return found


def _may_name(passage: Passage, entity: str) -> bool:
    return passage.audience != "customer" or entity in _CUSTOMERS_SEE


def _preferred(meanings: Iterable[tuple[str, str]], passage: Passage) -> str:
    """The kind that fits the intent best, else the first of the table."""
    kinds = [kind for kind, _ in meanings]
    if passage.intent in {"case_assign", "agent_performance", "grant_access"} and "agent_name" in kinds:
        return "agent_name"
    if passage.intent == "tag_customer" and "tag" in kinds:
        return "tag"
    return kinds[0]


def _only_a_word(written: str) -> bool:
    return written in _DOUBTFUL


def _strange_words(passage: Passage, words: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield runs of up to three neighbouring words that are no everyday ones and that nothing has claimed."""
    run: list[Token] = []
    for word in [*words, None]:
        strange = word is not None and _is_strange(passage, word)
        if strange and word and (not run or passage.folded[run[-1].end : word.start] == " ") and len(run) < 3:
            run.append(word)
            continue
        if run:
            yield run[0].start, run[-1].end
        run = [word] if strange and word else []


def _is_strange(passage: Passage, word: Token) -> bool:
    said = passage.folded[word.start : word.end]
    return (
        bool(_NAME_WORD.fullmatch(said))
        and not re.search("[\u4e00-\u9fff]", said)
        and word.key not in COMMON
        and said not in COMMON
        and said not in SHORT
        and passage.free(word.start, word.end)
    )


class _Alike:
    """Typo-tolerant search. Names are grouped by first letter and length, so that few are compared."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._groups: dict[tuple[int, str], list[tuple[str, str, str]]] = {}
        for field in ("products", "categories", "brands", "competitors", "people", "companies", "segments", "tags"):
            for name, value in getattr(gazetteer, field):
                keys = [token.key for token in tokens(fold(name))]
                plain = " ".join(keys)
                if len(plain) >= _SHORTEST_WITH_TYPO and plain.isascii() and len(keys) <= 4:
                    self._groups.setdefault((len(keys), plain[0]), []).append((plain, ENTITY_OF[field], value))

    def search(self, passage: Passage, words: list[Token]) -> Iterator[tuple[int, int, str, str]]:
        """Yield (start, end, entity, value) of names that are nearly written."""
        if not self._groups:
            return
        for size in (3, 2, 1):
            for place in range(len(words) - size + 1):
                window = words[place : place + size]
                said = " ".join(word.key for word in window)
                if not _worth_comparing(said, window, passage):
                    continue
                found = self._nearest(said, size)
                if found:
                    yield window[0].start, window[-1].end, *found

    def _nearest(self, said: str, size: int) -> tuple[str, str] | None:
        from rapidfuzz import fuzz, process

        names = [entry for entry in self._groups.get((size, said[0]), ()) if abs(len(entry[0]) - len(said)) <= 2]
        if not names:
            return None
        best = process.extractOne(said, [name for name, _, _ in names], scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH)
        return (names[best[2]][1], names[best[2]][2]) if best else None


def _worth_comparing(said: str, window: list[Token], passage: Passage) -> bool:
    if len(said) < _SHORTEST_WITH_TYPO or len(said) > 60 or not said.isascii() or not said[0].isalpha():
        return False
    if not passage.free(window[0].start, window[-1].end):
        return False
    ordinary = sum(word.key in COMMON for word in window)
    return ordinary < len(window) if len(window) == 1 else ordinary <= len(window) - 1 and ordinary <= 1
