"""How a text feels: -1 … 1, and whether strongly. A trained classifier of three moods, then a few plain signs."""

import re
from dataclasses import dataclass
from typing import Literal

from nlu.classifier import Classifier
from nlu.cleaning import fold
from nlu.encoder import Vector

MoodName = Literal["positive", "neutral", "negative"]
NEUTRAL_BELOW = 0.25
"""Sentiments nearer to zero than this are neutral."""

NEUTRAL_AT_WORK = 4.0
"""How much likelier a neutral text is from staff than the training lines have it: most of theirs are requests."""

_GLAD = frozenset("😀😃😄😁😆😊🙂😍🥰😘🤩😇👍👏🎉💖❤💕💯🙏✨🥳😋💪🌹🌟👌")
_SAD = frozenset("😡😠🤬😤😞😢😭💔👎😩😫😒🙄😖😣😱🤮💩😔😟🙁☹😑😓")
_FURIOUS = frozenset("😡🤬😠🤮💩👎")

_ANGER = re.compile(
    r"\b(?:unacceptable|ridiculous|disgusting|disgraceful|outrageous|pathetic|appalling|scam(?:mers?)?|fraud|liars?"
    r"|thie(?:f|ves)|furious|fed up|sick of|worst|useless|terrible|awful|horrible|shame on|wtf|bullshit|joke of a"
    r"|rip[ -]?off|never (?:again|buying|ordering|shopping)|had enough|losing (?:my )?patience|fuming|livid)\b"
    r"|垃圾|骗子|骗人|欺骗|太过分|过分了|气死|愤怒|恶心|无耻|坑人|坑爹|黑心|奇葩|差劲|太差|最差|受不了|忍无可忍|离谱"
    r"|忽悠|不要脸|岂有此理|没完没了|火大|再也不(?:会|买|来)|什么破|破(?:玩意|东西|店)|投诉你们|傻[逼x]|tmd|我要投诉"
)
_THREAT = re.compile(
    r"\b(?:i(?:'ll| will| am going to|'m going to|'m gonna)|gonna|going to|about to)\b.{0,30}?\b(?:sue|lawyer"
    r"|chargeback"
    r"|expose|tell everyone|(?:post|tweet|share|write)\b.{0,30}\b(?:about (?:this|you)|online|twitter|weibo"
    r"|facebook|reddit"
    r"|tiktok|trustpilot|google|reviews?)|report (?:you|this)|leave .{0,20}(?:bad|negative|1|one)[ -](?:star|review))"
    r"|\b(?:one|1)[ -]star review\b|\bsmall claims\b|\btrading standards\b|\bmy (?:lawyer|solicitor)\b|\blegal action\b"
    r"|曝光|要发(?:微博|小红书|抖音|朋友圈)|(?:发|挂)到?网上|12315|消协|消费者协会|工商局|找律师|起诉|告你们"
    r"|法院|举报|打差评|给差评"
)
_REPEATED = re.compile(
    r"\b(?:third|3rd|fourth|4th|fifth|5th|tenth|second|2nd|hundredth|umpteenth|nth) (?:time|email|message|attempt)\b"
    r".{0,20}\b(?:ask|contact|call|writ|email|tell|said|say|complain|report|chas|follow|no (?:reply|answer))"
    r"|\b(?:asked|contacted|called|written|wrote|emailed|told|said|complained|reported|explained|messaged)\b.{0,25}"
    r"\b(?:twice|(?:three|four|five|six|ten|3|4|5|6|10|several|many|multiple|countless|so many) times"
    r"|again and again)\b"
    r"|\bhow many (?:more )?times (?:do|must|have)\b|\bnobody (?:answers|replies|responds)\b"
    r"|\bstill no (?:reply|answer|response)"
    r"|第[二三四五六七八九十几n\d]+[次遍回](?:问|说|催|找|联系|反映|投诉|来问|提|发|打)"
    r"|[问说催讲投诉反映联系打]了?[三四五六七八九十好几多无数\d]+[次遍回]"
    r"|问第[二三四五六七八九十几\d]+[次遍回]|说了多少[次遍]|到现在还没人|没人(?:理|管|回)|一直没人"
)
_SARCASM = re.compile(
    r"呵呵|真(?:是)?(?:行|可以|棒|厉害)啊|可真(?:快|行|棒|厉害)|谢谢你们了?啊|佩服佩服|\bslow clap\b|\bgee thanks\b"
    r"|\b(?:great|brilliant|wonderful|nice|good) job\b.{0,30}\b(?:again|late|wrong|broken|nothing)\b|\byeah right\b"
    r"|\bthanks for nothing\b|\bwow,? (?:really|so) (?:fast|helpful|professional)\b"
)
_BANG = re.compile(r"[!！]{2,}|[?？!！]{3,}")


@dataclass(frozen=True)
class Mood:
    """A sentiment from -1 to 1 and whether the feeling is strong."""

    sentiment: float
    strong: bool

    @property
    def name(self) -> MoodName:
        """The mood in one word."""
        return mood_name(self.sentiment)


def mood_name(sentiment: float) -> MoodName:
    """Return the mood that a sentiment stands for."""
    if abs(sentiment) < NEUTRAL_BELOW:
        return "neutral"
    return "positive" if sentiment > 0 else "negative"


class Sentiment:
    """Feels a text; needs its sentence vector, so that it is computed once for intent and mood."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def feel(self, text: str, vector: Vector, *, at_work: bool = False) -> Mood:
        """Return the mood of a cleaned text; who is at work asks more often than feels."""
        moods = dict(self._classifier.classify(text, vector).ranking)
        neutral = moods.get("neutral", 0.0) * (NEUTRAL_AT_WORK if at_work else 1)
        return felt(text, moods.get("positive", 0.0), neutral, moods.get("negative", 0.0))


def felt(text: str, positive: float, neutral: float, negative: float) -> Mood:
    """Return the mood of a cleaned text from how likely the three moods are, and from plain signs in it."""
    whole = (positive + neutral + negative) or 1.0
    sentiment = balance(positive / whole, neutral / whole, negative / whole)
    plain = fold(text[:1_000])
    sentiment = _with_pictures(plain, sentiment)
    return _with_signs(plain, text, sentiment)


def balance(positive: float, neutral: float, negative: float) -> float:
    """Turn three probabilities into -1 … 1 so that the likeliest mood is also the one that the number stands for.

    >>> balance(0.1, 0.6, 0.3) > -NEUTRAL_BELOW, balance(0.1, 0.4, 0.5) < -NEUTRAL_BELOW
    (True, True)
    """
    difference = positive - negative
    if neutral >= max(positive, negative):
        lean = max(-1.0, min(1.0, difference / max(1e-3, 1 - neutral)))
        return float(lean * NEUTRAL_BELOW * 0.98)
    size = NEUTRAL_BELOW + (1 - NEUTRAL_BELOW) * min(1.0, abs(difference))
    return float(size if difference > 0 else -size)


def _with_pictures(plain: str, sentiment: float) -> float:
    """Emoji outweigh the words where there are hardly any, and lean on them elsewhere."""
    glad = sum(character in _GLAD for character in plain)
    sad = sum(character in _SAD for character in plain)
    if glad == sad:
        return sentiment
    words = sum(character.isalnum() for character in plain)
    picture = 0.8 if glad > sad else -0.8
    weight = 1.0 if words < 3 else 0.35
    if weight < 1 and picture > 0 and sentiment < -NEUTRAL_BELOW:
        return sentiment  # "broken again 👍" is not a happy message
    return max(-1.0, min(1.0, sentiment * (1 - weight) + picture * weight))


def _with_signs(plain: str, text: str, sentiment: float) -> Mood:
    """Anger, threats and repetition make a text negative and strong; sarcasm turns praise round."""
    angry, threat = bool(_ANGER.search(plain)), bool(_THREAT.search(plain))
    repeated, sarcastic = bool(_REPEATED.search(plain)), bool(_SARCASM.search(plain))
    furious = any(character in _FURIOUS for character in plain)
    loud = bool(_BANG.search(plain)) or _shouted(text)
    if sarcastic and sentiment > -0.5:
        sentiment = -0.5
    if (angry or threat) and sentiment < 0.5:
        sentiment = min(sentiment, -0.6)
    if repeated and sentiment < NEUTRAL_BELOW:
        sentiment = min(sentiment, -0.4)
    negative = sentiment <= -NEUTRAL_BELOW
    strong = negative and (threat or angry or furious or repeated or loud)
    if strong:
        sentiment = max(-1.0, sentiment - 0.15)
    return Mood(round(sentiment, 3), strong)


def _shouted(text: str) -> bool:
    letters = [character for character in text if character.isascii() and character.isalpha()]
    return len(letters) >= 12 and sum(map(str.isupper, letters)) > 0.8 * len(letters)
