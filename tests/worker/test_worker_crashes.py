"""The worker dies at every failpoint and is started again: nothing is lost, nothing done twice."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from services.common.database import reading
from services.gateway.schemas import TimelinePage
from tests.served import served
from tests.worker.worker_child import run_worker
from tests.worker.worker_world import World, song_post
from worker import failpoints
from worker.store import Store
from worker.tables import outcome, post, publication, reception

SOURCE = Path(failpoints.__file__).parent
DIED = 137
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # whatever is read of it is due
EXPECTED = {
    "x:1": "decided",
    "x:2": "no_song",
    "x:3": "decided",
    "x:4": "unknown_song",
    "x:5": "decided",
    "x:6": "no_song",
    "x:7": "decided",
    "x:8": "decided",
}


@pytest.fixture
def busy_world(world: World) -> World:
    """Eight posts: five name a song that the catalogue has, one a song that it lacks. The third
    and the last mention the bot, the last one nowhere else."""
    world.post(
        song_post(1), "Rain.", song_post(3), song_post(4, "Nowhere"), song_post(5), "Snow.",
        song_post(7),
    )  # fmt: skip
    world.unknown_titles.add("Nowhere")
    world.ask("pause")
    world.ask("resume")
    world.ask("retry")
    world.mentions.append(world.posts[2])
    world.mention(f"@deephypebot {song_post(8)}")
    world.published_at = LONG_AGO
    return world


def curate(world: World) -> None:
    """Decide every post whose drafts lie there: x:3 edited, x:5 rejected, the others approved."""
    decided = {decision.draft_id.rpartition(":")[0] for decision in world.decisions_made}
    waiting = {draft.item_id for draft in world.drafts.values()} - decided
    for item_id in sorted(waiting):
        if item_id == "x:5":
            for rank in (1, 2, 3):
                world.decide(f"{item_id}:{rank}", "rejected")
        else:
            world.decide(f"{item_id}:1", text="In my words." if item_id == "x:3" else None)


def live(world: World, environment: dict[str, str], failpoint: str) -> None:
    """Run the worker until all is done; it dies at the failpoint, once."""
    statuses: list[int] = []
    while len(statuses) < 8 and not (statuses[-1:] == [0] and settled(world)):
        dying = {} if DIED in statuses else {failpoints.VARIABLE: failpoint}
        statuses.append(run_worker({**environment, **dying}))
        curate(world)
    assert statuses.count(DIED) == 1, f"{failpoint} was never reached: {statuses}"
    assert statuses[-1] == 0


def begin_with_mentions(store: Store) -> None:
    """As if mentions had been read before anybody made one: the first reading takes no history."""
    store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), LONG_AGO)


def settled(world: World) -> bool:
    """Whether the curator was told of every approved draft that it is published."""
    approved = [made.draft_id for made in world.decisions_made if made.verdict == "approved"]
    told = [outcome.state for each in approved for outcome in world.outcomes[each][-1:]]
    received = {number for numbers in world.receptions_read for number in numbers}
    return told == ["published"] * 4 and len(received) == 4


def check(world: World, store: Store) -> None:
    """Every post has one outcome, every approved draft one publication."""
    with reading(store.engine) as connection:
        assert {row.item_id: row.state for row in connection.execute(select(post))} == EXPECTED
        publications = connection.execute(select(publication)).all()
        outcomes = connection.execute(select(outcome)).all()
        readings = connection.execute(select(reception)).all()
        asked = set(connection.scalars(select(post.c.item_id).where(post.c.asked)))
    assert asked == {"x:3", "x:8"}
    assert len(world.drafts) == 5 * 3
    assert {row.item_id: row.state for row in publications} == dict.fromkeys(
        ("x:1", "x:3", "x:7", "x:8"), "published"
    )
    assert Counter(row.text for row in publications) == Counter(world.out)
    assert len(set(world.out)) == 4
    assert [world.answered[row.text] for row in publications if row.in_reply_to] == ["3", "8"]
    assert len(world.answered) == 2
    assert "In my words. — “Harbour Lights 3” by The Lanterns" in world.out
    assert not any(row.owed for row in outcomes)
    shown = {each.draft_id for posts in world.shown for each in posts}
    assert shown == {row.draft_id for row in publications}
    assert Counter(row.publication_id for row in readings) == {row.id: 3 for row in publications}
    assert {row.likes for row in readings} == {3}
    assert all(world.outcomes[row.draft_id][-1].state == "published" for row in publications)


def environment_of(url: str, folder: Path, **more: str) -> dict[str, str]:
    return {
        "GATEWAY_URL": url,
        "INFERENCE_URL": url,
        "DATA_DIR": str(folder),
        "WORKER_FIRST_RUN_POSTS": "200",
        "WORKER_NUM_SAMPLES": "3",
        "WORKER_MIN_INTERVAL": "0",
        "WORKER_UNDO_SECONDS": "0",
        "WORKER_LIKENESS_POSTS": "0",
        "WORKER_NAME": "test",
        "WORKER_MENTIONS_INTERVAL": "0.001",
        "WORKER_REPLY": "true",
        "LOG_LEVEL": "error",
        **more,
    }


IN_A_DAY = [name for name in failpoints.FAILPOINTS if not name.startswith("texts.")]


@pytest.mark.parametrize(
    "failpoint",
    [*IN_A_DAY, "songs.storing@3", "drafts.stored@2", "publication.announced@3"],
)
def test_death_at_a_failpoint_costs_nothing(
    failpoint: str, busy_world: World, tmp_path: Path
) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'worker.sqlite3'}")
    begin_with_mentions(store)
    with served(busy_world.app) as url:
        live(busy_world, environment_of(url, tmp_path), failpoint)
    check(busy_world, store)
    store.close()


def test_every_failpoint_stands_in_the_code_once() -> None:
    found: Counter[str] = Counter()
    for path in SOURCE.rglob("*.py"):
        found.update(re.findall(r'\breach\("([a-z.]+)"\)', path.read_text(encoding="utf-8")))
    assert set(found) == set(failpoints.FAILPOINTS)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "failpoint", ["posts.storing", "drafts.storing", "decisions.storing", "publication.answered"]
)
def test_on_postgres_death_at_a_failpoint_costs_nothing(
    failpoint: str, busy_world: World, tmp_path: Path, postgres: str
) -> None:
    store = Store.open(postgres)
    begin_with_mentions(store)
    with served(busy_world.app) as url:
        shared = environment_of(url, tmp_path, DATABASE_URL=postgres)
        live(busy_world, shared, failpoint)
    check(busy_world, store)
    store.close()
