"""Logging: one JSON line an event on stderr, never a token, never what people wrote."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

LONGEST_FIELD = 2048
QUIET = ("httpx", "httpcore", "telegram", "slack_bolt", "slack_sdk", "aiohttp.access", "uvicorn.access", "apscheduler")
# `(?<!\d)` and not `\b`: there is no word boundary between "bot" and the digits of a Telegram token.
SECRETS = re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,64}|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}")


def configure_logging(level: str = "INFO", pretty: bool = False) -> None:
    """Send structlog and the libraries' logging the same way; libraries that log requests are kept quiet."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank out tokens and cut long fields, wherever they came from."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = SECRETS.sub("[secret]", value[:LONGEST_FIELD])
    return event
