"""The writer's process: `python -m services.inference.writer_process FD` talks to the service.

It ends when told to, or when the service is gone. Its main thread listens; the batcher's writes.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any
from weakref import WeakValueDictionary

import structlog

from model.errors import ModelError
from services.common.collector import spare_what_stays
from services.common.logs import configure_logs
from services.inference.backlog import Backlog, FailedError, GivenUpError, Job, Owner, Timed
from services.inference.batcher import DIED, Batcher, SentenceWriter
from services.inference.messages import (
    Begin,
    Order,
    Orders,
    Progress,
    Reload,
    Reloaded,
    State,
    Stop,
)

log = structlog.get_logger()

REPORT_SECONDS = 0.1  # at least so often, while there is work, the service hears of the steps


class WriterProcess:
    """A batcher at the other end of a connection.

    Three threads: that which listens, the batcher's, and at times one that loads a new writer.
    """

    def __init__(self, connection: Connection, begin: Begin) -> None:
        self._connection = connection
        self._begin = begin
        self._backlog = Backlog(sys.maxsize)  # what is admitted is decided by the service
        self._batcher = Batcher(
            self._load, self._backlog, changed=self._changed, stepped=self._stepped
        )
        self._jobs: dict[int, Job[Any]] = {}
        self._owners: WeakValueDictionary[int, Owner] = WeakValueDictionary()
        self._outcomes: list[tuple[int, Timed[Any] | Exception]] = []
        self._steps: list[int] = []
        self._reported = 0.0
        self._noting, self._sending = threading.Lock(), threading.Lock()

    def run(self) -> None:
        """Do as told until told to stop, or until nobody is there to tell."""
        self._batcher.start()
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, ConnectionError):
                os._exit(0)  # the service is gone, and with it all who waited
            if isinstance(message, Orders):
                self._take(message)
            elif isinstance(message, Reload):
                threading.Thread(target=self._reload, name="loader", daemon=True).start()
            elif isinstance(message, Stop):
                self._batcher.stop(message.patience)
                self._report()
                return

    def _load(self) -> SentenceWriter:
        return self._begin.load(self._begin.settings)

    def _take(self, message: Orders) -> None:
        if message.orders:
            jobs = [self._job(order) for order in message.orders]
            if not self._backlog.admit(*jobs):
                for job in jobs:
                    job.future.set_exception(GivenUpError(self._batcher.missing() or DIED))
                self._report()
        for number in message.withdrawn:
            if number in self._jobs:
                self._backlog.withdraw(self._jobs.pop(number))

    def _job(self, order: Order) -> Job[Any]:
        owner = self._owners.setdefault(order.owner, Owner())
        job = Job[Any](order.compose, order.tokens, owner, order.arrived)
        self._jobs[order.number] = job
        job.future.add_done_callback(lambda future: self._done(order.number, future))
        return job

    def _done(self, number: int, future: Future[Timed[Any]]) -> None:
        if number not in self._jobs:  # nobody waits
            return
        del self._jobs[number]
        error = future.exception()
        with self._noting:
            self._outcomes.append((number, future.result() if error is None else _portable(error)))

    def _stepped(self, rows: int) -> None:
        with self._noting:
            self._steps.append(rows)
        due = time.monotonic() - self._reported > REPORT_SECONDS
        if self._outcomes or due or not self._batcher.active:
            self._report()

    def _report(self) -> None:
        with self._noting:
            outcomes, self._outcomes = self._outcomes, []
            steps, self._steps = self._steps, []
        self._reported = time.monotonic()
        pace = self._batcher.pace.seconds_for(1)
        self._send(Progress(outcomes, steps, self._batcher.active, self._backlog.waiting, pace))

    def _changed(self) -> None:
        batcher = self._batcher
        missing = batcher.missing()
        if missing == DIED:
            self._report()
            os._exit(1)  # whoever started this process starts another
        facts = None if batcher.writer is None else batcher.writer.facts
        self._send(State(missing, batcher.loading, facts))

    def _reload(self) -> None:
        try:
            writer = self._load()
        except Exception as error:  # noqa: BLE001 - told to the one who asked
            self._send(Reloaded(_portable(error)))
        else:
            self._batcher.replace(writer)
            self._send(Reloaded(writer.facts))

    def _send(self, message: object) -> None:
        whole = pickle.dumps(message)
        with self._sending:
            try:
                self._connection.send_bytes(whole)
            except ConnectionError:
                os._exit(0)


def _portable(error: BaseException) -> Exception:
    """An error as the service may have it: it can't make one of whatever a writer may raise."""
    if isinstance(error, ModelError | GivenUpError):
        return error
    log.error("writer.failed", exc_info=error)
    return FailedError(f"{type(error).__name__}: {error}")


def main() -> None:
    """Serve the connection whose file descriptor is the argument."""
    for ours in (signal.SIGINT, signal.SIGTERM):  # the service is told, and tells
        signal.signal(ours, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    with suppress(ImportError):  # which who loads the writer has a word for
        import model.writer  # noqa: F401, PLC0415 - it takes seconds, in which to be told what to load
    spare_what_stays()
    try:
        begin: Begin = connection.recv()
    except (EOFError, ConnectionError):
        return  # the service has not come to be: its settings are wrong, say
    configure_logs("inference", begin.settings.log_level, begin.settings.log_format)
    WriterProcess(connection, begin).run()
    os._exit(0)  # a thread that still loads or writes brings down an interpreter that ends first


if __name__ == "__main__":
    main()
