"""What the inference service does when it is asked for too much: `python -m benchmarks.overload`.

One after another, each with the service started anew:

    flood       3,000 requests at once
    overload    three times what it can do, for 30 s, by Poisson arrivals; then its speed again
    hang-ups    1,000 clients that leave while they are being written for
    SIGTERM     64 requests in flight when it is told to stop

A request is one sample of the drafts that are usual. Every answer is counted by its status.
"""

import argparse
import asyncio
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from benchmarks.serving.accounts import members, resident_mebibytes
from benchmarks.serving.connection import GONE, Connection, Door, Pool
from benchmarks.serving.processes import Launch, Running, free_port, running

PATH = "/v1/generate"
BODY = '{"genres": ["dream pop"], "num_samples": 1, "seed": SEED}'
FLOOD, CALLERS, LEAVING = 3000, 64, 1000
SECONDS, TIMES = 30.0, 3.0
MEASURED, AFTER = 5.0, 2.0  # seconds that the speed is measured before, and may take to come back


async def flood(server: Running) -> str:
    """Status counts, and the longest wait for one."""
    pool = Pool(_door(server), FLOOD)
    began = time.monotonic()
    statuses = await asyncio.gather(*(_status(pool, seed) for seed in range(FLOOD)))
    return f"{dict(Counter(statuses))} in {time.monotonic() - began:.1f} s"


async def overload(server: Running) -> str:
    """Status counts and the slowest answer; memory and speed before and after."""
    pool = Pool(_door(server), 2000)
    before, memory = await _speed(pool, MEASURED), resident_mebibytes(server.mark)
    chance, until, seed = random.Random(1), time.monotonic() + SECONDS, 0
    asking, slowest = list[asyncio.Task[int]](), list[float]()

    async def ask(number: int) -> int:
        began = time.monotonic()
        status = await _status(pool, number)
        slowest.append(time.monotonic() - began)
        return status

    while time.monotonic() < until:
        asking.append(asyncio.create_task(ask(seed)))
        seed += 1
        await asyncio.sleep(chance.expovariate(TIMES * before))
    statuses = Counter(await asyncio.gather(*asking))
    await asyncio.sleep(AFTER)
    after = await _speed(pool, MEASURED)
    return (
        f"{len(asking) / SECONDS:.0f} asked a second of {before:.0f} possible: {dict(statuses)}, "
        f"slowest {max(slowest):.1f} s; memory {memory:.0f} to "
        f"{resident_mebibytes(server.mark):.0f} MiB; {after:.0f} a second afterwards"
    )


async def hang_ups(server: Running) -> str:
    """Tokens that were asked for and tokens that were decoded."""
    door, before = _door(server), _metric(server, "tokens_total")
    once, began = asyncio.Semaphore(CALLERS), _metric(server, "rejected_total.*disconnected.*")

    answered = list[bool]()

    async def leave(seed: int) -> None:
        async with once:
            connection = await Connection.to(server.port)
            asking = asyncio.create_task(connection.ask(door.request(seed)))
            await asyncio.sleep(random.Random(seed).uniform(0.1, 0.5))
            answered.append(asking.done())
            connection.close()
            await asyncio.gather(asking, return_exceptions=True)

    await asyncio.gather(*(leave(seed) for seed in range(LEAVING)))
    while _metric(server, "queue_tokens"):  # noqa: ASYNC110 - it is polled over HTTP
        await asyncio.sleep(0.01)
    left = _metric(server, "rejected_total.*disconnected.*") - began
    tokens = _metric(server, "tokens_total") - before
    pool = Pool(door, 1)
    whole = _metric(server, "tokens_total")
    await _status(pool, 1)
    whole = _metric(server, "tokens_total") - whole
    each = tokens / LEAVING
    gone = f"{left:.0f} counted as gone and {sum(answered)} answered before they left"
    return f"{gone}; {each:.0f} tokens each of {whole:.0f} of a whole one"


async def told_to_stop(server: Running) -> str:
    """Status counts of what was in flight."""
    pool = Pool(_door(server), CALLERS)
    asking = [asyncio.create_task(_status(pool, seed)) for seed in range(CALLERS)]
    while _metric(server, "queue_tokens") < CALLERS * 500:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.005)
    for pid in members(server.mark)[:1]:
        os.kill(pid, signal.SIGTERM)
    return f"{dict(Counter(await asyncio.gather(*asking)))}"


TRIALS: dict[str, Callable[[Running], Awaitable[str]]] = {
    "flood": flood,
    "overload": overload,
    "hang-ups": hang_ups,
    "SIGTERM": told_to_stop,
}


def main(given: list[str] | None = None) -> None:
    """Print a line for each trial that is named, or for all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "trials", nargs="*", metavar="TRIAL", help=f"all, or of {', '.join(TRIALS)}"
    )
    trials = parser.parse_args(given).trials
    if unknown := [name for name in trials if name not in TRIALS]:
        parser.error(f"there is no trial '{unknown[0]}'; there are {', '.join(TRIALS)}")
    for name in trials or TRIALS:
        with running(_launch()) as server:
            memory = resident_mebibytes(server.mark)
            print(f"(ready in {server.start_seconds:.1f} s, {memory:.0f} MiB)")

            async def trial(name: str = name, server: Running = server) -> str:
                return await TRIALS[name](server)

            print(f"{name:9} {asyncio.run(trial())}", flush=True)


def _launch() -> Launch:
    port = free_port()
    return Launch(
        command=[sys.executable, "-m", "services.inference"],
        environment={"INFERENCE_PORT": str(port), "LOG_LEVEL": "error"},
        port=port,
        path=PATH,
        body=BODY.replace("SEED", "0"),
        log=Path(tempfile.gettempdir()) / "overload-benchmark.log",
    )


def _door(server: Running) -> Door:
    return Door(server.port, PATH, BODY)


async def _status(pool: Pool, seed: int) -> int:
    """The status of an answer; 0 if there was none."""
    try:
        status, _ = await pool.ask(seed)
    except GONE:
        return 0
    return status


async def _speed(pool: Pool, seconds: float) -> float:
    """Answers a second to `CALLERS` in a closed loop."""
    until, answered = time.monotonic() + seconds, 0

    async def caller(first: int) -> None:
        nonlocal answered
        seed = first
        while time.monotonic() < until:
            status = await _status(pool, seed)
            answered += status == 200 and time.monotonic() < until
            seed += CALLERS

    await asyncio.gather(*(caller(first) for first in range(CALLERS)))
    return answered / seconds


def _metric(server: Running, name: str) -> float:
    text = httpx.get(f"http://127.0.0.1:{server.port}/metrics").text
    found = re.search(rf"^inference_{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


if __name__ == "__main__":
    main()
