"""Asks jionlp 1.5.31 (218 MB with its models) what Chinese dates and amounts mean; `jionlp.json` keeps its answers.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install jionlp==1.5.31
/tmp/oracle/bin/python tests/nlu/oracles/ask_jionlp.py
"""

import json
import time
from pathlib import Path

import jionlp  # type: ignore[import-not-found]

NOW = "2026-11-23 18:00:00"
TIMES = """
昨天 今天 明天 前天 后天 大前天 大后天 上周 上上周 本周 下周 上周三 上周日 下周一 下下周二 本周五 上个月 本月
下个月 去年 今年 明年 前年 本季度 上季度 三季度 一季度 上半年 下半年 去年十月 去年下半年 今年三月 3月5日
十一月十一日 2025年11月11日 2025-03-05 2026/03/05 2025年3月 25年11月11日 10月上旬 10月中旬 10月下旬 本月15号
上个月15号 下个月5号 三天前 10天前 两周后 三天后 一年前 三个月后 近30天 最近三个月 过去7天 国庆节 去年国庆节
今年中秋节 去年中秋节 今年春节 去年春节 今年端午节 今年清明节 元旦 去年元宵节 今年七夕 今年重阳节 除夕
上周三下午三点 明天上午九点 明天下午3点半 后天晚上8点 下周一上午十点 周五下午两点一刻 昨天下午五点 11月25日14:30
今晚八点 两小时后 3月1日到3月5日 3月1日至5日 3月到5月 上周一到上周五 从三月到五月 2024年到2025年 90天 三个月
半年 24小时 三十分钟 一个半小时 两周
"""
AMOUNTS = """
三百二十块 两千元 1.5万元 100到200元 200元左右 50美元 五毛钱 一百二十八元八角 超过500元 两三百块 十万港币 99.9元
1,500元 3万元 一百万元 五十欧元 大约三千元 200元以上 12块8毛 两百五十元 一千零五元 三四百元 1.2亿元 20英镑
5000日元 一万二千元 八十加元
"""


def answer(reader, text):  # type: ignore[no-untyped-def]
    """What it says, or None where it refuses."""
    try:
        return reader(text)
    except ValueError:
        return None


if __name__ == "__main__":
    base = time.mktime(time.strptime(NOW, "%Y-%m-%d %H:%M:%S"))
    answers = {
        "times": {text: answer(lambda said: jionlp.parse_time(said, time_base=base), text) for text in TIMES.split()},
        "amounts": {text: answer(jionlp.parse_money, text) for text in AMOUNTS.split()},
    }
    target = Path(__file__).with_name("jionlp.json")
    target.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
