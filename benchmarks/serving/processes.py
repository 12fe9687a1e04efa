"""Servers as processes: started, waited for and stopped."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.accounts import MARK, everyone, living, members
from benchmarks.serving.setting import HOST

START_SECONDS = 120
STOP_SECONDS = 10
POLL_SECONDS = 0.02
ROOT = Path(__file__).parents[2]


class StartError(Exception):
    """A server did not come up; the message says why."""


@dataclass(frozen=True)
class Launch:
    """How a server is started, and the request that it must answer: a GET if it has no body."""

    command: Sequence[str]
    environment: Mapping[str, str]
    port: int
    path: str
    body: str
    log: Path


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    mark: str
    start_seconds: float


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(launch: Launch) -> Iterator[Running]:
    """Start a server, wait until it answers a request, and stop it afterwards.

    Raises StartError with the end of its log if it does not answer.
    """
    mark = uuid.uuid4().hex
    began = time.monotonic()
    with launch.log.open("wb") as output:
        process = subprocess.Popen(
            launch.command,
            env={**_environment(launch.environment), MARK: mark},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, launch)
        yield Running(launch.port, mark, time.monotonic() - began)
    finally:
        _stop(process, mark)


def said_by(
    command: Sequence[str], environment: Mapping[str, str] | None = None, told: str = ""
) -> str:
    """What a process prints that is told something; its errors are shown."""
    done = subprocess.run(
        command,
        env=_environment(environment or {}),
        cwd=ROOT,
        input=told,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours and more; worker processes find the project wherever their framework starts them."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def _wait(process: "subprocess.Popen[bytes]", launch: Launch) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(launch):
            return
        time.sleep(POLL_SECONDS)
    status, log = process.poll(), launch.log
    what = f"no answer in {START_SECONDS} s" if status is None else f"ended with status {status}"
    raise StartError(f"{what}: {last_line(log.read_text(errors='replace'))} (see {log})")


def _answers(launch: Launch) -> bool:
    request = urllib.request.Request(
        f"http://{HOST}:{launch.port}{launch.path}",
        launch.body.encode() or None,
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=START_SECONDS) as response:
            return bool(response.status == 200)
    except OSError:  # HTTP errors are of this kind too
        return False


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _stop(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """End a server by SIGTERM, and by SIGKILL what is left of it."""
    before = living(members(mark))
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    while left := (before & living(everyone())) | living(members(mark)):
        for pid, _ in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        time.sleep(POLL_SECONDS)
