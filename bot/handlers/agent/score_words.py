"""Scores in words: the figure, its band and where that begins, how sure it is, when it was computed and from what."""

from collections.abc import Iterable, Mapping

from bot import wording
from bot.facts import FactWords, signed
from bot.handlers.agent.asking import StaffTurn
from crm_core.scores import MoodView, ScoreView

SHOWN = ("churn", "value")
"""Stored scores in the order in which they are told."""


def facts_of(turn: StaffTurn) -> FactWords:
    """Facts in the language of the turn, amounts in the shop's currency."""
    return FactWords(turn.services.phrases, turn.language, turn.services.settings.business.currency)


def kind_name(turn: StaffTurn, kind: str) -> str:
    """What a kind of score is called."""
    key = f"agent.scores.names.{kind}"
    return turn.say(key) if turn.services.phrases.has(key) else kind.replace("_", " ")


def band_word(turn: StaffTurn, score: ScoreView) -> str:
    """The band of a score."""
    return turn.say(f"agent.scores.bands.{score.band}")


def score_line(turn: StaffTurn, score: ScoreView) -> str:
    """A stored score with its band, the limits of the bands, the horizon and the interval."""
    words = facts_of(turn)
    values: dict[str, object] = {"value": words.score(score.kind, score.value_milli), "band": band_word(turn, score)}
    days = turn.say("agent.scores.within", days=score.horizon_days) if score.horizon_days else ""
    values["days"] = days or turn.say("agent.scores.horizon")
    high, low = (words.score(score.kind, cut) for cut in (score.cuts.high, score.cuts.low))
    limits = {"high": high, "medium": low} if score.kind == "churn" else {"high": high, "low": low}
    line = turn.say(f"agent.scores.{score.kind}", **values, **limits)
    if score.low_milli is None or score.high_milli is None:
        return line
    between = (words.score(score.kind, bound) for bound in (score.low_milli, score.high_milli))
    return joined(turn, [line, turn.say("agent.scores.between", **dict(zip(("low", "high"), between, strict=True)))])


def mood_line(turn: StaffTurn, mood: MoodView) -> str:
    """The mood as it is now, and how many messages it is the mean of."""
    if mood.mean_milli is None:
        return turn.say("agent.scores.no_mood")
    return turn.say(
        "agent.scores.mood",
        mood=turn.say(f"moods.{wording.mood_key(mood.mean_milli)}"),
        value=signed(mood.mean_milli),
        count=mood.messages,
        good=signed(wording.GOOD),
        bad=signed(wording.BAD),
    )


def source_lines(turn: StaffTurn, scores: Iterable[ScoreView]) -> list[str]:
    """When scores were computed, from data until when, by which model; one line for those that have it in common."""
    language, zone = turn.language, turn.speaker.zone
    lines = [
        turn.say(
            "agent.scores.from",
            computed=wording.moment(score.computed_at, language, zone),
            model=model_name(turn, score.model),
            until=wording.day(score.data_until, language, "UTC"),
        )
        for score in scores
    ]
    return list(dict.fromkeys(lines))


def model_name(turn: StaffTurn, model: str) -> str:
    """A model as people call it."""
    key = f"agent.scores.models.{model}"
    if turn.services.phrases.has(key):
        return turn.say(key)
    return model.replace("_", " ") or turn.say("agent.scores.unnamed_model")


def told(turn: StaffTurn, scores: Mapping[str, ScoreView]) -> list[ScoreView]:
    """The scores that are told, in their order."""
    return [scores[kind] for kind in SHOWN if kind in scores]


def joined(turn: StaffTurn, sentences: Iterable[str]) -> str:
    """Sentences one after the other, as the language writes them."""
    return ("" if turn.language == "zh" else " ").join(part for part in sentences if part)
