"""Workers that are killed, and what it costs: `python -m benchmarks.crashes`.

While people post and a curator approves, edits, rejects and takes back, worker processes are
killed at every failpoint on a post's way in turn and at random moments, and started again. The
gateway and the sandbox are the real ones; the writer is a stub that answers at once (`house.py`).
At the end every post has one set of drafts on the desk or a reason, every approved draft is out
once in the words that were approved, and nothing else is.

`--faults` has the platform and the catalogue misbehave meanwhile: accepted, then silent or reset;
5xx; resets. `--workers N` has N workers share a database, which wants PostgreSQL.
"""

import argparse
import logging
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import create_engine, make_url, text

from benchmarks.crashes.trial import PROMISES, Trial
from benchmarks.table import print_row


def main() -> None:
    """Print a line for each trial; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--posts", type=int, default=500)
    parser.add_argument("--moments", type=int, default=200, help="random moments of death")
    parser.add_argument("--workers", type=int, action="append", help="at once; may be repeated")
    parser.add_argument(
        "--database", help="a PostgreSQL server, by postgresql+psycopg://...; default: SQLite"
    )
    parser.add_argument("--faults", action="store_true", help="let vendors misbehave meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    all_broken = 0.0
    for number, workers in enumerate(options.workers or [1]):
        with (
            tempfile.TemporaryDirectory() as folder,
            a_database(options.database) as database,
        ):
            trial = Trial(
                Path(folder),
                posts=options.posts,
                moments=options.moments,
                workers=workers,
                database=database,
                faults=options.faults,
                seed=options.seed + number,
            )
            row = trial.run()
            broken = sum(row[promise] for promise in PROMISES)
            if broken:
                print(trial.last_words())
        where = "PostgreSQL" if options.database else "SQLite"
        faults = ", faults" if options.faults else ""
        print_row(f"{where}, {workers} at once{faults}", row, first=number == 0, digits=0)
        if trial.unreached:
            print(f"not reached: {', '.join(sorted(trial.unreached))}")
        all_broken += broken
    sys.exit(all_broken > 0)


@contextmanager
def a_database(server: str | None) -> Iterator[str | None]:
    """A new database on a server, if there is one."""
    if server is None:
        yield None
        return
    url, name = make_url(server), f"crashes_{secrets.token_hex(4)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


if __name__ == "__main__":
    main()
