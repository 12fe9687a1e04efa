"""Databases as earlier versions of a service left them behind."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, insert
from sqlalchemy.engine import make_url

from services.common.database import migrate, open_database, writing

Rows = Mapping[str, Sequence[Mapping[str, Any]]]  # by table


def revisions(migrations: Path) -> list[str]:
    """Every released schema, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][
        ::-1
    ]


def leave_behind(url: str, migrations: Path, service: str, revision: str, rows: Rows) -> set[str]:
    """A database of this revision with these rows in it; tables and columns that it lacks are left
    out. Returns the tables that have rows."""
    own = make_url(url)
    if own.get_backend_name() == "postgresql":
        own = own.update_query_dict({"options": f"-csearch_path={service}"})
    engine = open_database(own.render_as_string(hide_password=False))
    migrate(engine, migrations, service, revision)
    known = MetaData()
    with writing(engine) as connection:
        known.reflect(connection)
        for table in known.sorted_tables:
            for row in rows.get(table.name, ()):
                values = {name: value for name, value in row.items() if name in table.c}
                connection.execute(insert(table).values(values))
    engine.dispose()
    return set(known.tables) & rows.keys()
