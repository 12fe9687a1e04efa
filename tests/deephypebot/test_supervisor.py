"""The supervisor: order, restarts, giving up, stopping in time, dying together."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from deephypebot.child import Program
from deephypebot.console import Console
from deephypebot.supervisor import Patience, Supervisor

pytestmark = pytest.mark.processes

STAND_INS = Path(__file__).parent / "stand_ins"
QUICK = Patience(ready=20, stop=3, stop_first=1, pause=0.05, pause_most=0.1, quick_deaths=3)

FreePorts = Callable[[int], list[int]]


def program(
    name: str, port: int, *, after: tuple[str, ...] = (), finishes: bool = False, **trouble: str
) -> Program:
    environment = {"PORT": str(port), "PYTHONPATH": str(STAND_INS), **trouble}
    url = f"http://127.0.0.1:{port}/readyz"
    return Program(name, "stand_in", url, (), environment, after, finishes)


async def supervise(
    programs: list[Program], *, patience: Patience = QUICK, stop_when_ready: bool = True
) -> tuple[int, str]:
    """The exit status, and all that was said."""
    said = io.StringIO()

    def stop() -> None:
        if stop_when_ready:
            os.kill(os.getpid(), signal.SIGTERM)

    supervisor = Supervisor(programs, Console(said), on_ready=stop, patience=patience)
    return await supervisor.run(), said.getvalue()


def moment(said: str, name: str, what: str) -> float:
    found = re.search(rf"^{name} +\|.*{what} at ([\d.]+)$", said, re.MULTILINE)
    assert found, said
    return float(found[1])


async def test_a_program_starts_only_when_those_before_it_are_ready(free_ports: FreePorts) -> None:
    one, two = free_ports(2)
    seen = []

    class Watching(Supervisor):
        async def _start(self, program: Program):  # type: ignore[no-untyped-def] # noqa: ANN202 - as its base
            seen.append((program.name, self.ready["first"].is_set()))
            return await super()._start(program)

    programs = [program("first", one), program("second", two, after=("first",))]
    supervisor = Watching(
        programs,
        Console(io.StringIO()),
        on_ready=lambda: os.kill(os.getpid(), signal.SIGTERM),
        patience=QUICK,
    )
    assert await supervisor.run() == 0
    assert seen == [("first", False), ("second", True)]


async def test_the_last_program_is_stopped_before_those_it_uses(free_ports: FreePorts) -> None:
    one, two = free_ports(2)
    _, said = await supervise([program("used", one), program("user", two)])
    assert moment(said, "user", "stopped") < moment(said, "used", "stopped")


async def test_every_line_says_whose_it_is(free_ports: FreePorts) -> None:
    _, said = await supervise([program("gateway", *free_ports(1))])
    assert re.search(r"^gateway +\| pid \d+ started", said, re.MULTILINE)


async def test_a_child_that_ignores_sigterm_is_killed_within_the_patience(
    free_ports: FreePorts,
) -> None:
    one, two = free_ports(2)
    times = {}

    def stop() -> None:
        times["asked"] = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    programs = [program("deaf", one, DEAF="1"), program("too", two, DEAF="1")]
    supervisor = Supervisor(programs, Console(io.StringIO()), on_ready=stop)
    assert await supervisor.run() == 0
    assert time.monotonic() - times["asked"] < 5
    assert all(
        child.process.returncode == -signal.SIGKILL for child in supervisor.children.values()
    )


async def test_a_child_that_dies_is_started_again(free_ports: FreePorts) -> None:
    port = free_ports(1)[0]
    said = io.StringIO()
    supervisor = Supervisor([program("frail", port)], Console(said), patience=QUICK)
    run = asyncio.create_task(supervisor.run())
    await _until(lambda: supervisor.ready["frail"].is_set() if supervisor.ready else False)
    first = supervisor.children["frail"].process.pid
    os.kill(first, signal.SIGKILL)
    await _until(lambda: "frail is back" in said.getvalue())
    assert supervisor.children["frail"].process.pid != first
    assert "frail died (killed by SIGKILL): starting it again" in said.getvalue()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await run == 0


async def test_it_gives_up_on_a_child_that_keeps_dying(free_ports: FreePorts) -> None:
    status, said = await supervise(
        [program("frail", *free_ports(1), DIES_AFTER="1")], stop_when_ready=False
    )
    assert status == 1
    assert "frail died 3 times within 10 s of its start (last: exit status 3)" in said


async def test_a_child_that_dies_before_it_was_ready_ends_the_run(free_ports: FreePorts) -> None:
    status, said = await supervise([program("wrong", *free_ports(1), DIES_AT_START="2")])
    assert status == 1
    assert "wrong stopped before it was ready (exit status 2)" in said


async def test_what_keeps_a_program_from_being_ready_is_said(free_ports: FreePorts) -> None:
    patience = Patience(ready=3, remark=0.1, stop=3)
    status, said = await supervise(
        [program("slow", *free_ports(1), NEVER_READY="1")], patience=patience
    )
    assert status == 1
    assert "slow was not ready after 3 s: the moon is not full" in said


async def test_a_program_that_finishes_stops_the_others(free_ports: FreePorts) -> None:
    one, two = free_ports(2)
    status, said = await supervise(
        [program("server", one), program("task", two, finishes=True, FINISHES="1")],
        stop_when_ready=False,
    )
    assert status == 0
    assert moment(said, "server", "stopped") > 0


async def test_a_program_that_should_finish_but_fails_makes_the_whole_fail(
    free_ports: FreePorts,
) -> None:
    status, said = await supervise(
        [program("task", *free_ports(1), finishes=True, DIES_AFTER="1")], stop_when_ready=False
    )
    assert status == 1
    assert "task failed (exit status 3)" in said


async def test_output_can_be_told_apart_from_the_log(free_ports: FreePorts) -> None:
    lines: list[str] = []
    said = io.StringIO()
    supervisor = Supervisor(
        [program("task", *free_ports(1), finishes=True, FINISHES="1")],
        Console(said),
        outputs={"task": lines.append},
        patience=QUICK,
    )
    assert await supervisor.run() == 0
    assert lines[0] == "one line of summary"
    assert "summary" not in said.getvalue()


def test_killing_the_supervisor_ends_its_children(free_ports: FreePorts) -> None:
    port = free_ports(1)[0]
    with subprocess.Popen(
        [sys.executable, str(STAND_INS / "drive.py"), str(port)],
        env={**os.environ, "PYTHONPATH": str(STAND_INS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        supervisor.kill()
    with pytest.raises(httpx.TransportError):
        _ask_for(f"http://127.0.0.1:{port}/readyz", seconds=5)


def _ask_for(url: str, seconds: float) -> None:
    """Ask until nobody answers any more, or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        httpx.get(url, trust_env=False)


async def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what another process does sets no event
            await asyncio.sleep(0.02)
