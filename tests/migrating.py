"""One migration by itself, on a database that has everything already."""

from alembic.migration import MigrationContext
from alembic.operations import Operations


def within(connection, made, keys, act):
    """`act` as alembic calls it, with those keys."""
    operations = Operations(MigrationContext.configure(connection))
    made.context = type("C", (), {"config": type("F", (), {"attributes": {"keys": keys}})})
    with Operations.context(operations.migration_context):
        act()
