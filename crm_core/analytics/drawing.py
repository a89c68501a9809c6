"""How charts look: to be read on a phone, with values written where they are. Only the child process imports this."""

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import matplotlib.colors
import matplotlib.patches
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from crm_core.analytics.charts import ChartSpec

INK, QUIET, FAINT, PAPER = "#23302e", "#6b7a77", "#e4e9e7", "#ffffff"
BAR, BAR_MARKED = "#9cc3bb", "#2b7a6c"
COLOURS = ("#2b7a6c", "#c8553d", "#4a6fa5", "#b08a2e", "#7d5ba6", "#6b7a77")
"""Of lines, in their order."""
GOOD, BAD = "#3f9c6b", "#c8553d"
WIDTH, DOTS = 6.4, 250
"""Inches and dots per inch: 1,600 dots wide, letters of 11 points and more stay readable on a phone."""
MANY_DAYS = 16
OVER_LINES: dict[str, Any] = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6}
FAMILIES = ("Noto Sans SC", "DejaVu Sans")


def draw(chart: "ChartSpec") -> bytes:
    """One chart as PNG."""
    _use_font()
    figure = _FIGURES[chart.kind](chart)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DOTS, facecolor=PAPER)
    return picture.getvalue()


def _use_font() -> None:
    if FAMILIES[0] not in {entry.name for entry in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(str(pylopdf_fonts_zh_cn.sans_path()))
    mpl.rcParams.update(
        {
            "font.family": list(FAMILIES),
            "font.size": 12,
            "axes.unicode_minus": False,
            "text.color": INK,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
            "axes.edgecolor": FAINT,
        }
    )


def _head(figure: Figure, chart: "ChartSpec", height: float) -> float:
    """Title and subtitle at the top left; returns where the drawing may begin, as a share of the height."""
    figure.text(0.035, 1 - 0.16 / height, chart.title, fontsize=16, va="top")
    if not chart.subtitle:
        return 1 - 0.62 / height
    lines = textwrap.wrap(chart.subtitle, round(74 * len(chart.subtitle) / max(1.0, _width(chart.subtitle))))
    figure.text(0.035, 1 - 0.5 / height, "\n".join(lines), fontsize=11.5, va="top", color=QUIET, linespacing=1.35)
    return 1 - (0.62 + 0.22 * len(lines)) / height


def _bare(axes: Any) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)


# --- columns over days, with a line below ----------------------------------------------------------------------------
def _days(chart: "ChartSpec") -> Figure:
    height = 5.3 if chart.line else 3.8
    figure = Figure(figsize=(WIDTH, height))
    top = _head(figure, chart, height)
    low = 0.385 if chart.line else 0.11
    volume = figure.add_axes((0.035, low, 0.93, top - low))
    _columns(volume, chart)
    if chart.line:
        mood = figure.add_axes((0.035, 0.03, 0.93, 0.22))
        _line(mood, chart)
    return figure


def _columns(axes: Any, chart: "ChartSpec") -> None:
    places = range(len(chart.labels))
    values = [value or 0 for value in chart.values]
    colours = [BAR_MARKED if place == chart.marked else BAR for place in places]
    axes.bar(places, values, width=0.72, color=colours)
    _bare(axes)
    axes.set_yticks([])
    axes.set_xlim(-0.6, len(values) - 0.4)
    axes.set_ylim(0, max([*values, 1]) * 1.14)
    _day_labels(axes, chart)
    for place in _told(values, chart.marked):
        marked = place == chart.marked
        axes.annotate(
            _number(values[place]),
            (place, values[place]),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=12.5 if marked else 11,
            color=INK if marked else QUIET,
        )


def _day_labels(axes: Any, chart: "ChartSpec") -> None:
    """Every label where there is room, else every other one, counted from the newest."""
    count = len(chart.labels)
    step = max(1, -(-count // 7))
    shown = [place for place in range(count) if (count - 1 - place) % step == 0]
    axes.set_xticks(shown, [chart.labels[place] for place in shown], fontsize=11)
    for label, place in zip(axes.get_xticklabels(), shown, strict=True):
        if place == chart.marked:
            label.set_color(INK)


def _told(values: Sequence[float], marked: int | None) -> list[int]:
    """The columns that carry their value: all of a few, else the highest, the marked one and the last."""
    if len(values) <= MANY_DAYS:
        return [place for place, value in enumerate(values) if value]
    highest = max(range(len(values)), key=lambda place: values[place])
    return sorted({highest, len(values) - 1, *([] if marked is None else [marked])})


def _line(axes: Any, chart: "ChartSpec") -> None:
    places = list(range(len(chart.line)))
    values = [float("nan") if value is None else value for value in chart.line]
    axes.axhline(0, color=QUIET, linewidth=0.8, zorder=1)
    axes.fill_between(places, values, 0, where=[v > 0 for v in values], color=GOOD, alpha=0.16, interpolate=True, lw=0)
    axes.fill_between(places, values, 0, where=[v < 0 for v in values], color=BAD, alpha=0.16, interpolate=True, lw=0)
    axes.plot(places, values, color=QUIET, linewidth=1.4, zorder=2)
    known = [place for place in places if values[place] == values[place]]
    colours = [GOOD if values[place] >= 0 else BAD for place in known]
    axes.scatter(known, [values[place] for place in known], s=26, c=colours, zorder=3, linewidths=0)
    reach = max([0.3, *(abs(values[place]) for place in known)]) * 1.6
    axes.set_ylim(-reach, reach)
    axes.set_xlim(-0.6, len(values) - 0.4)
    _bare(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0, 1.1, chart.line_title, transform=axes.transAxes, fontsize=12, va="bottom")
    for place in _extremes(known, values):
        _tell_point(axes, place, values[place])
    low, high = chart.ends
    axes.text(
        1, 1.06, f"{high} ↑   ↓ {low}" if low else "", transform=axes.transAxes, fontsize=11, ha="right", color=QUIET
    )


def _extremes(known: Sequence[int], values: Sequence[float]) -> set[int]:
    """The lowest, the highest and the last known point."""
    if not known:
        return set()
    return {min(known, key=lambda p: values[p]), max(known, key=lambda p: values[p]), known[-1]}


def _tell_point(axes: Any, place: int, value: float) -> None:
    up = value >= 0
    axes.annotate(
        f"{value:+.2f}".replace("-", "−"),
        (place, value),
        xytext=(0, 6 if up else -6),
        textcoords="offset points",
        ha="center",
        va="bottom" if up else "top",
        fontsize=11,
        color=GOOD if up else BAD,
    )


# --- horizontal bars ------------------------------------------------------------------------------------------------
def _bars(chart: "ChartSpec") -> Figure:
    values = [value or 0 for value in chart.values]
    places, headings = _places(chart)
    height = 1.15 + 0.4 * max(1, len(values) + len(headings))
    figure = Figure(figsize=(WIDTH, height))
    top = _head(figure, chart, height)
    longest = max([_width(label) for label in chart.labels] or [0])
    left = min(0.46, 0.06 + 0.0152 * longest)
    low = 0.14 / height
    axes = figure.add_axes((left, low, 0.965 - left, top - low))
    colours = [BAR_MARKED if place == chart.marked else BAR for place in range(len(values))]
    axes.barh(places, values, height=0.66, color=colours)
    axes.set_ylim(len(values) + len(headings) - 0.5, -0.5)
    _bare(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks(places, list(chart.labels), fontsize=12.5, color=INK)
    axes.set_xlim(0, max([*values, 1]) * 1.34)
    for place, heading in headings:
        figure.text(0.035, _height_of(axes, place + 0.1), heading, fontsize=11.5, va="center", color=QUIET)
    for position, (place, value) in enumerate(zip(places, values, strict=True)):
        _tell_bar(axes, place, value, chart.notes[position] if position < len(chart.notes) else "")
    return figure


def _places(chart: "ChartSpec") -> tuple[list[int], list[tuple[int, str]]]:
    """Where each bar stands, counted from the top, and where the headings between them do."""
    places: list[int] = []
    headings: list[tuple[int, str]] = []
    for position in range(len(chart.values)):
        heading = chart.groups[position] if chart.groups else ""
        if heading and heading != (headings[-1][1] if headings else ""):
            headings.append((position + len(headings), heading))
        places.append(position + len(headings))
    return places, headings


def _height_of(axes: Any, place: float) -> float:
    """Where a place on the upright axis is, as a share of the figure's height."""
    return float(axes.figure.transFigure.inverted().transform(axes.transData.transform((0, place)))[1])


def _tell_bar(axes: Any, place: int, value: float, note: str) -> None:
    beside = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 12.5}
    axes.annotate(_number(value), (value, place), **beside)
    if note:
        across = axes.get_yaxis_transform()
        axes.text(1, place, note, transform=across, va="center", ha="right", fontsize=11.5, color=QUIET)


# --- columns that touch ---------------------------------------------------------------------------------------------
def _histogram(chart: "ChartSpec") -> Figure:
    height = 4.1
    figure = Figure(figsize=(WIDTH, height))
    top = _head(figure, chart, height)
    axes = figure.add_axes((0.05, 0.115, 0.9, top - 0.115))
    values = [value or 0 for value in chart.values]
    colours = [BAR_MARKED if place == chart.marked else BAR for place in range(len(values))]
    axes.bar(range(len(values)), values, width=0.94, align="edge", color=colours)
    _bare(axes)
    axes.set_yticks([])
    axes.set_xticks(range(len(chart.labels)), list(chart.labels), fontsize=11)
    axes.set_xlim(-0.1, max(len(values), 1) + 0.1)
    highest = max([*values, 1])
    axes.set_ylim(0, highest * 1.3)
    for place, value in enumerate(values):
        axes.annotate(
            _number(value),
            (place + 0.47, value),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=11,
            color=QUIET,
            bbox=OVER_LINES,
            zorder=3,
        )
    for at in (one for one in chart.line if one is not None):
        axes.plot((at, at), (0, highest * 1.16), color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
        side: Literal["left", "right"] = "left" if at < len(values) / 2 else "right"
        axes.text(at, highest * 1.18, chart.line_title, fontsize=12, ha=side, va="bottom")
    return figure


# --- a map of shares ------------------------------------------------------------------------------------------------
def _heat(chart: "ChartSpec") -> Figure:
    rows, columns = max(1, len(chart.cells)), max(1, len(chart.columns))
    height = 1.75 + 0.37 * rows
    figure = Figure(figsize=(WIDTH, height))
    top = _head(figure, chart, height) - 0.44 / height
    axes = figure.add_axes((0.25, 0.1 / height, 0.72, top - 0.1 / height))
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    _bare(axes)
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.tick_top()
    axes.set_xticks([place + 0.5 for place in range(len(chart.columns))], list(chart.columns), fontsize=11)
    axes.set_yticks([])
    axes.text(0, 1 + 0.3 / (height * (top - 0.1 / height)), chart.line_title, transform=axes.transAxes, fontsize=11.5)
    most = max([cell for row in chart.cells for cell in row if cell is not None], default=0) or 1
    for row, cells in enumerate(chart.cells):
        y = _height_of(axes, row + 0.5)
        weight = INK if row == chart.marked else QUIET
        figure.text(0.035, y, chart.labels[row], fontsize=11.5, va="center", color=weight)
        figure.text(0.24, y, chart.notes[row] if chart.notes else "", fontsize=11, va="center", ha="right", color=QUIET)
        for column, cell in enumerate(cells):
            if cell is not None:
                _cell(axes, column, row, cell, cell / most)
    return figure


def _cell(axes: Any, column: int, row: int, share: float, strength: float) -> None:
    colour = mpl.colors.to_rgb(BAR_MARKED)
    faded = tuple(1 - (1 - part) * (0.06 + 0.94 * strength) for part in colour)
    axes.add_patch(mpl.patches.Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, facecolor=faded, linewidth=0))
    ink = PAPER if strength > 0.62 else INK
    axes.text(column + 0.5, row + 0.5, f"{100 * share:.0f}", ha="center", va="center", fontsize=11, color=ink)


# --- bars to both sides ---------------------------------------------------------------------------------------------
def _gaps(chart: "ChartSpec") -> Figure:
    count = max(1, len(chart.values))
    height = 1.25 + 0.42 * count
    figure = Figure(figsize=(WIDTH, height))
    top = _head(figure, chart, height)
    longest = max([_width(label) for label in chart.labels] or [0])
    left = min(0.4, 0.055 + 0.0145 * longest)
    axes = figure.add_axes((left, 0.14 / height, 0.965 - left, top - 0.14 / height))
    values = [value or 0 for value in chart.values]
    places = range(len(values))
    good, bad = (GOOD, BAD) if chart.judged else (BAR_MARKED, BAR)
    axes.barh(places, values, height=0.62, color=[good if value >= 0 else bad for value in values], alpha=0.75)
    for place, (low, high) in enumerate(zip(chart.low, chart.high, strict=True)):
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=INK, linewidth=1.6, solid_capstyle="butt")
    axes.axvline(0, color=QUIET, linewidth=0.9)
    axes.invert_yaxis()
    _bare(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks(list(places), list(chart.labels), fontsize=12, color=INK)
    ends = [*values, *(each for each in (*chart.low, *chart.high) if each is not None), 0]
    span = (max(ends) - min(ends)) or 1
    axes.set_xlim(min(ends) - 0.26 * span * (min(ends) < 0), max(ends) + 0.26 * span * (max(ends) > 0))
    for place, value in enumerate(values):
        _note_gap(axes, chart, place, value)
    return figure


def _note_gap(axes: Any, chart: "ChartSpec", place: int, value: float) -> None:
    """What a bar comes to, written past its end, or past the end of its interval."""
    told = chart.notes[place] if place < len(chart.notes) else _number(value)
    reach = [each[place] for each in (chart.low, chart.high) if place < len(each)]
    interval = [end for end in reach if end is not None]
    end = (max if value >= 0 else min)([value, *interval])
    axes.annotate(
        told, (end, place), xytext=(5 if value >= 0 else -5, 0), textcoords="offset points", va="center",
        ha="left" if value >= 0 else "right", fontsize=11.5, color=INK,
    )  # fmt: skip


# --- lines over time ------------------------------------------------------------------------------------------------
def _lines(chart: "ChartSpec") -> Figure:
    height = 4.2
    figure = Figure(figsize=(WIDTH, height))
    top = _head(figure, chart, height)
    named = len(chart.lines) > 1
    axes = figure.add_axes((0.1, 0.1, 0.86 - (0.2 if named else 0), top - 0.12))
    count = len(chart.labels)
    places = list(range(count))
    _band(axes, chart, places)
    ends = []
    for number, line in enumerate(chart.lines):
        values = [float("nan") if value is None else value for value in line]
        colour = COLOURS[number % len(COLOURS)]
        past = count - chart.ahead
        axes.plot(places[:past], values[:past], color=colour, linewidth=2.2 if number == 0 else 1.6)
        if chart.ahead:
            start = max(0, past - 1)
            axes.plot(places[start:], values[start:], color=colour, linewidth=2.2, linestyle=(0, (3, 1.5)))
        known = [place for place in places if values[place] == values[place]]
        if named and known:
            ends.append((values[known[-1]], chart.names[number], colour))
    _tell_ends(axes, ends)
    _bare(axes)
    axes.tick_params(axis="y", labelsize=10.5)
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlim(-0.4, count - 0.6)
    lowest, highest = axes.get_ylim()
    axes.set_ylim(0 if lowest >= -0.06 * highest else lowest, highest)
    step = max(1, -(-count // (5 if named else 6)))
    shown = [place for place in places if (count - 1 - place) % step == 0]
    axes.set_xticks(shown, [chart.labels[place] for place in shown], fontsize=11)
    axes.yaxis.set_major_formatter(lambda value, place: chart_number(value))
    return figure


def _band(axes: Any, chart: "ChartSpec", places: Sequence[int]) -> None:
    if not chart.low:
        return
    low, high = ([float("nan") if value is None else value for value in each] for each in (chart.low, chart.high))
    axes.fill_between(places, low, high, color=BAR, alpha=0.45, lw=0)
    if chart.ahead:
        axes.axvline(len(places) - chart.ahead - 0.5, color=QUIET, linewidth=0.8)


def _tell_ends(axes: Any, ends: Sequence[tuple[float, str, str]]) -> None:
    """The names of the lines at their ends, moved apart where they would overlap."""
    if not ends:
        return
    lowest, highest = axes.get_ylim()
    apart = (highest - lowest) * 0.075
    below = float("-inf")
    for value, name, colour in sorted(ends):
        at = max(value, below + apart)
        below = at
        axes.annotate(
            textwrap.shorten(name, 18, placeholder="…"), (1.015, at), xycoords=("axes fraction", "data"), va="center",
            fontsize=11.5, color=colour, annotation_clip=False,
        )  # fmt: skip


def chart_number(value: float) -> str:
    """A number on an axis."""
    if abs(value) >= 10_000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value == round(value) else f"{value:.1f}".replace("-", "−")


_FIGURES = {
    "days": _days, "bars": _bars, "histogram": _histogram, "heat": _heat, "gaps": _gaps, "lines": _lines
}  # fmt: skip


def _width(text: str) -> float:
    """Roughly how wide a text is, in Latin letters."""
    return sum(1.75 if ord(letter) > 0x2E80 else 1 for letter in text)


def _number(value: float) -> str:
    return f"{value:,.0f}"
