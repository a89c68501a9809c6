"""Suggestions in words: whom to do what for, why, until when, what it is worth, how this customer is served."""

from collections.abc import Sequence

from bot import wording
from bot.facts import FactWords
from bot.messages import Card, Choice
from bot.phrases import Phrases
from bot.query_words import worded
from crm_core.suggestions.outcomes import KindReport
from crm_core.suggestions.reading import SuggestionView


class SuggestionWords:
    """Says suggestions in one language; `zone` is the reader's."""

    def __init__(self, phrases: Phrases, language: str, currency: str, zone: str) -> None:
        self._phrases, self._currency, self._zone = phrases, currency, zone
        self._facts = FactWords(phrases, language, currency)
        self.language = language

    def say(self, key: str, /, **values: object) -> str:
        """A phrase below `suggestions`."""
        return self._phrases(f"suggestions.{key}", self.language, **values)

    def kind(self, kind: str) -> str:
        """What a kind of action is called."""
        return self.say(f"kinds.{kind}")

    def title(self, view: SuggestionView) -> str:
        """What to do for whom: Call Wang Fang #10482."""
        name = view.customer or self._phrases("cards.customer", self.language)
        return self.say(f"do.{view.kind}", who=f"{name} #{view.customer_number}")

    def because(self, view: SuggestionView) -> str:
        """The facts that speak for it."""
        return wording.listed((self._facts.fact(reason) for reason in view.reasons), self.language)

    def worth(self, view: SuggestionView) -> str:
        """What it is expected to bring, and of what that is made."""
        points = f"{view.gain_milli / 10:.1f}".removesuffix(".0")
        if view.expected_minor is None or view.value_minor is None:
            return self.say("worth_unknown", points=points)
        expected, value = (
            wording.whole_money(minor, self._currency, self.language)
            for minor in (view.expected_minor, view.value_minor)
        )
        return self.say("worth", expected=expected, value=value, points=points)

    def worth_line(self, view: SuggestionView) -> str:
        """The same with what it is called in front."""
        return self.say("worth_line", worth=self.worth(view))

    def how(self, view: SuggestionView) -> str:
        """Tone, channel and whoever is to answer, as the playbook and the customer's own wishes say."""
        playbook, segment = view.service.playbook, view.service.segment
        parts = [segment.said(self.language)] if segment else []
        parts += [playbook.tone.said(self.language)] if playbook.tone else []
        parts += [self.say("by_manager")] if playbook.answered_by == "manager" else []
        parts += (
            [self.say("on_channel", channel=worded("channels", view.channel, self._phrases, self.language))]
            if view.channel
            else []
        )
        return self.say("joined").join(parts)

    def until(self, view: SuggestionView) -> str:
        """The deadline."""
        return wording.moment(view.lapses_at, self.language, self._zone)

    def cards(self, views: Sequence[SuggestionView]) -> tuple[Card, ...]:
        """One card each, numbered, with its buttons."""
        return tuple(self._card(place, view) for place, view in enumerate(views, 1))

    def _card(self, place: int, view: SuggestionView) -> Card:
        told = {"why": self.because(view), "worth": self.worth(view), "until": self.until(view), "how": self.how(view)}
        facts = tuple((self.say(f"facts.{name}"), text) for name, text in told.items() if text)
        return Card(title=f"{place}. {self.title(view)}", facts=facts, choices=self.choices(view))

    def choices(self, view: SuggestionView) -> tuple[Choice, ...]:
        """Do it, not this one, fewer of the kind, what it rests on."""
        one = view.suggestion_id
        return (
            Choice(label=self.say("buttons.approve"), value=f"approve_suggestion:yes:{one}", style="primary"),
            Choice(label=self.say("buttons.skip"), value=f"approve_suggestion:no:{one}"),
            self.less_button(view.kind),
            Choice(label=self.say("buttons.why"), value=f"approve_suggestion:why:{one}"),
        )

    def less_button(self, kind: str) -> Choice:
        """Fewer of this kind for whoever presses it."""
        return Choice(label=self.say("buttons.less"), value=f"approve_suggestion:less:{kind}")

    # --- the report -------------------------------------------------------------------------------------------------
    def row(self, one: KindReport) -> tuple[str, ...]:
        """A line of the report, for columns `columns` of the phrases."""
        return (
            self.kind(one.kind), str(one.proposed), str(one.states.get("approved", 0) + one.states.get("done", 0)),
            str(one.states.get("skipped", 0)), str(one.states.get("lapsed", 0)), str(one.states.get("done", 0)),
            str(one.answered), str(one.bought), str(one.states.get("held", 0)), self._uplift(one),
        )  # fmt: skip

    def _uplift(self, one: KindReport) -> str:
        if one.uplift is None:
            return self.say("report.no_uplift" if one.fared.left.heads else "report.none_held")
        bounds = (
            f"{100 * bound:+.1f}".replace("-", "−") for bound in (one.uplift.value, one.uplift.low, one.uplift.high)
        )
        return self.say("report.uplift", **dict(zip(("value", "low", "high"), bounds, strict=True)))
