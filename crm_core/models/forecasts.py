"""Forecasts that were made at night, so that nobody waits for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.models.base import Base


class KeptForecast(Base):
    """A forecast of a figure. `digest` is of all that it was made of: once any of that differs, it is not found."""

    __tablename__ = "kept_forecasts"
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    metric: Mapped[str] = mapped_column(String(40))
    found: Mapped[dict[str, Any]]
    computed_at: Mapped[datetime]
