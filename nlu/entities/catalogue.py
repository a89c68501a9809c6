"""The business's own names: products, people, companies, tags … found exactly, by title and surname, or with typos."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nlu.cleaning import fold
from nlu.entities import aliases
from nlu.entities.common_words import COMMON, SHORT
from nlu.entities.phrases import Hit, Meanings, Phrases, Token, tokens
from nlu.entities.spans import Passage

Names = tuple[tuple[str, str], ...]
"""Pairs of a name as people say it and the value that it stands for."""

NEAR_ENOUGH = 84.0
"""Similarity (0-100) from which a misspelt name counts as meant."""
CANDIDATES = 5
"""At most so many people are offered for one name."""
_SHORTEST_WITH_TYPO = 5
_SHORTEST_GLUED = 5


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
    rf"(?:(?P<old>[老小])(?P<nick>[{_SURNAMES}])(?![\u4e00-\u9fff]*(?:板|心|时))(?!(?<=小于)(?:等"
    rf"|[\d一二三四五六七八九十百]))"
    rf"|(?P<surname>{aliases.COMPOUND}|[{_SURNAMES}])(?P<given>[\u4e00-\u9fff]{{0,2}}?)"
    r"(?:先生|女士|小姐姐?|太太|老师|经理|总(?![共是体计数量额部结])|老板|阿姨|医生|律师|教授|主任|店长"
    r"|[姐哥叔](?![妹弟]))"
    r"|(?<![\u4e00-\u9fff])阿(?P<dear>[\u4e00-\u9fff])(?![\u4e00-\u9fff]{0,1}[姨])"
    r"|(?P<called>[\u4e00-\u9fff])[姐哥](?![妹弟]))"
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
    rf"\s?(?P<name>(?!{_NOT_A_NAME})(?:(?:{aliases.COMPOUND})[\u4e00-\u9fff]{{1,2}}?"
    rf"|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}?))"
    r"(?=的|$|[^\u4e00-\u9fff]|打电|打上|建|加|记|发|推|最近|这|现在|是谁|是哪|上次|说了|聊|有没|能不|转|写|贴"
    r"|情绪|流失|回电|买"
    "|下了|在哪|这个人)"
)


class Catalogue:
    """A gazetteer made ready for searching; built once whenever the names change."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._phrases = Phrases(_entries(gazetteer))
        self._by_surname = _surnames(gazetteer)
        self._sounding = _sounding(gazetteer)
        self._alike = _Alike(gazetteer)
        self._shortened = Phrases(aliases.shortened(gazetteer.products, {name for name, _ in gazetteer.categories}))
        self.companies = {
            way: value for name, value in gazetteer.companies for way in (fold(name), aliases.of_company(name)) if way
        }
        """Company by its folded name, with and without its legal form."""
        self.colleagues = frozenset(fold(name) for name, _ in gazetteer.agents)
        """Names of staff, folded: "@sam" is one of them and no handle."""

    def find(self, passage: Passage, words: list[Token]) -> None:
        """Claim exact names, then people by title and surname."""
        for hit in self._phrases.find(words):
            meanings = [meaning for meaning in hit.meanings if _may_name(passage, meaning[0])]
            written = passage.text[hit.start : hit.end]
            if not meanings or not passage.free(hit.start, hit.end) or _only_a_word(passage, hit, meanings[0][0]):
                continue
            if _PART_OF_A_CODE.match(passage.folded, hit.end) and written.isalpha():
                continue
            first = _preferred(meanings, passage)
            for _, value in [meaning for meaning in meanings if meaning[0] == first][:CANDIDATES]:
                passage.add(first, value, hit.start, hit.end)
            passage.block(hit.start, hit.end)
        if passage.audience != "customer":
            self._find_titled(passage)

    def find_shortened(self, passage: Passage, words: list[Token]) -> None:
        """Claim products that staff call by the last word of their name, where only one is called so."""
        if passage.audience == "customer":
            return
        for hit in self._shortened.find(words):
            if passage.free(hit.start, hit.end):
                passage.claim("product", hit.meanings[0][1], hit.start, hit.end)

    def find_misspelt(self, passage: Passage, words: list[Token]) -> None:
        """Claim names with a typo among the words that nothing else has taken."""
        for start, end, meanings in self._alike.search(passage, words):
            seen = [meaning for meaning in meanings if _may_name(passage, meaning[0])]
            if not seen or not passage.free(start, end):
                continue
            first = _preferred(seen, passage)
            for value in dict.fromkeys(value for entity, value in seen if entity == first):
                passage.add(first, value, start, end)
            passage.block(start, end)

    def find_unknown_people(self, passage: Passage, words: list[Token]) -> None:
        """Claim what is said like a name though no record has it: records are encrypted, so that most are unknown."""
        if passage.audience == "customer" or passage.intent not in PERSONAL:
            return
        known = passage.has(("person_name",))
        for match in () if known else _CALLED_CHINESE.finditer(passage.folded):
            if passage.free(*match.span("name")):
                self._claim_person(passage, *match.span("name"))
        for start, end in _strange_words(passage, words):
            written, before = passage.text[start:end], passage.folded[:start]
            if _AT.search(before) and not passage.has(("company",)) and passage.has(("person_name",)):
                more = _CAPITALS.match(passage.text, end)
                last = more.end() if more and passage.free(end, more.end()) else end
                passage.claim("company", passage.text[start:last], start, last)
            elif not passage.has(("person_name",)) and (written[0].isupper() or _CUE.search(before) or not start):
                self._claim_person(passage, start, end)

    def _claim_person(self, passage: Passage, start: int, end: int) -> None:
        """Everybody who may be meant by the words, or the words themselves: records may know more names than we."""
        written = passage.text[start:end]
        spelt = aliases.pinyin(written)
        key = " ".join(token.key for token in tokens(passage.folded[start:end]))
        known = self._sounding.get("".join(spelt), ()) if spelt else self._by_surname.get(key, ())
        for value in (known if len(known) <= CANDIDATES else ()) or (written,):
            passage.add("person_name", value, start, end)
        passage.block(start, end)

    def _find_titled(self, passage: Passage) -> None:
        """王女士, 老陈, Mr Chen: everybody of that surname, or the words themselves where nobody is."""
        for pattern in (_CHINESE_TITLE, _ENGLISH_TITLE):
            for match in pattern.finditer(passage.folded):
                if not passage.free(*match.span()):
                    continue
                groups = match.groupdict()
                by_given = groups.get("dear") or groups.get("called")
                surname = groups.get("nick") or groups["surname"] or ""
                known = self._by_surname.get(f"~{by_given}" if by_given else surname + (groups.get("given") or ""), ())
                if by_given and not known:
                    continue
                said = passage.text[slice(*match.span())]
                for value in known[:CANDIDATES] or (said,):
                    passage.add("person_name", value, *match.span())
                passage.block(*match.span())


def _entries(gazetteer: Gazetteer) -> Iterator[tuple[str, str, str]]:
    for field, entity in ENTITY_OF.items():
        for name, value in getattr(gazetteer, field):
            if len(fold(name).strip()) < 2 and not _is_a_word_alone(entity, name):
                continue
            yield name, entity, value
            for alias in _other_names(entity, name, value):
                yield alias, entity, value
    taken = frozenset(fold(name) for field in ENTITY_OF for name, _ in getattr(gazetteer, field))
    for word, value in aliases.of_products(gazetteer.products, taken):
        yield word, "product", value
    for word, value in aliases.first_words(gazetteer.companies):
        if word not in taken:
            yield word, "company", value


def _is_a_word_alone(entity: str, name: str) -> bool:
    """Whether one sign is a whole name: "茶" is a kind of product, "T" is nothing."""
    return entity == "category" and "\u4e00" <= name <= "\u9fff"


def _other_names(entity: str, name: str, value: str) -> Iterator[str]:
    if entity == "person_name":
        yield from aliases.of_person(name)
    elif entity == "company" and (short := aliases.of_company(name)):
        yield short
    elif entity == "product" and re.search(r"\d", value):
        yield value  # an article number is a name, too


def _surnames(gazetteer: Gazetteer) -> dict[str, tuple[str, ...]]:
    """Part of a name -> people: surnames, pinyin ones too, either end of a Western name, 芳 of 王芳 for 芳姐."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in gazetteer.people:
        for key in _parts(fold(name).strip()):
            known = found.get(key, ())
            if value not in known and len(known) < CANDIDATES + 1:
                found[key] = (*known, value)
    return found


def _sounding(gazetteer: Gazetteer) -> dict[str, tuple[str, ...]]:
    """Pinyin of a whole Chinese name -> people: 刘晓冬 is written for 刘晓东."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in gazetteer.people:
        spelt = aliases.pinyin(name)
        for way in ["".join(spelt)] if spelt else _glued(name):
            known = found.get(way, ())
            found[way] = known if value in known else (*known, value)
    return found


def _glued(name: str) -> list[str]:
    """Zhang Wei, as 张伟 sounds: either order, without the gap."""
    words = fold(name).split()
    return ["".join(words), "".join(reversed(words))] if len(words) == 2 and name.isascii() else []


def _parts(folded: str) -> set[str]:
    if not folded:
        return set()
    if not re.match("[\u4e00-\u9fff]", folded):
        words = [token.key for token in tokens(folded)]
        return {words[0], words[-1]} if words else set()
    compound = re.match(aliases.COMPOUND, folded)
    keys = {folded[:1], folded, f"~{folded[-1]}", *(aliases.pinyin(folded) or ())}
    return keys | ({compound.group()} if compound else set())


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


def _only_a_word(passage: Passage, hit: Hit, entity: str) -> bool:
    """Names that are words, too, are meant with a capital: "New" is a segment, "new customers" are not."""
    written = passage.text[hit.start : hit.end]
    common = entity in _OUR_WORDS and written.islower() and written in COMMON
    return written in _DOUBTFUL or (common and _PEOPLE.match(passage.folded, hit.end) is not None)


_PEOPLE = re.compile(r" (?:customer|client|buyer|user|people|contact|sign|order|member|subscriber|visitor|year)")
_OUR_WORDS = frozenset({"segment", "tag", "campaign", "queue"})


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
    """Typo-tolerant search. Names are grouped by first letter and length, so that few are compared.

    What differs only in its gaps ("tea pot", "wangfang", "hb250") is found at once.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._groups: dict[tuple[int, str], list[tuple[str, str, str]]] = {}
        self._glued: dict[str, Meanings] = {}
        for field in _WITH_TYPOS:
            for name, value in getattr(gazetteer, field):
                self._learn(name, ENTITY_OF[field], value)
                for place, alias in enumerate(aliases.of_person(name) if field == "people" else ()):
                    self._learn(alias, ENTITY_OF[field], value, typos=not place and not name.isascii())

    def _learn(self, name: str, entity: str, value: str, *, typos: bool = True) -> None:
        keys = [token.key for token in tokens(fold(name))]
        plain, glued = " ".join(keys), "".join(keys).replace("'", "")
        known = self._glued.get(glued, ())
        if len(glued) >= _SHORTEST_GLUED and glued.isascii() and len(known) < CANDIDATES:
            self._glued[glued] = (*known, (entity, value))
        if typos and len(plain) >= _SHORTEST_WITH_TYPO and plain.isascii() and len(keys) <= 4:
            self._groups.setdefault((len(keys), plain[0]), []).append((plain, entity, value))

    def search(self, passage: Passage, words: list[Token]) -> Iterator[tuple[int, int, Meanings]]:
        """Yield (start, end, everything it may stand for) of names that are nearly written."""
        if not self._groups and not self._glued:
            return
        for size in (4, 3, 2, 1):
            for place in range(len(words) - size + 1):
                window = words[place : place + size]
                glued = self._glued.get("".join(word.key for word in window).replace("'", ""))
                if glued and passage.free(window[0].start, window[-1].end):
                    yield window[0].start, window[-1].end, glued
                    continue
                said = " ".join(word.key for word in window)
                if _worth_comparing(said, window, passage) and (found := self._nearest(said, size)):
                    yield window[0].start, window[-1].end, (found,)

    def _nearest(self, said: str, size: int) -> tuple[str, str] | None:
        from rapidfuzz import fuzz, process

        names = [entry for entry in self._groups.get((size, said[0]), ()) if abs(len(entry[0]) - len(said)) <= 2]
        if not names:
            return None
        best = process.extractOne(said, [name for name, _, _ in names], scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH)
        return (names[best[2]][1], names[best[2]][2]) if best else None


_WITH_TYPOS = (
    "products", "categories", "brands", "competitors", "people", "companies", "segments", "tags", "features", "agents",
)  # fmt: skip


def _worth_comparing(said: str, window: list[Token], passage: Passage) -> bool:
    if len(said) < _SHORTEST_WITH_TYPO or len(said) > 60 or not said.isascii() or not said[0].isalpha():
        return False
    if not passage.free(window[0].start, window[-1].end):
        return False
    ordinary = sum(word.key in COMMON for word in window)
    if len(window) > 2 and len(said) > 11:
        return ordinary < len(window)
    return ordinary < len(window) if len(window) == 1 else ordinary <= len(window) - 1 and ordinary <= 1
