"""The loader, a process of its own: a load on its standard input, what came of it on its output.

A closed loop has callers each of whom asks anew when the last answer is there. An open one has
arrivals by a Poisson process, whatever the server does; latency counts from the scheduled arrival,
and a request that is not answered in time counts with as long as it was waited for.
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.serving.accounts import cpu_seconds, machine_seconds, resident_mebibytes
from benchmarks.serving.answer import read_answer
from benchmarks.serving.connection import GONE, Door, Pool

CONNECTIONS = 1000
DRAIN_SECONDS = 20.0  # that answers are waited for once nothing arrives any more


@dataclass(frozen=True)
class Load:
    """What to do to which server."""

    port: int
    path: str
    body: str
    mark: str  # of the server's processes
    seeds: int  # how many there are
    expected: str | None  # the file that says, for each seed, what its answer must hold
    seconds: float
    warm_seconds: float
    callers: int | None = None  # of a closed loop
    rate: float | None = None  # arrivals a second of an open one
    draw: int = 0  # what the arrivals are drawn from


@dataclass(frozen=True)
class Outcome:
    """What came of a load. Rates count answers in time, latencies all of them."""

    requests_per_second: float
    sentences_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_seconds_per_sentence: float
    resident_mebibytes: float
    other_cores: float  # busy with neither the server nor the loader
    wrong: int  # answers that were not those of their seeds
    failed: dict[str, int]  # requests without an answer, by reason


@dataclass
class Tally:
    """Requests as they come back."""

    seconds: list[float] = field(default_factory=list)
    in_time: int = 0
    sentences_in_time: int = 0
    sentences: int = 0
    wrong: int = 0
    failed: Counter[str] = field(default_factory=Counter)


class Loader:
    """Sends requests and checks what comes back."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._pool = Pool(Door(load.port, load.path, load.body), CONNECTIONS)
        self._expected = json.loads(Path(load.expected).read_text()) if load.expected else None
        self._until = 0.0
        self.tally = Tally()

    async def closed(self, callers: int, seconds: float) -> None:
        """Ask in a closed loop."""
        self._begin(seconds)
        numbers = count()
        calling = {asyncio.create_task(self._caller(numbers)) for _ in range(callers)}
        await _ended(calling, seconds + DRAIN_SECONDS)

    async def open(self, rate: float, seconds: float) -> None:
        """Ask at random times."""
        self._begin(seconds)
        chance, arrival = random.Random(self._load.draw), time.monotonic()
        asking = set[asyncio.Task[None]]()
        for number in count():
            arrival += chance.expovariate(rate)
            if arrival > self._until:
                break
            await asyncio.sleep(max(0.0, arrival - time.monotonic()))
            asking.add(asyncio.create_task(self._ask(number, arrival)))
        await _ended(asking, DRAIN_SECONDS)

    def close(self) -> None:
        self._pool.close()

    def _begin(self, seconds: float) -> None:
        self.tally, self._until = Tally(), time.monotonic() + seconds

    async def _caller(self, numbers: Iterator[int]) -> None:
        while time.monotonic() < self._until:
            await self._ask(next(numbers), time.monotonic())

    async def _ask(self, number: int, began: float) -> None:
        seed = number % self._load.seeds
        try:
            status, body = await self._pool.ask(seed)
        except GONE as error:
            self.tally.failed[type(error).__name__] += 1
            return
        except asyncio.CancelledError:
            self.tally.failed["unanswered"] += 1
            self.tally.seconds.append(time.monotonic() - began)
            raise
        if status != 200:
            self.tally.failed[str(status)] += 1
            return
        self._count(seed, body, began)

    def _count(self, seed: int, body: bytes, began: float) -> None:
        now, tally = time.monotonic(), self.tally
        answer = read_answer(body)
        right = answer.seed == seed
        if self._expected is not None:
            right = right and answer.said == self._expected[seed]
        tally.wrong += not right
        tally.seconds.append(now - began)
        tally.sentences += answer.sentences
        if now <= self._until:
            tally.in_time += 1
            tally.sentences_in_time += answer.sentences


async def _ended(tasks: "set[asyncio.Task[None]]", patience: float) -> None:
    """Wait for tasks, and cancel those that take too long."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=patience)
    for task in late:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def drive(load: Load) -> Outcome:
    """Warm the server up, put the load on it, and say what came of it."""
    loader = Loader(load)
    await loader.closed(load.callers or 8, load.warm_seconds)
    used, own, machine = cpu_seconds(load.mark), time.process_time(), machine_seconds()
    began = time.monotonic()
    if load.rate is not None:
        await loader.open(load.rate, load.seconds)
    else:
        await loader.closed(load.callers or 1, load.seconds)
    elapsed = time.monotonic() - began
    used = cpu_seconds(load.mark) - used
    busy = machine_seconds() - machine - used - (time.process_time() - own)
    loader.close()
    return _outcome(load, loader.tally, used, busy / elapsed)


def _outcome(load: Load, tally: Tally, used: float, other_cores: float) -> Outcome:
    return Outcome(
        requests_per_second=tally.in_time / load.seconds,
        sentences_per_second=tally.sentences_in_time / load.seconds,
        p50_ms=1000 * quantile(tally.seconds, 50),
        p99_ms=1000 * quantile(tally.seconds, 99),
        cpu_seconds_per_sentence=used / max(1, tally.sentences),
        resident_mebibytes=resident_mebibytes(load.mark),
        other_cores=max(0.0, other_cores),
        wrong=tally.wrong,
        failed=dict(tally.failed),
    )


def quantile(values: list[float], percent: int) -> float:
    """A percentile; infinite where there is nothing."""
    if len(values) < 2:
        return values[0] if values else float("inf")
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(drive(Load(**json.load(sys.stdin)))))))
