"""What all records share: ids, UTC times, columns that may be sealed."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from crm_core import sealed
from crm_core.ids import new_id
from crm_core.sealed import Sealed


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; pass an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all records: gives each its id when it is made, so that sealed values can be bound to it."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
        str: String(200),
        int: BigInteger,
    }
    __sealed__: ClassVar[dict[str, Sealed]] = {}
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)

    def __init__(self, **values: Any) -> None:
        if "id" not in values:
            self.id = new_id()
        for name, value in values.items():
            setattr(self, name, value)


def customer_key(**options: Any) -> Mapped[Any]:
    """Foreign key to the customer a row belongs to."""
    return mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), **{"index": True, **options})


sealed.install(Base)
