"""How people write days, ranges, durations, times and recurrences: each pattern with the function that reads it.

The first rule that fits a place wins, so narrow rules stand above wide ones. A group that several forms of one pattern
need is called by the same name and a number.
"""

import re

from nlu.entities import clock_readings as clock
from nlu.entities import date_readings as read
from nlu.entities import month_readings as months
from nlu.entities.date_readings import DAY_NAMES, MONTH_NUMBERS, WEEKDAYS, Rule
from nlu.entities.numbers import CHINESE, NUMBER


def _either(words: "list[str]") -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


def _again(pattern: str, number: int = 2) -> str:
    """The same pattern for a second form: its groups get a number."""
    return re.sub(r"\(\?P<([a-z]+)>", rf"(?P<\g<1>{number}>", pattern)


_MONTH = _either(list(MONTH_NUMBERS)) + r"\.?(?![a-z])"
_WEEKDAY_NAME = _either([name for name in WEEKDAYS if name.isascii() and name.isalpha()])
_WEEKDAY = f"{_WEEKDAY_NAME}(?![a-z])"
_SURE_WEEKDAY = _either([*DAY_NAMES, "mon", "tue", "tues", "thurs", "fri"]) + "s?(?![a-z])"
_ZH_WEEKDAY = r"(?P<weekday>[一二三四五六日天](?![次个年])|(?<=周)[1-7](?!\d))"
_ENGLISH_UNIT = r"(?:working |business )?days?|weeks?|fortnights?|months?|quarters?|years?|hours?|hrs?|minutes?|mins?"
_UNIT = (
    rf"(?P<unit>(?:{_ENGLISH_UNIT})(?![a-z])|(?<=\d)[dwh](?![a-z])"
    r"|个?小时|个?钟头|分钟|刻钟|个?星期|个?礼拜|个?季度|个月|个?工作日|天|日(?![元币本])|周(?!末)|月|年|季)"
)
_A = rf"(?<!\d )(?<!once )(?<!twice )(?<!times )an?(?= (?:{_ENGLISH_UNIT})(?![a-z]))"
_HALF = r"half an?|半|couple(?: of)?(?= [a-z])"
_N = (
    rf"(?P<n>{NUMBER}个半(?=小时|钟头|月|星期|礼拜)|{NUMBER}[来多](?=[个天周年月小日])|(?<![a-z]){NUMBER} and a half"
    rf"|{NUMBER}(?:(?= )| of(?= )|-|)|{_HALF}|{_A})"
)
_FEW = r"(?P<n>(?:a )?few|several|几|couple(?: of)?)"
_RELATIVE_YEAR = r"去年|今年|明年|前年|后年"
_YEAR = r"(?P<year>20\d\d)"
_BEFORE_YEAR = (
    r"(?:(?<!\d)(?P<year>(?:19|20)\d\d年?|\d\d(?=年)年|二[零〇][零〇一二三四五六七八九]{2}年"
    rf"|{_RELATIVE_YEAR}|(?:last|this|next) year'?s?)的? ?)?"
)
_AFTER_YEAR = r"(?:,? ?(?:of |in )?(?P<year>20\d\d(?![\d-])|'\d\d(?!\d)|(?:last|this|next) year(?![a-z])))?"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d:]|\.\d| ?(?:pm|am|%))"
_ZH_DAY = rf"(?P<day>\d{{1,2}}|{CHINESE}{{1,3}}) ?(?:日(?!元|币|本)|号(?!线|楼|码|店|方案|建议|选项|客户|那个))"
_ZH_MONTH = rf"(?P<month>1[0-2]|0?[1-9]|{CHINESE}{{1,2}})月"
_PART = "(?P<part>早上|上午|清晨|早晨|凌晨|中午|下午|傍晚|晚上|夜里|(?<!每)[早晚](?=[\\d一二三四五六七八九十]))"
_EN_PART = r"(?: (?P<part>morning|afternoon|evening|night)(?![a-z]))?"
_HOUR_WORD = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_FREE = r"(?:黄金周|长假|假期|期间|当天|那天)?"
_HOLIDAYS = {
    "double11": r"double ?(?:11|eleven)(?!\d)|singles'? day|双十一|双11(?!\d)",
    "double12": "双十二|双12|double ?12",
    "618": r"(?<!\d)618(?=活动|大促|促销|那天|期间|的| sale)|六一八",
    "black_friday": "black friday|黑色星期五|黑五",
    "cyber_monday": "cyber monday|网络星期一|网一",
    "thanksgiving": "thanksgiving(?: day)?|感恩节",
    "easter": "(?<![a-z])easter(?: sunday| day)?(?![a-z])|复活节",
    "boxing": "boxing day|节礼日",
    "christmas_eve": "christmas eve|平安夜",
    "christmas": "(?<![a-z])(?:christmas|xmas)(?: day)?(?![a-z])|圣诞节?",
    "spring_eve": "(?:chinese|lunar) new year'?s eve|除夕夜?|大年三十|年三十",
    "spring": "chinese new year|lunar new year|spring festival|春节|过年|大年初一",
    "new_year_eve": "new year'?s eve|跨年夜?",
    "new_year": "new year'?s(?: day)?|元旦",
    "lantern": "lantern festival|元宵节?|正月十五",
    "qingming": "qing ?ming(?: festival)?|tomb.sweeping day|清明节?",
    "boats": "dragon boat(?: festival)?|端午节?",
    "moon": "mid-? ?autumn(?: festival)?|moon festival|中秋节?",
    "seventh": "qixi|七夕节?",
    "ninth": "double ninth(?: festival)?|重阳节?",
    "solstice": "winter solstice|冬至",
    "national": f"national day|golden week|国庆节?{_FREE}|十一(?:假期|长假|黄金周)",
    "valentine": "valentine'?s?(?: day)?|情人节",
    "520": r"(?<!\d)520(?=活动|大促|那天|期间|当天|告白|礼物)|五二零",
    "labour": "labou?r day|may day|五一(?=节|假|期间|劳动|长假|$|[^\u4e00-\u9fff\\d])|劳动节",
    "women": "women'?s day|三八节|妇女节",
    "halloween": "halloween|万圣节",
    "mothers_day": "mother'?s day|母亲节",
    "fathers_day": "father'?s day|父亲节",
    "children": "children'?s day|儿童节",
    "teachers": "teacher'?s day|教师节",
}
_WHICH_HOLIDAY = r"(?:(?<![a-z])(?P<which>next|last|this coming) |(?P<which2>[上下]一?)个)?"
_TO = r"(?:-|–|—|~|到|至|to|through|until|till)"
_NOW = r"(?:至今|以来|到现在|到目前为?止?|截至目前|截止目前|累计)"

_RECURRENCES: tuple[tuple[str, Rule], ...] = (
    (rf"(?<![a-z])(?:every|each) (?P<other>other |second )(?P<weekday>{_WEEKDAY})", clock.read_recurrence),
    (rf"(?P<other>隔)(?:周的?)?(?:周|星期|礼拜){_ZH_WEEKDAY}", clock.read_recurrence),
    (
        r"每(?:个|到|逢)?(?P<weekday>周末)|(?<![a-z])(?:every|each) (?P<weekday2>weekend)(?![a-z])",
        clock.read_recurrence,
    ),
    (
        r"每(?P<plain>半年)"
        r"|(?<![a-z])(?:(?P<plain2>half-yearly|semi-annually)|every (?P<plain3>half[ -]year))(?![a-z])",
        clock.read_recurrence,
    ),
    (
        rf"(?<![a-z])(?:every|each|on) (?P<weekday>{_either(DAY_NAMES)}s)(?![a-z])"
        rf"|(?<![a-z])(?:every|each|weekly on) (?P<weekday2>{_WEEKDAY})",
        clock.read_recurrence,
    ),
    (rf"(?<![a-z])(?P<weekday>{_either(DAY_NAMES)}s)(?![a-z])", clock.read_adverb),
    (r"[一每](?P<plain>天|周|个?月|年)一次", clock.read_adverb),
    (rf"每(?:个)?(?:周|星期|礼拜){_ZH_WEEKDAY}|逢周(?P<weekday2>[一二三四五六日])", clock.read_recurrence),
    (
        r"(?<![a-z])(?:on )?(?P<workday>week ?days|workdays|working days)(?= at)"
        r"|(?<![a-z])(?:every|each) (?P<workday2>week ?day|workday|working day)s?|(?P<workday3>每个?工作日"
        r"|周一[至到]周五每天|mon(?:day)?(?:-| to | through )fri(?:day)?(?= at))",
        clock.read_recurrence,
    ),
    (
        rf"(?:every month|each month|monthly) on the {_DAY}|每个?月{_again(_ZH_DAY)}"
        r"|(?:the |every )(?P<day3>3[01]|[12]?\d)(?:st|nd|rd|th)? of (?:every|each|the) month",
        clock.read_recurrence,
    ),
    (
        r"(?:每(?:个?月的?|逢)(?P<day>月底|月末|底|最后一天|末|月初|初(?![一二三四五六七八九十]))"
        r"|(?:at |on )?the (?P<day3>start|beginning|end) of (?:every|each) month"
        r"|(?:every month |monthly )?(?:on )?the (?P<day2>last day)"
        r"(?: of (?:every|each|the) month)?)",
        clock.read_recurrence,
    ),
    (rf"每隔(?P<n>{CHINESE}|\d{{1,2}})?个?(?P<plain>天|周|星期|月|年)", clock.read_skipping),
    (
        rf"(?<![a-z])every (?:(?P<other>other |second )|(?P<n>{NUMBER}) )?(?P<plain>day|week|fortnight|month"
        rf"|quarter|year"
        rf"|hour|morning|evening|night)s?(?![a-z])",
        clock.read_recurrence,
    ),
    (
        rf"每(?P<n>{CHINESE}|\d{{1,2}})?个?(?P<plain>天|日|晚|早|周|星期|月|季度|年|小时)(?=早|上|下|晚|中|凌|\d|发"
        rf"|给|提|{CHINESE}|$)",
        clock.read_recurrence,
    ),
    (r"(?P<plain>天天)(?=早|上|下|晚|中|\d|发|给)", clock.read_recurrence),
    (r"(?P<plain>双周报?|日报|周报|月报|季报|年报|天天)|(?<!个)(?P<workday>工作日)", clock.read_adverb),
    (
        r"(?<![a-z])(?P<plain>daily|weekly|monthly|quarterly|yearly|hourly|biweekly|bi-weekly|fortnightly)"
        r"(?= (?:at|digest|summary|report|on))(?![a-z])",
        clock.read_recurrence,
    ),
    (
        r"(?<![a-z])(?P<plain>daily|weekly|monthly|quarterly|yearly|annually|hourly|biweekly|bi-weekly"
        r"|fortnightly|everyday)"
        r"(?![a-z])|(?<![a-z])(?:once )?(?:a|per) (?P<plain2>day|week|month|quarter|year)(?![a-z])"
        rf"|每(?P<n>{CHINESE}|\d{{1,2}})?个?(?P<plain3>天|日|周|星期|月|季度|年|小时)(?:一次)?",
        clock.read_adverb,
    ),
)
_WHOLE_DATES: tuple[tuple[str, Rule], ...] = (
    (
        r"(?<!\d)20\d\d[-/](?:1[0-2]|0\d)[-/](?:3[01]|[0-2]\d)[t ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
        r"(?:z|[+-]\d\d:?\d\d)?(?![\d:])",
        clock.read_exact,
    ),
    (rf"{_YEAR}(?:-|/|\.)(?P<month>1[0-2]|0?[1-9])(?:-|/|\.)(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)", read.read_iso),
    (
        rf"{_BEFORE_YEAR}{_ZH_MONTH}(?P<day>\d{{1,2}}) ?[日号]? ?{_TO} ?(?P<last>\d{{1,2}}) ?[日号]",
        read.read_month_day,
    ),
    (rf"{_BEFORE_YEAR}{_ZH_MONTH}{_ZH_DAY}", read.read_month_day),
    (
        rf"(?:between (?:the )?)?{_DAY} ?(?:-|–|to|and|till|through) ?(?:the )?(?P<last>3[01]|[12]\d|[1-9])"
        rf"(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH}){_AFTER_YEAR}",
        read.read_month_day,
    ),
    (rf"(?:the )?{_DAY} (?:of )?(?P<month>{_MONTH}){_AFTER_YEAR}", read.read_month_day),
    (
        rf"(?<![a-z])(?P<month>{_MONTH}) (?:the )?{_DAY}(?: ?(?:[-–]|to|till|through) ?"
        r"(?P<last>3[01]|[12]\d|[1-9])(?:st|nd|rd"
        rf"|th)?(?![\d:]))?"
        rf"{_AFTER_YEAR}(?!\d)",
        read.read_month_day,
    ),
    *(
        (
            rf"{_BEFORE_YEAR}{_WHICH_HOLIDAY}(?:{pattern})(?:当天|当日|那天|期间)?{_again(_AFTER_YEAR)}",
            read.read_holiday(name),
        )
        for name, pattern in _HOLIDAYS.items()
    ),
    (
        r"(?<![\d/.$¥€£-])(?P<month>1[0-2]|0?[1-9])[/.](?P<day>3[01]|[12]\d|0?[1-9])"
        r" ?(?:-|–|~|到|至|to) ?(?P<month3>1[0-2]|0?[1-9])[/.](?P<day3>3[01]|[12]\d|0?[1-9])(?![\d/.%-])"
        r"|(?P<cue>(?<![a-z])(?:on|by|from|since|before|until|till) |[从自到至在])(?P<month2>1[0-2]|0?[1-9])[/.]"
        r"(?P<day2>3[01]|[12]\d|0?[1-9])(?![\d/.%-])",
        read.read_short,
    ),
    (
        r"(?<![\d/.$¥€£-])(?P<month>1[0-2]|0[1-9])(?P<sign>[/.-])(?P<day>3[01]|[12]\d"
        r"|0[1-9])(?P<cue>)(?P<month3>)(?P<day3>)"
        r"(?![\d/.%-])",
        read.read_short,
    ),
    (
        r"(?<![\w.,#-])(?P<year>20[12]\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?![\w.,-])",
        read.read_compact,
    ),
)
_QUARTERS_AND_PARTS: tuple[tuple[str, Rule], ...] = (
    (
        rf"{_BEFORE_YEAR}(?<![a-z])(?<!\d)q(?P<q>[1-4]){_again(_AFTER_YEAR)}(?![\da-z])"
        rf"|(?P<year3>20\d\d)q(?P<q2>[1-4])(?!\d)",
        months.read_quarter,
    ),
    (
        rf"{_BEFORE_YEAR}(?:第(?P<zh>[一二三四1-4])季度?|(?P<zh2>[一二三四1-4])季度)"
        rf"|(?<![a-z])(?P<word>first|second|third|fourth|last) quarter{_again(_AFTER_YEAR)}(?<!last quarter)",
        months.read_quarter,
    ),
    (
        rf"{_BEFORE_YEAR}(?<!\d)(?P<half>上|下)半年|(?:the )?(?P<half2>first|second) half(?: of (?:the|this) year)?"
        rf"{_again(_AFTER_YEAR)}(?<!first half)(?<!second half)|(?<![a-z\d])h(?P<half3>[12])(?![\da-z])",
        months.read_half_year,
    ),
    (
        r"(?<![a-z])(?P<unit>week|month|quarter|year)[ -]to[ -]date|(?<![a-z])(?P<unit2>[wmqy])td(?![a-z])"
        rf"|[本这今当](?:个?(?P<unit3>周|月|季度?|年))初?{_NOW}|(?:开(?=年)|(?=.初))(?P<unit4>月|季|年)初?{_NOW}",
        months.read_to_date,
    ),
    (
        rf"(?P<whole>{_RELATIVE_YEAR}|20\d\d年|(?:上|本|这)个?(?:月|季度)|当月)的?[前头](?:{_N}){_UNIT}"
        rf"|(?<![a-z])(?:the )?first (?P<n2>{NUMBER}) (?P<unit2>(?:day|week|month|quarter)s?) of"
        r" (?P<whole2>(?:the |this |last |next )(?:week|month|quarter|year)|20\d\d)(?![\w-])",
        months.read_first_units,
    ),
    (
        r"(?P<year>去年?|今年?|明年?|20\d\d年?|(?<!\d)2\d年)的?(?P<season>[春夏秋冬])"
        r"(?:[天季](?![装款])|(?<=[去今明][春夏秋冬])(?![装款茶天季节]))"
        r"|(?P<which>[上下这]|刚过去的?)一?个(?P<season2>[春夏秋冬])[天季]"
        r"|(?<![a-z])(?:(?P<which2>last|this|next|past) (?P<season3>spring|summer|autumn|(?<!this )fall|winter)"
        r"|(?P<season4>spring|summer|autumn|fall|winter)(?:,? of)? (?P<year2>20\d\d|last year|this year|next year))"
        r"(?![a-z\d])(?! (?:sale|promo|campaign|collection|edition|festival|break))",
        months.read_season,
    ),
    (
        r"(?<![a-z])(?:the )?(?P<edge>beginning|start|middle|end) of (?:the |this )?(?P<which>last |next |previous )?"
        r"(?P<unit>week|month|quarter|year)(?![a-z])"
        r"|(?<![\d一二三四五六七八九十])(?P<which2>上个?|下个?|本|这个?|去|明|今)?(?P<unit2>月|季度"
        r"|年)(?P<edge2>初|底|末)",
        months.read_part_of_unit,
    ),
)
_SPANS: tuple[tuple[str, Rule], ...] = (
    (
        rf"(?:(?<![a-z])(?:in|over|for|during|within) )?(?:the )?(?<![a-z])(?:last|past|previous|recent"
        rf"|trailing|rolling"
        rf"|preceding) (?:{_N} ?{_UNIT}|{_again(_FEW)} {_again(_UNIT)})(?! ago)",
        read.read_back,
    ),
    (
        r"(?:(?:in|over|within|during) )?(?:the )?past (?P<n>)(?P<unit>week|fortnight|month|quarter|year)(?![a-z])"
        r"|(?:within|over|during) the last (?P<n2>)(?P<unit2>week|fortnight|month|quarter|year)(?![a-z])",
        read.read_past_unit,
    ),
    (
        rf"(?:最近|近|过去的?|过往|这|前)(?:的)?(?:{_N}{_UNIT}|(?P<n2>几)个?(?P<unit2>天|日|周|星期|月|年"
        rf"|小时))(?:之?内|以?来|里)?(?!前)",
        read.read_back,
    ),
    (
        rf"(?<![a-z])(?:the )?(?:next|coming|following) (?:{_N} ?{_UNIT}|{_again(_FEW, 3)} {_again(_UNIT, 3)})"
        rf"|(?:未来|接下来"
        rf"|今后)(?:的)?(?:{_again(_N)}){_again(_UNIT)}",
        read.read_next_units,
    ),
    (
        rf"(?<![a-z])(?:{_N}) ?{_UNIT} (?:ago|earlier|back)(?![a-z])"
        rf"|(?:{_again(_N)}){_again(_UNIT)}(?:之前|以前|前)",
        read.read_ago,
    ),
    (
        rf"(?<![a-z])a week (?:from|on) (?P<weekday>{_SURE_WEEKDAY})",
        read.read_week_from,
    ),
    (
        rf"(?<![a-z])in (?:{_N}) ?{_UNIT}(?:'s?)? time(?![a-z])"
        rf"|(?<![超通经不跳])(?:再?过)(?:{_again(_N, 3)}){_again(_UNIT, 3)}"
        rf"|(?:{_again(_N)}) ?{_again(_UNIT)}(?: from now|之后|以后|后)",
        read.read_hence,
    ),
    (
        r"(?<![a-z])an? (?P<unit>hour|year|month|week|day)(?P<plus> and a half)(?P<n>) from now",
        read.read_hence_and_half,
    ),
    (
        rf"(?<![a-z])(?P<lead>in|within) (?:the )?(?:{_N}) ?{_UNIT}"
        rf"|(?:{_again(_N)}){_again(_UNIT)}(?:之?内)",
        read.read_within,
    ),
    (
        r"(?<![a-z])(?:the )?(?P<unit>week|weekend|month|quarter|year) (?P<which>before last|after next)(?![a-z])"
        r"|(?<![a-z])the (?P<unit2>week|month|quarter|year) (?P<which2>before)(?=$|[.,?!)])",
        read.read_two_steps,
    ),
    (rf"(?P<which>上个?|下个?|这个?|本|当)月的?{_ZH_DAY}", read.read_day_of_month),
    (
        r"(?:the )?(?P<day>3[01]|[12]?\d)(?:st|nd|rd|th)? of (?P<which>last|this|next) month(?![a-z])",
        read.read_day_of_month,
    ),
    (
        r"(?P<which>上上|下下|上|下|这|本|当)一?(?P<unit>(?:个?星期|个?礼拜|周)(?![一二三四五六日天末])|个?月|个?季度|季)",
        read.read_calendar_unit,
    ),
    (r"(?P<which>上|下|这|本)?个?(?P<unit>周末)", read.read_calendar_unit),
    (
        rf"(?:{_BEFORE_YEAR}){_ZH_MONTH}(?P<part>上旬|中旬|下旬|初|底|末|中(?=[到至以之]|开始|$|\W))"
        rf"|(?<![a-z])(?P<part2>early|mid|late|(?:beginning|start|middle"
        rf"|end)(?= of))(?: of)?[ -](?P<month2>{_MONTH}){_again(_AFTER_YEAR)}",
        months.read_month_alone,
    ),
    (
        rf"(?:{_BEFORE_YEAR})(?<![\d个])(?P<month>1[0-2]|0?[1-9]|[一二三四五六七八九十]{{1,2}})月?{_TO}"
        rf"(?P<last>1[0-2]|0?[1-9]|[一二三四五六七八九十]{{1,2}})月(?!\d)"
        rf"|(?<![a-z])(?P<month2>{_MONTH}) ?{_TO} ?(?P<last2>{_MONTH}){_again(_AFTER_YEAR)}(?! \d)",
        months.read_month_range,
    ),
    (rf"(?P<year>去年|今年|明年)(?:的)?{_ZH_MONTH}(?:份)?(?P<lead>)", months.read_month_alone),
    (
        rf"(?<![a-z])(?P<lead>)(?P<month>{_MONTH}) (?:of )?(?P<year>(?:last|this|next) year|'\d\d(?!\d))",
        months.read_month_alone,
    ),
    (
        r"(?<![a-z])(?P<which>last|previous|prev|this|current|next|coming) (?P<unit>weekend|week|wk|month|mth|quarter"
        r"|qtr|year|yr)(?![a-z])|(?<![a-z])(?:over|on|at) (?P<unit2>the weekend)(?![a-z])",
        read.read_calendar_unit,
    ),
    (
        rf"(?<![a-z])(?:calendar )?(?:week|wk|cw) ?#?(?P<number>5[0-3]|[1-4]?\d)(?![\d:.%]){_AFTER_YEAR}"
        rf"|{_again(_BEFORE_YEAR)}第(?P<number2>\d{{1,2}}|{CHINESE}{{1,3}})周",
        months.read_week_number,
    ),
    (
        r"(?P<which>去|今|明|前|后)(?P<unit>年)|(?P<which2>本)(?P<unit2>年度|年)"
        r"|(?P<which3>[上下本这今去明])个?(?P<unit3>财年|财政年度|会计年度)"
        r"|(?<![a-z])(?P<which4>last|this|current|next) (?:fiscal|financial) (?P<unit4>quarter|year)(?![a-z])",
        read.read_calendar_unit,
    ),
)
_DAYS: tuple[tuple[str, Rule], ...] = (
    (
        rf"(?<![a-z])(?:the )?(?P<name>day before yesterday|day after tomorrow|yesterday|yday|today|tonight|last night"
        rf"|this (?:morning|afternoon|evening)|tomm?orr?ow|tomoro|tmrw|tmr|2moro)(?![a-z]){_EN_PART}",
        read.read_named_day,
    ),
    (
        r"(?P<name>大前|大后|前|昨|今|明|后|(?<![日号])当)(?:天|日|儿(?!子|女))|(?P<name2>[昨今明])(?=早|晚)晚?(?=上|$|[^上])",
        read.read_named_day,
    ),
    (
        rf"(?<![a-z])(?P<which>last|past|previous|this coming|this|next|coming) (?P<weekday>{_WEEKDAY}){_EN_PART}",
        read.read_weekday,
    ),
    (
        rf"(?<![a-z])(?:on )?(?P<which>)(?P<weekday>{_SURE_WEEKDAY})(?P<later> week(?![a-z]))?{_EN_PART}",
        read.read_weekday,
    ),
    (rf"(?P<which>上上|下下|上|下|这|本)?个?(?<!一)(?:周|星期|礼拜){_ZH_WEEKDAY}", read.read_zh_weekday),
    (rf"(?<![\d月第]){_ZH_DAY}(?![\u4e00-\u9fff]{{0,2}}订单)", read.read_day_of_month),
    (r"(?<![a-z])the (?P<day>3[01]|[12]?\d)(?:st|nd|rd|th)(?! (?:time|one|order|item))", read.read_day_of_month),
    (
        rf"(?:(?<![a-z])(?P<lead>in|last|next|this|since|before|until|till|by|for|of|during|to|from|end of"
        rf"|and|between) )?(?<![a-z])(?P<month>{_MONTH})(?: {_YEAR})?",
        months.read_month_alone,
    ),
    (rf"(?P<lead>)(?:{_YEAR}年)?(?<![\d个]){_ZH_MONTH}(?:份)?(?!饼|球|亮|季|经|子)", months.read_month_alone),
    (
        r"(?<![\d/.-])(?P<year>20\d\d)[-/](?P<month>1[0-2]|0[1-9])(?![\d/-])|(?<![\d/.-])(?P<month2>1[0-2]"
        r"|0?[1-9])/(?P<year2>20\d\d)(?!\d)",
        months.read_month_of_year,
    ),
    (
        r"(?<![\d.,$¥-])(?P<year>20[0-4]\d) ?(?:-|–|to|到|至) ?(?P<last>20[0-4]\d)(?![\d.,-])年?"
        r"|(?<![a-z])(?:in|of|during|since|for) (?P<year2>20\d\d)(?![\d-])"
        r"|(?P<year3>20\d\d年|二[零〇][零〇一二三四五六七八九]{2}年)(?!\d)",
        months.read_year_alone,
    ),
    (
        r"(?<!\d)(?P<year3>20[12]\d)年?全年"
        r"|(?<![a-z])fy ?(?P<year4>20\d\d|2\d)(?![\w-])|(?<![\d.近过用了这第])(?P<year2>2\d年)(?P<bare2>)"
        r"(?!前|后|内|来|以|之|老|多|质|保|的?经|的?历|\d)"
        r"|(?:^|(?<=[a-z\u4e00-\u9fff] )|(?<=[\u4e00-\u9fff]))(?P<year>20[12]\d)(?P<bare>)(?= ?$|[?!？。])",
        months.read_year_alone,
    ),
)
_LENGTHS_AND_CLOCKS: tuple[tuple[str, Rule], ...] = (
    (r"(?<![a-z])an? (?P<n>)(?P<unit>year|month|week|day|hour)(?P<plus> and a half)(?![a-z])", read.read_duration),
    (rf"(?<!第)(?:{_N})[ -]?{_UNIT}(?!\w*ago)", read.read_duration),
    (
        rf"{_PART}?(?<!分之)(?P<hour>2[0-4]|1?\d|{CHINESE}{{1,3}})点(?:钟)?(?P<minute>半|一刻|三刻|整|[0-5]?\d分?"
        rf"|{CHINESE}{{1,3}}分?)?",
        clock.read_zh_clock,
    ),
    (
        rf"{_PART}?(?P<hour>2[0-3]|[01]?\d)[:：](?P<minute>[0-5]\d)(?!\d)(?: ?(?P<half>am|pm|a\.m\.|p\.m\.))?",
        clock.read_mixed_clock,
    ),
    (
        rf"(?<![a-z])(?:at )?(?P<minute>half|quarter|five|ten|twenty) (?P<way>past|to) (?P<hour>1[0-2]|[1-9]"
        rf"|{_HOUR_WORD})"
        r"(?![a-z\d])(?: ?(?P<half>am|pm))?(?: in the (?P<said>morning|afternoon|evening))?",
        clock.read_spoken_clock,
    ),
    (
        r"(?<![\w.,])(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))? ?(?P<half>am|pm|a\.m\.?"
        r"|p\.m\.?)(?![a-z])(?P<said>)",
        clock.read_clock,
    ),
    (
        rf"(?<![a-z])(?:(?:at|after|before|by|till|until|from|past) (?P<hour>2[0-3]|1?\d)|at (?P<hour2>{_HOUR_WORD}))"
        r"(?![\da-z]|[:.,/]\d|%)"
        r"(?P<minute>)(?P<half>)(?: (?:in the|o'?clock)(?: (?P<said>morning|afternoon|evening))?)?(?! ?(?:pcs"
        r"|pieces|days?|weeks?|months?|hours?|minutes?|people|customers?|orders?|stars?|percent|yuan|dollars"
        r"|items?|units?|times?|cases?|%|\$))",
        clock.read_clock,
    ),
    (
        rf"(?<![a-z\d])(?P<hour>1[0-2]|[1-9]|{_HOUR_WORD}) (?:in the|o'?clock(?: in the)?) (?P<said>morning|afternoon"
        rf"|evening)(?P<minute>)(?P<half>)|(?<![a-z\d])(?P<hour2>1[0-2]|[1-9]|{_HOUR_WORD}) o'?clock",
        clock.read_clock,
    ),
    (r"(?<![a-z])(?:noon|midday|midnight)(?![a-z])|正午|半夜|午夜|中午(?![\d一二三四五六七八九十])", clock.read_noon),
)
RULES: tuple[tuple["re.Pattern[str]", Rule], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        *_RECURRENCES, *_WHOLE_DATES, *_QUARTERS_AND_PARTS, *_SPANS, *_DAYS, *_LENGTHS_AND_CLOCKS,
    )
)  # fmt: skip
