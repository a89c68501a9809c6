"""The words in which people ask to be warned: all of a sentence that names nothing to be watched."""

import re

from nlu.entities.common_words import COMMON, SHORT

_ENDS = """
above after again alert and are as at below by cross crosses day decline declines decrease decreases dip dips double
doubles drop drops each every exceed exceeds fall falls fell for from get gets go goes grow grows half halve halves
hit hits if in increase increases is jump jumps let lose loses more less on or over pass passes per ping please reach
reaches rise rises sink sinks spike spikes tell than then time times to under up down warn week when with within
appear appears come comes climb climbs soar soars turn turns become becomes fewer lower higher least
"""
ENDS = frozenset(_ENDS.split())
"""Words at which the name of a subject is over."""

_NO_NAMES = """
day days week weeks month months row hour hours minute minutes email mail slack dm telegram general total public
customer customers client clients buyer buyers people person somebody someone anybody anyone us me it them here now
half third quarter fifth tenth percent per least most average today yesterday tomorrow time times once twice one two
three four five six seven eight nine ten twenty thirty fifty hundred thousand posts post orders order complaints
messages message chats chat revenue sales mood staff team company business shop store agents agent moment start end
vip vips gold silver wholesale regular regulars night morning evening any all each every social media mastodon bluesky
figure figures number numbers rate level
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words behind "in", "of" or "for" that name no subject."""

_FURTHER = """
alarm alarms alert alerts anymore ahead asap csat daily dip dips dm drop drops exceed exceeds fall falls fewer goes
halve halves heads heads-up hourly immediately inform kindly mention mentions monitor monthly notification notify ping
rise rises shout sink sinks somebody soar soars spike spikes straight suddenly threshold trigger tweet tweets vip vips
warn warning watch weekly yuan rmb cny usd eur dollars euros posts mood sentiment voice handovers hand-overs complain
complains complained top set ones reviews review gold silver wholesale regular whenever
"""
USUAL = COMMON | SHORT | frozenset(_FURTHER.split()) | ENDS | NO_NAMES
"""Words that are no names."""

ZH_PLAIN = re.compile(
    r"当|如果|要是|假如|一旦|只要|的话|的时候|时候|时|就|马上|立刻|立即|第一时间|及时|提醒|告诉|通知|预警|报警|警报|警告|告知|喊|叫"
    r"|发消息|消息|知道|让|我们?|一下|请|帮忙?|给|盯着?|留意|关注|监控|设置?|建|新建|个|加|公司|店里?|全部|所有|总|整体|我司"
    r"|每天|每日|每周|一天|一周|一日|单日|当天|当日|本周|这周|今天|昨天|上周|周|天|日|比|较|环比|相比"
    r"|超过|高于|多于|大于|达到|超|过了?|低于|少于|不足|跌破|不到|小于|破"
    r"|下降|下跌|下滑|跌|掉|减少|降低?|少了?|上升|上涨|涨|增加|增长|翻倍|翻番|暴增|暴涨|飙升|突然|大幅|明显|多了?|变差|变坏|变低|变高"
    r"|以上|以下|左右|以内|至少|百分之|一半|三分之一|四分之一|五分之一|十分之一|成"
    r"|条|个|单|元|块钱?|万|千|百|十|次|件|人|位|名|分钟|小时|秒|分|点|笔|帖子?|数量?|量|率|值|额|度|里|上|下|中|内|了|在|到|对|为|把|是"
    r"|的|有|没|说|不管|几|再|也|都|还|和|与|或|被|用|以|及|这|那|它|们|一|二|两|三|四|五|六|七|八|九|零|半"
    r"|投诉|差评|抱怨|客户|顾客|用户|买家|消费者|订单|销售额?|营收|营业额|收入|业绩|网上|微博|舆情|负面|坏话|情绪|心情|口碑|库存|存货|缺货|断货"
    r"|售罄|卖完|卖光|补货|到货|商品|产品|货|提到|说到|提及|谈到|出现|含有?|包含|关于|有关|针对|评分|满意度|会话|对话|人工|转接?|响应|回复|首次|时长|时间"
    r"|谁|有人|人们|大家|任何|某|请求|工单|新增|新客|邮件|邮箱|发|可以|能|想|要|帮我|麻烦|谢谢|啊|吧|哦|呢|嘛|吗"
)
"""What Chinese sentences of this kind consist of, besides names."""
