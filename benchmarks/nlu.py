"""A fresh classifier on any labelled CSV (`text,category`), in any language: accuracy, out of scope, speed, memory.

The engine is the product's own; with `--rasa-url` a Rasa server trained from the same file is measured beside it.
Nothing is chosen by looking at the test file.
"""

import argparse
import csv
import json
import random
import resource
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import scipy.linalg  # noqa: F401 - loaded before the encoder limits linear algebra to one thread

from nlu.classifier import Classifier
from nlu.encoder import ENCODERS, Encoder
from nlu.fitting import fit
from nlu.intents import OUT_OF_SCOPE
from nlu.training import with_names

Rows = list[tuple[str, str]]
Figures = dict[str, float]
TIMED = 500


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="CSV with the columns text and category")
    parser.add_argument("--test", type=Path, required=True, help="CSV with the columns text and category")
    parser.add_argument("--oos-train", type=Path, help="CSV with texts that are out of scope")
    parser.add_argument("--oos-test", type=Path, help="CSV with texts that are out of scope")
    parser.add_argument("--shots", type=int, help="examples a category; the mean over the seeds is reported, too")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--encoder", choices=list(ENCODERS), default="light")
    parser.add_argument("--rasa-url", help="address of a Rasa server, such as http://127.0.0.1:5005")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    train, test = read(options.train), read(options.test)
    outside = outside_of(options.oos_train), outside_of(options.oos_test)
    encoder = ENCODERS[options.encoder]()
    figures: dict[str, object] = {"rows_train": len(train), "rows_test": len(test), "encoder": encoder.name}
    if options.shots:
        figures["shots_accuracy"] = few_shots(encoder, train, test, options.shots, options.seeds)
    figures |= ours(encoder, train + outside[0], test, outside[1])
    if options.rasa_url:
        figures["rasa"] = theirs(options.rasa_url, test, outside[1])
    if options.json:
        print(json.dumps(figures))
        return
    rasa = figures.pop("rasa", {})
    for name, value in figures.items():
        print(f"{name:>24}  {value!s:>10}  {rasa.get(name, '')}" if isinstance(rasa, dict) else "")


def read(path: Path) -> Rows:
    """Return (text, category) rows; blanks inside a text count once."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(" ".join(row["text"].split()), row["category"]) for row in csv.DictReader(file)]


def outside_of(path: Path | None) -> Rows:
    """Return the texts of a CSV, all labelled out of scope."""
    if path is None:
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [(" ".join(row["text"].split()), OUT_OF_SCOPE) for row in csv.DictReader(file)]


def fitted(encoder: Encoder, rows: Rows) -> Classifier:
    """Train as the product does."""
    rows = with_names(rows)
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    return fit(texts, labels, encoder.vectors(texts))


def few_shots(encoder: Encoder, train: Rows, test: Rows, shots: int, seeds: int) -> float:
    """Mean accuracy over seeds with so many training texts a category."""
    groups: dict[str, Rows] = defaultdict(list)
    for row in train:
        groups[row[1]].append(row)
    texts = [text for text, _ in test]
    vectors = encoder.vectors(texts)
    found = []
    for seed in range(seeds):
        draw = random.Random(seed)
        chosen = [row for name in sorted(groups) for row in draw.sample(groups[name], min(shots, len(groups[name])))]
        verdicts = fitted(encoder, chosen).classify_all(texts, vectors)
        found.append(accuracy([verdict.ranking[0][0] for verdict in verdicts], test))
    return round(statistics.fmean(found), 4)


def ours(encoder: Encoder, train: Rows, test: Rows, outside: Rows) -> Figures:
    """Train on everything, then measure accuracy, out of scope and speed."""
    start = time.process_time()
    model = fitted(encoder, train)
    figures = {"train_cpu_s": round(time.process_time() - start, 1)}
    texts = [text for text, _ in test]
    begun = time.monotonic()
    verdicts = model.classify_all(texts, encoder.vectors(texts))
    figures["batch_messages_per_s"] = round(len(texts) / (time.monotonic() - begun), 1)
    figures["accuracy"] = accuracy([verdict.ranking[0][0] for verdict in verdicts], test)
    if outside:
        strangers = [text for text, _ in outside]
        other = model.classify_all(strangers, encoder.vectors(strangers))
        kept = [OUT_OF_SCOPE if one.outside > 0.5 else one.ranking[0][0] for one in verdicts]
        figures |= out_of_scope(
            kept, test, [one.outside for one in verdicts], [one.outside for one in other], threshold=0.5
        )
    figures |= timed(lambda text: model.classify(text, encoder.vector(text)), texts, psutil.Process())
    figures["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return figures


def theirs(url: str, test: Rows, outside: Rows) -> Figures:
    """Measure a Rasa server: the same texts, one client."""
    with httpx.Client(base_url=url, timeout=60) as client:

        def parse(text: str) -> tuple[str, float]:
            intent = client.post("/model/parse", json={"text": text}).raise_for_status().json()["intent"]
            return str(intent["name"]), float(intent["confidence"])

        answers = [parse(text) for text, _ in test]
        figures: Figures = {"accuracy": accuracy([name for name, _ in answers], test)}
        if outside:
            other = [parse(text) for text, _ in outside]
            kept = [name if sure >= 0.5 else OUT_OF_SCOPE for name, sure in answers]
            figures |= out_of_scope(
                kept, test, [1 - sure for _, sure in answers], [1 - sure for _, sure in other], threshold=0.5
            )
        server = listening_at(url)
        figures |= timed(parse, [text for text, _ in test], server)
        if server:
            family = [server, *server.children(recursive=True)]
            figures["rss_mb"] = round(sum(one.memory_info().rss for one in family) / 2**20, 1)
    return figures


def accuracy(found: Sequence[str], wanted: Rows) -> float:
    """Share of rows whose category was found."""
    return round(statistics.fmean(name == row[1] for name, row in zip(found, wanted, strict=True)), 4)


def out_of_scope(
    kept: Sequence[str], test: Rows, inside: Sequence[float], outside: Sequence[float], threshold: float
) -> Figures:
    """What rejection does to texts in scope, and how well it finds those that are not."""
    refused = sum(chance > threshold for chance in inside)
    caught = sum(chance > threshold for chance in outside)
    return {
        "in_scope_accuracy": accuracy(kept, test),
        "in_scope_refused": round(refused / len(inside), 4),
        "oos_recall": round(caught / len(outside), 4),
        "oos_precision": round(caught / (caught + refused), 4) if caught + refused else 0.0,
        "auroc": round(auroc(inside, outside), 4),
    }


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Chance that a text out of scope is thought stranger than one in scope; half of the ties count."""
    ordered = np.sort(np.asarray(inside))
    below = np.searchsorted(ordered, outside, side="left")
    ties = np.searchsorted(ordered, outside, side="right") - below
    return float((below + ties / 2).mean() / len(ordered))


def timed(classify: Callable[[str], object], texts: Sequence[str], server: psutil.Process | None) -> Figures:
    """Classify one text after the other, each for the first time, and take the times."""
    chosen = random.Random(0).sample(list(texts), min(TIMED, len(texts)))
    used, spans = cpu(server), []
    for text in chosen:
        start = time.perf_counter()
        classify(text)
        spans.append((time.perf_counter() - start) * 1000)
    spans.sort()
    figures = {
        "p50_ms": round(spans[len(spans) // 2], 2),
        "p95_ms": round(spans[int(len(spans) * 0.95)], 2),
    }
    if server:
        figures["cpu_ms_per_message"] = round((cpu(server) - used) * 1000 / len(chosen), 2)
    return figures


def cpu(process: psutil.Process | None) -> float:
    """CPU seconds spent by a process and its children."""
    if process is None:
        return 0.0
    family = [process, *process.children(recursive=True)]
    return sum(one.cpu_times().user + one.cpu_times().system for one in family)


def listening_at(url: str) -> psutil.Process | None:
    """Return the local process that listens at the port of an address, if it may be seen."""
    port = urlsplit(url).port
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port and found.pid:
            return psutil.Process(found.pid)
    return None


if __name__ == "__main__":
    main()
