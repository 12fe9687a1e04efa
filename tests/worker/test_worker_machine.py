"""Whatever happens, in whatever order, to two workers that share a database, these hold:

- a post has at most one set of drafts, and the desk has what the store has;
- what the platform shows is there once, in the words of an approval that stands: an edit arrives,
  and nothing that was rejected or taken back is out;
- who mentioned the bot is answered, and nobody else is;
- the desk is told `published` of what is out, and of nothing else; of what waits it was not told
  last that it failed or leaves, unless it is owed another word;
- once the world is well again every post has drafts or a reason, everything that was approved and
  not refused is out, the curator knows of all of it, and nobody holds anything any more.

The curator keeps to the desk's rule: what is on its way out, or out, is decided for good. She may
act at any moment, also between two calls of a worker, and so may the other worker.
"""

from collections import Counter
from collections.abc import Iterator
from sqlite3 import Connection as Sqlite
from sqlite3 import connect
from typing import ClassVar, Literal

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.event import listen

from services.common.database import reading
from services.gateway.schemas import Decision, Draft, TimelinePage
from tests.worker.desk_drafts import made
from tests.worker.histories import (
    AT_THE_DESK,
    BEFORE_THE_DESK,
    BETWEEN,
    CYCLE_DOORS,
    DESK_DOORS,
    EVENTS,
    OUTAGE,
    STEPS,
    failures,
    jobs,
    passing,
    workers,
)
from tests.worker.mortals import SAMPLES, Job, Mortals, mortal_lives
from tests.worker.worker_world import START, Fault, World, song_post
from worker import failpoints
from worker.store import Store
from worker.store.receptions import is_due
from worker.store.turns import at_it
from worker.tables import draft, outcome, post, publication, reception, turn

EXAMPLES = settings().max_examples  # of the profile: 100, and 2,000 every night
ROUNDS = 5  # at most: the histories of one may all do without an event that is rare
QUIET = 100_000  # seconds after which nothing waits, whatever the clock did
MOVED = """
SELECT (SELECT group_concat(item_id || state || coalesce(lease, '')) FROM post),
    (SELECT group_concat(id || state || coalesce(decision_version, '')) FROM draft),
    (SELECT group_concat(id || state || idempotency_key) FROM publication),
    (SELECT group_concat(draft_id || state || owed) FROM outcome),
    (SELECT group_concat(cursor) FROM cursor)
"""


class WorkerMachine(RuleBasedStateMachine):
    store: Store
    mortals: Mortals
    beginning: Sqlite  # the database with the first drafts delivered, copied for each history
    first_drafts: list[Draft]
    happened: ClassVar[Counter[str]] = Counter()

    @classmethod
    def prepare(cls, store: Store, mortals: Mortals) -> None:
        """Take drafts to the desk once for all histories."""
        cls.store, cls.mortals = store, mortals
        people_post(mortals.world, songs=2, silent=1)
        # Mentions were read before: the first reading would take none.
        store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START)
        mortals.do("ada", "cycle")
        cls.first_drafts = list(mortals.world.drafts.values())
        cls.beginning = connect(":memory:")
        sqlite_of(store).backup(cls.beginning)

    @initialize(
        failpoint=st.none() | st.sampled_from(AT_THE_DESK),
        faults=failures,
        pauses=st.sampled_from([False, False, True]),
    )
    def begin(self, failpoint: str | None, faults: list[Fault] | None, *, pauses: bool) -> None:
        """Drafts lie on the desk, one is approved, and its publication meets trouble."""
        self.beginning.backup(sqlite_of(self.store))
        self.world, self.clock = self.mortals.world, self.mortals.begin_anew()
        self.world.begin_anew()
        people_post(self.world, songs=2, silent=1)
        self.world.drafts.update((each.id, each.model_copy()) for each in self.first_drafts)
        self.stands: dict[str, Decision] = {}  # draft -> the decision on it
        self.blamed = 0  # how often a post was to blame
        self.decide("x:1:1", "approved")
        self.fail("publish", faults)
        self.do("ada", "desk", failpoint)
        if pauses:
            self.ask("pause")

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.in_the_end_all_is_done()

    def do(self, worker: str, job: Job, failpoint: str | None = None) -> None:
        """A worker does one thing, perhaps in trouble, after which all goes well again."""
        before, out = self.moved(), len(self.world.out)
        lives = self.mortals.do(worker, job, failpoint)
        self.note(f"{job}: {'nothing to do' if self.moved() == before else 'something done'}")
        if not lives:
            self.note(f"{job}: died")
        for door, met in self.world.met.items():
            for fault in met:
                self.note(f"{door}: {fault}")
        for text in self.world.out[out:]:
            self.note("published")
            if text.startswith("Made at the desk"):
                self.note("made at the desk, published")
        self.blamed += sum(self.world.met[door].count(500) for door in STEPS)
        self.world.met.clear()
        self.world.faults.clear()
        self.world.when_called.clear()

    def note(self, what: str) -> None:
        """That this happens, for the statistics and for the end of the test."""
        event(what)
        self.happened[what] += 1

    def moved(self) -> tuple[object, ...]:
        found: tuple[object, ...] = sqlite_of(self.store).execute(MOVED).fetchone()
        return found

    def fail(self, door: str, faults: list[Fault] | None) -> None:
        """What the next calls there come to; only words can be refused."""
        planned = OUTAGE if faults is None else faults
        self.world.faults[door] = [f for f in planned if f != 422 or door == "publish"]

    def pass_by(self, seconds: int) -> None:
        self.clock.pass_by(seconds)
        if seconds < 0:
            self.note("the clock is set back")
        elif seconds > 10_000:
            self.note("the clock jumps ahead")

    @rule(songs=st.integers(0, 2), silent=st.integers(0, 1))
    def people_post(self, songs: int, silent: int) -> None:
        people_post(self.world, songs, silent)

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
        self.pass_by(seconds)
        self.fail(door, faults)
        self.do(worker, "desk", failpoint and f"{failpoint}@{count}")

    @precondition(lambda self: self.world.drafts)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(["approved", "rejected", "undecided"]),
        door=st.sampled_from(["mark", "mark", "decisions", "publish"]),
        failpoint=st.none() | st.sampled_from(AT_THE_DESK),
        pauses=st.booleans(),
    )
    def the_curator_acts_during_a_look(
        self,
        data: st.DataObject,
        *,
        verdict: str,
        door: str,
        failpoint: str | None,
        pauses: bool,
    ) -> None:
        """Between two calls of a worker, just before one of them is answered."""
        draft_id = data.draw(st.sampled_from(sorted(self.world.drafts)))

        def act() -> None:
            self.decide(draft_id, verdict, edited=True)
            if pauses:
                self.ask("pause")

        self.pass_by(20)
        self.world.when_called[door] = [act]
        self.do("ada", "desk", failpoint)

    @rule(kind=st.sampled_from(["pause", "resume", "resume"]))
    def ask(self, kind: Literal["pause", "resume"]) -> None:
        """Publishing is paused, or goes on."""
        self.world.ask(kind)
        self.store.commands.obey(self.world.asked, self.clock())
        self.note(kind)

    @precondition(lambda self: self.world.drafts)
    @rule(
        data=st.data(),
        first=workers,
        where=st.sampled_from(BETWEEN),
        failpoint=st.none() | st.sampled_from(failpoints.FAILPOINTS),
        other_job=jobs | st.none(),
        seconds=st.sampled_from([20, 4000, 4000, 90_000]),
    )
    def the_other_worker_comes_between(
        self,
        data: st.DataObject,
        *,
        first: str,
        where: tuple[Job, str],
        failpoint: str | None,
        other_job: Job | None,
        seconds: int,
    ) -> None:
        """While one waits for an answer, perhaps for so long that its leases lapse."""
        job, door = where
        other = "bob" if first == "ada" else "ada"
        people_post(self.world, songs=1, silent=0)
        self.decide(data.draw(st.sampled_from(sorted(self.world.drafts))), "approved")

        async def act() -> None:
            self.pass_by(seconds)
            before = self.moved()
            await self.mortals.meanwhile(other, other_job or job)
            if self.moved() != before:
                self.note(f"{job}: another's {other_job or job} came between")

        self.pass_by(1000)
        self.world.when_called[door] = [act]
        self.do(first, job, failpoint)

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
        self.pass_by(seconds)
        self.fail(door, faults)
        self.do(worker, "cycle", failpoint and f"{failpoint}@{count}")

    @precondition(lambda self: self.world.drafts)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(["approved", "approved", "rejected"]),
        edited=st.booleans(),
    )
    def a_draft_is_decided(self, data: st.DataObject, verdict: str, *, edited: bool) -> None:
        draft_id = data.draw(st.sampled_from(sorted(self.world.drafts)))
        self.decide(draft_id, verdict, edited=edited)

    @precondition(lambda self: self.world.drafts)
    @rule(
        data=st.data(),
        made_by=st.sampled_from(["desk", "curator"]),
        verdict=st.sampled_from(["approved", "approved", "rejected"]),
    )
    def a_draft_is_made_at_the_desk(
        self, data: st.DataObject, made_by: Literal["desk", "curator"], verdict: str
    ) -> None:
        """By the writer, who was asked for others, or by the curator; and is decided."""
        like = data.draw(st.sampled_from(sorted(self.world.drafts)))
        rank = 65 + len(self.world.drafts)
        draft = made(self.world, rank, made_by, like)
        self.world.drafts[draft.id] = draft
        self.note(f"made at the desk, {verdict}")
        self.decide(draft.id, verdict)

    @precondition(lambda self: self.stands)
    @rule(data=st.data(), verdict=st.sampled_from(["undecided", "rejected"]), again=st.booleans())
    def a_decision_is_taken_back(self, data: st.DataObject, verdict: str, *, again: bool) -> None:
        """Perhaps to approve other words at once."""
        draft_id = data.draw(st.sampled_from(sorted(self.stands)))
        self.decide(draft_id, verdict)
        if again:
            self.decide(draft_id, "approved", edited=True)

    def decide(self, draft_id: str, verdict: str, *, edited: bool = False) -> None:
        """The curator decides, unless the post is on its way out."""
        item_id = self.world.drafts[draft_id].item_id
        if any(self.is_leaving(each) for each in self.drafts_of(item_id)):
            return
        words = f"My words, number {len(self.world.decisions_made)}." if edited else None
        self.note(f"{verdict}{', edited' if edited and verdict == 'approved' else ''}")
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
            by_worker = select(draft.c.item_id).where(draft.c.made_by == "worker")
            written = Counter(connection.scalars(by_worker))
        assert set(written.values()) <= {SAMPLES}
        for draft_id, laid in self.world.drafts.items():
            if laid.made_by == "worker" or draft_id in stored:  # else nobody read of it yet
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
    def what_waits_was_not_said_to_fail_or_to_leave(self) -> None:
        with reading(self.store.engine) as connection:
            waits = (publication.c.state == "ready") & ~publication.c.announced
            waiting = set(connection.scalars(select(publication.c.draft_id).where(waits)))
            owed = set(connection.scalars(select(outcome.c.draft_id).where(outcome.c.owed)))
        for draft_id in waiting - owed:
            assert not self.is_approved(draft_id) or self.told(draft_id) in {None, "waiting"}

    @invariant()
    def nobody_is_answered_who_did_not_ask(self) -> None:
        mentions = {each.id for each in self.world.mentions}
        assert set(self.world.answered.values()) <= mentions

    @invariant()
    def only_a_post_that_is_to_blame_is_blamed(self) -> None:
        with reading(self.store.engine) as connection:
            assert (connection.scalar(select(func.sum(post.c.faults))) or 0) <= self.blamed

    def heal(self) -> None:
        """Nothing fails or is paused any more, and a worker gets all the time it needs."""
        self.ask("resume")
        for worker in ("bob", "ada"):
            self.clock.pass_by(QUIET)
            self.do(worker, "cycle")
            self.do(worker, "desk")
            if self.is_settled():
                return

    def is_settled(self) -> bool:
        counts = self.store.counts()
        ends = {"no_song", "delivered", "decided"}, {"published", "cancelled", "failed"}
        with reading(self.store.engine) as connection:
            open_ones = (outcome.c.owed, is_due(self.clock()))
            owed = any(connection.scalar(select(func.count()).where(each)) for each in open_ones)
        return not owed and counts.posts.keys() <= ends[0] and counts.publications.keys() <= ends[1]

    def in_the_end_all_is_done(self) -> None:
        self.heal()
        self.what_is_out_is_an_approval_that_stands_and_is_out_once()
        self.what_the_desk_was_told_is_out_is_out()
        self.every_post_came_to_an_end()
        self.every_decision_is_kept()
        self.what_was_approved_is_out_and_the_curator_knows()

    def every_post_came_to_an_end(self) -> None:
        with reading(self.store.engine) as connection:
            states = Counter(connection.scalars(select(post.c.state)))
            asked = set(connection.scalars(select(post.c.item_id).where(post.c.asked)))
            overdue = connection.execute(select(reception).where(is_due(self.clock()))).all()
            for table in (post, publication):
                held = select(func.count()).select_from(table).where(table.c.lease.is_not(None))
                assert connection.scalar(held) == 0
            # The dead may have one at which nothing is left to do, and which thus nobody took over.
            turns = connection.execute(select(turn)).all()
        assert not any(at_it(row, self.clock()) for row in turns)
        assert set(states) <= {"no_song", "delivered", "decided"}
        assert overdue == []
        assert sum(states.values()) == len(self.world.posts) + self.world.elsewhere
        assert asked == {f"x:{each.id}" for each in self.world.mentions}

    def every_decision_is_kept(self) -> None:
        with reading(self.store.engine) as connection:
            kept = {row.id: row.decision_version for row in connection.execute(select(draft))}
        assert {each.draft_id: each.version for each in self.stands.values()} == {
            draft_id: version for draft_id, version in kept.items() if version
        }

    def what_was_approved_is_out_and_the_curator_knows(self) -> None:
        with reading(self.store.engine) as connection:
            publications = connection.execute(select(publication)).all()
            owed = select(func.count()).select_from(outcome).where(outcome.c.owed)
            assert connection.scalar(owed) == 0
        assert {row.state for row in publications} <= {"published", "cancelled", "failed"}
        published = [row.text for row in publications if row.state == "published"]
        assert sorted(published) == sorted(self.world.out)
        for draft_id in self.world.drafts:
            out = self.is_approved(draft_id) and self.words_of(draft_id) in self.world.out
            assert out == (self.told(draft_id) == "published")
            assert self.told(draft_id) != "scheduled"
            assert not self.is_approved(draft_id) or self.told(draft_id) in {"published", "failed"}


def people_post(world: World, songs: int, silent: int) -> None:
    count = len(world.posts)
    world.post(*(song_post(count + number) for number in range(songs)))
    world.post(*["Rain."] * silent)


def sqlite_of(store: Store) -> Sqlite:
    """The one connection of the store's pool."""
    found = store.engine.raw_connection()
    raw = found.driver_connection
    found.close()
    assert isinstance(raw, Sqlite)
    return raw


def without_syncing(raw: Sqlite, _: object) -> None:
    """No power is lost here, and waiting for the disk is most of the time."""
    raw.execute("PRAGMA synchronous=OFF")


@pytest.fixture
def mortals(store: Store) -> Iterator[Mortals]:
    listen(store.engine, "connect", without_syncing)
    store.engine.dispose()
    with mortal_lives() as runner:
        yield Mortals(store, World(), runner)


@pytest.mark.timeout(8 * EXAMPLES * ROUNDS)
def test_nothing_is_lost_and_nothing_done_twice(store: Store, mortals: Mortals) -> None:
    WorkerMachine.prepare(store, mortals)
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=8,
        derandomize=False,  # or each round would be the first one again
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    for _ in range(ROUNDS):
        run_state_machine_as_test(WorkerMachine, settings=profile)
        if WorkerMachine.happened.keys() >= EVENTS:
            break
    assert WorkerMachine.happened.keys() >= EVENTS
