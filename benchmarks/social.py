"""What making sense of public posts costs: from a connector's record to everything stored that is made of it.

Cleaning, sealing and storing the posts, then language, mood, need, names, spam and what repeats what, stored too; on
one thread, with the sample business's names, in batches as the job does it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.platform import sample_app
from benchmarks.social_posts import START, posts
from bot.sensing import TRAINING, sense_all
from config.settings import Source
from crm_core.analytics.public.competitors import compare_brands
from crm_core.analytics.public.spikes import DAYS, spikes
from crm_core.analytics.public.trends import moves
from crm_core.analytics.public.voice import cells
from crm_core.analytics.topics import refresh as topics
from crm_core.connectors.base import Post as Found
from crm_core.connectors.storing import keep_posts
from crm_core.database import Store
from crm_core.models import Post, Pull
from nlu.post_models import load_or_train
from nlu.sensing import Sensing

PAGE = 200
ZONE = "Asia/Shanghai"


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.posts)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>24}  {value}")


def measure(folder: Path, count: int) -> dict[str, float | int]:
    """Store and sense so many posts in a new database; the sample business's own posts are done before."""
    models = folder / "models"
    # Training needs libraries that reading does not: it is done in another process.
    subprocess.run(
        [sys.executable, "-m", "nlu", "train", "--cache", str(models)], check=True, stdout=subprocess.DEVNULL
    )
    app, _ = sample_app(folder)
    sensing = Sensing(app.names.interpreter(), load_or_train(TRAINING, models))
    sense_all(app.store, sensing, app.clock)
    begin, cpu = time.perf_counter(), time.process_time()
    _store(app.store, posts(count))
    storing = time.process_time() - cpu
    told = sense_all(app.store, sensing, app.clock)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    with app.store.read() as session:
        left = session.scalar(select(func.count()).select_from(Post).where(Post.sensed_at.is_(None)))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    later = _later(app.store)
    app.stop_work()
    return {
        "posts": told["sensed"],
        "unsensed": left or 0,
        "duplicates": told["duplicates"],
        "spam": told["spam"],
        "posts_per_s": round(told["sensed"] / seconds, 1),
        "cpu_ms_per_post": round(1000 * cpu / count, 3),
        "cpu_ms_storing": round(1000 * storing / count, 3),
        "rss_mb": round(memory / 1024, 1),
        **later,
    }


def _later(store: Store) -> dict[str, float]:
    """Seconds of processor time for the topics of these posts, and for what rises, blows up, and how brands stand."""
    with store.read() as session:
        now = session.execute(select(func.max(Post.occurred_at))).scalar_one()
    cpu = time.process_time()
    topics.refresh(store, now, ZONE)
    between = time.process_time()
    with store.read() as session:
        found = cells(session, now, DAYS)
        moves(found)
        spikes(session, now)
        compare_brands(found, DAYS // 2, (), 4)
    return {"topics_s": round(between - cpu, 2), "trends_s": round(time.process_time() - between, 2)}


SOURCE = Source(name="benchmark", of="posts")


def _store(store: Store, found: Iterator[Found]) -> None:
    pull = Pull(connector="file", source="benchmark", began_at=START)
    while page := list(islice(found, PAGE)):
        with store.write() as session:
            keep_posts(session, pull, SOURCE, page, page[-1].occurred_at)


if __name__ == "__main__":
    main()
