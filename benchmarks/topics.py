"""How coherent the topics of a file of texts are, against scikit-learn's LDA as it comes.

CSV or JSON lines with a column `text`, or a text a line; Chinese texts are held apart from the others. Both models get
the same words and the same number of topics. `npmi`: the mean over topics and pairs of their ten words, by the texts of
the file that hold both. Ours are shown by words chosen for standing together, which is what this measures;
`npmi_unchosen` is without that choice: the ten greatest weights of our LDA, as for the baseline. `held_out` has topics
and words from one half of the texts, measured on the other. `stability`: the share of texts that keep their topic when
an eighth of all texts is exchanged, as from one week to the next.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from crm_core.analytics.topics.chinese_words import RUN
from crm_core.analytics.topics.model import (
    choose_number,
    coherences,
    diversity,
    find_topics,
    largest,
    likest,
    npmi,
    occurrences,
)
from crm_core.analytics.topics.words import Words, words_of

EXCHANGED = 8
FEWEST = 50
Figures = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, required=True, help="file of texts")
    parser.add_argument("--column", default="text", help="name of the texts' column")
    parser.add_argument("--topics", type=int, help="number of topics; chosen by coherence, if left out")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        texts = read(options.posts, options.column)
    except (OSError, ValueError, KeyError) as problem:
        sys.exit(f"{options.posts}: {problem}")
    figures: dict[str, Any] = {}
    with threadpool_limits(1):
        for language, spoken in by_language(texts).items():
            figures[language] = measure(spoken, language, options.seeds, options.topics)
    if not figures:
        sys.exit(f"{options.posts}: there are fewer than {FEWEST} texts of a language, or they share too few words.")
    figures = {**summary(figures), "languages": figures}
    if options.json:
        print(json.dumps(figures, ensure_ascii=False))
        return
    tell(figures)


def read(path: Path, column: str) -> list[str]:
    """The texts of a file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".csv":
            return [row[column] for row in csv.DictReader(file)]
        lines = [line.strip() for line in file if line.strip()]
    return [json.loads(line)[column] for line in lines] if path.suffix in (".jsonl", ".json", ".ndjson") else lines


def by_language(texts: Sequence[str]) -> dict[str, list[str]]:
    """Chinese texts and others, where there are enough of them."""
    found: dict[str, list[str]] = {"en": [], "zh": []}
    for text in texts:
        found["zh" if RUN.search(text) else "en"].append(text)
    return {
        language: spoken
        for language, spoken in found.items()
        if len(spoken) >= FEWEST and choose_number(occurrences(words_of(spoken, language).texts)[0], 0)
    }


def measure(texts: Sequence[str], language: str, seeds: int, topics: int | None) -> dict[str, Any]:
    """Mean and range of all figures over the seeds, and what topics of the first one look like."""
    words = words_of(texts, language)
    rounds = [one_round(words, seed, topics) for seed in range(seeds)]
    figures: dict[str, Any] = {"texts": len(texts)}
    for name in rounds[0]:
        values = [each[name] for each in rounds]
        figures[name] = round(float(np.mean(values)), 4)
        figures[f"{name}_range"] = [round(min(values), 4), round(max(values), 4)]
    matrix, vocabulary = occurrences(words.texts)
    found = find_topics(matrix, vocabulary, int(rounds[0]["topics"]), 0)
    figures["words"] = [" ".join(words.forms[word] for word in found.words(each)) for each in range(len(found.tops))]
    return figures


def one_round(words: Words, seed: int, topics: int | None) -> Figures:
    """All figures of one seed."""
    matrix, vocabulary = occurrences(words.texts)
    counts = counted(words.texts, vocabulary)
    begin = time.process_time()
    number = topics or choose_number(matrix, seed)
    found = find_topics(matrix, vocabulary, number, seed)
    cpu = time.process_time() - begin
    begin = time.process_time()
    plain = largest(baseline(counts, number, seed).components_)
    baseline_cpu = time.process_time() - begin
    values = npmi(matrix)
    return {
        "topics": number,
        **coherence("", found.tops, plain, values),
        "npmi_unchosen": float(coherences(found.by_weight, values).mean()),
        **held_out(matrix, counts, vocabulary, number, seed),
        "diversity": diversity(found.tops),
        "baseline_diversity": diversity(plain),
        **stability(matrix, counts, vocabulary, number, seed),
        "cpu_s": cpu,
        "baseline_cpu_s": baseline_cpu,
    }


def coherence(prefix: str, ours: Sequence[Sequence[int]], plain: Sequence[Sequence[int]], values: Any) -> Figures:
    """NPMI of ours and of the baseline, and by what part of the latter ours is better."""
    mine, other = (float(coherences(tops, values).mean()) for tops in (ours, plain))
    better = (mine - other) / max(abs(other), 1e-9)
    return {f"{prefix}npmi": mine, f"{prefix}baseline_npmi": other, f"{prefix}better_by": better}


def held_out(matrix: Any, counts: Any, vocabulary: Sequence[str], number: int, seed: int) -> Figures:
    """Topics and words of one half, measured on the other."""
    order = np.random.default_rng(1000 + seed).permutation(matrix.shape[0])
    half, other = order[::2], npmi(matrix[order[1::2]])
    found = find_topics(matrix[half], vocabulary, number, seed)
    return coherence("held_out_", found.tops, largest(baseline(counts[half], number, seed).components_), other)


def stability(matrix: Any, counts: Any, vocabulary: Sequence[str], number: int, seed: int) -> Figures:
    """The share of common texts that keep their topic from one window to the next."""
    order = np.random.default_rng(2000 + seed).permutation(matrix.shape[0])
    part = len(order) // EXCHANGED
    then, now, common = order[: len(order) - part], order[part:], len(order) - 2 * part
    first = find_topics(matrix[then], vocabulary, number, seed)
    known = [dict(zip(vocabulary, weights, strict=True)) for weights in first.weights]
    second = find_topics(matrix[now], vocabulary, number, seed, known=known)
    plain = [(baseline(counts[part], number, seed), counts[part]) for part in (then, now)]
    shares = [model.transform(each) for model, each in plain]
    components = [model.components_ for model, _ in plain]
    return {
        "stability": kept(second.weights, first.weights, second.shares[:common], first.shares[part:]),
        "baseline_stability": kept(components[1], components[0], shares[1][:common], shares[0][part:]),
    }


def kept(now: Any, then: Any, shares_now: Any, shares_then: Any) -> float:
    """The share of texts whose topic is the one it was; texts without known words have none."""
    same = likest(now, then)
    some = shares_then.max(axis=1) > 0
    pairs = zip(shares_now[some].argmax(axis=1), shares_then[some].argmax(axis=1), strict=True)
    return float(np.mean([same.get(int(one)) == int(other) for one, other in pairs]))


def baseline(counts: Any, number: int, seed: int) -> Any:
    """LDA with all defaults."""
    from sklearn.decomposition import LatentDirichletAllocation

    return LatentDirichletAllocation(number, random_state=seed).fit(counts)


def counted(texts: Sequence[Sequence[str | None]], vocabulary: Sequence[str]) -> Any:
    """How often each word stands in each text."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=lambda text: [word for word in text if word is not None], vocabulary=vocabulary)
    return counter.transform(texts)


def summary(figures: Mapping[str, Mapping[str, Any]]) -> Figures:
    """The mean of both languages."""
    names = (
        "npmi",
        "baseline_npmi",
        "npmi_unchosen",
        "held_out_npmi",
        "held_out_baseline_npmi",
        "diversity",
        "stability",
    )
    means = {name: round(float(np.mean([each[name] for each in figures.values()])), 4) for name in names}
    better = (means["npmi"] - means["baseline_npmi"]) / max(abs(means["baseline_npmi"]), 1e-9)
    return {**means, "better_by": round(better, 4)}


def tell(figures: Mapping[str, Any]) -> None:
    """Print for people."""
    for name, value in figures.items():
        if name != "languages":
            print(f"{name:>24}  {value}")
    for language, found in figures["languages"].items():
        print(f"\n{language}")
        for name, value in found.items():
            if name == "words":
                print("\n".join(f"{'':>24}  {line}" for line in value))
            elif not name.endswith("_range"):
                print(f"{name:>24}  {value}  {found.get(f'{name}_range', '')}")


if __name__ == "__main__":
    main()
