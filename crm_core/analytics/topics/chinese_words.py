"""Chinese words, found in the texts themselves: characters that hold together and stand beside many others.

No dictionary knows the names of this business's products; and the words that all shops share are in the lines the bot
is trained on, which are counted along. Costs some seconds for ten thousand texts.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

from config.settings import FOLDER

RUN = re.compile(r"[\u4e00-\u9fff]+")
LONGEST = 4
LEAST = 4
"""Times that a word is written, at least, in different texts."""
HOLDS = 2.5
"""How much oftener than by chance its parts stand together, as a logarithm."""
FREE = 0.6
"""How different the characters beside it are: the entropy on either side."""
NO_EDGE = frozenset(
    "的了吗呢吧啊呀嘛是在和与或我你您他她它们这那哪就都也还又很太更最不没有把被给跟让对从到向为以及之其个些么什怎谁几能"
    "会要想可请去来说看下上里中着过得地而但只才再已所啦哦嗯一二三两"
)
"""Characters that no word begins or ends with here: they belong to the sentence."""


class ChineseWords:
    """The words of some texts, and how a run of characters falls apart into them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        self._left: dict[str, Counter[str]] = defaultdict(Counter)
        self._right: dict[str, Counter[str]] = defaultdict(Counter)
        for run in _runs(dict.fromkeys(texts)):
            self._count(run)
        self._total = sum(count for gram, count in self._counts.items() if len(gram) == 1) or 1
        self.words = {gram for gram, count in self._counts.items() if len(gram) > 1 and self._is_word(gram, count)}
        del self._left, self._right

    def split(self, run: str) -> list[str]:
        """A run of characters as its likeliest words; what belongs to none stays a single character."""
        best, back = [0.0] + [-math.inf] * len(run), [0] * (len(run) + 1)
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - LONGEST), end):
                gram = run[start:end]
                if end - start > 1 and gram not in self.words:
                    continue
                score = best[start] + math.log((self._counts[gram] + 1) / self._total)
                if score > best[end]:
                    best[end], back[end] = score, start
        words, end = [], len(run)
        while end:
            words.append(run[back[end] : end])
            end = back[end]
        return words[::-1]

    def _count(self, run: str) -> None:
        for start in range(len(run)):
            for end in range(start + 1, min(start + LONGEST, len(run)) + 1):
                gram = run[start:end]
                self._counts[gram] += 1
                if end - start > 1 and gram[0] not in NO_EDGE and gram[-1] not in NO_EDGE:
                    self._left[gram][run[start - 1] if start else ""] += 1
                    self._right[gram][run[end] if end < len(run) else ""] += 1

    def _is_word(self, gram: str, count: int) -> bool:
        if count < LEAST or gram not in self._left:
            return False
        together = min(
            math.log(count * self._total / (self._counts[gram[:cut]] * self._counts[gram[cut:]]))
            for cut in range(1, len(gram))
        )
        return together >= HOLDS and min(_entropy(self._left[gram]), _entropy(self._right[gram])) >= FREE


@cache
def background() -> tuple[str, ...]:
    """Lines that people say to shops: what the bot is trained on."""
    return tuple((FOLDER / "nlu" / "customer.yml").read_text("utf-8").splitlines())


def _runs(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from RUN.findall(text)


def _entropy(beside: Counter[str]) -> float:
    """How little is known of the next character; each end of a sentence counts as a character of its own."""
    total = sum(beside.values())
    ends = beside.get("", 0) / total * math.log(total)
    return ends - sum(count / total * math.log(count / total) for char, count in beside.items() if char)
