"""The interpreter behind HTTP, in the shape of Rasa's `POST /model/parse`, so that Rasa's clients can use it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from nlu.interpreter import Interpreter
from nlu.understanding import Audience, Understanding


class Question(BaseModel):
    """What is asked. `audience`, `zone` and `region` go beyond Rasa."""

    text: str = Field(max_length=100_000)
    message_id: str | None = None
    audience: Audience = "customer"
    zone: str = "UTC"
    region: str = "CN"


def build_service(interpreter: Interpreter, clock: Callable[[], datetime]) -> FastAPI:
    """Return the web application."""
    service = FastAPI(title="Understanding", docs_url=None, redoc_url=None, openapi_url=None)

    @service.post("/model/parse")
    def parse(question: Question) -> dict[str, Any]:
        found = interpreter.understand(
            question.text, question.audience, now=clock(), zone=question.zone, region=question.region
        )
        return {**answer(found), "message_id": question.message_id}

    @service.get("/")
    def root() -> dict[str, str]:
        return {"status": "ok"}

    return service


def answer(found: Understanding) -> dict[str, Any]:
    """Return an understanding in Rasa's shape."""
    ranking = [(found.intent, found.confidence), *found.alternatives]
    return {
        "text": found.text,
        "intent": {"name": found.intent, "confidence": found.confidence},
        "entities": [
            {
                "entity": entity.name,
                "value": entity.value,
                "start": entity.start,
                "end": entity.end,
                "extractor": found.engine,
            }
            for entity in found.entities
        ],
        "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking],
        "language": found.language,
        "sentiment": found.sentiment,
        "strong": found.strong,
    }
