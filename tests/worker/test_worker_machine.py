"""Whatever happens, in whatever order, to two workers that share a database, these hold:

- a post has at most one set of drafts, and the desk has what the store has;
- what the platform shows is there once, in the words of an approval that stands: an edit arrives,
  and nothing that was rejected or taken back is out;
- who mentioned the bot is answered, and nobody else is;
- the desk is told `published` of what is out, and of nothing else;
- once the world is well again every post has drafts or a reason, everything that was approved and
  not refused is out, the curator knows of all of it, and nobody holds anything any more.

The curator keeps to the desk's rule: what is on its way out, or out, is decided for good. She may
act at any moment, also between two calls of a worker.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
import stamina
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, delete, event, func, select

from services.common.database import reading, writing
from services.gateway.client import GatewayClient
from services.gateway.schemas import Decision, TimelinePage
from services.inference.client import InferenceClient
from tests.worker.conftest import at_our_time
from tests.worker.worker_world import START, Clock, Fault, World, song_post
from worker import failpoints
from worker.bot import Bot
from worker.settings import WorkerSettings
from worker.store import Store
from worker.store.receptions import is_due
from worker.tables import draft, metadata, outcome, post, publication, reception, turn

T = TypeVar("T")

FAULTS: list[Fault] = ["lost", "dead", 422, 429, 500, 503]
OUTAGE: tuple[Fault, ...] = (503,) * 99
AT_THE_DESK = [
    name
    for name in failpoints.FAILPOINTS
    if name.startswith(("decisions.", "publication.", "outcome."))
]
BEFORE_THE_DESK = [name for name in failpoints.FAILPOINTS if name not in AT_THE_DESK]
DESK_DOORS = ("publish", "publish", "decisions", "mark")
CYCLE_DOORS = ("timeline", "mentions", "songs", "generate", "drafts", "reception")
SAMPLES = 2
EXAMPLES = 2000 if settings().max_examples > 100 else 50
QUIET = 100_000  # seconds after which nothing waits, whatever the clock did

failures = st.lists(st.sampled_from(FAULTS), max_size=2) | st.none()  # None: an outage
passing = st.sampled_from([1, 20, 1000, 90_000, -30, -4000])
workers = st.sampled_from(["ada", "ada", "bob"])


class DiedError(BaseException):
    """The process is gone: no `except Exception` may catch it."""


class WorkerMachine(RuleBasedStateMachine):
    store: Store
    runner: asyncio.Runner
    dead = False

    @initialize(failpoint=st.sampled_from(AT_THE_DESK), faults=failures)
    def begin(self, failpoint: str, faults: list[Fault] | None) -> None:
        """Drafts lie on the desk, one is approved, and its publication meets trouble."""
        with writing(self.store.engine) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
        # Mentions were read before: the first reading would take none.
        self.store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START)
        self.world = World()
        self.clock = Clock()
        self.stands: dict[str, Decision] = {}  # draft -> the decision on it
        self.people_post(songs=2, silent=1)
        self.do("ada", "cycle")
        self.decide("x:1:1", "approved")
        self.fail("publish", faults)
        self.do("ada", "desk", failpoint)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.in_the_end_all_is_done()

    def do(self, worker: str, job: str, failpoint: str | None = None) -> None:
        """A worker is started, does one thing, and ends: by itself, or at the failpoint."""
        failpoints._reached.clear()
        os.environ[failpoints.VARIABLE] = failpoint or ""
        try:
            self.runner.run(self._do(worker, job))
        except* DiedError:
            pass
        finally:
            os.environ.pop(failpoints.VARIABLE, None)
            WorkerMachine.dead = False
            self.world.faults.clear()
            self.world.when_called.clear()

    def fail(self, door: str, faults: list[Fault] | None) -> None:
        """What the next calls there come to; only words can be refused."""
        planned = OUTAGE if faults is None else faults
        self.world.faults[door] = [f for f in planned if f != 422 or door == "publish"]

    async def _do(self, worker: str, job: str) -> None:
        own = WorkerSettings(
            name=worker,
            first_run_posts=200,
            num_samples=SAMPLES,
            min_interval=0,
            undo_seconds=0,
            likeness_posts=0,
            reply=True,
            most_a_day=1000,
            concurrency=2,
            most_faults=1000,
        )
        transport = self.world.transport
        async with (
            GatewayClient("http://world", transport=transport) as gateway,
            InferenceClient("http://world", transport=transport) as inference,
        ):
            bot = Bot(own, self.store, gateway, inference)
            at_our_time(bot, self.clock)
            try:
                await (bot.run_cycle() if job == "cycle" else bot.look_at_desk())
            finally:
                await end_all_others()

    @rule(songs=st.integers(0, 2), silent=st.integers(0, 1))
    def people_post(self, songs: int, silent: int) -> None:
        count = len(self.world.posts)
        self.world.post(*(song_post(count + number) for number in range(songs)))
        self.world.post(*["Rain."] * silent)

    @rule(on_timeline=st.booleans())
    def somebody_asks(self, *, on_timeline: bool) -> None:
        number = 1000 + len(self.world.mentions)
        self.world.mention(f"@deephypebot {song_post(number)}", on_timeline=on_timeline)

    @rule(
        worker=workers,
        failpoint=st.none() | st.sampled_from(AT_THE_DESK),
        count=st.integers(1, 2),
        faults=failures,
        door=st.sampled_from(DESK_DOORS),
        seconds=passing,
    )
    def looks_at_the_desk(
        self,
        *,
        worker: str,
        failpoint: str | None,
        count: int,
        faults: list[Fault] | None,
        door: str,
        seconds: int,
    ) -> None:
        self.clock.pass_by(seconds)
        self.fail(door, faults)
        self.do(worker, "desk", failpoint and f"{failpoint}@{count}")

    @precondition(lambda self: self.world.drafts)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(["approved", "rejected", "undecided"]),
        door=st.sampled_from(["mark", "mark", "decisions", "publish"]),
        failpoint=st.none() | st.sampled_from(AT_THE_DESK),
    )
    def the_curator_acts_during_a_look(
        self, data: st.DataObject, verdict: str, door: str, failpoint: str | None
    ) -> None:
        """Between two calls of a worker, just before one of them is answered."""
        draft_id = data.draw(st.sampled_from(sorted(self.world.drafts)))
        self.clock.pass_by(20)
        self.world.when_called[door] = [lambda: self.decide(draft_id, verdict, edited=True)]
        self.do("ada", "desk", failpoint)

    @rule(
        worker=workers,
        failpoint=st.none() | st.sampled_from(BEFORE_THE_DESK),
        count=st.integers(1, 2),
        faults=failures,
        door=st.sampled_from(CYCLE_DOORS),
        seconds=passing,
    )
    def runs_a_cycle(
        self,
        *,
        worker: str,
        failpoint: str | None,
        count: int,
        faults: list[Fault] | None,
        door: str,
        seconds: int,
    ) -> None:
        self.clock.pass_by(seconds)
        self.fail(door, faults)
        self.do(worker, "cycle", failpoint and f"{failpoint}@{count}")

    @precondition(lambda self: self.world.drafts)
    @rule(data=st.data(), edited=st.booleans())
    def a_draft_is_approved(self, data: st.DataObject, *, edited: bool) -> None:
        self.decide(
            data.draw(st.sampled_from(sorted(self.world.drafts))), "approved", edited=edited
        )

    @precondition(lambda self: self.stands)
    @rule(data=st.data(), verdict=st.sampled_from(["undecided", "rejected"]))
    def a_decision_is_taken_back(self, data: st.DataObject, verdict: str) -> None:
        self.decide(data.draw(st.sampled_from(sorted(self.stands))), verdict)

    def decide(self, draft_id: str, verdict: str, *, edited: bool = False) -> None:
        """The curator decides, unless the post is on its way out."""
        item_id = self.world.drafts[draft_id].item_id
        if any(self.is_leaving(each) for each in self.drafts_of(item_id)):
            return
        words = f"My words, number {len(self.world.decisions_made)}." if edited else None
        if verdict == "approved":
            self.stands[draft_id] = self.world.decide(draft_id, text=words)
        elif verdict == "rejected":
            self.stands[draft_id] = self.world.decide(draft_id, "rejected")
        else:
            self.stands[draft_id] = self.world.decide(draft_id, "undecided")

    def drafts_of(self, item_id: str) -> list[str]:
        return [each.id for each in self.world.drafts.values() if each.item_id == item_id]

    def is_leaving(self, draft_id: str) -> bool:
        told = self.told(draft_id)
        return told == "published" or (told == "scheduled" and self.is_approved(draft_id))

    def told(self, draft_id: str) -> str | None:
        outcomes = self.world.outcomes[draft_id]
        return outcomes[-1].state if outcomes else None

    def is_approved(self, draft_id: str) -> bool:
        return draft_id in self.stands and self.stands[draft_id].verdict == "approved"

    def words_of(self, draft_id: str) -> str:
        """As they leave."""
        song = self.world.drafts[draft_id].song
        return f"{self.stands[draft_id].text} — “{song.title}” by {song.artists[0]}"

    @invariant()
    def drafts_on_the_desk_are_those_of_the_store(self) -> None:
        with reading(self.store.engine) as connection:
            stored = {row.id: row.text for row in connection.execute(select(draft))}
            written = Counter(connection.scalars(select(draft.c.item_id)))
        assert set(written.values()) <= {SAMPLES}
        for draft_id, laid in self.world.drafts.items():
            assert stored[draft_id] == laid.text

    @invariant()
    def what_is_out_is_an_approval_that_stands_and_is_out_once(self) -> None:
        by_words = {self.words_of(each): each for each in self.stands if self.is_approved(each)}
        items = [self.world.drafts[by_words[text]].item_id for text in self.world.out]
        assert len(items) == len(set(items))

    @invariant()
    def what_the_desk_was_told_is_out_is_out(self) -> None:
        for draft_id in self.world.drafts:
            if self.told(draft_id) == "published":
                assert self.words_of(draft_id) in self.world.out

    @invariant()
    def nobody_is_answered_who_did_not_ask(self) -> None:
        mentions = {each.id for each in self.world.mentions}
        assert set(self.world.answered.values()) <= mentions

    def heal(self) -> None:
        """Nothing fails any more, and a worker gets all the time it needs."""
        for _ in range(2):
            self.clock.pass_by(QUIET)
            self.do("bob", "cycle")
            self.do("bob", "desk")

    def in_the_end_all_is_done(self) -> None:
        self.heal()
        self.what_is_out_is_an_approval_that_stands_and_is_out_once()
        self.what_the_desk_was_told_is_out_is_out()
        with reading(self.store.engine) as connection:
            states = Counter(connection.scalars(select(post.c.state)))
            publications = connection.execute(select(publication)).all()
            asked = set(connection.scalars(select(post.c.item_id).where(post.c.asked)))
            overdue = connection.execute(select(reception).where(is_due(self.clock()))).all()
            for table in (post, publication, turn):
                held = select(func.count()).select_from(table).where(table.c.lease.is_not(None))
                assert connection.scalar(held) == 0
            owed = select(func.count()).select_from(outcome).where(outcome.c.owed)
            assert connection.scalar(owed) == 0
        assert set(states) <= {"no_song", "delivered", "decided"}
        assert overdue == []
        assert sum(states.values()) == len(self.world.posts) + self.world.elsewhere
        assert asked == {f"x:{each.id}" for each in self.world.mentions}
        assert {row.state for row in publications} <= {"published", "cancelled", "failed"}
        published = [row.text for row in publications if row.state == "published"]
        assert sorted(published) == sorted(self.world.out)
        for draft_id in self.world.drafts:
            out = self.is_approved(draft_id) and self.words_of(draft_id) in self.world.out
            assert out == (self.told(draft_id) == "published")
            assert self.told(draft_id) != "scheduled"
            assert not self.is_approved(draft_id) or self.told(draft_id) in {"published", "failed"}


async def end_all_others() -> None:
    """Whatever a worker still had in hand when it died."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def without_syncing(connection: Connection) -> None:
    """No power is lost here, and waiting for the disk is most of the time."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.cursor().execute("PRAGMA synchronous=OFF")


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No threads, no log, no retries within a call, and death instead of an exit."""

    async def at_once(work: Callable[..., T], *given: object, **named: object) -> T:
        if WorkerMachine.dead:
            raise DiedError  # what a process had begun when it died is never written
        return work(*given, **named)

    def die(_: int) -> None:
        WorkerMachine.dead = True
        raise DiedError

    monkeypatch.setattr(asyncio, "to_thread", at_once)
    monkeypatch.setattr(os, "_exit", die)
    configured = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with stamina.set_testing(True, attempts=1), asyncio.Runner() as runner:
        WorkerMachine.runner = runner
        yield
    structlog.configure(**configured)


@pytest.mark.timeout(8 * EXAMPLES)
@pytest.mark.usefixtures("light")
def test_nothing_is_lost_and_nothing_done_twice(store: Store) -> None:
    WorkerMachine.store = store
    event.listen(store.engine, "engine_connect", without_syncing)
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(WorkerMachine, settings=profile)
