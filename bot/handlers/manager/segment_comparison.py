"""Segments side by side: size, spend, orders, recency, mood, complaints; and in what they differ most."""

import re

from bot import wording
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.segment_reading import in_words, mentioned, said_conditions
from bot.messages import Reply, Table
from crm_core.analytics.segment_figures import FIGURES, Difference, Figure, Side, greatest_difference
from crm_core.query import Condition, Conditions
from crm_core.staff_segments import is_in

MOST_SIDES = 20
_OTHERS = re.compile(
    r"every(?:one|body)(?: else)?|(?<![a-z])(?:others?|the rest|everyone|the base|non[- ])"
    r"|其他|其余|所有人|全体|大盘|别人|非会员"
)
Labelled = tuple[str, Conditions]


def segment_compare(turn: ManagerTurn) -> Reply:
    """Compare the segments that are named, else all of them; one alone is held against everybody else."""
    sides = _sides(turn)
    if len(sides) < 2:
        return turn.reply("segments.nothing_to_compare")
    found = turn.store.segments.sides([conditions for _, conditions in sides])
    turn.memory.show("answer", "comparison")
    names = [name for name, _ in sides]
    moment = wording.moment(turn.now, turn.language, turn.speaker.zone)
    lines = [turn.say("segments.compared", moment=moment), _most(turn, names, found)]
    if len(sides) == 2 and not any(one.operator == "is_not" for _, conditions in sides for one in conditions.all):
        both = Conditions(all=tuple(one for _, conditions in sides for one in conditions.all))
        lines.append(turn.say("segments.in_both", count=turn.store.segments.count(both)))
    columns = tuple(turn.say(f"segments.columns.{name}") for name in ("segment", "size", *FIGURES))
    rows = tuple(
        (name, f"{side.size:,}", *(_value(turn, figure, side) for figure in FIGURES))
        for name, side in zip(names, found, strict=True)
    )
    return Reply(
        text="\n".join(lines), table=Table(columns=columns, rows=rows, note=turn.say("segments.compared_note"))
    )


def _sides(turn: ManagerTurn) -> list[Labelled]:
    """What is held against what, with its name."""
    named = [(one.called(turn.language), is_in(one)) for one in mentioned(turn)]
    if not named:
        tiers = [one for one in said_conditions(turn).all if one.field in ("tier", "place")]
        named = [(in_words(turn, Conditions((one,))), Conditions((one,))) for one in tiers]
    if not named:
        everything = [(one.called(turn.language), is_in(one)) for one in turn.store.segments.all()]
        return everything[:MOST_SIDES]
    if len(named) == 1 or _OTHERS.search(turn.understanding.text.lower()):
        others = tuple(_reversed(one) for _, conditions in named for one in conditions.all)
        named.append((turn.say("segments.everybody_else"), Conditions(all=others)))
    return named[:MOST_SIDES]


def _reversed(one: Condition) -> Condition:
    return Condition(one.field, "is" if one.operator == "is_not" else "is_not", one.value)


def _most(turn: ManagerTurn, names: list[str], sides: list[Side]) -> str:
    difference: Difference | None = greatest_difference(sides)
    if difference is None:
        return turn.say("segments.alike")
    figure = difference.figure
    return turn.say(
        "segments.differ", figure=turn.say(f"segments.figures.{figure}"),
        high=names[difference.highest], high_value=_value(turn, figure, sides[difference.highest]),
        low=names[difference.lowest], low_value=_value(turn, figure, sides[difference.lowest]),
    )  # fmt: skip


def _value(turn: ManagerTurn, figure: Figure, side: Side) -> str:
    mean = side.figures[figure].mean
    if mean is None:
        return "–"
    if figure == "spend":
        return wording.money(round(mean), turn.services.settings.business.currency, turn.language)
    if figure == "mood":
        return words_of(turn).value("mood", mean)
    if figure == "complaints":
        return f"{100 * mean:.1f}"
    return f"{mean:.1f}" if figure == "orders" else f"{mean:.0f}"
