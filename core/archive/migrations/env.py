"""Alembic's entry: runs the migrations on the connection, and in the transaction, it is given.

Above: `core.archive.database.Database.migrate`. Below: Alembic.
"""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], on_version_apply=attributes.get("applied"))
context.run_migrations()
