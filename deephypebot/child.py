"""A child process: what it runs, what it says, how it ends."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CHUNK = 65536

Sink = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """A service to keep running.

    `after` names the programs that must be ready before this one starts. One that `finishes` is
    done when it exits; any other is started again.
    """

    name: str
    module: str
    ready_url: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    finishes: bool = False

    def command(self) -> list[str]:
        return [sys.executable, "-m", "deephypebot.tether", self.module, *self.arguments]


class Child:
    """One run of a program. It dies with this process (`deephypebot.tether`)."""

    def __init__(self, process: Process, output: Sink, log: Sink) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.started = time.monotonic()
        self.readers = [
            asyncio.create_task(_pass_on(process.stdout, output)),
            asyncio.create_task(_pass_on(process.stderr, log)),
        ]

    @classmethod
    async def start(cls, program: Program, output: Sink, log: Sink) -> "Child":
        process = await asyncio.create_subprocess_exec(
            *program.command(),
            env={**os.environ, **program.environment, "PYTHONUNBUFFERED": "1"},
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            # Ctrl-C at the terminal reaches the supervisor alone, which stops all in order.
            start_new_session=True,
        )
        return cls(process, output, log)

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started

    async def wait(self) -> int:
        """Its exit status, once all that it said has been passed on."""
        status = await self.process.wait()
        # Not gather, which would cancel the readers along with whoever waits.
        await asyncio.wait(self.readers)
        return status

    def send(self, number: signal.Signals) -> None:
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self, seconds: float) -> None:
        """SIGTERM, and SIGKILL when that was not enough."""
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), max(0.0, seconds))
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.process.wait()


async def _pass_on(stream: asyncio.StreamReader, sink: Sink) -> None:
    """Hand over line by line, however long the lines are."""
    rest = b""
    while chunk := await stream.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            sink(line.decode(errors="replace").rstrip("\r"))
    if rest:
        sink(rest.decode(errors="replace"))
