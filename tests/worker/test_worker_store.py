"""The schema and the leases, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from services.common.database import reading
from services.gateway.schemas import Command, TimelinePage
from tests.worker.worker_world import START, World, song_post
from worker.states import PostState
from worker.store import SERVICE, Store
from worker.store.held import DELETED
from worker.store.posts import Reading
from worker.store.timeline import ASK_AFTER
from worker.tables import metadata, post

SOON = START + timedelta(minutes=1)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The store on either database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'worker.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres")
    opened = Store.open(url)
    yield opened
    opened.close()


def test_the_migrations_make_the_tables(either: Store) -> None:
    with reading(either.engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


@pytest.mark.postgres
def test_on_postgres_the_tables_lie_in_a_schema_of_their_own(postgres: str) -> None:
    store = Store.open(postgres)
    names = text("SELECT count(*) FROM pg_tables WHERE schemaname = :schema")
    with reading(store.engine) as connection:
        found = connection.scalar(names, {"schema": SERVICE})
    assert found == len(metadata.tables) + 1  # and Alembic's own
    store.close()


def test_workers_that_claim_at_once_get_different_posts(either: Store, world: World) -> None:
    world.post(*(song_post(number) for number in range(60)))
    either.timeline.take(TimelinePage(posts=world.posts, cursor="60"), START)

    def claim(worker: int) -> list[str]:
        found = either.posts.claim(
            PostState.STORED, 10, lease=f"w{worker}/1", now=START, until=SOON
        )
        return [item.item_id for item in found]

    with ThreadPoolExecutor(4) as pool:
        claims = [item_id for found in pool.map(claim, range(8)) for item_id in found]
    assert len(claims) == len(set(claims)) == 60


def test_a_lease_that_lapsed_is_given_to_another(either: Store, world: World) -> None:
    either.timeline.take(TimelinePage(posts=world.post(song_post(1)), cursor="1"), START)
    first = either.posts.claim(PostState.STORED, 1, lease="a/1", now=START, until=SOON)
    assert len(first) == 1
    assert either.posts.claim(PostState.STORED, 1, lease="b/1", now=SOON, until=SOON) == []
    late = SOON + timedelta(seconds=1)
    (second,) = either.posts.claim(PostState.STORED, 1, lease="b/1", now=late, until=late)
    assert second.lease == "b/1"


def test_a_run_that_claims_again_what_it_works_on_may_still_store_it(
    either: Store, world: World
) -> None:
    """Its leases lapsed while the machine slept: its lanes must not take each other's work."""
    either.timeline.take(TimelinePage(posts=world.post("Rain."), cursor="1"), START)
    (first,) = either.posts.claim(PostState.STORED, 1, lease="a/1", now=START, until=SOON)
    late = SOON + timedelta(seconds=1)
    assert len(either.posts.claim(PostState.STORED, 1, lease="a/1", now=late, until=SOON)) == 1
    either.posts.read([(first, Reading((), reason="no song"))], late)
    with reading(either.engine) as connection:
        assert connection.scalar(select(post.c.state)) == PostState.NO_SONG


def test_a_worker_takes_back_its_own_leases_and_no_others(either: Store, world: World) -> None:
    world.post(song_post(1), song_post(2))
    either.timeline.take(TimelinePage(posts=world.posts, cursor="2"), START)
    for lease in ("a_b/1", "aXb/1"):
        either.posts.claim(PostState.STORED, 1, lease=lease, now=START, until=SOON)
    either.posts.take_back("a_b", START)
    free = either.posts.claim(PostState.STORED, 9, lease="c/1", now=START, until=SOON)
    assert [item.item_id for item in free] == ["x:1"]


def test_workers_that_hear_a_command_at_once_obey_it_once(either: Store) -> None:
    commands = [Command(id=7, kind="pause"), Command(id=8, kind="retry")]
    with ThreadPoolExecutor(4) as pool:
        obeyed = list(pool.map(lambda _: either.commands.obey(commands, START), range(4)))
    assert sorted(obeyed) == [0, 0, 0, 2]
    assert either.commands.paused()
    assert either.commands.obeyed() == 8


def test_texts_are_wiped_by_whoever_holds_them(either: Store, world: World) -> None:
    world.post(song_post(1), song_post(2), song_post(3))
    either.timeline.take(TimelinePage(posts=world.posts, cursor="3"), START)
    late = START + ASK_AFTER
    first, second, third = either.held.claim(9, lease="a/1", now=late, until=late)
    assert either.held.claim(9, lease="b/1", now=late, until=late) == []
    later = late + timedelta(seconds=1)
    taken = either.held.claim(1, lease="b/1", now=later, until=later + timedelta(minutes=1))
    assert [each.item_id for each in taken] == [first.item_id]
    either.held.wipe([first, second, third], later, DELETED)
    with reading(either.engine) as connection:
        rows = connection.execute(select(post).order_by(post.c.item_id)).all()
    texts = {row.item_id: (row.body["text"] != "", row.state, row.ask_at is None) for row in rows}
    assert texts == {
        first.item_id: (True, "stored", False),
        second.item_id: (False, "gone", True),
        third.item_id: (False, "gone", True),
    }
