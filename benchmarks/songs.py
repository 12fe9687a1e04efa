"""How fast the gateway finds songs, and how gently it asks: `python -m benchmarks.songs`.

A gateway and a sandbox run as processes, as in production. Cold, the gateway has no answers yet and
asks MusicBrainz once a second; how many requests reached MusicBrainz within any one second is read
from the sandbox's log. Warm, callers ask for 200 songs over and over that it has answers for.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.serving.accounts import cpu_seconds
from benchmarks.serving.connection import Connection
from benchmarks.serving.processes import Launch, Running, free_port, running
from benchmarks.serving.setting import HOST
from benchmarks.table import print_row
from deephypebot.vendors import Environment, stand_ins, standings
from services.sandbox.catalogue import load

MUSICBRAINZ = "/musicbrainz/"
AGAIN = 429, 503  # statuses that ask to come back

Question = bytes


def main() -> None:
    """Print a line for the cold gateway, and one for the warm one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--songs", type=int, default=200, help="that are asked for warm")
    parser.add_argument("--cold", type=int, default=30, help="that are asked for cold")
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the warm part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        questions = _questions(options.songs)
        if options.cold:
            _print_cold(questions[: options.cold], Path(folder) / "cold", options.callers)
        _print_warm(questions, Path(folder) / "warm", options.callers, options.seconds)


def _print_cold(questions: Sequence[Question], folder: Path, callers: int) -> None:
    folder.mkdir()
    sandbox = _sandbox(folder)
    with running(sandbox) as world, running(_gateway(folder, world, interval=1.0)) as gateway:
        began = time.monotonic()
        asyncio.run(_ask_once(gateway, questions, callers))
        seconds = time.monotonic() - began
    arrivals = _arrivals(sandbox.log)
    row = {
        "songs": len(questions),
        "seconds": seconds,
        "requests": len(arrivals),
        "most a second": _most_within(arrivals, 1.0),
    }
    print_row("cold, MusicBrainz", row, first=True)
    print()


def _print_warm(questions: Sequence[Question], folder: Path, callers: int, seconds: float) -> None:
    folder.mkdir()
    with (
        running(_sandbox(folder)) as world,
        running(_gateway(folder, world, interval=0.0)) as gateway,
    ):
        asyncio.run(_ask_once(gateway, questions, callers))
        before = cpu_seconds(gateway.mark)
        waits = sorted(asyncio.run(_ask_on(gateway, questions, callers, seconds)))
        busy = cpu_seconds(gateway.mark) - before
    row = {
        "songs/s": len(waits) / seconds,
        "median ms": 1000 * waits[len(waits) // 2],
        "99% ms": 1000 * waits[len(waits) * 99 // 100],
        "worst ms": 1000 * waits[-1],
        "CPU ms each": 1000 * busy / len(waits),
    }
    print_row(f"warm, {callers} callers", row, first=True)


def _questions(count: int) -> list[Question]:
    """Requests for the sandbox's best known songs."""
    return [
        f"GET /v1/songs?{urlencode({'title': song.title, 'artist': song.artists[0]})} HTTP/1.1\r\n"
        f"Host: {HOST}\r\n\r\n".encode()
        for song in load().songs[:count]
    ]


def _sandbox(folder: Path) -> Launch:
    """A sandbox that logs every request."""
    return _launch(
        "services.sandbox",
        folder,
        {"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "SANDBOX_MUSICBRAINZ_PER_SECOND": "0"},
    )


def _gateway(folder: Path, world: Running, interval: float) -> Launch:
    """A gateway for which the sandbox plays every vendor."""
    vendors = standings(Environment({}, {}))
    told = stand_ins(vendors, f"http://{HOST}:{world.port}")
    return _launch(
        "services.gateway",
        folder,
        {**told, "DATA_DIR": str(folder), "MUSICBRAINZ_INTERVAL": str(interval)},
    )


def _launch(module: str, folder: Path, told: dict[str, str]) -> Launch:
    name, port = module.rpartition(".")[2], free_port()
    return Launch(
        command=[sys.executable, "-m", module],
        environment={f"{name.upper()}_PORT": str(port), **told},
        port=port,
        path="/readyz",
        body="",
        log=folder / f"{name}.log",
    )


async def _ask_once(gateway: Running, questions: Sequence[Question], callers: int) -> None:
    """Ask every question until it is answered; raises ValueError for one that never will be."""
    waiting = list(reversed(questions))

    async def call() -> None:
        connection = await Connection.to(gateway.port)
        while waiting:
            question = waiting.pop()
            status, body = await connection.ask(question)
            if status in AGAIN:
                waiting.insert(0, question)
                await asyncio.sleep(1.0)
            elif status != 200:
                message = f"{question!r} got {status}: {body!r}"
                raise ValueError(message)
        connection.close()

    await asyncio.gather(*(call() for _ in range(callers)))


async def _ask_on(
    gateway: Running, questions: Sequence[Question], callers: int, seconds: float
) -> list[float]:
    """How long each answer took, until time is up."""
    waits, until = list[float](), time.monotonic() + seconds

    async def call(first: int) -> None:
        connection, place = await Connection.to(gateway.port), first
        while (began := time.monotonic()) < until:
            status, _ = await connection.ask(questions[place % len(questions)])
            assert status == 200
            waits.append(time.monotonic() - began)
            place += 1
        connection.close()

    await asyncio.gather(*(call(7 * number) for number in range(callers)))
    return waits


def _arrivals(log: Path) -> list[float]:
    """When requests for MusicBrainz reached the sandbox, in order."""
    events = (json.loads(line) for line in log.read_text("utf-8").splitlines() if line[:1] == "{")
    return sorted(
        datetime.fromisoformat(event["timestamp"]).timestamp() - event["milliseconds"] / 1000
        for event in events
        if event.get("path", "").startswith(MUSICBRAINZ)
    )


def _most_within(times: Sequence[float], seconds: float) -> int:
    """The largest number of instants that any window of that length holds."""
    most = first = 0
    for last, time_ in enumerate(times):
        while time_ - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


if __name__ == "__main__":
    main()
