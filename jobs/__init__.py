"""What runs by the clock: one file a job, one line in `JOBS`, its time in `config/schedule.yml`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.app import App
from jobs.check_alerts import check_alerts
from jobs.cleanup import cleanup
from jobs.daily_digest import daily_digest
from jobs.find_topics import find_topics
from jobs.know_customers import know_customers
from jobs.personal_digests import personal_digests
from jobs.publish_posts import publish_posts
from jobs.pull_social import pull_social
from jobs.retrain import model_sweep, retrain
from jobs.run_campaigns import run_campaigns
from jobs.sense_posts import sense_posts
from jobs.suggest import suggest, suggest_events
from jobs.sweeps import unanswered_sweep, undelivered_sweep, unerased_sweep
from jobs.tie_authors import tie_authors
from jobs.wake_ups import wake_ups

Job = Callable[[App, datetime], dict[str, Any]]
"""Does its work for the moment it was due at, and returns what it did (for the record; no personal data)."""

JOBS: dict[str, Job] = {
    "daily_digest": daily_digest,
    "check_alerts": check_alerts,
    "cleanup": cleanup,
    "know_customers": know_customers,
    "personal_digests": personal_digests,
    "find_topics": find_topics,
    "publish_posts": publish_posts,
    "pull_social": pull_social,
    "sense_posts": sense_posts,
    "retrain": retrain,
    "run_campaigns": run_campaigns,
    "suggest": suggest,
    "suggest_events": suggest_events,
    "unanswered_sweep": unanswered_sweep,
    "undelivered_sweep": undelivered_sweep,
    "unerased_sweep": unerased_sweep,
    "model_sweep": model_sweep,
    "tie_authors": tie_authors,
    "wake_ups": wake_ups,
}

FIRST = (("sense_posts", "find_topics"), ("know_customers", "suggest"))
"""What a first start runs at once, so that nobody waits for the night: rows of jobs that build upon each other."""
