"""Model cards: for each target what was seen, how every model did, what is used and what it cannot do.

`python -m crm_core.analytics.prediction.model_cards` learns from the sample business and writes `docs/models/` in both
languages. The words are in `config/model_cards.yml`.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import yaml

from config.settings import FOLDER, PROJECT
from crm_core.analytics.prediction.learning import SPLITS, TRIALS, Learnt, learn_all
from crm_core.analytics.prediction.scores import Step, calibration_error, verdict
from crm_core.analytics.prediction.stored_past import StoredPast, reading_past
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.database import open_store
from crm_core.sample.business import load_sample

Language = Literal["en", "zh"]
Words = Mapping[str, Any]
PLACES: Mapping[Language, Path] = {"en": Path("docs/models"), "zh": Path("docs/zh/models")}
DAY = date(2026, 6, 1)
"""Up to which the sample business leads; any day, but always the same."""
CURRENCY = "CNY"
TOLD = 8
"""Columns named as those that matter most, at most."""


def read_words() -> dict[Language, Words]:
    """What cards say, by language."""
    words: dict[Language, Words] = yaml.safe_load((FOLDER / "model_cards.yml").read_text("utf-8"))
    return words


@contextmanager
def sample_past(customers: int = 500) -> Iterator[StoredPast]:
    """The past of the sample business, in a store that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/sample.sqlite", Path(folder), None)
        try:
            load_sample(store, today=DAY, customers=customers)
            with reading_past(store, CURRENCY, DAY - timedelta(1)) as past:
                yield past
        finally:
            store.close()


def card(learnt: Learnt, first: date, last: date, trials: int, words: Words, link: str) -> str:
    """The card of one target, as Markdown."""
    horizon = learnt.days.horizon
    sections = {
        words["data"]: _data(learnt, first, last, words),
        words["models"]: _models(learnt, trials, words),
        words["used"]: _used(learnt, words),
        words["curve"]: _curve(learnt, words),
        **({words["calibration"]: _calibration(learnt, words)} if learnt.reliability else {}),
        words["limits"]: [f"- {each}" for each in (*words["limit"]["all"], *words["limit"][learnt.target])],
    }
    lines = [
        f"# {words['titles'][learnt.target]}", "", words["other"].format(link=link), "", words["made"], "",
        words["asks"][learnt.target].format(horizon=horizon),
    ]  # fmt: skip
    for title, body in sections.items():
        lines += ["", f"## {title}", "", *body]
    return "\n".join(lines) + "\n"


def _data(learnt: Learnt, first: date, last: date, words: Words) -> list[str]:
    parts, days = words["parts"], learnt.days
    when = {"training": days.training, "validation": days.validation, "test": (days.test,)}
    rows = [(parts[split], ", ".join(map(str, when[split])), str(learnt.examples[split])) for split in SPLITS]
    said = words["seen"].format(first=first, last=last, customers=learnt.customers, horizon=days.horizon)
    if learnt.answers.kind == "amount":
        rates = [f"{words['answers']['amount']} {learnt.rates['amount']:,.0f}"]
    else:
        rates = [f"{words['answers'].get(name, f'`{name}`')} {share:.1%}" for name, share in learnt.rates.items()]
    table = _table((parts["part"], parts["days"], parts["examples"]), rows)
    return [said, "", *table, "", words["rates"].format(rates=", ".join(rates))]


def _models(learnt: Learnt, trials: int, words: Words) -> list[str]:
    head, names = words["head"], [name for name in words["figures"] if name in learnt.naive_figures["test"]]
    titles = (head["model"], head["skill_training"], head["skill_validation"], head["skill_test"], head["fit"],
              *(words["figures"][name] for name in names), head["columns"], head["settings"])  # fmt: skip
    naive = words["naive"].format(answer=_naive(learnt, words))
    tested = [_figure(learnt.naive_figures["test"].get(name)) for name in names]
    rows: list[Sequence[str]] = [(naive, "0", "0", "0", "", *tested, "", "")]
    for family, each in learnt.candidates.items():
        one = Step(learnt.examples["training"], each.skill["training"], each.skill["validation"])
        settings = ", ".join(f"`{name}` {_figure(value)}" for name, value in each.parameters.items())
        rows.append((
            words["families"][family], *(f"{each.skill[split]:.3f}" for split in SPLITS),
            words["fits"][verdict([one])], *(_figure(each.figures["test"].get(name)) for name in names),
            str(len(each.columns)), settings,
        ))  # fmt: skip
    return [words["measured"].format(trials=trials), "", *_table(titles, rows)]


def _used(learnt: Learnt, words: Words) -> list[str]:
    known = learnt.best if learnt.chosen == "naive" else learnt.chosen
    low, high = learnt.candidates[known].validation_gain
    name = words["families"][known]
    said = words["kept" if learnt.chosen == "naive" else "beats"].format(model=name, low=_share(low), high=_share(high))
    low, high = learnt.test_gain
    later = words["later"].format(model=name, low=_share(low), high=_share(high))
    columns = sorted(learnt.weights, key=lambda column: (-learnt.weights[column], column))[:TOLD]
    told = words["tells"].format(columns=", ".join(f"`{column}`" for column in columns))
    return [said, "", later, *(["", told] if columns else [])]


def _curve(learnt: Learnt, words: Words) -> list[str]:
    head = words["curve_head"]
    rows = [(str(step.examples), f"{step.training:.3f}", f"{step.validation:.3f}") for step in learnt.curve]
    table = _table((head["examples"], head["training"], head["validation"]), rows)
    model = words["families"][learnt.best if learnt.chosen == "naive" else learnt.chosen]
    return [words["curve_of"].format(model=model), "", *table, "", words["verdicts"][learnt.verdict]]


def _calibration(learnt: Learnt, words: Words) -> list[str]:
    head = words["calibration_head"]
    method = words["methods"]["" if learnt.chosen == "naive" else learnt.candidates[learnt.chosen].calibration]
    error = calibration_error(learnt.reliability)
    rows = [(f"{each.foretold:.1%}", f"{each.happened:.1%}", str(each.examples)) for each in learnt.reliability]
    table = _table((head["foretold"], head["happened"], head["examples"]), rows)
    return [words["calibrated"].format(method=method, error=f"{error:.1%}"), "", *table]


def _naive(learnt: Learnt, words: Words) -> str:
    _, _, column = learnt.naive.partition(" by ")
    return str(words["naive_answers"]["by" if column else "all"].format(column=column))


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [titles, ["-"] * len(titles), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{value:.1%}".replace("-", "−")


def write_cards(past: StoredPast, root: Path, trials: int) -> list[Path]:
    """Learn every target and write its cards below a folder; returns what was written.

    Raises:
        TooFewPurchases: a target cannot be learnt.
    """
    words, written = read_words(), []
    for learnt in learn_all(past, trials=trials):
        if isinstance(learnt, TooFewPurchases):
            raise learnt
        for language, place in PLACES.items():
            path = root / place / f"{learnt.target}.md"
            link = {"en": "../zh/models", "zh": "../../models"}[language]
            path.parent.mkdir(parents=True, exist_ok=True)
            text = card(learnt, past.first, past.last, trials, words[language], f"{link}/{path.name}")
            path.write_text(text, "utf-8")
            written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the cards of this project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=PROJECT, help="the folder that has `docs`")
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--trials", type=int, default=TRIALS)
    options = parser.parse_args(arguments)
    with sample_past(options.customers) as past:
        write_cards(past, options.into, options.trials)


if __name__ == "__main__":
    main()
