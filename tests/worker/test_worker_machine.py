"""Whatever happens, in whatever order, these hold:

- a post has at most one set of drafts, and the desk has what the store has;
- at most one publication per post, under one key, in words that a curator approved;
- what the platform shows was approved, and is there once;
- who mentioned the bot is answered, and nobody else is;
- once the world is well again, everything that was approved and not taken back is out.
"""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import stamina
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
from sqlalchemy import Connection, Engine, event, select

from services.common.database import reading
from services.gateway.client import GatewayClient
from services.gateway.schemas import TimelinePage
from services.inference.client import InferenceClient
from tests.worker.conftest import at_our_time
from tests.worker.worker_world import START, Clock, Fault, World, song_post
from worker import failpoints
from worker.bot import Bot, open_bot
from worker.settings import WorkerSettings
from worker.store import Store
from worker.store.receptions import is_due
from worker.tables import draft, post, publication, reception

FAULTS: list[Fault] = ["lost", "dead", 422, 429, 500, 503]
AT_THE_DESK = [
    name
    for name in failpoints.FAILPOINTS
    if name.startswith(("decisions.", "publication.", "outcome."))
]
BEFORE_THE_DESK = [name for name in failpoints.FAILPOINTS if name not in AT_THE_DESK]


class DiedError(BaseException):
    """The process is gone: no `except Exception` may catch it."""


class WorkerMachine(RuleBasedStateMachine):
    template: Path

    @initialize(
        failpoint=st.sampled_from(AT_THE_DESK), faults=st.lists(st.sampled_from(FAULTS), max_size=2)
    )
    def begin(self, failpoint: str, faults: list[Fault]) -> None:
        """Drafts lie on the desk, one is approved, and its publication meets trouble."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "worker.sqlite3")
        self.world = World()
        self.clock = Clock()
        self.store = Store.open(f"sqlite:///{self.folder / 'worker.sqlite3'}")
        self.approved: dict[str, set[str]] = {}  # item -> words that were ever approved
        self.people_post(songs=2, silent=1)
        self.do("cycle")
        self.approve("x:1:1")
        self.world.faults["publish"] = faults
        self.do("desk", failpoint)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.in_the_end_all_is_done()
            self.what_is_out_was_approved_and_is_out_once()
            self.store.close()
            shutil.rmtree(self.folder)

    def do(self, job: str, failpoint: str | None = None) -> None:
        """A worker is started, does one thing, and ends: by itself, or at the failpoint."""
        failpoints._reached.clear()
        os.environ[failpoints.VARIABLE] = failpoint or ""
        try:
            asyncio.run(self._do(job))
        except* DiedError:
            pass
        finally:
            os.environ.pop(failpoints.VARIABLE, None)

    async def _do(self, job: str) -> None:
        own = WorkerSettings(
            data_dir=self.folder,
            name="test",
            first_run_posts=200,
            num_samples=2,
            min_interval=0,
            undo_seconds=0,
            likeness_posts=0,
            most_a_day=1000,
            concurrency=2,
            most_faults=1000,
            reply=True,
        )
        async with open_bot(
            own,
            gateway=GatewayClient("http://world", transport=self.world.transport),
            inference=InferenceClient("http://world", transport=self.world.transport),
        ) as bot:
            at_our_time(bot, self.clock)
            await run(bot, job)

    @rule(songs=st.integers(0, 2), silent=st.integers(0, 1))
    def people_post(self, songs: int, silent: int) -> None:
        count = len(self.world.posts)
        self.world.post(*(song_post(count + number) for number in range(songs)))
        self.world.post(*["Rain."] * silent)

    @rule(on_timeline=st.booleans())
    def somebody_asks(self, on_timeline: bool) -> None:
        number = 1000 + len(self.world.mentions)
        self.world.mention(f"@deephypebot {song_post(number)}", on_timeline=on_timeline)

    @rule(
        failpoint=st.none() | st.sampled_from(AT_THE_DESK),
        count=st.integers(1, 2),
        faults=st.lists(st.sampled_from(FAULTS), max_size=2),
        door=st.sampled_from(["publish", "publish", "decisions", "mark"]),
        seconds=st.sampled_from([1, 20, 1000, -30]),
    )
    def looks_at_the_desk(
        self, failpoint: str | None, count: int, faults: list[Fault], door: str, seconds: int
    ) -> None:
        self.clock.pass_by(seconds)
        self.world.faults[door] = [f for f in faults if f != 422 or door == "publish"]
        self.do("desk", failpoint and f"{failpoint}@{count}")

    @rule(
        failpoint=st.none() | st.sampled_from(BEFORE_THE_DESK),
        count=st.integers(1, 2),
        faults=st.lists(st.sampled_from(FAULTS), max_size=2),
        door=st.sampled_from(["timeline", "mentions", "songs", "generate", "drafts", "reception"]),
        seconds=st.sampled_from([1, 20, 1000, -30]),
    )
    def runs_a_cycle(
        self, failpoint: str | None, count: int, faults: list[Fault], door: str, seconds: int
    ) -> None:
        self.clock.pass_by(seconds)
        self.world.faults[door] = [f for f in faults if f != 422]
        self.do("cycle", failpoint and f"{failpoint}@{count}")

    @precondition(lambda self: self.world.drafts)
    @rule(data=st.data(), edited=st.booleans())
    def a_draft_is_approved(self, data: st.DataObject, edited: bool) -> None:
        draft_id = data.draw(st.sampled_from(sorted(self.world.drafts)))
        words = f"My words, number {len(self.world.decisions_made)}." if edited else None
        self.approve(draft_id, words)

    def approve(self, draft_id: str, words: str | None = None) -> None:
        made = self.world.decide(draft_id, text=words)
        item_id = self.world.drafts[draft_id].item_id
        self.approved.setdefault(item_id, set()).add(made.text)

    @precondition(lambda self: self.world.decisions_made)
    @rule(data=st.data(), verdict=st.sampled_from(["undecided", "rejected"]))
    def a_decision_is_taken_back(self, data: st.DataObject, verdict: str) -> None:
        made = data.draw(st.sampled_from(self.world.decisions_made))
        self.world.decide(made.draft_id, "undecided" if verdict == "undecided" else "rejected")

    @invariant()
    def drafts_on_the_desk_are_those_of_the_store(self) -> None:
        with reading(self.store.engine) as connection:
            stored = {row.id: row.text for row in connection.execute(select(draft))}
        for draft_id, laid in self.world.drafts.items():
            assert stored[draft_id] == laid.text

    @invariant()
    def what_is_out_was_approved_and_is_out_once(self) -> None:
        per_item: Counter[str] = Counter()
        for text in self.world.out:
            words, _, song = text.rpartition(" — ")
            (item_id,) = {
                item
                for item, said in self.approved.items()
                if words in said and self.title_of(item) in song
            }
            per_item[item_id] += 1
        assert all(count == 1 for count in per_item.values())

    def title_of(self, item_id: str) -> str:
        title = self.world.drafts[f"{item_id}:1"].song.title
        return f"“{title}”"

    @invariant()
    def nobody_is_answered_who_did_not_ask(self) -> None:
        mentions = {each.id for each in self.world.mentions}
        assert set(self.world.answered.values()) <= mentions

    def heal(self) -> None:
        """Nothing fails any more, and the worker gets all the time it needs."""
        self.world.faults.clear()
        for _ in range(3):
            self.clock.pass_by(2000)
            self.do("cycle")
            self.do("desk")

    def in_the_end_all_is_done(self) -> None:
        self.heal()
        with reading(self.store.engine) as connection:
            states = Counter(connection.scalars(select(post.c.state)))
            publications = connection.execute(select(publication)).all()
            asked = set(connection.scalars(select(post.c.item_id).where(post.c.asked)))
            overdue = connection.execute(select(reception).where(is_due(self.clock()))).all()
        assert overdue == []
        assert set(states) <= {"no_song", "delivered", "decided"}
        assert sum(states.values()) == len(self.world.posts) + self.world.elsewhere
        assert asked == {f"x:{each.id}" for each in self.world.mentions}
        assert {row.state for row in publications} <= {"published", "cancelled", "failed"}
        published = [row.text for row in publications if row.state == "published"]
        assert sorted(published) == sorted(self.world.out)
        for row in publications:
            if row.state == "published":
                assert self.world.outcomes[row.draft_id][-1].state == "published"


async def run(bot: Bot, job: str) -> None:
    await (bot.run_cycle() if job == "cycle" else bot.look_at_desk())


def without_syncing(connection: Connection) -> None:
    """No power is lost here, and waiting for the disk is most of the time."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.cursor().execute("PRAGMA synchronous=OFF")


@pytest.mark.timeout(400)  # fifty histories, on a machine that others use too
def test_nothing_is_lost_and_nothing_done_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    def die(_: int) -> None:
        raise DiedError

    WorkerMachine.template = tmp_path / "template.sqlite3"
    template = Store.open(f"sqlite:///{WorkerMachine.template}")
    # Mentions were read before: the first reading would take none.
    template.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START)
    template.close()
    profile = settings(
        max_examples=50,
        stateful_step_count=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    monkeypatch.setattr(os, "_exit", die)
    event.listen(Engine, "engine_connect", without_syncing)
    request.addfinalizer(lambda: event.remove(Engine, "engine_connect", without_syncing))
    with stamina.set_testing(True, attempts=1):
        run_state_machine_as_test(WorkerMachine, settings=profile)
