"""What the worker adds to the time that inference takes: `python -m benchmarks.backlog`.

Sandbox, gateway, inference service and worker run as processes, as in production. The writer is
asked for drafts by bare connections, as many at a time as the worker has lanes; then a worker finds
posts in its store, each naming a song that the gateway has an answer for, and brings all of them to
the desk: parsed, looked up, drafted, stored, delivered; then the writer is asked again. `added` is
the worker's time, its start included, over the mean of the two.

`--instant` has a writer that answers at once: `posts/s` is then how fast one worker could be fed,
and `CPU ms each` what a post costs it.

The same worker is then left with nothing to do: `idle` is the processor time of its own process in
one cycle, without mentions and with them, and in one look at the desk; each tells a heartbeat.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.crashes.house import create_writer
from benchmarks.serving.accounts import cpu_seconds, most_resident_mebibytes
from benchmarks.serving.connection import Connection
from benchmarks.serving.processes import Launch, free_port, running
from benchmarks.serving.setting import HOST
from benchmarks.table import print_row
from deephypebot.vendors import Environment, stand_ins, standings
from services.gateway.schemas import Post, Song, TimelinePage
from services.inference.schemas import GenerateRequest
from services.sandbox.catalogue import load
from tests.served import served
from worker.states import PostState
from worker.store import Store

PAGE, TRIES = 200, 60
AGAIN = 429, 503  # statuses that ask to come back
GLANCE = 0.5  # seconds between two looks at the worker's store
PATIENCE = 7200.0  # seconds
IDLE_INTERVAL = 0.5  # seconds between two idle cycles
SELDOM = 86_400.0  # seconds: not while we measure
UNDONE = {PostState.STORED, PostState.SONG, PostState.RESOLVED, PostState.DRAFTED}


@dataclass(frozen=True)
class House:
    """Everything but the worker: the ports of the others, and how a worker is to work."""

    folder: Path
    gateway: int
    writer: int
    lanes: int
    drafts: int

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'worker.sqlite3'}"

    def worker(self, **times: float) -> Launch:
        given = {
            "interval": 1.0,
            "desk_interval": SELDOM,
            "mentions_interval": 0.0,
            "concurrency": self.lanes,
            "num_samples": self.drafts,
            **times,
        }
        told = {
            "GATEWAY_URL": f"http://{HOST}:{self.gateway}",
            "INFERENCE_URL": f"http://{HOST}:{self.writer}",
            "WORKER_DATABASE_URL": self.database,
            **{f"WORKER_{name.upper()}": str(value) for name, value in given.items()},
        }
        return launch("worker", self.folder, told, path="/livez")


def main() -> None:
    """Print a line for the backlog and one for the idle worker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--songs", type=int, default=200, help="that the posts name")
    parser.add_argument("--lanes", type=int, default=8, help="calls at one time")
    parser.add_argument("--drafts", type=int, default=5, help="per post")
    parser.add_argument("--share", type=float, default=0.1, help="of the posts asked for barely")
    parser.add_argument("--instant", action="store_true", help="a writer that answers at once")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds without work")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), options) as house_:
        songs = asyncio.run(known_songs(house_.gateway, options.songs))
        bare = [
            request(songs[number % len(songs)], number, options.drafts)
            for number in range(max(1, round(options.share * options.posts)))
        ]
        before = asyncio.run(answered(house_.writer, bare, options.lanes))
        row = drafted(house_, songs, options.posts)
        after = asyncio.run(answered(house_.writer, bare, options.lanes))
        alone = statistics.mean([before, after]) / len(bare)
        row["bare posts/s"] = 1 / alone
        if not options.instant:
            row["added"] = row["seconds"] / options.posts / alone - 1
        print_row("backlog", row, first=True, digits=3)
        print()
        print_row("idle", idle(house_, options.idle), first=True)


@contextmanager
def house(folder: Path, options: argparse.Namespace) -> Iterator[House]:
    """All services but the worker."""
    with ExitStack() as stack:
        quiet = {
            "SANDBOX_FEED_BURST": "0",
            "SANDBOX_FEED_INTERVAL": str(SELDOM),
            "SANDBOX_MUSICBRAINZ_PER_SECOND": "0",
        }
        world = stack.enter_context(running(launch("services.sandbox", folder, quiet)))
        vendors = stand_ins(standings(Environment({}, {})), f"http://{HOST}:{world.port}")
        gateway = stack.enter_context(running(launch("services.gateway", folder, vendors)))
        if options.instant:
            url = stack.enter_context(served(create_writer()))
            writer = int(url.rpartition(":")[2])
        else:
            launched = launch("services.inference", folder, {})
            writer = stack.enter_context(running(launched)).port
        yield House(folder, gateway.port, writer, options.lanes, options.drafts)


def launch(module: str, folder: Path, told: dict[str, str], path: str = "/readyz") -> Launch:
    name, port = module.rpartition(".")[2], free_port()
    return Launch(
        command=[sys.executable, "-m", module],
        environment={
            f"{name.upper()}_PORT": str(port),
            "DATA_DIR": str(folder),
            "LOG_LEVEL": "error",
            **told,
        },
        port=port,
        path=path,
        body="",
        log=folder / f"{name}.log",
    )


async def known_songs(gateway: int, count: int) -> list[Song]:
    """Songs of the sandbox, as the gateway knows them from now on."""
    found = list[Song]()
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{gateway}", timeout=60) as http:
        for song in load().songs[:count]:
            named = {"title": song.title, "artist": song.artists[0]}
            for _ in range(TRIES):
                answer = await http.get("/v1/songs", params=named)
                if answer.status_code not in AGAIN:
                    break
                await asyncio.sleep(1.0)
            found.append(Song.model_validate_json(answer.raise_for_status().content))
    return found


def request(song: Song, seed: int, drafts: int) -> bytes:
    """What the worker asks the writer for a song, as bytes of HTTP."""
    asked = GenerateRequest(
        genres=song.genres[:32],
        num_samples=drafts,
        artist=song.artists[0],
        title=song.title,
        seed=seed,
    ).model_dump_json()
    return (
        f"POST /v1/generate HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(asked.encode())}\r\n\r\n{asked}"
    ).encode()


async def answered(writer: int, requests: Sequence[bytes], callers: int) -> float:
    """Seconds until all are answered."""
    waiting = list(reversed(requests))

    async def call() -> None:
        connection = await Connection.to(writer)
        while waiting:
            status, body = await connection.ask(waiting.pop())
            assert status == 200, body
        connection.close()

    began = time.monotonic()
    await asyncio.gather(*(call() for _ in range(callers)))
    return time.monotonic() - began


def drafted(house_: House, songs: Sequence[Song], count: int) -> dict[str, float]:
    """What it took a worker to bring the drafts of so many posts to the desk."""
    store = Store.open(house_.database)
    fill(store, house_.gateway, songs, count)
    began = time.monotonic()
    with running(house_.worker()) as worker:
        while (counts := store.counts()).posts.keys() & UNDONE:
            if time.monotonic() - began > PATIENCE:
                message = f"not done after {PATIENCE:g} s: {counts.posts}"
                raise TimeoutError(message)
            time.sleep(GLANCE)
        seconds = time.monotonic() - began
        delivered = counts.posts.get(PostState.DELIVERED, 0)
        if delivered != count:
            message = f"{delivered} of {count} posts came to the desk: {counts.posts}"
            raise ValueError(message)
        busy, memory = cpu_seconds(worker.mark), most_resident_mebibytes(worker.mark)
    store.close()
    return {
        "posts": count,
        "seconds": seconds,
        "CPU ms each": 1000 * busy / count,
        "MiB at most": memory,
        "posts/s": count / seconds,
    }


def fill(store: Store, gateway: int, songs: Sequence[Song], count: int) -> None:
    """Store posts as if the timeline had brought them, with its cursor."""
    now = datetime.now(UTC)
    answer = httpx.get(f"http://{HOST}:{gateway}/v1/timeline", params={"limit": 1}, timeout=60)
    page = TimelinePage.model_validate_json(answer.raise_for_status().content)
    posts = [
        post(number, songs[number % len(songs)], now - timedelta(seconds=count - number))
        for number in range(count)
    ]
    for at in range(0, count, PAGE):
        store.timeline.take(page.model_copy(update={"posts": posts[at : at + PAGE]}), now)


def post(number: int, song: Song, at: datetime) -> Post:
    words = f'Listening to "{song.title}" by {song.artists[0]}'
    return Post(origin="x", id=str(10**18 + number), text=words, author_id="7", created_at=at)


def idle(house_: House, seconds: float) -> dict[str, float]:
    """What a cycle and a look at the desk cost that find nothing to do, in milliseconds."""
    often = IDLE_INTERVAL
    return {
        "cycle": _cost(house_.worker(interval=often), seconds),
        "with mentions": _cost(
            house_.worker(interval=often, mentions_interval=0.9 * often), seconds
        ),
        "look": _cost(house_.worker(interval=SELDOM, desk_interval=often), seconds),
    }


def _cost(worker: Launch, seconds: float) -> float:
    """Milliseconds of the processor in one interval, once the first runs are over."""
    with running(worker) as one:
        time.sleep(4.0)
        began, busy = time.monotonic(), cpu_seconds(one.mark)
        time.sleep(seconds)
        runs = (time.monotonic() - began) / IDLE_INTERVAL
        return 1000 * (cpu_seconds(one.mark) - busy) / runs


if __name__ == "__main__":
    main()
