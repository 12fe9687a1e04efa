"""Several workers share one database: turns, names, and transactions that meet each other."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import psycopg.errors
import pytest
import stamina
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import OperationalError

from services.common.database import reading, rerun, writing
from services.common.settings import SettingsError
from services.gateway.schemas import Decision, DecisionPage, Published, TimelinePage
from services.gateway.wording import Wording
from tests.worker.conftest import OpenBot
from tests.worker.worker_world import START, Clock, World, song_post
from worker import store as store_package
from worker.bot import open_bot
from worker.policy import Pace, Policy
from worker.settings import WorkerSettings
from worker.states import PostState
from worker.store import Store, shared_clock
from worker.store.decisions import Compose
from worker.store.moves import LeaseLostError, lock
from worker.store.name import Name
from worker.store.posts import Asked, Reading
from worker.store.timeline import TIMELINE
from worker.tables import draft, post, publication, turn

MINUTE = timedelta(minutes=1)
LATER = START + timedelta(hours=1)
AT_ONCE = Policy(Pace(timedelta(0), 1000), template="{text} {title} {artist}")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Either database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'worker.sqlite3'}"
    given: str = request.getfixturevalue("postgres")
    return given


@pytest.fixture
def shared(url: str) -> Iterator[Store]:
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def alive(shared: Store) -> Iterator[dict[str, Name]]:
    """Workers that bear their names."""
    names = {name: Name(shared.engine) for name in ("ada", "bob", "cem")}
    for name, borne in names.items():
        borne.hold(name)
    yield names
    for borne in names.values():
        borne.release()


def take(store: Store, holder: str, at: timedelta = timedelta(0)) -> bool:
    now = START + at
    return store.turns.take("desk", f"{holder}/1", now=now, until=now + 5 * MINUTE, every=MINUTE)


@pytest.mark.usefixtures("alive")
def test_a_turn_is_nobody_elses_until_it_ends(shared: Store) -> None:
    assert take(shared, "ada")
    assert not take(shared, "bob", 4 * MINUTE)
    shared.turns.end("desk", "ada/1")
    assert take(shared, "bob", 4 * MINUTE)


@pytest.mark.usefixtures("alive")
def test_a_turn_comes_round_once_an_interval(shared: Store) -> None:
    assert take(shared, "ada")
    shared.turns.end("desk", "ada/1")
    assert not take(shared, "bob", MINUTE / 2)
    assert take(shared, "ada", MINUTE / 2)
    shared.turns.end("desk", "ada/1")
    assert take(shared, "bob", 2 * MINUTE)


@pytest.mark.usefixtures("alive")
def test_a_turn_that_its_holder_does_not_end_passes_on(shared: Store) -> None:
    assert take(shared, "ada")
    assert take(shared, "ada", MINUTE / 2)
    assert take(shared, "bob", 6 * MINUTE)
    shared.turns.end("desk", "ada/1")
    assert not take(shared, "cem", 7 * MINUTE)


@pytest.mark.postgres
def test_on_postgres_a_turn_whose_holder_is_gone_passes_on_at_once(
    postgres: str,
) -> None:
    store, dying = Store.open(postgres), Store.open(postgres)
    store.name.hold("bob")
    dying.name.hold("ada")
    assert take(dying, "ada")
    assert not take(store, "bob", 2 * MINUTE)
    dying.close()
    assert not take(store, "bob", MINUTE / 2), "the interval counts from a turn that was begun"
    assert take(store, "bob", 2 * MINUTE)
    store.close()


@pytest.mark.usefixtures("alive")
def test_a_turn_taken_by_a_clock_that_is_ahead_bars_nobody_for_long(shared: Store) -> None:
    assert take(shared, "ada", timedelta(days=300))
    shared.turns.end("desk", "ada/1")
    assert take(shared, "bob")


@pytest.mark.usefixtures("alive")
def test_a_turn_that_ends_beyond_all_reason_is_over(shared: Store) -> None:
    """Ada died at it, by a clock that was a year ahead."""
    assert take(shared, "ada", timedelta(days=365))
    assert take(shared, "bob")


def test_of_many_who_come_at_once_one_has_its_turn(shared: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda number: take(shared, f"w{number}"), range(8))) == 1


def test_a_page_that_was_read_out_of_turn_is_not_stored(shared: Store, world: World) -> None:
    page = TimelinePage(posts=world.post(song_post(1)), cursor="1")
    shared.turns.take(TIMELINE, "ada/1", now=START, until=LATER, every=MINUTE)
    with pytest.raises(LeaseLostError):
        shared.timeline.take(page, START, "bob/1")
    assert shared.timeline.position() is None
    assert shared.timeline.take(page, START, "ada/1") == 1


@pytest.mark.parametrize("state", [PostState.STORED, PostState.SONG])
def test_whoever_works_on_what_turns_out_to_be_a_mention_loses_it(
    shared: Store, world: World, state: PostState
) -> None:
    """Also if the same run claims it again, while it waits for an answer about what it read."""
    posts, page = shared.posts, TimelinePage(posts=world.post(song_post(1)), cursor="1")
    claim = partial(posts.claim, limit=1, lease="ada/1", now=START, until=LATER)
    found = Reading((Asked("Harbour Lights 1", ("The Lanterns",)),))
    shared.timeline.take(page, START)
    (held,) = claim(PostState.STORED)
    if state is PostState.SONG:
        posts.read([(held, found)], START)
        (held,) = claim(PostState.SONG)
    shared.timeline.take_mentions(page, START)
    (again,) = claim(PostState.STORED)
    assert again.post.mentions_bot
    posts.read([(again, found)], START)
    if state is PostState.SONG:
        claim(PostState.SONG)
    with pytest.raises(LeaseLostError):
        posts.dismiss(held, "no catalogue has it", START)


async def test_two_workers_read_the_timeline_once_and_share_what_it_holds(
    world: World, clock: Clock, start: OpenBot, url: str
) -> None:
    ada, bob = [await start(database_url=url, name=name) for name in ("ada", "bob")]
    world.post(*(song_post(number) for number in range(40)))
    summaries = await asyncio.gather(ada.run_cycle(), bob.run_cycle())
    assert world.calls["timeline"] == 1
    for _ in range(2):
        await asyncio.gather(ada.run_cycle(), bob.run_cycle())
    assert sum(summary.posts for summary in summaries) == 40
    assert len(world.drafts) == 40 * 3
    assert all(len(seeds) == 1 for seeds in world.seeds.values())
    clock.pass_by(61)
    await bob.run_cycle()
    await ada.run_cycle()
    with reading(bob.store.engine) as connection:
        assert connection.scalar(select(turn.c.holder).where(turn.c.name == TIMELINE)) == "bob"


async def test_two_workers_look_at_the_desk_in_turn(
    world: World, clock: Clock, start: OpenBot, url: str
) -> None:
    ada, bob = [await start(database_url=url, name=name) for name in ("ada", "bob")]
    world.post(song_post(1), song_post(2))
    await ada.run_cycle()
    world.decide("x:1:1")
    world.decide("x:2:1", text="My own words.")
    for _ in range(3):
        await asyncio.gather(ada.look_at_desk(), bob.look_at_desk())
        clock.pass_by(11)
    assert len(world.out) == len(set(world.out)) == 2
    states = [outcome.state for outcome in world.outcomes["x:1:1"]]
    assert states == ["scheduled", "published"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.store.name.SESSION", ("SET lock_timeout = '50ms'",))


@pytest.mark.postgres
@pytest.mark.usefixtures("impatient")
async def test_on_postgres_no_two_workers_bear_one_name(start: OpenBot, postgres: str) -> None:
    await start(database_url=postgres, name="ada")
    await start(database_url=postgres, name="bob")
    with pytest.raises(SettingsError, match="ada uses this database: give each"):
        await start(database_url=postgres, name="ada")


@pytest.mark.postgres
@pytest.mark.usefixtures("impatient")
def test_a_name_is_free_again_when_its_session_has_ended(postgres: str) -> None:
    first, second = Store.open(postgres), Store.open(postgres)
    first.name.hold("ada")
    first.name.hold("ada")
    held_here = "SELECT oid FROM pg_database WHERE datname = current_database()"
    with writing(second.engine) as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                f"WHERE locktype = 'advisory' AND database = ({held_here})"
            )
        )
    second.name.hold("ada")
    with pytest.raises(SettingsError):
        first.name.hold("ada")
    second.close()
    first.name.hold("ada")
    first.close()


def test_a_sqlite_file_needs_no_lock_of_a_name(store: Store) -> None:
    one, other = Name(store.engine), Name(store.engine)
    one.hold("ada")
    other.hold("ada")
    one.release()


def test_a_transaction_that_was_undone_is_run_again() -> None:
    tried = 0

    @rerun
    def transaction() -> str:
        nonlocal tried
        tried += 1
        if tried < 3:
            raise OperationalError("UPDATE", None, psycopg.errors.DeadlockDetected())
        return "done"

    with stamina.set_testing(True, attempts=3):
        assert transaction() == "done"
        tried = 0
    with stamina.set_testing(True, attempts=2), pytest.raises(OperationalError):
        transaction()


def as_written(words: str, _: object) -> Wording:
    return Wording(words)


COMPOSE: Compose = as_written


def decide_all(
    store: Store, decisions: list[Decision], cursor: str, since: str | None = None
) -> int | None:
    return store.decisions.take(
        DecisionPage(decisions=decisions, cursor=cursor), since, COMPOSE, LATER
    )


@pytest.mark.postgres
async def test_drafts_may_be_decided_while_they_are_delivered(
    world: World, start: OpenBot, postgres: str
) -> None:
    """The desk has them; one worker notes it while another takes the decisions, last ones first."""
    bot = await start(database_url=postgres)
    world.post(*(song_post(number) for number in range(40)))
    world.faults["drafts"] = [503] * 9
    await bot.run_cycle()
    for number in range(40, 0, -1):
        world.decide(f"x:{number}:{number % 3 + 1}")
    held = bot.store.posts.claim(PostState.DRAFTED, 99, lease="ada/1", now=LATER, until=LATER)
    assert len(held) == 40
    together = Barrier(2)

    def deliver() -> None:
        together.wait()
        for item in held:
            bot.store.posts.deliver([item], LATER)
        bot.store.posts.deliver(held, LATER)

    def decide() -> None:
        together.wait()
        decide_all(bot.store, world.decisions_made, "40")

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(deliver), pool.submit(decide)):
            await asyncio.to_thread(done.result)
    with reading(bot.store.engine) as connection:
        assert set(connection.scalars(select(post.c.state))) == {"decided"}
        states = list(connection.scalars(select(draft.c.state)))
        assert (states.count("approved"), states.count("delivered")) == (40, 80)
        assert len(connection.scalars(select(publication.c.id)).all()) == 40


@pytest.mark.postgres
async def test_a_decision_that_comes_while_its_publication_leaves_is_too_late(
    world: World, start: OpenBot, postgres: str
) -> None:
    bot = await start(database_url=postgres)
    world.post(*(song_post(number) for number in range(20)))
    await bot.run_cycle()
    store, outbox = bot.store, bot.store.outbox
    decide_all(store, [world.decide(f"x:{number}:1") for number in range(1, 21)], "20")
    sent = []
    while due := outbox.due(AT_ONCE, LATER):
        outbox.announce(due)
        sending = outbox.claim(due, AT_ONCE, lease="ada/1", now=LATER, until=LATER)
        assert sending is not None
        sent.append(sending)
    late = [world.decide(each.draft_id, "rejected") for each in sent]
    together = Barrier(2)

    def note() -> None:
        together.wait()
        for each in sent:
            answer = Published(
                origin="x", id=each.key, url="http://x", text=each.text, created_at=LATER
            )
            outbox.published(each, answer, LATER)

    def decide() -> None:
        together.wait()
        decide_all(store, late, "40", "20")

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(note), pool.submit(decide)):
            await asyncio.to_thread(done.result)
    with reading(store.engine) as connection:
        assert set(connection.scalars(select(publication.c.state))) == {"published"}
        assert len(store.outcomes.due(LATER)) == 20


async def test_what_another_worker_opened_again_is_not_sent(world: World, start: OpenBot) -> None:
    bot = await start()
    world.post(song_post(1))
    await bot.run_cycle()
    outbox = bot.store.outbox
    decide_all(bot.store, [world.decide("x:1:1")], "1")
    due = outbox.due(AT_ONCE, LATER)
    assert due is not None
    outbox.announce(due)
    outbox.open_again(LATER)
    assert outbox.claim(due, AT_ONCE, lease="ada/1", now=LATER, until=LATER) is None


@pytest.mark.postgres
async def test_what_a_dead_worker_held_is_taken_back_in_the_order_in_which_others_lock(
    world: World, start: OpenBot, postgres: str
) -> None:
    bot = await start(database_url=postgres)
    world.post("Rain.", "Snow.")
    await bot.run_cycle()
    engine = bot.store.engine
    for item_id in ("x:2", "x:1"):  # in which order they lie there
        with writing(engine) as connection:
            own = update(post).where(post.c.item_id == item_id)
            connection.execute(own.values(lease="ada/1", leased_until=LATER))
    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            lock(connection, post, ["x:1"])
            taken = pool.submit(bot.store.posts.take_back, "ada", START)
            while not taken.done() and not await asyncio.to_thread(somebody_waits, engine):
                continue
            lock(connection, post, ["x:2"])
        await asyncio.to_thread(taken.result)


def somebody_waits(engine: Engine) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with reading(engine) as connection:
        return bool(connection.scalar(text(f"{waiting} AND datname = current_database()")))


def test_every_lock_of_rows_leaves_their_keys_alone() -> None:
    locks = [
        call
        for path in Path(store_package.__file__).parent.rglob("*.py")
        for call in re.findall(r"with_for_update\([^)]*\)", path.read_text(encoding="utf-8"))
    ]
    assert locks
    assert [call for call in locks if "key_share=True" not in call] == []


@pytest.mark.postgres
def test_workers_that_share_a_server_go_by_its_clock(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_clock, "utc_now", lambda: START)
    opened = Store.open(postgres)
    opened.clock.look()
    assert abs(opened.clock() - datetime.now(UTC)) < MINUTE
    _, at = opened.clock.seen or (START, 0.0)
    monkeypatch.setattr(shared_clock, "monotonic", lambda: at + 3600)
    assert abs(opened.clock() - datetime.now(UTC) - timedelta(hours=1)) < MINUTE
    opened.close()


def test_a_file_has_no_clock_but_its_machines(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_clock, "utc_now", lambda: START)
    store.clock.look()
    assert store.clock() == START


@pytest.mark.postgres
async def test_a_bot_on_a_server_goes_by_its_clock(
    postgres: str, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_clock, "utc_now", lambda: START)
    shared = settings.model_copy(update={"database_url": postgres})
    async with open_bot(shared) as bot:
        assert abs(bot.cycle.new_run().now() - datetime.now(UTC)) < MINUTE
        assert abs(bot.desk.new_run().now() - datetime.now(UTC)) < MINUTE


@pytest.mark.postgres
def test_a_session_is_in_utc(postgres: str) -> None:
    """A zone behind UTC has no year 1, in which a careless server may date a post."""
    opened = Store.open(postgres)
    with reading(opened.engine) as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
    opened.close()
