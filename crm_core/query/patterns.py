"""How conditions are said in English and Chinese: the patterns that `query/reading.py` looks for."""

import re
import unicodedata

from crm_core.query.conditions import Field, Operator, Sort


def folded(text: str) -> str:
    """Lower case and half width, character by character, so that places stay the same."""
    return "".join(_fold(char) for char in text)


def _fold(char: str) -> str:
    plain = unicodedata.normalize("NFKC", char).lower()
    return plain if len(plain) == 1 else char


def _said(english: str, chinese: str = "") -> re.Pattern[str]:
    """Either language; the English words stand alone, the Chinese ones anywhere."""
    both = [f"(?<![a-z])(?:{english})(?![a-z])" if english else "", f"(?:{chinese})" if chinese else ""]
    return re.compile("|".join(part for part in both if part))


LEAD = re.compile(r"\s*(?:filter(?: by)?|list|show)(?![a-z])[:：]?")

# --- order ----------------------------------------------------------------------------------------------------------
SORTS: tuple[tuple[Sort, bool, re.Pattern[str]], ...] = (
    (
        "mood",
        False,
        _said(
            "(?:sorted )?by mood|least happy|unhappiest|worst mood|angriest|most unhappy|lowest mood",
            "心情最差|最不满意?|最不高兴|情绪最差|最生气",
        ),
    ),
    ("mood", True, _said("happiest|most satisfied|best mood", "最满意|最开心|心情最好")),
    (
        "last_order",
        True,
        _said(
            "(?:sorted )?by (?:the )?(?:last|latest|most recent) order(?: date)?|(?:newest|latest"
            "|most recent)(?: orders?)? first",
            "按?最近(?:一次)?(?:下单|购买)(?:时间|日期)?(?:排序?|在前)|新的排前面?",
        ),
    ),
    (
        "last_order",
        False,
        _said("longest without(?: an)? orders?|(?:oldest|quietest)(?: orders?)? first", "最久没(?:下单|买)"),
    ),
    (
        "orders",
        True,
        _said(
            "(?:sorted )?by (?:the )?(?:number of orders|order count)|most orders|order(?:s|ed)? most often|most often"
            "|most frequent",
            "(?:总共)?下单次数最?多?|下单最多|订单最多|买得最多|按订单数",
        ),
    ),
    (
        "spend",
        True,
        _said(
            "(?:(?:sorted )?by )?(?:lifetime value|total spend|revenue)|(?:sorted )?by (?:spend(?:ing)?|value)"
            "|(?:biggest|top|highest|best|largest) spend(?:ers?|ing)|spenders?|most valuable|highest value"
            "|(?:biggest|best|top|largest)(?= (?:\\d+ )?(?:customers?|clients?|buyers?|accounts?|people))"
            "|spend(?:s|ing)? the most|spent (?:the )?most",
            "消费(?:金额|额)?最[高多]|花钱最多|花得最多|按消费(?:金额|额)?(?:排序?|从高到低)?|(?<=by )消费(?:金额"
            "|额)?|消费(?=前)|终身价值"
            "|价值最高|最有价值",
        ),
    ),
)

# --- labels ---------------------------------------------------------------------------------------------------------
LABELS: tuple[tuple[Field, str, re.Pattern[str]], ...] = (
    ("tier", "vip", _said("vips?", "贵宾")),
    ("tier", "wholesale", _said("wholesale(?:rs?)?", "批发")),
    ("tier", "gold", _said("gold(?: tier| members?)?", "金卡|黄金会员")),
    ("tier", "silver", _said("silver(?: tier| members?)?", "银卡")),
    ("kind", "company", _said("compan(?:y|ies)|business(?:es)?(?: customers?)?|corporate", "企业|公司")),
    ("language", "zh", _said("(?:chinese|mandarin)[- ]speak(?:ing|ers?)|speaks? chinese", "[说讲說]中文|中文客户")),
    ("language", "en", _said("english[- ]speak(?:ing|ers?)|speaks? english", "[说讲說]英[文语]|英文客户")),
    ("place", "US", _said("(?<=in the )us|(?<=from the )us")),
)
TAGGED = _said("tagged(?: as| with)?|(?:with |has |have )?(?:the )?tags?|labell?ed(?: as)?", "标签(?:是|为)?|打了|打上")
TAG_SAID = re.compile(
    r"(?:(?<![a-z])(?:tagged|labell?ed)(?: as| with)?|(?<![a-z])with (?:the )?tag) [\"“]?(?P<after>[\w-]{2,30})[\"”]?"
    r"|标签(?:是|为|[:：]) ?[\"“]?(?P<named>[^\s\"“”，。的]{1,12})[\"”]?"
    r"|[\"“](?P<quoted>[^\"“”]{1,20})[\"”](?:这个)?标签"
)
FROM_DAYS = re.compile(r"(?:(?<![a-z])between )?(?P<days>\d{1,4}) ?(?:-|–|~|to|and|到|至) ?$")
ANYTHING = re.compile(r"[\s过了的]*(?:anything|something|东西|什么)?\s*(?:else|at all)?\s*")
MISSING = re.compile(
    r"(?:(?<![a-z])(?:without|with no|no|missing)(?: an?| any| their)? |没有?留?(?:下)?|缺少?)"
    r"(?:(?P<email>e-?mail(?: address)?|邮箱)|(?P<phone>phone(?: number)?|电话|手机号?))"
)

# --- counts ---------------------------------------------------------------------------------------------------------
_SMALL = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "once": 1, "twice": 2,
    "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_NUMBER = r"(?P<n>\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|[一两二三四五六七八九十])"
_UNIT = (
    r"(?P<unit>(?:orders?|purchases?|times|complaints?|(?:open )?cases?|(?:open )?tickets?)(?![a-z])"
    r"|次|单|笔|个订单|[张个]?(?:未结)?工单|回)"
)
_BEFORE = (
    r"(?:(?P<more>more than|over|above|>(?!=)|超过|多于|大于|高于)|(?P<least>at least|no less than|>=|至少|不少于|起码)"
    r"|(?P<fewer>less than|fewer than|under|below|<(?!=)|少于|不到|不足|低于)"
    r"|(?P<most>at most|no more than|up to|<=|最多|不超过)|(?:exactly|only|just|正好|刚好|只|仅))?"
)
_AFTER = r"(?: ?(?P<up>or more|and more|and up|及?以上)| ?(?P<down>or less|or fewer|及?以[下内]))?"
COUNTED = re.compile(
    rf"{_BEFORE} ?(?:有|买过?|来过?|下过?单?)? ?"
    rf"(?:(?P<often>(?<![a-z])(?:once|twice)(?![a-z]))|(?<![\da-z.,第]){_NUMBER} ?{_UNIT}){_AFTER}"
)
COUNTED_WORD = re.compile(r"(?:投诉|订单|下单|(?<![a-z])complained|(?<![a-z])ordered) ?$")
TOP = re.compile(r"(?:前|(?<![a-z])(?:top|first)) ?$")
_COMPLAINT = re.compile(r"complain|投诉|抱怨")
_CASE = re.compile(r"case|ticket|工单")
_ORDERS = re.compile(r"order|purchas|bought|buy|came|shopped|下单|订单|买|购|消费|来|单|笔")


def number(match: re.Match[str]) -> int | None:
    """The number of a counted thing."""
    said = match["often"] or match["n"]
    return int(said) if said and said.isdigit() else _SMALL.get(said or "")


def comparison(match: re.Match[str]) -> Operator:
    """How the number is meant; "ordered twice" is exactly twice."""
    if match["more"]:
        return "over"
    if match["fewer"]:
        return "under"
    if match["most"] or match["down"]:
        return "at_most"
    return "at_least" if match["least"] or match["up"] else "is"


def counted_thing(text: str, match: re.Match[str]) -> Field | None:
    """What is counted: the unit says it, else the words around."""
    unit = match["unit"] or ""
    around = text[max(0, match.start() - 16) : match.end() + 10]
    near = text[max(0, match.start() - 11) : match.end() + 4]
    if _CASE.search(unit):
        return "open_cases"
    if _COMPLAINT.search(unit) or _COMPLAINT.search(near):
        return "complaints"
    return "orders" if _ORDERS.search(unit) or _ORDERS.search(around) else None


PLAIN_COUNTS: tuple[tuple[Field, Operator, int, re.Pattern[str]], ...] = (
    (
        "open_cases",
        "at_least",
        1,
        _said(
            "(?:with |has |have )?(?:an? )?(?:open|unresolved) (?:cases?|tickets?)",
            "有?(?:未结|未关|没关|未解决|没解决)的?工单",
        ),
    ),
    ("orders", "is", 1, _said("one[- ]?time (?:buyers?|customers?|shoppers?)", "只(?:买|下单|来)过?(?:一次|一单)")),
    (
        "orders",
        "is",
        0,
        _said(
            "(?:with |have |has )?(?:no|zero|without any) (?:orders|purchases)(?! (?:in|since|for|during|this|last))"
            "|(?:has |have )?never (?:ordered|bought|purchased)(?: anything)?(?! (?:in|the|a|an|any"
            "|our)(?![a-z]))(?=$| ?[^a-z ]| (?:from|and|but|before|yet))",
            "(?:从来?没|从未|没)有?下过单|没有订单|没买过东西",
        ),
    ),
    (
        "complaints",
        "at_least",
        1,
        _said("(?:(?:who|that) )?(?:have |has |ever )*complained|with complaints", "投诉过|有投诉|抱怨过"),
    ),
)

# --- buying ---------------------------------------------------------------------------------------------------------
SPENT = _said("spen[dt](?:s|ing)?|worth|purchases of", "(?:累计)?消费(?:金额|额|总额)?[了过]?|花费?了?|金额|买了")
BUY = _said(
    "(?:re-?)?order(?:s|ed|ing)?|buy(?:s|ing|ers?)?(?: of)?|bought|purchas(?:e|es|ed|ing)|shop(?:s|ped|ping)?"
    "|owners? of|owns?",
    "回购|复购|下过?单|下了单|购买[过了]?|买[过了]?|订购|订了|消费[过了]?",
)
ACTIVE = _said("active|regularly ordering", "(?<!不)活跃")
_TIMED = "since|in|for|during|this|last|yet"
QUIET = _said(
    f"inactive|lapsed|dormant|sleeping|(?:gone )?(?:quiet|silent)(?: lately)?|(?:nothing|no (?:orders?|purchases?"
    f"|reorders?))(?= (?:{_TIMED})(?![a-z]))"
    "|(?:haven'?t|hasn'?t|have not|has not|didn'?t|did not|never) (?:come|came|been) back"
    "|(?:hasn'?t|haven'?t|not)(?= since)|no (?:reorder|order)(?: yet)?",
    "不活跃|沉睡|没(?:有)?再?(?:来(?:买东西|买)?|动静|回购|复购|回头|下过?单|买东西)|没有?消费|安静",
)
AGAIN = _said("since|again|reorder|back|yet", "再|之后|以后|回购|复购|就|后来")
NOT = _said(
    "exclud(?:e|es|ing)|except(?: for)?|outside(?: of)?|without|leave out|take out|drop|not?|never"
    "|haven'?t|hasn'?t|didn'?t",
    "非|没有?|未(?!结)|不是|除了|去掉|去除|排除|不要|不算|不含|不看",
)
NOT_BEHIND = re.compile(
    r" ?的?(?:客户|顾客|部分|人)?[请都全]{0,2}(?:去掉|去除|排除|除外|不要|不算|不看|剔除|以外|之外)"
    r"| ?(?:excluded|left out|taken out)"
)
NOT_BOUGHT_BEHIND = re.compile(r"\s?[都却还也]?没有?再?(?:买|购买|下单|订)过?")
BREAK = re.compile(r"(?<![a-z])(?:but|however|though|whereas)(?![a-z])|但是?|可是|不过|却|;|；")
DID_NOT = re.compile(r"(?:下过?单|购买过?|买过?|消费过?|来过?|光顾过?|复购过?|动静|活跃|联系过?)[^,，。的]{0,2}的")
"""What a "not" is said of before the next word begins: 没下单的上海客户 are in Shanghai."""
JOINT = re.compile(r"(?<![a-z])(?:and|who|that)(?![a-z])|[,，、。.]")
OR = re.compile(r"\s*(?:or|或者?|还是|/)\s*(?:the |an? )?")
LIST = re.compile(r"\s*(?:,|，|、|and|or|&|和|或者?|跟|与|也|also|买|bought|\s)*(?:the |an? )?")
SHORT_GOODS = "(?<=买)茶|(?<=买[了过])茶|(?<=[爱喝])茶"
"""A category whose name is too short to be looked for everywhere."""
NOT_TEA = "(?![壶具杯巾会饼碗盘几室社馆叶])"
TEA = re.compile(f"(?:{SHORT_GOODS}){NOT_TEA}")

# --- moments --------------------------------------------------------------------------------------------------------
LAST_ORDER = _said(
    "(?<!by )(?:whose |with )?(?:(?:an?|the|their) )?(?:last|latest|most recent) (?:order(?:ed)?|purchase"
    "|bought)(?: was| is)?",
    "(?:最近|最后|上)一?次(?:下单|购买|消费|订单)(?:时间)?|最后下单|上次下单|最近下单",
)
OLDER = _said("ago|more than|over|longer than|older than|before|earlier than", "超过|以前|之前|前|以上")
WITHIN = _said("within|in the last|less than|the last", "以内|之内|内|近")
EARLIER = _said("before|earlier than|prior to", "以前|之前")
NEW = _said(
    "new (?:customers?|clients?|buyers?|people|accounts?|members?)|joined|signed up", "新客户?|新来的|新增客户|新注册"
)
NOT_HAPPY = _said(
    "(?:not|isn'?t|aren'?t) (?:very |so )?(?:happy|satisfied|pleased)|(?:in an? )?bad mood",
    "心情(?:不好|差)|情绪(?:不好|差)|不太?(?:高兴|开心|满意)",
)

# --- what every request contains ------------------------------------------------------------------------------------
FILLER = _said(
    "please|pls|thx|thanks|ok|hey|hi|lists?|show|give|get|find|filter|display|pull|see|tell|make|can|could|you|i|me"
    "|we|us|our"
    "|my|all|every(?:one|body)?|any(?:one|body)?|some|the|an?|of|who(?:se|m|ever)?|which|that|what|there|those"
    "|these|them|they"
    "|their|its?|customers?|clients?|people|folks|persons?|accounts?|buyers?|users?|shoppers?|members?|guests|with"
    "|in|from"
    "|at|on|for|by|to|as|and|or|but|also|too|so|then|have|has|had|having|are|is|was|were|be|been|do|did|does|ever"
    "|yet|just"
    "|only|first|top|sort(?:ed)?|order(?:ed)?|based|located|living|lives?|something|anything|everything|names?|tier"
    "|segment|csv"
    "|file|here|now|right|still|already|ones?|else|out|up|back|s|during|within|than|since|before|after|the last"
    "|moods?|address(?:es)?|interested|likes?|loves?|lovers|drinkers|fans"
    "|more|less",
    "帮我|给我|请|麻烦|我要|我想|列出来|列出|列一下|列个|列|找出来|找出|找一下|找|查一下|查出|查|看一下|看看|看"
    "|显示|展示|拉个|拉一下|拉|导出|筛选|筛一下|筛"
    "|所有|全部|一共|总共|老?客户|顾客|老客|客人|用户|会员|买家|人|谁|哪些|哪几位|哪位|哪个|都|有|是|住在|住|来自"
    "|位于|地区|在|的|了|过|着|里面|里|中|把|被|让|将|出来"
    "|并且|而且|并|且|和|与|跟|但是|但|却|又|也|还|就|一下|名单|列表|清单|表|位|个|名|者|吗|呢|吧|啊|呀|嘛|哦|给|从"
    "|到|那些|这些|那|这|按|排序|排|最近|自己|一些|东西"
    "|曾经|曾|只要|只|已经|已|超过|以上|以下|以内|之后|之前|后来|感兴趣|喜欢|最?爱|对|账户",
)
WORDS = re.compile(
    r"[^\x00\x01\s,;:!?，。；：！？、()（）\"“”'‘’\-–/]+(?: [^\x00\x01\s,;:!?，。；：！？、()（）\"“”'‘’\-–/]+)*"
)
