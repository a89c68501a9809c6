"""Closed lists: words that stand for a value the product knows. One table per entity: value -> how people say it.

Phrases are plain folded words, apart by bars: no patterns. English ones match whole words, singular and plural; Chinese
ones match anywhere; the longest wins. What stands under "" looks like one of the words but is not meant.
"""

from collections.abc import Mapping

Table = Mapping[str, str]

METRIC: Table = {
    "first_response": "first response|first reply|response time|reply time|time to first response|response speed"
    "|how fast we answer|how quickly we answer|how fast do we answer|how quickly we reply|how fast do we reply"
    "|首响|首次响应|首次回复|首响时间|首次响应时间|首次回复时间|响应时间|响应时长|回复时间|回复时长|回复速度"
    "|响应速度|平均响应",
    "new_customers": "new customer|new client|new buyer|new sign up|signup|new contact|new user|新增客户|新客户|新客"
    "|新用户"
    "|拉新|新增用户|客户新增",
    "top_intents": "top intent|intent|what people ask|most asked|what customers ask|what do people ask|意图|问得最多"
    "|问的最多"
    "|客户都在问|咨询类型",
    "revenue": "revenue|turnover|sale|taking|gmv|income|how much we made|how much did we make|how much we sold"
    "|how much did we sell|营收|收入|销售额|营业额|流水|成交额|业绩|销售|卖了多少钱|进账",
    "orders": "order volume|order count|number of orders|how many orders|orders|订单量|订单数|订单数量|单量|下单量"
    "|多少单"
    "|多少订单|几单",
    "conversations": "conversation|chat|dialogue|conversation volume|会话量|会话数|会话|对话量|对话数|咨询量|接待量",
    "messages": "message volume|incoming message|messages|how many messages|消息量|消息数|多少消息|多少条消息",
    "mood": "mood|sentiment|customer happiness|how happy|how customers feel|how people feel|情绪|心情|口碑|舆情"
    "|满不满意",
    "complaints": "complaint|complaint rate|complaint volume|投诉量|投诉数|投诉率|投诉|客诉",
    "handovers": "handover|hand over|handoff|hand off|escalation|transfer to a human|transfer to human|转人工率|转人工"
    "|人工接入|升级率|转接量",
    "csat": "csat|satisfaction|customer satisfaction|rating|满意度|评分|好评率|满意率",
}
GROUP_BY: Table = {
    "day": "by day|per day|daily|day by day|each day|a day|按天|按日|每天|每日|逐日|分天",
    "week": "by week|per week|weekly|week by week|each week|按周|每周|逐周|分周",
    "month": "by month|per month|monthly|month by month|each month|按月|每月|每个月|逐月|分月",
    "channel": "by channel|per channel|each channel|by platform|across channels|channel by channel|按渠道|分渠道|各渠道"
    "|各个渠道|每个渠道|按平台|各平台|分平台",
    "language": "by language|per language|each language|按语言|分语言|各语言|按语种|各语种|分语种",
    "intent": "by intent|per intent|each intent|by topic|by type of question|按意图|各意图|按问题类型|分意图|按咨询类型"
    "|按话题",
    "category": "by category|by product category|per category|each category|by product type|by product|按品类|分品类"
    "|各品类"
    "|按类目|按分类|各类目|按产品|各产品|按商品",
    "city": "by city|per city|each city|by region|by location|by area|by province|按城市|分城市|各城市|各个城市|各地"
    "|按地区"
    "|分地区|各地区|按区域|按省",
    "agent": "by agent|per agent|each agent|by person|by rep|by colleague|per rep|by team member|按客服|各客服"
    "|每个客服|分客服"
    "|按人|按坐席|各坐席|每个人|各个客服|每位客服",
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
FILE_FORMAT: Table = {
    "csv": "csv",
    "xlsx": "xlsx|xls|excel|spreadsheet|电子表格|表格",
    "pdf": "pdf",
    "png": "png|as an image|as a picture|图片",
    "json": "json",
}
PRIORITY: Table = {
    "urgent": "urgent|urgently|critical|p0|asap|top priority|emergency|紧急|加急|特急|十万火急",
    "high": "high|high priority|important|p1|优先级高|高优先级|高优|重要|优先级改高|优先级调高|优先级提高|优先级设为高",
    "normal": "normal|normal priority|medium|p2|普通|中等|优先级中|正常优先级",
    "low": "low|low priority|p3|no rush|不急|优先级低|低优先级|低优",
    "": "high value|how high|so high|too high|low on",
}
STATUS: Table = {
    "open": "open|unresolved|not closed|outstanding|没关|没关的|未关|未关闭|未解决|没解决|处理中|进行中|开着|没处理"
    "|未处理|未完成",
    "waiting": "waiting|pending|on hold|in queue|待处理|等待中|排队|待回复|待跟进|等待回复",
    "snoozed": "snoozed|snooze|asleep|挂起|搁置|暂缓",
    "resolved": "resolved|solved|fixed|sorted|done|已解决|解决了|搞定|搞定了|处理完|处理完了|已完成|完成了",
    "closed": "closed|close|关闭|关掉|关了|结案|已关|已关闭",
    "refunded": "refunded|已退款|退款完成|退了款",
    "shipped": "shipped|dispatched|sent out|in transit|on its way|on the way|已发货|发货了|在途|运输中|配送中|发出了",
    "delivered": "delivered|arrived|签收|已签收|已送达|送到了|已收货|妥投",
    "cancelled": "cancelled|canceled|voided|已取消|取消了",
    "paid": "paid|已付款|已支付|付了款",
    "unpaid": "unpaid|not paid|awaiting payment|未付款|没付款|待付款",
    "overdue": "overdue|past due|breached|breaching|about to breach|breach|逾期|超时|超 sla|快超时",
    "failed": "failed|failing|失败",
}
CHANNEL: Table = {
    "telegram": "telegram|tg|电报",
    "slack": "slack",
    "web": "web chat|webchat|website|web|网站|网页|官网",
    "email": "email|e mail|mail|邮件|电邮|邮箱",
    "phone": "by phone|phone call|on the phone|电话",
    "sms": "sms|text message|短信",
    "wechat": "wechat|weixin|微信",
    "weibo": "weibo|微博",
    "xiaohongshu": "xiaohongshu|rednote|little red book|小红书",
    "douyin": "douyin|抖音",
    "tiktok": "tiktok|tik tok",
    "twitter": "twitter|tweet|推特",
    "bluesky": "bluesky|bsky",
    "mastodon": "mastodon",
    "facebook": "facebook|脸书",
    "instagram": "instagram|ig",
    "whatsapp": "whatsapp|whats app",
    "reddit": "reddit",
    "youtube": "youtube|油管",
    "": "打电话|打个电话|电话号码|电话改|的电话|email address|mail address|邮箱地址|手机号|电话号",
}
LANGUAGE: Table = {
    "en": "english|英文|英语",
    "zh": "chinese|mandarin|putonghua|simplified chinese|traditional chinese|中文|汉语|国语|普通话|华语|简体|繁体"
    "|简体中文"
    "|繁体中文",
    "ja": "japanese|日语|日文",
    "ko": "korean|韩语|韩文",
    "fr": "french|法语|法文",
    "de": "german|德语|德文",
    "es": "spanish|西班牙语|西语",
    "ru": "russian|俄语|俄文",
    "": "chinese new year|chinese tea|french press|法式",
}
CONSENT_TYPE: Table = {
    "marketing": "marketing|promo|promotion|promotional|ads|advert|advertising|advertisement|newsletter|offers|deals"
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
}
TOPIC: Table = {
    "delivery": "delivery|shipping|late delivery|courier|logistics|配送|物流|快递|发货|送货",
    "refund": "refund|money back|退款",
    "return": "return|exchange|退货|换货|退换",
    "quality": "quality|质量|品质",
    "price": "price|pricing|价格|涨价",
    "packaging": "packaging|packing|包装",
    "service": "customer service|support|service|客服态度|服务态度|服务",
    "payment": "payment|checkout|支付|付款",
    "warranty": "warranty|guarantee|保修|质保",
}
REASON: Table = {
    "broken": "broken|broke|cracked|shattered|smashed|not working|doesn't work|doesnt work|stopped working|faulty"
    "|defective"
    "|坏了|坏的|碎了|裂了|摔坏|摔坏了|故障|不能用|用不了|碎的",
    "damaged": "damaged|dented|crushed|scratched|torn|leaking|leaked|破损|压坏|破了|变形|划痕|漏了|烂了",
    "late": "late|delayed|delay|too slow|迟到|延误|太慢|晚了|还没到|没送到",
    "missing": "missing|never arrived|not arrived|lost|nothing came|nothing arrived|got nothing|没收到|没拿到|少了|漏发"
    "|丢了"
    "|丢件",
    "wrong_item": "wrong item|wrong product|wrong one|wrong thing|wrong order|wrong parcel|发错|寄错|送错|发错货"
    "|不是我买的",
    "wrong_size": "wrong size|too big|too small|too large|too tight|too loose|too long|too short|doesn't fit|doesnt fit"
    "|尺码不对|尺寸不对|太大|太小|大了|小了|不合适|不合身",
    "wrong_colour": "wrong colour|wrong color|颜色不对|颜色错|颜色错了|色差",
    "not_as_described": "not as described|wasn't as described|isn't as described|weren't as described"
    "|aren't as described"
    "|different from the description"
    "|different from the picture|different from the photo|not like the picture|misleading|和描述不符|描述不符"
    "|与描述不符"
    "|货不对板|跟图片不一样",
    "changed_mind": "changed my mind|don't want it|don't need it|no longer need|no longer want|不想要了|不要了|不需要了"
    "|买错"
    "|买错了|拍错|拍错了",
    "expired": "expired|out of date|过期|过期了|变质",
    "too_expensive": "too expensive|overpriced|太贵|贵了",
}
MOOD: Table = {
    "negative": "unhappy|angry|upset|annoyed|furious|frustrated|dissatisfied|disappointed|negative|grumpy|bad mood"
    "|不满|不高兴|不开心|生气|愤怒|负面|情绪差|情绪不好|失望|恼火|不满意",
    "positive": "happy|satisfied|delighted|pleased|positive|good mood|满意|开心|高兴|正面|情绪好",
    "neutral": "neutral|indifferent|中性|中立",
    "": "满意度|满意率|happy to|not happy",
}
REFERENCE: Table = {
    "person": "her|him|he|she|his|them|their|they|this customer|that customer|the same customer|this client|this person"
    "|this guy|that guy|这位客户|这个客户|这位|那位|该客户|那个客户|这个人|那个人|此人|这人|他们|她们|他|她",
    "this": "this one|this message|this order|this case|this ticket|this conversation|this chat|this thread|this task"
    "|this segment|this campaign|this|这个|这条|这单|这件|这款|这份|这些|这条消息|这张工单|该工单|该订单|这张|这",
    "that": "that one|that order|that case|that ticket|that merge|that segment|that campaign|that message|that call"
    "|that"
    "|those|刚才那个|刚刚那个|那个|那条|那单|那件|那款|那份|那张|那些|刚才的|刚刚的|上面那个|上一个|之前那个|刚才",
    "last": "the last one|the previous one|the latest one|the same|same one|same thing|the same one|last time|上次"
    "|上次那个"
    "|上次的|上次买的|同样的|同款|一样的",
    "it": "it|both of them|它",
    "": "the same person|same person|same day|他妈|其他|其它|that is|that's|so that|now that|this way|hi there"
    "|说明|这样|这么|那么|那边|这边|这里|那里|which is it"
    "|is it|it is|it's|does it|吉他|what time is it",
}
COMPARATOR: Table = {
    ">": "over|above|more than|greater than|higher than|longer than|older than|exceed|exceeding|beyond|超过|超出"
    "|高于|大于"
    "|多于|超|>",
    ">=": "at least|no less than|not less than|or more|and up|至少|不少于|不低于|以上|起码|≥|>=|> =",
    "<": "under|below|less than|lower than|fewer than|younger than|shorter than|不到|低于|少于|小于|不足|<",
    "<=": "at most|no more than|not more than|up to|within|or less|以内|之内|以下|不超过|最多|不高于|≤|<=|< =",
    "=": "exactly|equal to|equals|正好|刚好|等于",
    "": "all over|over there|over here|game over|hand over|take over|start over|went over|go over|over the phone"
    "|above all"
    "|come over|超级|超市|超好|超喜欢|超快|超慢|超赞|超时|up to date|up to you|不到货|投诉最多",
}
NEGATION: Table = {
    "not": "not|no|never|without|except|except for|excluding|but not|nobody|none|nothing|haven't|hasn't|didn't|don't"
    "|doesn't"
    "|won't|isn't|aren't|wasn't|can't|cannot|havent|hasnt|didnt|dont|doesnt|wont|isnt|没有|没|未|不是|不要|别"
    "|除了|除外|不含"
    "|不包括|从未|从没|从来没|无|不",
    "": "no problem|no worries|not only|why not|whether or not|no rush|not bad|无线|无论|无所谓|未来|特别|区别"
    "|级别|性别|分别|告别"
    "|识别|个别|类别|别人|别的|别墅|没关系|没事|没问题|没错|不错|不好意思|对不起|差不多|不管|不过|能不能"
    "|会不会|有没有|是不是|要不要"
    "|可不可以|可不可|好不好|行不行|不同|不满|不到|不少于|不低于|不超过|不高于|不足|不急|不满意|不高兴|不开心"
    "|了不起|不客气|不久|不断"
    "|不仅|不但|来不及|不知道|不知|不见不散|满不满意|买不买|不用了",
}
TIMEZONE: Table = {
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
    "UTC": "utc|gmt|格林尼治时间|世界时",
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
LOCATION: Table = {
    "Shanghai": "shanghai|上海|魔都",
    "Beijing": "beijing|北京|帝都",
    "Guangzhou": "guangzhou|广州",
    "Shenzhen": "shenzhen|深圳",
    "Hangzhou": "hangzhou|杭州",
    "Nanjing": "nanjing|南京",
    "Suzhou": "suzhou|苏州",
    "Chengdu": "chengdu|成都",
    "Chongqing": "chongqing|重庆",
    "Wuhan": "wuhan|武汉",
    "Xi'an": "xian|xi'an|西安",
    "Tianjin": "tianjin|天津",
    "Qingdao": "qingdao|青岛",
    "Xiamen": "xiamen|厦门",
    "Changsha": "changsha|长沙",
    "Hong Kong": "hong kong|hongkong|hk|香港",
    "Macau": "macau|macao|澳门",
    "Taipei": "taipei|台北",
    "Taiwan": "taiwan|台湾",
    "Guangdong": "guangdong|广东",
    "Zhejiang": "zhejiang|浙江",
    "Jiangsu": "jiangsu|江苏",
    "Sichuan": "sichuan|四川",
    "London": "london|伦敦",
    "Manchester": "manchester|曼彻斯特",
    "Berlin": "berlin|柏林",
    "Munich": "munich|慕尼黑",
    "Paris": "paris|巴黎",
    "New York": "new york|nyc|纽约",
    "Los Angeles": "los angeles|洛杉矶",
    "San Francisco": "san francisco|旧金山",
    "Toronto": "toronto|多伦多",
    "Vancouver": "vancouver|温哥华",
    "Sydney": "sydney|悉尼",
    "Melbourne": "melbourne|墨尔本",
    "Singapore": "singapore|新加坡",
    "Tokyo": "tokyo|东京",
    "China": "china|中国|mainland|大陆",
    "United States": "usa|united states|america|美国",
    "United Kingdom": "uk|united kingdom|britain|england|英国",
    "Germany": "germany|德国",
    "France": "france|法国",
    "Japan": "japan|日本",
    "": "beijing road|nanjing rd|nanjing road|shanghai road|南京路|南京东路|南京西路|北京路|made in china"
    "|中国移动|中国银行",
}

CLAIMING: Mapping[str, Table] = {
    "timezone": TIMEZONE,
    "metric": METRIC,
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
