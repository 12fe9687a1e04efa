"""One run of posts through workers that are killed again and again."""

import asyncio
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import update

from benchmarks.crashes.house import a_house
from benchmarks.crashes.lives import DIED, Life, end
from benchmarks.crashes.people import Curator, Said, what_people_say
from benchmarks.crashes.verdict import Verdict, settled
from services.common.database import writing
from worker import failpoints
from worker.run import utc_now
from worker.store import Store
from worker.tables import outcome, post, publication

INTERVAL, DESK_INTERVAL = 0.3, 0.2
SHORTEST, LONGEST = 0.2, 1.6  # seconds that a life lasts which ends at a random moment
PATIENCE = 8.0  # seconds for a worker to reach its failpoint
TRIES = 4  # for a failpoint that was not reached, and as many again for each further worker
GLANCE = 0.05  # seconds between two looks of the people
STANDSTILL = 240.0  # seconds without any progress of the last workers, whom nobody kills
BEGINNING = 120.0  # seconds for the first worker to read the timeline
USUAL = 0.8  # seconds that this takes on a machine for which the times above are meant
SLOWEST = 4.0  # times that, which is waited for
FAULT_EVERY = 0.5  # seconds
MOST_WORDS = 3000
# Nobody mentions the bot here, asks anything of it or deletes a post, and no post grows old.
ELSEWHERE = ("mentions.", "texts.", "commands.", "reception.")
VISITED = tuple(name for name in failpoints.FAILPOINTS if not name.startswith(ELSEWHERE))
PROMISES = ("lost", "twice", "undrafted", "unasked", "spoilt")

FAULTS: tuple[dict[str, object], ...] = (
    {"vendor": "x", "method": "POST", "path": "/2/tweets", "fault": "accept-then-timeout"},
    {"vendor": "x", "method": "POST", "path": "/2/tweets", "fault": "accept-then-reset"},
    {"vendor": "x", "method": "POST", "path": "/2/tweets", "fault": "reset"},
    {"vendor": "x", "method": "POST", "path": "/2/tweets", "fault": "status", "status": 500},
    {"vendor": "x", "method": "POST", "path": "/2/tweets", "fault": "status", "status": 503},
    {"vendor": "x", "method": "GET", "fault": "reset"},
    {"vendor": "x", "method": "GET", "fault": "status", "status": 503},
    {"vendor": "x", "method": "GET", "fault": "half"},
    {"vendor": "spotify", "fault": "status", "status": 500},
    {"vendor": "spotify", "fault": "reset"},
)


@dataclass
class Trial:
    """`run` gives the row of a table; `unreached` names failpoints that no worker came to."""

    folder: Path
    posts: int = 500
    moments: int = 200
    workers: int = 1
    database: str | None = None
    faults: bool = False
    seed: int = 1
    failpoints: tuple[str, ...] = VISITED
    unreached: set[str] = field(default_factory=set)
    survivors: dict[Life, BaseProcess] = field(default_factory=dict)
    deaths: int = 0

    def run(self) -> dict[str, float]:
        began = time.monotonic()
        self.dice = random.Random(self.seed)
        self.to_say = deque(what_people_say(self.posts, self.dice))
        self.said: dict[str, Said] = {}  # item -> what was posted
        self.url = self.database or f"sqlite:///{self.folder / 'worker.sqlite3'}"
        self.store = Store.open(self.url)
        try:
            with a_house(self.folder) as self.house:
                self.curator = Curator(self.house.desk, self.dice)
                try:
                    self._begin()
                    self._live_and_die()
                    self._settle()
                finally:
                    for process in self.survivors.values():
                        end(process)
                verdict = Verdict.over(self.store, self.house, self.said, self.curator)
        finally:
            self.store.close()
        seconds = time.monotonic() - began
        return {**verdict.row(), "deaths": self.deaths, "seconds": seconds}

    def _begin(self) -> None:
        """Have the timeline read once, so that no post counts as history; and time it."""
        self._say(self.to_say.popleft())
        began = time.monotonic()
        process = self._lives()[0].begin()
        try:
            while self.store.timeline.position() is None:
                if time.monotonic() - began > BEGINNING:
                    message = f"no worker has read the timeline within {BEGINNING:g} s"
                    raise TimeoutError(message)
                time.sleep(GLANCE)
        finally:
            end(process)
        # On a slow or busy machine, lives last longer: else all would die before they do anything.
        self.slowness = min(max(1.0, (time.monotonic() - began) / USUAL), SLOWEST)

    def _live_and_die(self) -> None:
        """All deaths, in as many lanes as there are workers, while people post and curate."""
        ends = [*self.failpoints, *[""] * self.moments]
        self.dice.shuffle(ends)
        self.total, self.queue = len(ends), deque(ends)
        self.tried: dict[str, int] = {}
        lanes = [threading.Thread(target=self._lane, args=(life,)) for life in self._lives()]
        for lane in lanes:
            lane.start()
        struck = 0.0
        while any(lane.is_alive() for lane in lanes):
            share = 1 - len(self.queue) / self.total
            while self.to_say and len(self.said) <= share * self.posts:
                self._say(self.to_say.popleft())
            if self.faults and time.monotonic() - struck > FAULT_EVERY:
                struck = time.monotonic()
                self._plan(self.dice.choice(FAULTS))
            self._people_act()
        for each in self.to_say:
            self._say(each)

    def _lives(self) -> list[Life]:
        told = {
            "GATEWAY_URL": self.house.gateway_url,
            "INFERENCE_URL": self.house.writer_url,
            "DATA_DIR": str(self.folder),
            "WORKER_DATABASE_URL": self.url,
            "WORKER_PORT": "0",
            "WORKER_INTERVAL": str(INTERVAL),
            "WORKER_DESK_INTERVAL": str(DESK_INTERVAL),
            "WORKER_FIRST_RUN_POSTS": "200",
            "WORKER_NUM_SAMPLES": "2",
            "WORKER_CONCURRENCY": "4",
            "WORKER_MIN_INTERVAL": "0",
            "WORKER_UNDO_SECONDS": "0",
            "WORKER_JITTER": "0",
            "WORKER_LIKENESS_POSTS": "0",
            "WORKER_MENTIONS_INTERVAL": "0.3",
            "WORKER_MOST_A_DAY": "100000",
            "WORKER_MOST_FAULTS": "1000",
            "LOG_LEVEL": "error",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        names = [f"worker-{number}" for number in range(1, self.workers + 1)]
        return [Life(name, told, self.folder / f"{name}.log") for name in names]

    def _lane(self, life: Life) -> None:
        """One life after the other, until no death is left; the last one is nobody's to end."""
        dice = random.Random(f"{self.seed} {life.name}")
        while True:
            try:
                failpoint = self.queue.popleft()
            except IndexError:
                self.survivors[life] = life.begin()
                return
            process = life.begin(failpoint)
            longest = PATIENCE if failpoint else dice.uniform(SHORTEST, LONGEST)
            process.join(self.slowness * longest)
            if failpoint and process.exitcode != DIED:
                self._try_again(failpoint)
            else:
                self.deaths += 1
            end(process)

    def _try_again(self, failpoint: str) -> None:
        self.tried[failpoint] = self.tried.get(failpoint, 0) + 1
        if self.tried[failpoint] < TRIES * self.workers:
            self.queue.append(failpoint)
        else:
            self.unreached.add(failpoint)

    def _say(self, said: Said) -> None:
        answer = self.house.sandbox.post("/sandbox/posts", json={"text": said.text})
        self.said[f"x:{answer.raise_for_status().json()['id']}"] = said

    def _plan(self, fault: dict[str, object]) -> None:
        """Let it happen, unless one of that vendor still waits to: slow workers would meet nothing
        else, and the gateway would leave the vendor alone."""
        waiting = self.house.sandbox.get("/sandbox/faults").raise_for_status().json()
        if any(each["vendor"] == fault["vendor"] for each in waiting):
            return
        times = self.dice.choice((1, 1, 2))
        given = {"seconds": 2.0, "times": times, **fault}
        self.house.sandbox.post("/sandbox/faults", json=given).raise_for_status()

    def _people_act(self, *, may_change: bool = True) -> None:
        asyncio.run(self.curator.sit_down(may_change=may_change))
        self._hurry()
        time.sleep(GLANCE)

    def _hurry(self) -> None:
        """Let nothing wait for its next try: the pauses are not what is on trial."""
        now = utc_now()
        with writing(self.store.engine) as connection:
            for table in (post, publication, outcome):
                waiting = update(table).where(table.c.next_at > now)
                connection.execute(waiting.values(next_at=now))

    def _settle(self) -> None:
        """Nothing fails any more, and nobody is killed, until all is done."""
        self.house.sandbox.delete("/sandbox/faults").raise_for_status()
        moved, before = time.monotonic(), self.store.counts()
        while time.monotonic() - moved < STANDSTILL:
            self._people_act(may_change=False)
            self._raise_the_dead()
            if len(self.said) == self.posts and settled(self.store, self.house, self.said):
                break
            if (now := self.store.counts()) != before:
                moved, before = time.monotonic(), now

    def _raise_the_dead(self) -> None:
        """Start again who ended by itself, as a supervisor does."""
        for life, process in self.survivors.items():
            if process.exitcode is not None:
                self.survivors[life] = life.begin()

    def last_words(self) -> str:
        """The end of what the workers logged."""
        logs = sorted(self.folder.glob("worker-*.log"))
        return "\n".join(log.read_text(errors="replace")[-MOST_WORDS:] for log in logs)
