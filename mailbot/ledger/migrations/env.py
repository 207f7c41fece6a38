"""Run by alembic: migrates over the connection that `mailbot.ledger.migrate` hands in, all in its one transaction."""

from alembic import context

from mailbot.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
