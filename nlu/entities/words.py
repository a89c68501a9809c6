"""Closed lists: words that stand for a value the product knows. One table per entity: value -> how people say it.

Phrases are plain folded words, apart by bars: no patterns. English ones match whole words, singular and plural; Chinese
ones match anywhere; the longest wins. What stands under "" looks like one of the words but is not meant.
"""

from collections.abc import Mapping

from nlu.entities.places import LOCATION, Table, times

METRIC: Table = {
    "first_response": "quickest to answer|slowest to answer|quickest to reply|slowest to reply|fastest to reply"
    "|fastest to answer|回得最慢|回得最快|回复最慢|回复最快|回得慢|回得快|frt|time to reply|首响速度|first response"
    "|first reply|response time|reply time|time to first response|response speed|how fast we answer"
    "|how quickly we answer|how fast do we answer|how quickly we reply|how fast do we reply|首响|首次响应|首次回复"
    "|首响时间|首次响应时间|首次回复时间|响应时间|响应时长|回复时间|回复时长|回复速度|响应速度|平均响应",
    "new_customers": "new registration|新增了多少客户|新增多少客户|多少新客户|新注册|new customer|new client"
    "|new buyer|new sign up|signup|new contact|new user|新增客户|新客户|新客|新用户|拉新|新增用户|客户新增",
    "top_intents": "top intent|what people ask|most asked|what customers ask|what do people ask|意图|问得最多"
    "|问的最多|客户都在问|咨询类型",
    "revenue": "turned over|total spend|spends more|spend more|how much they spend|更能花钱|花得多|花了多少"
    "|卖得怎么样|卖得咋样|卖得如何|卖得好不好|赚得|赚了多少|成交多少|交易额|成交总额|成交金额|销售金额|卖了几个钱"
    "|成交总量|首单金额|订单金额|rev|卖了多少|卖多少|销量额|how much money|net sale|earning|revenue|turnover|sale"
    "|taking|gmv|income|how much we made|how much did we make|how much we sold|how much did we sell|营收|收入|销售额"
    "|营业额|流水|成交额|业绩|销售|卖了多少钱|进账",
    "orders": "下单数|取消的单子|多买几次|order numbers|订单总量|多少个订单|订单有多少|上周订单|本周订单|今天订单"
    "|昨天订单|上月订单|本月订单|count of order|下了多少单|成交单数|order volume|order count|number of orders"
    "|how many orders|orders|订单量|订单数|订单数量|单量|下单量|多少单|多少订单|几单|出单量|成单量|成单数|订单笔数"
    "|总单数",
    "conversations": "进线|日均接多少|接多少|接待多少|聊天量|聊天数|how many chat|how many conversation|咨询数|进线量"
    "|conversation|chat|dialogue|conversation volume|会话量|会话数|会话|对话量|对话数|咨询量|接待量",
    "messages": "消息条数|聊天条数|message volume|incoming message|messages|how many messages|消息量|消息数|多少消息"
    "|多少条消息",
    "mood": "mood|sentiment|customer happiness|how happy|how customers feel|how people feel|情绪|心情|口碑|舆情"
    "|满不满意",
    "complaints": "complaint count|投诉率|complaint|complaint rate|complaint volume|投诉量|投诉数|投诉率|投诉|客诉",
    "handovers": "转人工数|handover rate|escalation rate|人工率|handover|hand over|handoff|hand off|escalation"
    "|transfer to a human|transfer to human|转人工率|转人工|人工接入|升级率|转接量|升级到人工|转给人工|人工转接",
    "retention": "retention|retention rate|customer retention|cohort retention|留存率|留存|客户留存|留存情况",
    "value_distribution": "value distribution|distribution of value|distribution of customer value|value is distributed"
    "|value distributed|value spread|spread of value|spread of customer value|value spread out|价值分布|价值的分布"
    "|客户价值分布|价值分布图|价值怎么分布|价值如何分布|价值是怎么分布|价值集中",
    "csat": "好评|差评|customer rating|nps score|满意分|平均评分|average rating|csat|satisfaction"
    "|customer satisfaction|rating|满意度|评分|好评率|满意率",
}
OTHER_METRICS: Table = {
    "return_rate": "return rate|rate of return|returns rate|how many return|number of return|returned item|退货率"
    "|退货量|退货数|退换率|退换货率|退货比例|退货占比",
    "refunds": "refund rate|refund volume|refund amount|how many refund|how much we refund|退款哪边多|退款率|退款额"
    "|退款金额|退款量|退款数",
    "repeat_rate": "repeat rate|repeat purchase rate|repeat purchase|repurchase rate|复购率"
    "|复购|回购率|老客占比|回头客占比|回头客比例|回头率|回头客|复购占比|老客复购",
    "average_order_value": "average order value|aov|average order|avg order|avg basket|average basket|basket size"
    "|average ticket|avg ticket|order value|客单价|客单|平均客单价|笔单价",
    "units_sold": "unit sale|units sold|unit sold|units|how many did we sell|pieces sold|sold how many|销量"
    "|卖出多少件|卖出去多少|卖了几件|出货量|件数",
    "conversion": "conversion|conversion rate|checkout conversion|convert rate|转化率|转化|成交率|下单率|成单率"
    "|下单转化率|支付转化率",
    "churn_rate": "churn rate|customer loss|lost customer|流失率|流失客户数",
    "cases": "case volume|number of case|number of ticket|ticket volume|ticket count|case count|how many ticket"
    "|how many case|工单量|工单数|多少工单|工单总数|工单总量|工单有多少|工单会有多少|工单大概会有多少|工单大概多少",
    "cases_closed": "cases closed|closed case|tickets closed|resolved case|cases resolved|tickets resolved|close rate"
    "|结案数|结案率|结单数|解决数|解决率|关单数|关单量|处理量|处理数|工单处理量",
    "cases_reopened": "reopened case|reopen rate|reopened ticket|重开率|重开数|重新打开的工单",
    "handle_time": "handle time|handling time|aht|resolution time|time to resolution|time to close|time to resolve"
    "|time to solve|how long to close|处理时长|处理时间|解决时长|解决时间|平均处理时长|结案时长|结案时间",
    "waiting_time": "waiting time|wait time|queue time|time in queue|等待时长|等待时间|平均等待|等候时间"
    "|等候时长|排队时长|排队时间",
    "backlog": "backlog|queue length|积压|积压量|待处理量|排队人数|单子积|积得最多|积了多少|堆得最多|压单|压单量",
    "opt_outs": "unsubscribe|unsubscribes|unsubscription|opt out|opt outs|opt-out|opt-outs|退订率|退订量|退订数"
    "|退订人数",
    "opt_ins": "opt in|opt ins|opt-in|opt-ins|subscriber|subscription|订阅量|订阅数|订阅人数|同意率",
    "open_rate": "open rate|打开率|打开数",
    "click_rate": "click rate|click through|ctr|how many clicked|多少人点了|点击率|点击数|点击量",
    "reply_rate": "reply rate|response rate|回复率|响应率",
    "mentions": "mention|mentions|mention volume|share of voice|声量|提及量|提及数|曝光量",
    "visits": "traffic|visits|visitor|page view|访问量|流量|访客数|浏览量",
    "profit": "profit|margin|gross margin|利润|毛利|毛利率|净利",
    "customers": "active customer|customer count|number of customer|customers in total|活跃客户数|客户总数|活跃客户"
    "|活跃用户|月活|日活|月活用户|日活用户|客户总量|客户数|会员数|用户数|会员总数",
    "nps": "nps|net promoter|净推荐值",
    "roi": "roi|return on investment|worth it|投资回报|投入产出|投产比|值不值",
    "growth": "growth rate|growth|增速|增长率|增幅|同比增长|环比增长|同比增幅|环比增幅",
    "renewals": "renewal|renewal rate|renewals|续订数|续订率|续费率|续费数|续约率",
    "service_level": "sla|service level|sla hit rate|达标率|时效达标",
}
"""What is asked for though no report has it yet: understood, so that the answer can say so."""
GROUP_BY: Table = {
    "day": "以天为单位|以天为粒度|按天粒度|天粒度|日粒度|日维度|按天看|day over day|day on day|日环比|by day|per day"
    "|daily|day by day|each day|a day|按天|按日|每天|每日|逐日|分天",
    "week": "周度|以周为粒度|周粒度|按自然周|以周为单位|周维度|week over week|week on week|by week|per week|weekly"
    "|week by week|each week|按周|每周|逐周|分周",
    "month": "月度|以月为粒度|月粒度|按自然月|以月为单位|月维度|month over month|month on month|by month|per month"
    "|monthly|month by month|each month|按月|每月|每个月|逐月|分月",
    "channel": "which channel|哪个渠道|哪些渠道|渠道维度|渠道分布|what channel|split by channel|by channel"
    "|per channel|each channel|by platform|across channels|channel by channel|按渠道|分渠道|各渠道|各个渠道|每个渠道"
    "|按平台|各平台|分平台|每个平台|按来源|分来源|各来源|按来源渠道|by source|per platform|which platform|哪个平台"
    "|by network|per network|按网络|分网络",
    "language": "语言分布|which language|哪种语言|by language|per language|each language|按语言|分语言|各语言|按语种"
    "|各语种|分语种",
    "intent": "by intent|per intent|each intent|by topic|by type of question|按意图|各意图|按问题类型|分意图"
    "|按咨询类型|按话题",
    "category": "which category|哪个品类|哪类产品|品类维度|by category|by product category|per category|each category"
    "|by product type|by product|按品类|分品类|各品类|按类目|按分类|各类目|按产品|各产品|按商品|分产品|分商品|分类目"
    "|每个品类|每类产品|每个类目|各个品类|每款产品|每个产品|按单品|分单品|各商品|per product|each product"
    "|which product",
    "city": "which city|哪个城市|哪些城市|城市维度|城市分布|区域分布|by country|按国家|各国|which region|哪个地区"
    "|by city|per city|each city|by region|by location|by area|by province|按城市|分城市|各城市|各个城市|各地|按地区"
    "|分地区|各地区|按区域|按省|按省份|分省|各省|各省份|每个城市|各个地区|分区域|各区域|各大区|按大区",
    "agent": "which agent|哪个客服|哪位客服|客服维度|by staff|per person|who on the team|by agent|per agent"
    "|each agent|by person|by rep|by colleague|per rep|by team member|按客服|各客服|每个客服|分客服|按人|按坐席"
    "|各坐席|每个人|各个客服|每位客服|按员工|每个员工|每位员工|各员工|按同事|每位同事|每个同事|各位同事|分坐席"
    "|每个坐席|分员工|by employee|per employee|each employee|by team mate",
    "queue": "by queue|per queue|each queue|which queue|by team|per team|each team|which team|by department|按队列"
    "|分队列|各队列|各个队列|每个队列|哪个队列|按组|各组|各个组|每个组|哪个组|按部门|各部门|分部门|各团队|每个团队",
    "segment": "by segment|per segment|each segment|which segment|按客群|分客群|各客群|各个客群|每个客群|哪个客群"
    "|按人群|各人群",
    "tier": "by tier|per tier|each tier|which tier|按等级|分等级|各等级|按会员等级|各会员等级|每个等级|哪个等级",
    "priority": "by priority|per priority|each priority|按优先级|分优先级|各优先级|每个优先级",
    "gender": "by gender|by sex|men and women|men vs women|分男女|男女|按性别|分性别|男女分开",
    "age": "by age|by age group|per age group|按年龄|按年龄段|分年龄|分年龄段|各年龄段",
}
SCORE_TYPE: Table = {
    "lifetime_value": "lifetime value|clv|ltv|cltv|customer value|value score|most valuable|biggest spender|valuable"
    "|value"
    "|high value|终身价值|生命周期价值|客户价值|价值分|最有价值|高价值|价值",
    "churn_risk": "churn|churn risk|churn score|churn probability|likely to leave|likely to churn|at risk"
    "|risk of leaving"
    "|might lose|about to leave|流失风险|流失概率|流失率|流失|会不会走|要流失",
    "sentiment": "sentiment score|mood score|feeling|feeling lately|情绪分|情感分|情绪值|情绪怎么样",
    "loyalty": "loyalty|loyalty score|loyal|忠诚度|忠诚",
    "recency": "recency|最近一次消费",
    "frequency": "frequency|how often|repeat rate|repurchase rate|购买频率|消费频次|复购率|复购",
    "": "value for money",
}
SCORE_WORDS: Table = {
    "sentiment": "mood|sentiment|feel|feeling|happy|unhappy|angry|upset|情绪|心情|情感|满意度|sentiment 分|气消",
    "churn_risk": "risk|risky|high risk|chrun|leave|leaving|风险|跑掉|跑路|流失",
    "health": "health|health score|健康度|健康分",
}
"""Words that mean a score only where one is asked for."""
FILE_FORMAT: Table = {
    "csv": "逗号分隔|csv",
    "xlsx": "xlsx|xls|excel|spreadsheet|电子表格|表格|导成表|做成表|拉张表|一张表|workbook",
    "pdf": "pdf",
    "png": "image|picture|screenshot|chart image|图表|截图|png|as an image|as a picture|图片|折线图|柱状图|柱形图"
    "|饼图|曲线图|趋势图|画成图|做成图|转成图|导成图|一张图|来张图|出张图|截个图|line chart|bar chart|pie chart"
    "|as a chart|as a graph",
    "json": "json",
    "pptx": "ppt|pptx|powerpoint|slides|slide deck|幻灯片|演示文稿",
    "docx": "docx|word document|word doc|word file|word 文档|word文档",
}
PRIORITY: Table = {
    "urgent": "最高优先级|最高级|很急|非常急|特别急|火急|as soon as possible|right away|highest priority"
    "|优先级最高|p 0|urgent|urgently|critical|p0|asap|top priority|emergency|紧急|加急|特急|十万火急",
    "high": "优先处理|high|high priority|important|p1|优先级高|高优先级|高优|重要|优先级改高|优先级调高"
    "|优先级提高|优先级设为高",
    "normal": "normal|normal priority|medium|p2|普通|中等|优先级中|正常优先级",
    "low": "low|low priority|p3|no rush|不急|优先级低|低优先级|低优",
    "": "high value|how high|so high|too high|low on",
}
STATUS: Table = {
    "open": "未结|未结案|没结案|in progress|reopened|active case|仍未解决|还没解决|还没关|ongoing|open|unresolved"
    "|not closed|outstanding|没关|没关的|未关|未关闭|未解决|没解决|处理中|进行中|开着|没处理|未处理|未完成",
    "waiting": "unanswered|没回复|没回复的|未回复|没人回|无人回复|awaiting reply|not answered|待回|等回复"
    "|waiting|pending|on hold|in queue|待处理|等待中|排队|待回复|待跟进|等待回复",
    "snoozed": "snoozed|snooze|asleep|挂起|搁置|暂缓",
    "resolved": "resolved|solved|fixed|sorted|done|已解决|解决了|搞定|搞定了|处理完|处理完了|已完成|完成了",
    "closed": "closed|close|关闭|关掉|关了|结案|已关|已关闭",
    "refunded": "refunded|已退款|退款完成|退了款",
    "shipped": "在路上|路上|已发出|shipped|dispatched|sent out|in transit|on its way|on the way|已发货|发货了"
    "|在途|运输中|配送中|发出了",
    "delivered": "delivered|arrived|签收|已签收|已送达|送到了|已收货|妥投",
    "cancelled": "cancelled|canceled|voided|已取消|取消了",
    "paid": "paid|已付款|已支付|付了款",
    "unpaid": "unpaid|not paid|awaiting payment|未付款|没付款|待付款",
    "overdue": "快超 sla|快超时的|about to breach sla|超期|overdue|past due|breached|breaching|about to breach"
    "|breach|逾期|超时|超 sla|快超时",
    "failed": "failed|failing|失败",
    "unassigned": "unassigned|not assigned|nobody has taken|nobody's|没人接的|未分配|没分配|无人认领|没人认领|没人管",
    "escalated": "escalated|已升级|升级了|升级的",
    "returned": "returned|已退货|退回来了",
    "unshipped": "unfulfilled|unshipped|not shipped|not sent yet|hasn't shipped|haven't shipped|待发货|没发货"
    "|未发货|还没发货|没发出",
}
CHANNEL: Table = {
    "telegram": "telegram|tg|电报",
    "slack": "slack",
    "web": "livechat|live chat|chat widget|在线客服|网页聊天|官网聊天|web chat|webchat|website|web|网站|网页|官网",
    "email": "email|e mail|mail|邮件|电邮|邮箱",
    "phone": "by phone|phone call|on the phone|电话",
    "sms": "sms|text message|短信",
    "wechat": "朋友圈|公众号|视频号|企业微信|小程序|wecom|wechat|weixin|微信",
    "weibo": "weibo|微博",
    "xiaohongshu": "xiaohongshu|rednote|little red book|小红书",
    "douyin": "douyin|抖音",
    "tiktok": "tiktok|tik tok",
    "twitter": "on x|x com|tweets|twitter|tweet|推特",
    "bluesky": "bluesky|bsky",
    "mastodon": "mastodon",
    "facebook": "fb|messenger|fb messenger|facebook|脸书",
    "instagram": "insta|ins上|ins 上|照片墙|instagram|ig",
    "whatsapp": "whatsapp|whats app",
    "reddit": "reddit",
    "youtube": "youtube|油管",
    "": "打电话|打个电话|电话号码|电话改|的电话|email address|mail address|邮箱地址|手机号|电话号",
    "bilibili": "bilibili|b站|哔哩哔哩",
    "zhihu": "zhihu|知乎",
    "taobao": "taobao|淘宝",
    "tmall": "tmall|天猫",
    "jd": "jd com|jingdong|京东",
    "pinduoduo": "pinduoduo|pdd|拼多多",
    "kuaishou": "kuaishou|快手",
    "linkedin": "linkedin|领英",
    "discord": "discord",
    "line": "line app|line messenger",
    "shopify": "shopify",
    "amazon": "amazon|亚马逊",
    "dianping": "dianping|大众点评|点评网",
    "google": "google review|google map|谷歌评价",
    "trustpilot": "trustpilot",
    "tieba": "tieba|贴吧",
    "douban": "douban|豆瓣",
    "quora": "quora",
    "threads": "threads app",
    "pinterest": "pinterest",
    "viber": "viber",
    "signal": "signal app",
}
LANGUAGE: Table = {
    "en": "english|英文|英语",
    "zh": "cantonese|粤语|广东话|simplified|chinese|mandarin|putonghua|simplified chinese|traditional chinese"
    "|中文|汉语|国语|普通话|华语|简体|繁体"
    "|简体中文"
    "|繁体中文",
    "ja": "japanese|日语|日文",
    "ko": "korean|韩语|韩文",
    "fr": "french|法语|法文",
    "de": "german|德语|德文",
    "es": "spanish|西班牙语|西语",
    "ru": "russian|俄语|俄文",
    "": "chinese new year|chinese tea|french press|法式",
    "it": "italian|意大利语",
    "pt": "portuguese|葡萄牙语",
    "ar": "arabic|阿拉伯语",
    "vi": "vietnamese|越南语",
    "th": "thai|泰语",
    "ms": "malay|马来语",
    "hi": "hindi|印地语",
    "nl": "dutch|荷兰语",
}
CONSENT_TYPE: Table = {
    "marketing": "campaign message|marketing email|marketing message|推送广告|活动短信|marketing|promo"
    "|promotion|promotional|ads|advert|advertising|advertisement|newsletter|offers|deals"
    "|spam"
    "|广告|促销|营销|推广|优惠信息|活动通知|推销|促销短信|营销短信|促销消息|营销消息",
    "service": "order update|order notification|shipping update|delivery update|service message|订单通知|订单更新"
    "|物流通知"
    "|发货通知|订单消息|服务通知|物流更新",
    "profiling": "profiling|personalisation|personalization|画像|个性化推荐",
}
RECIPIENT: Table = {
    "mother": "mum|mom|mother|mummy|mommy|mother in law|妈妈|母亲|老妈|我妈|婆婆|岳母|丈母娘|给妈",
    "father": "dad|father|daddy|father in law|爸爸|父亲|老爸|我爸|公公|岳父|老丈人|给爸",
    "parents": "parents|my folks|爸妈|父母|爹妈|二老|爸爸妈妈",
    "grandparent": "grandmother|grandfather|grandma|grandpa|granny|nana|grandparent|奶奶|爷爷|外婆|外公|姥姥|姥爷"
    "|老人家"
    "|长辈",
    "wife": "wife|老婆|妻子|太太|媳妇",
    "husband": "husband|hubby|老公|丈夫",
    "partner": "partner|fiance|fiancee|spouse|对象|伴侣|爱人|另一半",
    "girlfriend": "girlfriend|gf|女朋友|女友",
    "boyfriend": "boyfriend|bf|男朋友|男友",
    "child": "kid|child|children|my son|daughter|toddler|baby|孩子|小孩|儿子|女儿|宝宝|小朋友|娃",
    "sibling": "brother|sister|sibling|哥哥|弟弟|姐姐|妹妹",
    "friend": "friend|best friend|buddy|roommate|flatmate|朋友|闺蜜|同学|室友",
    "colleague": "colleague|coworker|co worker|my boss|employee|同事|老板|领导|上司|员工",
    "teacher": "teacher|老师",
    "": "朋友圈|小朋友们的",
}
TOPIC: Table = {
    "delivery": "delivery|shipping|late delivery|courier|logistics|配送|物流|快递|发货|送货",
    "refund": "refund|money back|退款",
    "return": "return|exchange|退货|换货|退换",
    "quality": "product defect|defect|瑕疵|做工|quality|质量|品质",
    "price": "discount|coupon|promotion price|折扣|优惠|优惠券|降价|price|pricing|价格|涨价",
    "packaging": "packaging|packing|包装",
    "service": "customer service|support|service|客服态度|服务态度|服务",
    "payment": "billing|扣款|账单|支付问题|payment|checkout|支付|付款",
    "warranty": "warranty|guarantee|保修|质保",
    "technical": "login|log in|app crash|crashes|crash|setup|set up|installation|bug|connectivity|登录|登陆"
    "|安装|闪退|技术问题|设置问题",
    "invoice": "invoice|receipt|发票|收据|开票",
    "size": "sizing|size chart|尺码|尺寸",
    "stock": "stock out|out of stock|stock|availability|缺货|库存|断货|补货",
}
REASON: Table = {
    "broken": "doesn't turn on|won't turn on|won't charge|doesn't charge|wont turn on|wont charge|won't start"
    "|dead on arrival|no power|isn't working|not work|doesn't power on|开不了机|开不了|打不开|充不进电|充不了电"
    "|不能充电|没反应|死机|失灵|黑屏|闪退|连不上|broken|broke|cracked|shattered|smashed|not working"
    "|doesn't work|doesnt work|stopped working|faulty"
    "|defective"
    "|坏了|坏的|碎了|裂了|摔坏|摔坏了|故障|不能用|用不了|碎的",
    "damaged": "漏水|有划痕|磕碰|磕坏|摔裂|凹了|凹陷|压扁|boxes crushed|chipped|stained|污渍|damaged|dented"
    "|crushed|scratched|torn|leaking|leaked|破损|压坏|破了|变形|划痕|漏了|烂了",
    "late": "taking too long|takes too long|waited too long|等太久|等不及|等不了|太久了|迟迟不到|迟迟没到"
    "|迟迟没发|一直没到|overdue delivery|still hasn't arrived|still not here|超时未到"
    "|晚到|慢死了|late|delayed|delay|too slow|迟到|延误|太慢|晚了|还没到|没送到",
    "missing": "missing part|缺配件|少配件|缺件|少件|少发|缺了|没有收到|incomplete"
    "|parts missing|missing|never arrived|not arrived|lost|nothing came|nothing arrived|got nothing|没收到"
    "|没拿到|少了|漏发"
    "|丢了"
    "|丢件",
    "wrong_item": "sent me the wrong|sent the wrong|got the wrong|货发错|送错货|型号不对|型号错|wrong item"
    "|wrong product|wrong one|wrong thing|wrong order|wrong parcel|发错|寄错|送错|发错货"
    "|不是我买的",
    "wrong_size": "too narrow|too wide|narrow|baggy|短了|长了|紧了|松了|窄了|肥了|偏小|偏大|小一码|大一码"
    "|太紧|太松|太长|太短|穿不下|size is wrong|runs small|runs large"
    "|wrong size|too big|too small|too large|too tight|too loose|too long|too short|doesn't fit|doesnt fit"
    "|尺码不对|尺寸不对|太大|太小|大了|小了|不合适|不合身",
    "wrong_colour": "颜色跟图片|颜色和图片|颜色与图片|颜色跟照片|颜色差|颜色发错|颜色发错了|different colour"
    "|different color|色号不对|wrong colour|wrong color"
    "|颜色不对|颜色错|颜色错了|色差",
    "not_as_described": "和图片不一样|与图片不符|图文不符|和描述不一样|跟描述不符|跟描述不一样|实物不符"
    "|not as advertised|looks nothing like|照骗|not as described|wasn't as described|isn't as described"
    "|weren't as described"
    "|aren't as described"
    "|different from the description"
    "|different from the picture|different from the photo|not like the picture|misleading|和描述不符|描述不符"
    "|与描述不符"
    "|货不对板|跟图片不一样",
    "changed_mind": "looks awful|looks bad|looks terrible|ugly|doesn't suit|doesnt suit|不好看|难看|不适合我"
    "|bought by mistake|ordered by mistake|by accident|wrong order placed|don't like it"
    "|didn't like it|do not like it|not what i wanted|不喜欢|后悔了|用不上|拍多了|下错单|误拍|手滑"
    "|changed my mind|don't want it|don't need it|no longer need|no longer want|不想要了|不要了|不需要了"
    "|买错"
    "|买错了|拍错|拍错了",
    "expired": "expired|out of date|过期|过期了|变质",
    "too_expensive": "found it cheaper|cheaper elsewhere|别家更便宜|别处更便宜|降价了|too expensive|overpriced"
    "|太贵|贵了",
    "quality": "smells|smell|stinks|stinky|has a hole|hole in|a hole|有味道|味道太大|味道很大|破洞|有个洞|有洞"
    "|poor quality|bad quality|low quality|cheap material|falling apart|fell apart|wears out|质量太差"
    "|质量差|质量不好|质量问题|做工差|掉色|褪色|起球|开线|脱胶|异味",
    "uncomfortable": "too heavy|uncomfortable|hurts|太重|太沉|硌脚|磨脚|不舒服|不好穿|不好用",
    "allergy": "allergic|allergy|irritates|irritated|irritation|rash|itchy|breaks me out|过敏|起疹子|刺痛|发痒|红肿",
    "duplicate": "already bought one|bought one already|already have one|have one already|got two|bought two|买重复"
    "|重复买|买过了|已经有了|已经买了|duplicate order|ordered twice|double order|duplicated|重复下单|下重了"
    "|买重了|重复订单",
    "fake": "fake|counterfeit|knock off|not genuine|假货|假的|山寨|冒牌|盗版",
    "rude": "rude|impolite|disrespectful|bad attitude|态度差|态度恶劣|态度不好|没礼貌",
}
MOOD: Table = {
    "negative": "unhappy|angry|upset|annoyed|furious|frustrated|dissatisfied|disappointed|negative|grumpy|bad mood"
    "|不满|不高兴|不开心|生气|愤怒|负面|情绪差|情绪不好|失望|恼火|不满意",
    "positive": "happy|satisfied|delighted|pleased|positive|good mood|满意|开心|高兴|正面|情绪好",
    "neutral": "neutral|indifferent|中性|中立",
    "": "满意度|满意率|happy to|not happy",
}
REFERENCE: Table = {
    "person": "the customer|the client|this buyer|that guy|她们|他俩|她俩|这个顾客|该用户|这个用户|her|him|he"
    "|she|his|them|their|they|this customer|that customer|the same customer|this client|this person"
    "|this guy|that guy|这位客户|这个客户|这位|那位|该客户|那个客户|这个人|那个人|此人|这人|他们|她们|他|她",
    "this": "these two|these|this product|这俩|这两个|这个产品|the above customer|this one|this message"
    "|this order|this case|this ticket|this conversation|this chat|this thread|this task"
    "|this segment|this campaign|this|这个|这条|这单|这件|这款|这份|这些|这条消息|这张工单|该工单|该订单|这张|这",
    "that": "the one above|the above|the former|那俩|那两个|that product|那个产品|that one|that order|that case"
    "|that ticket|that merge|that segment|that campaign|that message|that call"
    "|that"
    "|those|刚才那个|刚刚那个|那个|那条|那单|那件|那款|那份|那张|那些|刚才的|刚刚的|上面那个|上一个|之前那个|刚才",
    "last": "last result|last answer|the last answer|previous answer|previous result|the same as before"
    "|上次的结果|上一次|the same one as|the last one|the previous one|the latest one|the same|same one"
    "|same thing|the same one|last time|上次"
    "|上次那个"
    "|上次的|上次买的|同样的|同款|一样的",
    "it": "it|both of them|它",
    "": "the same person|same person|same day|他妈|其他|其它|that is|that's|so that|now that|this way|hi there"
    "|说明|这样|这么|那么|那边|这边|这里|那里|which is it"
    "|is it|it is|it's|does it|吉他|what time is it",
}
COMPARATOR: Table = {
    ">": "over|above|more than|greater than|higher than|longer than|older than|exceed|exceeding|beyond|超过|超出"
    "|高于|大于|突破|涨破|surpass|surpasses"
    "|多于|多过|超|>",
    ">=": "minimum|minimum of|no fewer than|最少|不小于|大于等于|greater than or equal to|more than or equal to"
    "|及以上|or above|or over|plus order|at least|no less than|not less than|or more|and up|至少|不少于"
    "|不低于|以上|起码|达到|reaches|≥|>=|> =",
    "<": "未满|不满|under|below|less than|lower than|fewer than|younger than|shorter than|不到|低于|少于|小于|不足"
    "|不及|跌破|<",
    "<=": "or fewer|小于等于|不大于|不多于|less than or equal to|fewer than or equal to|及以下|or below|maximum"
    "|maximum of|至多|顶多|at most|no more than|not more than|up to|within|or less|以内|之内|以下|不超过|最多"
    "|不高于|≤|<=|< =",
    "=": "只买过|只下过|only once|just once|仅|恰好|equal|exactly|equal to|equals|正好|刚好|等于",
    "": "all over|over there|over here|game over|hand over|take over|start over|went over|go over|over the phone"
    "|above all"
    "|come over|超级|超市|超好|超喜欢|超快|超慢|超赞|超时|up to date|up to you|不到货|投诉最多|迟迟不到|不满意"
    "|不满的|only once in|客户不满",
}
NEGATION: Table = {
    "not": "leave out|leaving out|exclude|剔除|剔掉|去掉|排除|刨去|扣除|不算|nor|neither|non|other than"
    "|apart from|ain't|isnt"
    "|wasnt|arent|cant|非|并未|并没有|没能|minus|not|no"
    "|never|without|except|except for|excluding|but not|nobody|none|nothing|haven't|hasn't|didn't|don't"
    "|doesn't"
    "|won't|isn't|aren't|wasn't|can't|cannot|havent|hasnt|didnt|dont|doesnt|wont|isnt|没有|没|未|不是|不要|别"
    "|除了|除外|不含"
    "|不包括|从未|从没|从来没|无|不",
    "": "neither here nor|非常|非洲|是非|非要|no. |number|no problem|no worries|not only|why not|whether or not"
    "|no rush|not bad|无线|无论|无所谓|未来|特别|区别"
    "|级别|性别|分别|告别"
    "|识别|个别|类别|别人|别的|别墅|没关系|没事|没问题|没错|不错|不好意思|对不起|差不多|不管|不过|能不能"
    "|会不会|有没有|是不是|要不要"
    "|可不可以|可不可|好不好|行不行|不同|不满|不到|不少于|不低于|不超过|不高于|不足|不急|不满意|不高兴|不开心"
    "|了不起|不客气|不久|不断"
    "|不仅|不但|来不及|不知道|不知|不见不散|满不满意|买不买|不用了",
}
_ZONES: Table = {
    "Asia/Shanghai": "shanghai time|beijing time|china time|china standard time|上海时间|北京时间|中国时间|东八区",
    "Asia/Hong_Kong": "hong kong time|hkt|香港时间",
    "Asia/Taipei": "taipei time|台北时间",
    "Asia/Tokyo": "tokyo time|japan time|jst|东京时间|日本时间",
    "Asia/Singapore": "singapore time|sgt|新加坡时间",
    "Europe/London": "london time|uk time|bst|伦敦时间|英国时间",
    "Europe/Berlin": "berlin time|german time|cet|cest|柏林时间|德国时间",
    "Europe/Paris": "paris time|巴黎时间",
    "America/New_York": "new york time|eastern time|est|edt|纽约时间|美东时间",
    "America/Los_Angeles": "pacific time|pst|pdt|la time|洛杉矶时间|太平洋时间",
    "Asia/Kolkata": "india time|ist|印度时间",
    "Asia/Seoul": "korea time|kst|韩国时间",
    "Asia/Dubai": "gulf time|gst",
    "Australia/Sydney": "aest|aedt|australian eastern time|澳洲东部时间",
    "America/Chicago": "central time|cst time|cdt|美中时间",
    "America/Denver": "mountain time|mst|mdt",
    "UTC": "utc|gmt|zulu time|格林尼治时间|世界时",
}
_TIMES = times()
TIMEZONE: Table = {
    zone: "|".join(said for said in (_ZONES.get(zone), _TIMES.get(zone)) if said) for zone in {**_ZONES, **_TIMES}
}
COLOUR: Table = {
    "black": "black|黑色|黑的|黑",
    "white": "white|白色|白的|白",
    "red": "red|红色|红的",
    "blue": "blue|navy|蓝色|藏青|蓝的|天蓝|浅蓝|深蓝",
    "green": "green|绿色|墨绿|绿的",
    "yellow": "yellow|黄色|黄的",
    "pink": "pink|粉色|粉红|粉红色|粉的",
    "purple": "purple|violet|紫色|紫的",
    "grey": "grey|gray|灰色|灰的",
    "brown": "brown|棕色|咖啡色|褐色",
    "orange": "orange one|orange color|orange colour|橙色|橘色",
    "beige": "beige|cream one|米色|米白|米白色|奶白|奶白色",
    "gold": "gold|golden|金色",
    "silver": "silver|银色",
    "transparent": "transparent|clear one|透明",
    "": "green tea|black tea|white tea|red tea|black friday|白茶|黑茶|明白|白天|白酒|黑五|黑色星期五|黑名单"
    "|白名单|空白|坦白"
    "|little red book|black coffee|white paper|白领|白条",
}
CLAIMING: Mapping[str, Table] = {
    "timezone": TIMEZONE,
    "metric": {**METRIC, **OTHER_METRICS},
    "score_type": SCORE_TYPE,
    "consent_type": CONSENT_TYPE,
    "file_format": FILE_FORMAT,
    "recipient": RECIPIENT,
    "language": LANGUAGE,
    "channel": CHANNEL,
    "colour": COLOUR,
    "location": LOCATION,
}
"""Lists whose words have no other reading: they come before dates and amounts."""

LEANING: Mapping[str, Table] = {
    "group_by": GROUP_BY,
    "status": STATUS,
    "priority": PRIORITY,
    "topic": TOPIC,
    "reason": REASON,
    "mood": MOOD,
    "reference": REFERENCE,
}
"""Lists whose words yield to everything found before."""

SHARING: Mapping[str, Table] = {"comparator": COMPARATOR, "negation": NEGATION}
"""Lists whose words are also a part of amounts and dates."""
