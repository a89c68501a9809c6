"""Why a product is offered, in words; and how people ask for what belongs to something."""

import re

from crm_core.offers import Offer

GOES_WITH = re.compile(
    r"(?:goes?|going|match(?:es)?|pairs?) (?:well |best |nicely )?with|to go with|matches (?:the|her|his|their|my)"
    r"|complement|add-?on|accessor(?:y|ies)|bundle|in addition to"
    r"|搭配|搭什么|搭点什么|搭些什么|相配|配什么|配个|配套|般配|[和跟与].{1,20}(?:一起|搭|配)|组合"
)
"""Asks for what belongs to something, and not for something else to buy."""
_WHOLE_RANGE = re.compile(
    r"\s*(?:hi|hello|hey)?[,!. ]*(?:what (?:(?:all|exactly|else) )?do (?:you|u) (?:guys |people )?"
    r"(?:sell|carry|offer|stock)(?: here)?"
    r"|what(?:'s| is) (?:in )?your (?:range|assortment|catalog(?:ue)?|selection)"
    r"|what (?:kinds? of |sorts? of )?(?:products|things|goods|items|stuff) do (?:you|u) (?:have|sell|carry|offer)"
    r"|(?:can you |could you |please )*(?:show|send|give) me (?:all )?(?:your|the) (?:whole |full )?"
    r"(?:products|range|catalog(?:ue)?|assortment|selection))(?: please)?[?.! ]*"
    r"|\s*(?:你好|您好|嗨|请问)?[，,。！!\s]*(?:你们?|您们?|贵店|店里|这里|这儿)(?:家|店)?(?:都|主要)?(?:是)?(?:卖|销售|经营)(?:些|点)?"
    r"(?:什么|啥|哪些)(?:东西|产品|商品|货)?(?:的)?[呢啊呀？?。！!\s]*"
    r"|\s*(?:请|能|可以)?(?:给我|帮我)?(?:介绍|说说|看看|列)(?:一下|下)?(?:你们?|您们?|店里|贵店)?(?:家|店)?(?:都|主要)?(?:有|卖)"
    r"(?:些)?(?:什么|啥|哪些)(?:产品|商品|东西|货)[吗吧呢？?。！!\s]*"
    r"|\s*(?:请问)?(?:你们?|您们?|店里|贵店)?(?:家|店)?(?:都|主要)?有(?:些)?(?:什么|啥|哪些)(?:产品|商品|东西|货)"
    r"(?:卖|可以买)?[呢啊呀？?。！!\s]*",
    re.IGNORECASE,
)
LONGEST_REQUEST = 120
ABOUT_ANOTHER = ("bought_with", "alike", "bundle", "fits", "together")
"""Reasons that name another product."""
FACTS = (*ABOUT_ANOTHER, "rhythm", "popular", "new")
WEEK = 7


def asks_for_range(text: str) -> bool:
    """Whether a text asks what there is at all, and for nothing narrower."""
    return len(text) <= LONGEST_REQUEST and _WHOLE_RANGE.fullmatch(text) is not None


def reason_of(offer: Offer, language: str) -> tuple[str, dict[str, object]]:
    """The reason of an offer: the name of its phrase among those of an audience, and what the phrase needs."""
    fact, value = offer.reason.fact, offer.reason.value
    name = (offer.because or {}).get(language, "")
    if fact not in FACTS or (fact in ABOUT_ANOTHER and not name):
        fact = "popular"
    count = value
    if fact == "rhythm" and isinstance(value, int) and value >= 2 * WEEK:
        fact, count = "rhythm_weeks", round(value / WEEK)
    share = f"{value / 10:.0f} %" if isinstance(value, int) else ""
    return fact, {"name": name, "count": count, "share": share}
