"""Keeps the views and triggers of analysis in the database as the code says.

They are no migrations: what they say follows from the code of today, and SQLite cannot change a table that a view
names, nor does it keep the triggers of one. So migrating takes them away first, and they are made anew afterwards; a
database that has them as they should be is left alone.
"""

import hashlib

from sqlalchemy import Connection, inspect

from crm_core.analytics.facts import change_log
from crm_core.analytics.facts.views import SCHEMA, Dialect, views

MARK = "made_from"
"""The view that says which version of them is there."""


def install(connection: Connection) -> None:
    """Make the views and triggers, unless they are there as the code says."""
    say = Dialect(connection.dialect.name)
    statements = _statements(say)
    wanted = hashlib.sha256("\n".join(statements).encode()).hexdigest()[:16]
    if _present(connection, say) == wanted:
        return
    remove(connection)
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql(f"CREATE VIEW {say.view(MARK)} AS SELECT '{wanted}' AS version")


def remove(connection: Connection) -> None:
    """Take the views and triggers away."""
    say = Dialect(connection.dialect.name)
    change_log.remove(connection)
    if say.name != "sqlite":  # kept itself: the rights that a reader was given on it stay
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for name in _there(connection, say):
        connection.exec_driver_sql(f"DROP VIEW {say.view(name)}")


def _statements(say: Dialect) -> list[str]:
    made = [f"CREATE VIEW {say.view(name)} AS {query}" for name, query in views(say.name).items()]
    return [*made, *change_log.create(say.name)]


def _there(connection: Connection, say: Dialect) -> list[str]:
    """Names of the facts whose views exist."""
    if say.name == "sqlite":
        names = inspect(connection).get_view_names()
        return [name.removeprefix(f"{SCHEMA}_") for name in names if name.startswith(f"{SCHEMA}_")]
    return inspect(connection).get_view_names(schema=SCHEMA)


def _present(connection: Connection, say: Dialect) -> str:
    if MARK not in _there(connection, say):
        return ""
    return str(connection.exec_driver_sql(f"SELECT version FROM {say.view(MARK)}").scalar_one())
