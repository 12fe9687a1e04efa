"""The operator's rules at work: what they keep back, and who is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from services.common.database import writing
from services.gateway.schemas import Outcome, Publishing
from tests.worker.conftest import Deliver, OpenBot
from tests.worker.outbox import publications, state_of
from tests.worker.worker_world import START, Clock, World, song_post
from worker.bot import Bot
from worker.policy import Likeness, Pace, Policy
from worker.store import Store
from worker.store.decisions import AT_ONCE
from worker.store.departures import alone

HOUR, DAY = 3600.0, 86_400.0


def publishing(world: World) -> Publishing:
    """What `/status` is told."""
    last = world.heartbeats[-1].publishing
    assert last is not None
    return last


async def test_an_approval_can_be_undone_for_a_while(
    deliver: Deliver, world: World, store: Store, clock: Clock
) -> None:
    bot = await deliver(undo_seconds=60)
    world.decide("x:1:1")
    world.decide("x:2:1")
    await bot.look_at_desk()
    clock.pass_by(59)
    await bot.look_at_desk()
    assert (world.out, world.calls["mark"]) == ([], 0)  # so the desk lets it be undone
    assert publishing(world).waits == "the approval can still be undone (WORKER_UNDO_SECONDS)"
    assert publishing(world).until == START + timedelta(seconds=60)
    world.decide("x:1:1", "undecided")
    clock.pass_by(1)
    await bot.look_at_desk()
    assert state_of(store) == "cancelled"
    assert len(world.out) == 1
    assert "Harbour Lights 2" in world.out[0]


async def test_words_that_are_changed_get_their_own_time_to_undo(
    deliver: Deliver, world: World, clock: Clock
) -> None:
    bot = await deliver(undo_seconds=60)
    world.decide("x:1:1")
    await bot.look_at_desk()
    clock.pass_by(50)
    world.decide("x:1:1", text="Second thoughts.")
    await bot.look_at_desk()
    clock.pass_by(59)
    await bot.look_at_desk()
    assert world.out == []
    clock.pass_by(1)
    await bot.look_at_desk()
    assert len(world.out) == 1


async def test_nothing_leaves_in_quiet_hours(deliver: Deliver, world: World, clock: Clock) -> None:
    bot = await deliver(quiet_hours="13:00-15:00", quiet_zone="Europe/Berlin")  # it is 13:00 there
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert world.out == []
    assert publishing(world) == Publishing(
        mode="on",
        waits="quiet hours are 13:00\u201315:00 Europe/Berlin",
        until=START + timedelta(hours=2),
    )
    clock.pass_by(2 * HOUR)
    await bot.look_at_desk()
    assert len(world.out) == 1
    assert publishing(world) == Publishing(mode="on", waits=None, until=None)


async def test_a_restart_does_not_change_when_a_draft_leaves(
    deliver: Deliver, start: OpenBot, world: World
) -> None:
    slow = {"min_interval": HOUR, "jitter": 1.0}
    bot = await deliver(**slow)
    world.decide("x:1:1")
    world.decide("x:2:1")
    await bot.look_at_desk()
    assert len(world.out) == 1
    told = publishing(world)
    assert told.until is not None
    assert START + timedelta(seconds=HOUR) < told.until < START + timedelta(seconds=2 * HOUR)
    await (await start(**slow)).look_at_desk()
    assert publishing(world) == told


async def test_the_kill_switch_is_told(deliver: Deliver, world: World) -> None:
    bot = await deliver(publish=False)
    await bot.look_at_desk()
    assert publishing(world) == Publishing(mode="off", waits=None, until=None)
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert publishing(world).waits == "WORKER_PUBLISH is false: nothing is published"


async def test_a_dry_run_does_everything_but_send(
    deliver: Deliver, start: OpenBot, world: World, store: Store, clock: Clock
) -> None:
    bot = await deliver(3, dry_run=True, min_interval=300)
    for number in (1, 2, 3):
        world.decide(f"x:{number}:1")
    with capture_logs() as logs:
        summary = await bot.look_at_desk()
        clock.pass_by(299)
        await bot.look_at_desk()
        assert publishing(world).waits == "WORKER_MIN_INTERVAL keeps 5 minutes between two posts"
        clock.pass_by(301)
        await bot.look_at_desk()
        clock.pass_by(300)
        await bot.look_at_desk()
    said = [log for log in logs if log["event"] == "draft.would_be_published"]
    assert [log["draft_id"] for log in said] == ["x:1:1", "x:2:1", "x:3:1"]
    assert "— “Harbour Lights 1” by The Lanterns" in said[0]["text"]
    assert "1 would have left (dry run)" in summary.line()
    assert world.calls["publish"] == world.calls["mark"] == 0
    assert {row.state for row in publications(store).values()} == {"ready"}
    assert publishing(world).mode == "dry_run"
    assert "WORKER_DRY_RUN is true" in (publishing(world).waits or "")
    await (await start()).look_at_desk()
    assert len(world.out) == 3


async def test_a_dry_run_passes_by_what_may_have_left_and_says_so(
    deliver: Deliver, start: OpenBot, world: World, store: Store, clock: Clock
) -> None:
    bot = await deliver()
    world.faults["publish"] = ["lost"]
    world.decide("x:1:1")
    await bot.look_at_desk()
    world.decide("x:2:1")
    clock.pass_by(HOUR)
    summary = await (await start(dry_run=True, min_interval=300)).look_at_desk()
    assert summary.rehearsed == 0
    assert publishing(world).waits == "WORKER_MIN_INTERVAL keeps 5 minutes between two posts"
    rehearsing = await start(dry_run=True)
    assert (await rehearsing.look_at_desk()).rehearsed == 1
    assert "nobody asks about what may be out already" in (publishing(world).waits or "")
    assert world.calls["publish"] == 1
    assert state_of(store) == "unknown"


async def test_what_may_have_left_is_not_sent_again_in_quiet_hours(
    deliver: Deliver, world: World, store: Store, clock: Clock
) -> None:
    bot = await deliver(quiet_hours="12:30-15:00")
    world.faults["publish"] = [500]
    world.decide("x:1:1")
    world.decide("x:2:1")
    clock.pass_by(1795)
    await bot.look_at_desk()
    clock.pass_by(HOUR)
    await bot.look_at_desk()
    assert (state_of(store), world.calls["publish"]) == ("unknown", 1)
    assert publishing(world).waits == "quiet hours are 12:30\u201315:00 UTC"
    clock.pass_by(2 * HOUR)
    await bot.look_at_desk()
    assert ["Lights 1" in text for text in world.out] == [True, False], "it is the first in line"


async def test_what_may_have_left_is_not_sent_again_out_of_pace(
    deliver: Deliver, world: World, store: Store, clock: Clock
) -> None:
    """Another one left between two of its attempts."""
    bot = await deliver(min_interval=300)
    world.faults["publish"] = [500] * 5
    world.decide("x:1:1")
    world.decide("x:2:1")
    for seconds in (0, 15, 30, 60, 120):
        clock.pass_by(seconds)
        await bot.look_at_desk()
    assert (world.calls["publish"], world.out) == (5, [])
    for seconds in (75, 299):
        clock.pass_by(seconds)
        await bot.look_at_desk()
        assert ["Lights 2" in text for text in world.out] == [True]
    assert state_of(store) == "unknown"
    clock.pass_by(1)
    await bot.look_at_desk()
    assert len(world.out) == 2


async def test_why_one_that_may_have_left_waits_is_told(deliver: Deliver, world: World) -> None:
    bot = await deliver()
    world.faults["publish"] = ["lost"]
    world.decide("x:1:1")
    await bot.look_at_desk()
    waits = publishing(world).waits or ""
    assert waits.startswith("it is not known whether the last attempt went through: the gateway")
    assert publishing(world).until == START + timedelta(seconds=15)


async def test_what_was_said_before_is_not_said_again(
    deliver: Deliver, world: World, store: Store, clock: Clock
) -> None:
    bot = await deliver(3, likeness_posts=50, likeness=0.7)
    world.decide("x:1:1", text="A slow tide of guitars under a low sky.")
    world.decide("x:2:1", text="A slow tide of guitars under a low roof.")
    world.decide("x:3:1", text="The drums come in like a door that gives.")
    summary = await bot.look_at_desk()
    assert (summary.published, summary.failed) == (2, 1)
    assert state_of(store, "x:2") == "failed"
    assert world.outcomes["x:2:1"] == [
        Outcome(state="failed", detail="too like what we posted on 2026-11-01 at 12:00 UTC")
    ]
    world.decide("x:2:1", "undecided")
    world.decide("x:2:1", text="Rain on a tin roof, and no hurry at all.")
    clock.pass_by(1)
    await bot.look_at_desk()
    assert len(world.out) == 3


async def test_what_was_said_too_long_ago_may_be_said_again(deliver: Deliver, world: World) -> None:
    bot = await deliver(3, likeness_posts=1)
    for number, words in enumerate(("A slow tide.", "The drums run.", "A slow tide."), start=1):
        world.decide(f"x:{number}:1", text=words)
    await bot.look_at_desk()
    assert len(world.out) == 3


async def test_what_is_said_twice_at_once_leaves_once(
    deliver: Deliver, world: World, store: Store
) -> None:
    """The second may have been announced before the first had left."""
    bot = await deliver(likeness_posts=50)
    world.decide("x:1:1", text="A slow tide of guitars.")
    world.decide("x:2:1", text="A slow tide of guitars.")
    await (bot).desk.look()
    assert len(world.out) == 1
    assert {row.state for row in publications(store).values()} == {"published", "failed"}


async def test_a_curators_words_are_checked_too(
    deliver: Deliver, world: World, store: Store
) -> None:
    bot = await deliver(blocked_words=("damp",))
    world.decide("x:1:1", text="A Dâmp squib of a song.")
    await bot.look_at_desk()
    assert state_of(store) == "failed"
    assert world.outcomes["x:1:1"] == [
        Outcome(state="failed", detail="it holds a blocked word: damp")
    ]


async def test_a_word_that_is_blocked_after_the_approval_counts(
    deliver: Deliver, start: OpenBot, world: World, store: Store
) -> None:
    bot = await deliver(publish=False)
    world.decide("x:1:1", text="A damp squib of a song.")
    await bot.look_at_desk()
    assert state_of(store) == "ready"
    await (await start(blocked_words=("damp",))).look_at_desk()
    assert (state_of(store), world.out) == ("failed", [])


async def test_what_was_taken_back_is_not_made_to_fail(
    deliver: Deliver, world: World, store: Store
) -> None:
    bot = await deliver(publish=False)
    world.decide("x:1:1")
    await bot.look_at_desk()
    due = store.outbox.due(bot.desk.policy, START)
    assert due is not None
    world.decide("x:1:1", "undecided")
    await bot.look_at_desk()
    assert not store.outbox.fail(due, "too late", START)
    assert state_of(store) == "cancelled"


async def test_an_error_is_what_a_draft_waits_for(deliver: Deliver, world: World) -> None:
    bot = await deliver()
    world.faults["publish"] = [503]
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert (publishing(world).waits or "").startswith("it could not be sent: the gateway: ")
    assert publishing(world).until == START + timedelta(seconds=15)


async def test_the_pace_counts_from_the_attempt_that_went_through(
    deliver: Deliver, world: World, clock: Clock
) -> None:
    """The first attempt was not heard of; the second one published, an hour later."""
    bot = await deliver(min_interval=300)
    world.faults["publish"] = [500]
    world.decide("x:1:1")
    world.decide("x:2:1")
    await bot.look_at_desk()
    clock.pass_by(HOUR)
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(299)
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(1)
    await bot.look_at_desk()
    assert len(world.out) == 2


def send_what_may_leave(url: str, name: str, policy: Policy) -> int:
    """One of several workers, until the policy says stop; how many it began to send."""
    store = Store.open(url)
    until = START + timedelta(minutes=10)
    sent = 0
    try:
        while (due := store.outbox.due(policy, START)) is not None and due.hold is None:
            store.outbox.announce(due)
            lease = f"{name}/1"
            claimed = store.outbox.claim(due, policy, lease=lease, now=START, until=until)
            sent += claimed is not None
    finally:
        store.close()
    return sent


PACES = {1: Pace(timedelta(seconds=1), 50), 5: Pace(AT_ONCE, 5)}


@pytest.mark.parametrize("most", PACES)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_workers_that_share_a_database_share_the_pace(
    deliver: Deliver, world: World, request: pytest.FixtureRequest, *, kind: str, most: int
) -> None:
    url = request.getfixturevalue("postgres") if kind == "postgres" else None
    bot: Bot = await deliver(12, publish=False, database_url=url)
    for number in range(1, 13):
        world.decide(f"x:{number}:1")
    await bot.look_at_desk()
    work = partial(
        send_what_may_leave,
        bot.settings.database,
        policy=Policy(PACES[most], template=bot.settings.template),
    )
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, ("ada", "ben", "cleo", "dan"))) == most
    bot.store.close()


@pytest.mark.postgres
async def test_one_worker_at_a_time_decides_what_leaves(
    deliver: Deliver, world: World, postgres: str
) -> None:
    bot: Bot = await deliver(1, publish=False, database_url=postgres)
    world.decide("x:1:1")
    await bot.look_at_desk()
    hasty = Store.open(f"{postgres}?options=-csearch_path%3Dworker%20-clock_timeout%3D50")
    policy, until = bot.desk.policy, START + timedelta(minutes=10)
    due = hasty.outbox.due(policy, START)
    assert due is not None
    hasty.outbox.announce(due)
    with writing(bot.store.engine) as connection:
        alone(connection)
        with pytest.raises(OperationalError, match="lock timeout"):
            hasty.outbox.claim(due, policy, lease="hasty/1", now=START, until=until)
    assert hasty.outbox.claim(due, policy, lease="hasty/1", now=START, until=until)
    hasty.close()


async def test_the_last_posts_are_compared_without_their_songs(
    deliver: Deliver, world: World, store: Store
) -> None:
    """A song may come twice, and a sentence may not, whatever song it is about."""
    bot = await deliver(0)
    world.post(song_post(1, "Tin Roof"), song_post(2, "Tin Roof"), song_post(3, "Low Sky"))
    await bot.run_cycle()
    policy = Policy(
        Pace(AT_ONCE, 50), bot.settings.template, likeness=Likeness(threshold=0.7, posts=9)
    )
    bot.desk.policy = policy
    world.decide("x:1:1", text="Brass, and a bell.")
    world.decide("x:2:1", text="Nothing but strings.")
    world.decide("x:3:1", text="Low Sky by The Lanterns: brass, and a bell.")
    await bot.look_at_desk()
    assert {item: row.state for item, row in publications(store).items()} == {
        "x:1": "published",
        "x:2": "published",
        "x:3": "failed",
    }
