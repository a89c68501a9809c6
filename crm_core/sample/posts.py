"""What is said in public about the sample business and its competitors, over the last 90 days."""

import random
from datetime import timedelta

from crm_core.models import Post
from crm_core.sample.content import Catalogue, PostEntry, Posts
from crm_core.sample.rows import Rows, Timeline, pick, poisson

POST_DAYS = 90
BREAKABLE = ("cups", "brewers", "kettles")
POSTS_A_DAY = 5.0
WAVE_A_DAY = 1.2
"""Posts a day of one text while its wave lasts."""


def write_posts(rng: random.Random, rows: Rows, posts: Posts, catalogue: Catalogue, line: Timeline) -> None:
    """Add the posts: an even murmur, and the waves on top of it."""
    for age in range(POST_DAYS - 1, -1, -1):
        for _ in range(poisson(rng, POSTS_A_DAY)):
            about = pick(rng, posts.about)
            entry = rng.choice([post for post in posts.posts if post.about == about and not post.wave])
            _add(rng, rows, posts, entry, catalogue, line, age)
        for entry in posts.posts:
            if entry.wave and entry.wave[1] <= age <= entry.wave[0]:
                for _ in range(poisson(rng, WAVE_A_DAY)):
                    _add(rng, rows, posts, entry, catalogue, line, age)


def _add(
    rng: random.Random, rows: Rows, posts: Posts, entry: PostEntry, catalogue: Catalogue, line: Timeline, age: int
) -> None:
    anything = entry.topic != "broken"
    product = rng.choice([each for each in catalogue.products if anything or each.category in BREAKABLE]).name(
        entry.lang
    )
    text = rng.choice(posts.openings[entry.lang]) + entry.text.format(product=product)
    text += rng.choice(posts.endings[entry.lang])
    at = line.until - timedelta(days=age, seconds=rng.randrange(1, 86400))
    connector, external_id = pick(rng, posts.networks), f"{rng.getrandbits(60):015x}"
    author = f"@{rng.choice(['slow', 'moka', 'leaf', 'bean', 'cha', 'fog', 'luna', 'nori'])}{rng.randrange(10, 9999)}"
    loud = rng.lognormvariate(1.2, 1.1)
    rows.add(
        Post, at, connector=connector, external_id=external_id, author=author, text=text,
        url=f"https://social.example.org/{author}/{external_id}", about=entry.about, language=entry.lang,
        sentiment_milli=max(-1000, min(1000, entry.mood + rng.randrange(-80, 81) if entry.mood else 0)),
        topic=entry.topic, likes=int(loud * 3), replies=int(loud / 2), shares=int(loud / 3), occurred_at=at,
    )  # fmt: skip
