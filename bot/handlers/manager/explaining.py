"""Why a figure moved: what each part did to the change, and which dimension tells most about it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from bot.figures import FigureWords
from bot.handlers.manager.asking import named_period
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.metrics import not_by_text
from bot.handlers.manager.queries import OVERVIEW, Query, narrowed_lines, read, unkept_lines
from bot.messages import Choice, Reply, Table
from bot.sheets import Sheet, number
from crm_core.analytics.charts import ChartSpec
from crm_core.reports.changes import Explanation, Part, best_explained, explain
from crm_core.reports.digest import LINES, DigestLine, compare
from crm_core.reports.metrics import METRICS, Figure, NotMeasured, measure
from crm_core.reports.periods import Period

DAYS = "7d"
"""What a question without a period is about: so many whole days against those before."""
SHOWN = 8
MOST_PARTS = 200
"""Parts in a file."""
OTHERS = 3
"""Further dimensions that are named, each with the part that did most."""
SOME = 0.1
"""From this share of a change on, what lies beyond chance is worth naming."""
PUBLIC = re.compile(
    r"social|(?<![a-z])posts?(?![a-z])|mentions?|online|weibo|twitter|public|tweets?"
    r"|社媒|社交|帖|微博|网上|舆[情论]|声量|提及|小红书|网友",
    re.IGNORECASE,
)
_NAMED = {"orders": "订单", "revenue": "销售额", "messages": "消息", "complaints": "投诉"}
"""Figures that are not always recognised before 少了 and the like."""
OF_POSTS = {"mood": "post_mood", "messages": "mentions", "complaints": "mentions"}


def explain_change(asking: Asking) -> Answer:
    """The change of the figure that was named, was shown last, or moved most."""
    words, query = asking.words, _query(asking)
    line = DigestLine(_figure(asking, query, query.period), _figure(asking, query, query.compared))
    lines = unkept_lines(asking.spoken, query.metric, words)
    lines += [_title(line, query, words), *narrowed_lines(query, words)]
    if query.group_by and query.group_by not in METRICS[query.metric].by:
        lines.append(not_by_text(NotMeasured(query.metric, query.group_by, tuple(METRICS[query.metric].by)), words))
    found = _explained(asking, query)
    if not found or not found[0].change:
        return Answer(Reply(text="\n".join([*lines, words.say("changes.no_change")])), query=query)
    first = found[0]
    lines += [] if line.notable or first.beyond >= SOME else [words.say("changes.by_chance")]
    lines += _told(first, words)
    lines += _also(found[1:], words)
    if METRICS[query.metric].kind == "median":
        lines.append(words.say("changes.means"))
    by = replace(query, group_by=first.dimension)
    reply = Reply(text="\n".join(lines), table=_table(first, words), choices=_choices(found, words))
    charts = ((words.say("changes.file"), _chart(first, query, words)),)
    return Answer(reply, charts, by, (query.metric,), sheet=_sheet(first, _title(line, query, words), words))


def _title(line: DigestLine, query: Query, words: FigureWords) -> str:
    return words.say(
        "changes.title", metric=words.metric(query.metric), period=words.period(query.period),
        value=words.value(line.figure.unit, line.figure.value), before=words.compared(query.compared),
        value_before=words.value(line.before.unit or line.figure.unit, line.before.value), change=words.change(line),
    )  # fmt: skip


def _query(asking: Asking) -> Query:
    said = read(asking.spoken, asking.session)
    last = asking.memory.shown("figures")
    kept = Query.of(last) if isinstance(last, dict) else None
    metric = said.metric or next((name for name, word in _NAMED.items() if word in asking.text), "")
    if PUBLIC.search(asking.text):
        metric = OF_POSTS.get(metric or "messages", metric)
    anew = said.subjects or said.not_applied or (metric and (said.only or said.without))  # it names its own
    if kept and kept.metric in METRICS and metric in ("", kept.metric) and not anew:
        query = said.applied(kept)
        return replace(query, group_by=said.group_by)
    if said.period is None:
        said = replace(said, period=named_period(DAYS, asking.now, asking.zone))
    query = asking.query(metric or OVERVIEW, said)
    return query if query.metric in METRICS else replace(query, metric=_most_moved(asking, query))


def _most_moved(asking: Asking, query: Query) -> str:
    """The figure of the digest that stands out most; messages when none does."""
    lines = [compare(asking.session, metric, query.period, query.compared) for metric in LINES]
    moved = [line for line in lines if line.notable]
    best = max(moved, key=lambda line: abs(line.percent or 0), default=None)
    return best.figure.metric if best else "messages"


def _figure(asking: Asking, query: Query, period: Period) -> Figure:
    return measure(asking.session, query.metric, period, only=query.only, without=query.without)


def _explained(asking: Asking, query: Query) -> list[Explanation]:
    given = (asking.session, query.metric, query.period, query.compared)
    found = best_explained(*given, query.only, query.without)
    if not query.group_by or query.group_by not in METRICS[query.metric].by:
        return found
    asked = explain(*given, query.group_by, query.only, query.without)
    return [asked, *(each for each in found if each.dimension != query.group_by)]


# --- words ----------------------------------------------------------------------------------------------------------
def _told(found: Explanation, words: FigureWords) -> list[str]:
    """Up to three parts that moved it, those first that did more than their share; and what rate and mix come to."""
    along = [part for part in found.parts if part.did * found.change > 0]
    strong = [part for part in along if part.beyond]
    lines = [words.say("changes.by", dimension=words.say(f"dimensions.{found.dimension}"))]
    lines += [f"• {_part(found, part, words)}" for part in (strong or along)[:OTHERS]]
    mix, rate = sum(part.mix for part in found.parts), sum(part.rate for part in found.parts)
    if rate:
        kind = "sum" if METRICS[found.metric].kind == "sum" else "mean"
        told = {"mix": _amount(found, mix, words), "rate": _amount(found, rate, words)}
        rest = words.say("changes.beside", rest=_amount(found, found.rest, words)) if found.rest else ""
        lines.append(words.say(f"changes.{kind}_effects", **told) + rest)
    return lines


def _part(found: Explanation, part: Part, words: FigureWords) -> str:
    share = found.share(part)
    return words.say(
        "changes.part", part=words.part(found.dimension, part.key), did=_amount(found, part.did, words),
        share=round(100 * (share or 0)), now=_value(found, part.now, words), before=_value(found, part.before, words),
    )  # fmt: skip


def _also(others: Sequence[Explanation], words: FigureWords) -> list[str]:
    """Other dimensions in which one part did clearly more than its share."""
    told = [
        words.say(
            "changes.also_one", dimension=words.say(f"dimensions.{found.dimension}"),
            part=words.part(found.dimension, part.key), did=_amount(found, part.did, words),
        )
        for found in others
        if found.beyond >= SOME
        for part in [max(found.parts, key=lambda each: each.beyond)]
    ]  # fmt: skip
    return [words.say("changes.also", told=words.say("next").join(told[:OTHERS]))] if told else []


def _amount(found: Explanation, value: Fraction | int, words: FigureWords) -> str:
    """A part of a change with its sign."""
    if found.unit == "mood":
        return words.signed(float(value) / 1000, 3)
    if found.unit == "rating":
        return words.signed(float(value), 2)
    told = words.value(found.unit, abs(float(value)))
    return "±0" if told == words.value(found.unit, 0) else ("+" if value > 0 else "−") + told


def _value(found: Explanation, value: Fraction | None, words: FigureWords) -> str:
    return words.value(found.unit, None if value is None else float(value))


def _table(found: Explanation, words: FigureWords) -> Table:
    """The parts with what they did, all the rest, and the whole: the last column adds up."""
    rows = [
        (
            words.part(found.dimension, part.key), _value(found, part.now, words), _value(found, part.before, words),
            _amount(found, part.did, words), _percent(found.share(part)),
        )
        for part in found.parts[:SHOWN]
    ]  # fmt: skip
    rows += [
        (name, "", "", _amount(found, did, words), _percent(float(did / found.change)))
        for name, did in _left(found, SHOWN, words)
    ]
    whole = (_value(found, found.now, words), _value(found, found.before, words))
    rows.append((words.say("changes.whole"), *whole, _amount(found, found.change, words), "100 %"))
    return Table(columns=_columns(found, words), rows=tuple(rows))


def _columns(found: Explanation, words: FigureWords) -> tuple[str, ...]:
    names = ("now", "before", "did", "share")
    heading = words.say(f"dimensions.{found.dimension}").capitalize()
    return (heading, *(words.say(f"changes.columns.{name}") for name in names))


def _left(found: Explanation, shown: int, words: FigureWords) -> list[tuple[str, Fraction]]:
    """What is not shown part by part, with what it did."""
    more = found.parts[shown:]
    others = (words.say("changes.others", count=len(more)), sum((part.did for part in more), Fraction(0)))
    rest = (words.say("changes.rest"), found.rest)
    return [*([others] if more else []), *([rest] if found.rest else [])]


def _sheet(found: Explanation, title: str, words: FigureWords) -> Sheet:
    """The parts as numbers, and the whole."""
    *heads, share = _columns(found, words)
    told = [(words.part(found.dimension, part.key), part.now, part.before, part.did) for part in found.parts]
    told = told[:MOST_PARTS] + [(name, None, None, did) for name, did in _left(found, MOST_PARTS, words)]
    told.append((words.say("changes.whole"), found.now, found.before, found.change))
    rows = [
        (name, *(number(found.unit, value) for value in (now, before, did)), round(100 * float(did / found.change), 1))
        for name, now, before, did in told
    ]
    return Sheet(words.say("changes.file"), (*heads, f"{share} (%)"), rows, [title])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:,.0f} %".replace("-", "−")


def _chart(found: Explanation, query: Query, words: FigureWords) -> ChartSpec:
    shown = found.parts[:SHOWN]
    return ChartSpec(
        kind="gaps",
        title=words.say("changes.chart", metric=words.metric(found.metric)),
        subtitle=words.say(
            "changes.chart_note", period=words.period(query.period), before=words.compared(query.compared),
            did=_amount(found, found.change, words),
        ),
        labels=[words.part(found.dimension, part.key) for part in shown],
        values=[float(part.did) for part in shown],
        notes=[_amount(found, part.did, words) for part in shown],
        judged=found.unit in ("mood", "rating"),
    )  # fmt: skip


def _choices(found: Sequence[Explanation], words: FigureWords) -> tuple[Choice, ...]:
    by = [
        Choice(
            label=words.say("figures.split", dimension=words.say(f"dimensions.{each.dimension}")),
            value=f"refine_query:{each.dimension}",
        )
        for each in found[1:4]
    ]
    return (*by, Choice(label=words.say("changes.show"), value="show_evidence"))
