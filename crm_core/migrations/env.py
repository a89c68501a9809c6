"""Alembic's entry: runs the migrations on the connection that `database.upgrade` hands over."""

from alembic import context

from crm_core.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
