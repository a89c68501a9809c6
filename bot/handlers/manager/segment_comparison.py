"""Segments side by side: size, spend, orders, recency, mood, complaints; and in what they differ most."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from bot import wording
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.pictures import Picture, illustrated, preparation, shown
from bot.handlers.manager.segment_reading import (
    half_known,
    in_words,
    mentioned,
    places_of,
    said_conditions,
    shortened,
    unknown,
)
from bot.messages import Reply, Table
from bot.sheets import Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.segments.figures import FIGURES, Difference, Figure, Side, greatest_difference
from crm_core.query.conditions import Condition, Conditions, Operator
from crm_core.staff.segments import SIDES_RIGHT, is_in

MOST_SIDES = 20
_OTHERS = re.compile(
    r"every(?:one|body)(?: else)?|(?<![a-z])(?:others?|the rest|everyone|the base|non[- ])"
    r"|其他|其余|所有人|全体|大盘|别人|非会员"
)
_BETWEEN = re.compile(
    r"(?<![a-z])(?:and|or|with|to|vs|versus|against|than|from)(?![a-z])|[,、，;]|和|与|跟|同|对|比|或|及"
)
"""Stands between two things that are held against each other, or side by side."""
Labelled = tuple[str, Conditions]


def segment_compare(turn: ManagerTurn) -> Reply:
    """Compare the segments that are named, else all of them; one alone is held against everybody else."""
    sides = _sides(turn)
    if len(sides) < 2:
        return turn.reply("segments.nothing_to_compare")
    made = shown(turn, _PICTURE, tuple(sides))
    found = made.found
    turn.memory.show("answer", "comparison")
    turn.memory.show("comparison", [[name, conditions.dump()] for name, conditions in sides])
    names = [name for name, _ in sides]
    moment = wording.moment(turn.now, turn.language, turn.speaker.zone)
    lines = [turn.say("segments.compared", moment=moment), _most(turn, names, found)]
    missing = _missing(turn, names)
    if missing:
        lines.insert(0, turn.say("segments.unknown", words=turn.say("agent.query.quoted").join(missing)))
    shared = _shared([conditions for _, conditions in sides])
    if shared.all:
        lines.insert(1, turn.say("segments.within", conditions=in_words(turn, shared)))
    held = len(sides) == 2 and all(conditions.all for _, conditions in sides)
    if held and not any(one.operator == "is_not" for _, conditions in sides for one in conditions.all):
        both = Conditions(all=tuple(one for _, conditions in sides for one in conditions.all))
        lines.append(turn.say("segments.in_both", count=turn.store.segments.count(both)))
    columns = tuple(turn.say(f"segments.columns.{name}") for name in ("segment", "size", *FIGURES))
    rows = tuple(
        (name, f"{side.size:,}", *(_value(turn, figure, side) for figure in FIGURES))
        for name, side in zip(names, found, strict=True)
    )
    table = Table(columns=columns, rows=rows, note=turn.say("segments.compared_note"))
    return illustrated(turn, Reply(text="\n".join(lines), table=table), made, [turn.say("segments.picture")])


def comparison_sheet(turn: ManagerTurn) -> Sheet:
    """The comparison shown last, counted anew, as numbers."""
    sides = [(str(name), Conditions.load(kept)) for name, kept in turn.memory.shown("comparison") or []]
    found = turn.store.segments.sides([conditions for _, conditions in sides])
    columns = tuple(turn.say(f"segments.columns.{name}") for name in ("segment", "size", *FIGURES))
    rows = [
        (name, side.size, *(_number(figure, side) for figure in FIGURES))
        for (name, _), side in zip(sides, found, strict=True)
    ]
    about = [
        turn.say("segments.compared", moment=wording.moment(turn.now, turn.language, turn.speaker.zone)),
        turn.say("segments.compared_note"),
    ]
    return Sheet(turn.say("segments.comparison_file"), columns, rows, about)


def _compared(turn: ManagerTurn) -> tuple[Labelled, ...] | None:
    sides = _sides(turn)
    return tuple(sides) if len(sides) > 1 else None


def _found(turn: ManagerTurn, sides: tuple[Labelled, ...]) -> list[Side]:
    return turn.store.segments.sides([conditions for _, conditions in sides])


def _drawn(turn: ManagerTurn, sides: tuple[Labelled, ...], found: list[Side]) -> list[ChartSpec]:
    """How many there are on each side."""
    chart = ChartSpec(
        kind="bars",
        title=turn.say("segments.picture"),
        subtitle=wording.moment(turn.now, turn.language, turn.speaker.zone),
        labels=[shortened(name) for name, _ in sides],
        values=[side.size for side in found],
    )
    return [chart]


def _sides(turn: ManagerTurn) -> list[Labelled]:
    """What is held against what, with its name: the things of one kind that are named, within all else that is said."""
    named = mentioned(turn)
    said = [one for segment in named for one in is_in(segment).all]
    said += [part for one in said_conditions(turn, half_known(turn)).all for part in _apart(one)]
    if not said:
        everything = [(one.called(turn.language), is_in(one)) for one in turn.store.segments.all()]
        return everything[:MOST_SIDES]
    if len(said) > 1 and _OTHERS.search(turn.understanding.text.lower()) and _together(turn):
        all_of_it = Conditions(all=tuple(said))
        return [(in_words(turn, all_of_it), all_of_it), (turn.say("segments.everybody"), Conditions())]
    called = {one.name: one.called(turn.language) for one in named}
    varied = next((one.field for one in said if sum(one.field == other.field for other in said) > 1), None)
    if varied is None and len(said) > 2:
        varied = said[0].field
    common = tuple(one for one in said if varied and one.field != varied)
    sides = [one for one in said if one not in common]
    told = [
        (called.get(str(one.value)) or in_words(turn, Conditions((one,))), Conditions(all=(one, *common)))
        for one in sides
    ]
    if len(sides) == 1 or _OTHERS.search(turn.understanding.text.lower()):
        told.append(_rest(turn, sides, common))
    return told[:MOST_SIDES]


def _together(turn: ManagerTurn) -> bool:
    """Whether what is named is said of the same customers ("loyal customers in Shanghai"), nothing held against it."""
    text = turn.understanding.text.lower()
    places = sorted(places_of(turn))
    return len(places) > 1 and not any(_BETWEEN.search(text[end:start]) for (_, end), (start, _) in pairwise(places))


def _shared(sides: Sequence[Conditions]) -> Conditions:
    """What all sides are narrowed to."""
    first, *others = sides
    return Conditions(tuple(one for one in first.all if all(one in other.all for other in others)))


def _missing(turn: ManagerTurn, names: list[str]) -> tuple[str, ...]:
    """What was to be a side and is not known: everybody else had to stand in for it, though nobody asked for them."""
    unmade = tuple(turn.understanding.text[start:end] for start, end in half_known(turn))
    if unmade:
        return unmade
    stand_in = names[-1] in (turn.say("segments.everybody"), turn.say("segments.everybody_else"))
    if not stand_in or _OTHERS.search(turn.understanding.text.lower()):
        return ()
    return unknown(said_conditions(turn))


def _rest(turn: ManagerTurn, sides: list[Condition], common: tuple[Condition, ...]) -> Labelled:
    """Everybody else; where a condition has no opposite, everybody."""
    opposites = [_reversed(one) for one in sides]
    if None in opposites:
        return turn.say("segments.everybody"), Conditions(all=common)
    return turn.say("segments.everybody_else"), Conditions(all=(*(one for one in opposites if one), *common))


def _apart(one: Condition) -> tuple[Condition, ...]:
    """ "Tea or coffee" holds two things against each other."""
    if not isinstance(one.value, tuple) or one.operator != "is":
        return (one,)
    return tuple(replace(one, value=(value,)) for value in one.value)


def _reversed(one: Condition) -> Condition | None:
    opposite: dict[Operator, Operator] = {
        "is": "is_not", "is_not": "is", "over": "at_most", "at_most": "over", "under": "at_least", "at_least": "under"
    }  # fmt: skip
    if one.field in ("mood", "missing", "last_order", "first_seen"):
        return None
    return replace(one, operator=opposite[one.operator])


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


def _number(figure: Figure, side: Side) -> float | None:
    """A mean to calculate with: whole money, mood from -1 to 1, complaints of a hundred."""
    mean = side.figures[figure].mean
    by = {"spend": 0.01, "mood": 0.001, "complaints": 100}
    return None if mean is None else round(mean * by.get(figure, 1), 2)


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


_PICTURE: Picture[tuple[Labelled, ...], list[Side]] = Picture(_compared, _found, _drawn, SIDES_RIGHT)
prepare_comparison = preparation(_PICTURE)
