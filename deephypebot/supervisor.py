"""Keeps the services running: starts them in order, restarts what dies, stops all in time.

- A program starts when those it comes `after` are ready; the others start side by side.
- One that dies before it was ever ready ends the run: its settings are wrong, and trying again
  would only repeat the message.
- One that dies later is started again, after a pause that grows while it keeps dying young.
- Stopping takes under five seconds: the last program, which uses the others, is asked first.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from deephypebot.child import Child, Program, Sink
from deephypebot.console import Console

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Patience:
    """How long the supervisor waits, and how often it tries; seconds."""

    ready: float = 180.0
    poll: float = 0.1
    remark: float = 15.0  # after so long, it is said what a program is waiting for
    stop: float = 4.5
    stop_first: float = 2.0  # of `stop`, what the last program gets to itself
    young: float = 10.0  # a death before this age counts as a quick one
    quick_deaths: int = 5
    pause: float = 0.5
    pause_most: float = 10.0


class Supervisor:
    """Runs the programs until one gives up, one finishes, or a signal asks to stop."""

    def __init__(
        self,
        programs: Sequence[Program],
        console: Console,
        *,
        outputs: dict[str, Sink] | None = None,
        on_ready: Callable[[], None] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self.programs = programs
        self.console = console
        self.outputs = outputs or {}
        self.on_ready = on_ready
        self.patience = patience or Patience()
        self.ready = {program.name: asyncio.Event() for program in programs}
        self.children: dict[str, Child] = {}
        self.stopping = False

    async def run(self) -> int:
        """The exit status of the whole."""
        loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[int] = loop.create_future()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._asked_to_stop)
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as self.http:
            tasks = [asyncio.create_task(self._keep(program)) for program in self.programs]
            tasks.append(asyncio.create_task(self._announce()))
            for task in tasks:
                task.add_done_callback(self._defect)
            try:
                return await self.outcome
            finally:
                self.stopping = True
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._stop()

    def _finish(self, status: int) -> None:
        if not self.outcome.done():
            self.outcome.set_result(status)

    def _fail(self, message: str) -> None:
        self.console.say(message)
        self._finish(1)

    def _defect(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) and not self.outcome.done():
            self.outcome.set_exception(error)

    def _asked_to_stop(self) -> None:
        if self.stopping:
            # Asked twice: whoever asks does not want to wait.
            for child in self.children.values():
                child.send(signal.SIGKILL)
            return
        self.stopping = True
        self.console.say("stopping")
        self._finish(0)

    async def _announce(self) -> None:
        for ready in self.ready.values():
            await ready.wait()
        self.on_ready()

    async def _keep(self, program: Program) -> None:
        for name in program.after:
            await self.ready[name].wait()
        quick_deaths = 0
        while True:
            child = await self._start(program)
            watch = asyncio.create_task(self._watch_readiness(program))
            try:
                status = await child.wait()
            finally:
                watch.cancel()
            if program.finishes and (status == 0 or self.ready[program.name].is_set()):
                self._finished(program, status)
                return
            quick_deaths = quick_deaths + 1 if child.age < self.patience.young else 0
            if not await self._may_restart(program, status, quick_deaths):
                return

    async def _start(self, program: Program) -> Child:
        log = self.console.writer(program.name)
        child = await Child.start(program, self.outputs.get(program.name, log), log)
        self.children[program.name] = child
        return child

    def _finished(self, program: Program, status: int) -> None:
        if status == 0:
            self._finish(0)
        else:
            self._fail(f"{program.name} failed ({_ending(status)}); what it said is above")

    async def _may_restart(self, program: Program, status: int, quick_deaths: int) -> bool:
        name, most = program.name, self.patience.quick_deaths
        if not self.ready[name].is_set():
            self._fail(f"{name} stopped before it was ready ({_ending(status)}); see above why")
            return False
        if quick_deaths >= most:
            self._fail(
                f"{name} died {quick_deaths} times within {self.patience.young:g} s of its start "
                f"(last: {_ending(status)}): giving up; see above why"
            )
            return False
        pause = min(self.patience.pause * 2**quick_deaths, self.patience.pause_most)
        self.console.say(f"{name} died ({_ending(status)}): starting it again in {pause:g} s")
        await asyncio.sleep(pause)
        return True

    async def _watch_readiness(self, program: Program) -> None:
        """Set the program's event when it is ready; after a restart, say that it is again."""
        again = self.ready[program.name].is_set()
        begin = time.monotonic()
        remarked = False
        while missing := await self._missing(program):
            waited = time.monotonic() - begin
            if waited > self.patience.ready:
                break
            if waited > self.patience.remark and not remarked:
                self.console.say(f"{program.name} is not ready yet: {missing}")
                remarked = True
            await asyncio.sleep(self.patience.poll)
        else:
            self.ready[program.name].set()
            if again:
                self.console.say(f"{program.name} is back")
            return
        seconds = self.patience.ready
        self._fail(f"{program.name} was not ready after {seconds:g} s: {missing}")

    async def _missing(self, program: Program) -> str:
        """What the program lacks; empty when it is ready."""
        try:
            answer = await self.http.get(program.ready_url)
        except httpx.HTTPError as error:
            return f"{program.ready_url} does not answer ({type(error).__name__})"
        return "" if answer.status_code == httpx.codes.OK else answer.text[:500]

    async def _stop(self) -> None:
        deadline = time.monotonic() + self.patience.stop
        *others, last = self.programs
        if last.name in self.children:
            await self.children[last.name].stop(self.patience.stop_first)
        remaining = deadline - time.monotonic()
        running = [self.children[p.name] for p in others if p.name in self.children]
        await asyncio.gather(*(child.stop(remaining) for child in running))
        await asyncio.gather(*(child.wait() for child in self.children.values()))


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"killed by {signal.Signals(-status).name}"
