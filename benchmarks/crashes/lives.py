"""Worker processes: forked, left alone, and killed."""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from worker import failpoints
from worker.__main__ import main

CONTEXT = multiprocessing.get_context("forkserver")
# With what a worker would else import once it has been forked.
CONTEXT.set_forkserver_preload(
    [
        "benchmarks.crashes.lives",
        "alembic.runtime.migration",
        "anyio._backends._asyncio",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite",
        "uvicorn.lifespan.on",
        "uvicorn.loops.auto",
        "uvicorn.protocols.http.auto",
    ]
)
DIED = 137


@dataclass(frozen=True, eq=False)
class Life:
    """A worker under its name, and how it is started."""

    name: str
    environment: Mapping[str, str]
    log: Path

    def begin(self, failpoint: str = "") -> BaseProcess:
        """Start it; it dies at the failpoint, if one is given."""
        told = {**self.environment, "WORKER_NAME": self.name, failpoints.VARIABLE: failpoint}
        process = CONTEXT.Process(target=work, args=(told, self.log))
        process.start()
        return process


def work(environment: Mapping[str, str], log: Path) -> None:
    os.environ.update(environment)
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    sys.exit(main([]))


def end(process: BaseProcess) -> None:
    """SIGKILL, unless it is dead already."""
    process.kill()
    process.join()
    process.close()
