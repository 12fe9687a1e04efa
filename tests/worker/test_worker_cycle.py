"""From the timeline to the desk."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from services.common.database import reading
from services.gateway.schemas import Gap
from tests.worker.conftest import OpenBot, full_for
from tests.worker.worker_world import Clock, World, song_post
from worker.bot import Bot
from worker.drafting import seed_of
from worker.settings import WorkerSettings
from worker.store import Store
from worker.store.timeline import Position
from worker.tables import draft, gap, post, publication


def states(store: Store) -> dict[str, str]:
    with reading(store.engine) as connection:
        return {row.item_id: row.state for row in connection.execute(select(post))}


def field(store: Store, name: str, item_id: str) -> object:
    with reading(store.engine) as connection:
        value: object = connection.scalar(select(post.c[name]).where(post.c.item_id == item_id))
        return value


async def test_a_cycle_takes_every_post_as_far_as_it_goes(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1), "Rain again.", song_post(2, "Nowhere"), song_post(3, "No Genre"))
    world.unknown_titles.add("Nowhere")
    world.genreless_titles.add("No Genre")
    summary = await bot.run_cycle()
    assert states(store) == {
        "x:1": "delivered",
        "x:2": "no_song",
        "x:3": "unknown_song",
        "x:4": "delivered",
    }
    assert (summary.posts, summary.songs, summary.known, summary.with_genres) == (4, 3, 2, 1)
    assert summary.drafts == len(world.drafts) == 6
    assert field(store, "reason", "x:3") == "no catalogue has 'Nowhere' by The Lanterns"


PERHAPS = "Harbour Lights by The Lanterns is playing and the kettle sings along"


async def test_a_guess_that_a_catalogue_knows_exactly_is_a_song(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(PERHAPS)
    summary = await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}
    assert (summary.songs, summary.known) == (1, 1)


@pytest.mark.parametrize("near", [True, False])
async def test_a_guess_that_no_catalogue_knows_exactly_is_no_song(
    bot: Bot, world: World, store: Store, near: bool
) -> None:
    world.post(PERHAPS)
    if near:
        world.scores["Harbour Lights"] = 0.94
    else:
        world.unknown_titles.add("Harbour Lights")
    summary = await bot.run_cycle()
    assert states(store) == {"x:1": "no_song"}
    assert (summary.songs, summary.known) == (0, 0)


async def test_a_title_alone_is_not_looked_up(bot: Bot, world: World, store: Store) -> None:
    world.post('my new song "Harbour Lights" is out')
    await bot.run_cycle()
    assert field(store, "reason", "x:1") == "a title without an artist"
    assert world.calls["songs"] == 0


async def test_the_summary_is_one_line(bot: Bot, world: World) -> None:
    world.post(song_post(1), "Rain again.")
    line = (await bot.run_cycle()).line()
    known = "cycle 1: 2 posts, 1 songs, 1 known to the catalogue, 1 with genres, 3 drafts, "
    assert line.startswith(known)
    assert line.endswith(" s")
    assert "\n" not in line


async def test_drafts_of_a_cycle_are_delivered_in_one_call(bot: Bot, world: World) -> None:
    world.post(*(song_post(number) for number in range(60)))
    await bot.run_cycle()
    assert len(world.drafts) == 180
    assert world.calls["drafts"] == 1


async def test_calls_run_side_by_side_up_to_the_limit(bot: Bot, world: World) -> None:
    world.post(*(song_post(number) for number in range(40)))
    await bot.run_cycle()
    assert 1 < world.most_at_once <= 4


async def test_the_seed_comes_from_the_post(bot: Bot, world: World) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    assert world.seeds["Harbour Lights 1"] == [seed_of("x:1")]
    assert 0 <= seed_of("x:1") < 2**63
    assert seed_of("x:1") == 413275893490656823


async def test_drafts_keep_what_the_writer_said(bot: Bot, world: World, store: Store) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    with reading(store.engine) as connection:
        row = connection.execute(select(draft).where(draft.c.rank == 1)).one()
    assert row.latent == [0.5, -0.5]
    assert (row.model, row.model_revision, row.seed) == ("tiny", "r1", seed_of("x:1"))
    assert world.drafts["x:1:1"].post == world.posts[0]


async def test_the_first_run_takes_no_history_unless_told_to(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(first_run_posts=0)
    world.post(song_post(1), song_post(2))
    assert (await bot.run_cycle()).posts == 0
    assert store.timeline.position() == Position("2")
    world.post(song_post(3))
    await bot.run_cycle()
    assert states(store) == {"x:3": "delivered"}


async def test_the_first_run_takes_the_newest_posts_it_is_told_to(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(first_run_posts=2)
    world.post(*(song_post(number) for number in range(5)))
    await bot.run_cycle()
    assert set(states(store)) == {"x:4", "x:5"}


async def test_posts_after_an_empty_first_run_are_no_history(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(first_run_posts=0)
    await bot.run_cycle()
    world.post(song_post(1))
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}


async def test_the_cursor_moves_past_posts_that_name_no_song(
    bot: Bot, world: World, store: Store
) -> None:
    world.post("Rain again.", "And again.")
    await bot.run_cycle()
    assert store.timeline.position() == Position("2")


async def test_a_page_that_cannot_be_stored_leaves_the_cursor_where_it_was(
    bot: Bot, world: World, store: Store, settings: WorkerSettings
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.post(song_post(2))
    with (
        full_for("UPDATE ON cursor", settings.data_dir),
        pytest.raises(Exception, match="disk full"),
    ):
        await bot.run_cycle()
    assert set(states(store)) == {"x:1"}
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered", "x:2": "delivered"}


MENTIONS_READ = "UPDATE ON cursor WHEN NEW.source = 'mentions'"


@pytest.mark.parametrize(
    "writes", [MENTIONS_READ, "UPDATE ON reception", "UPDATE OF ask_at ON post"]
)
async def test_what_fails_beside_the_drafting_is_raised_once_that_is_done(
    delivered: Bot, world: World, clock: Clock, settings: WorkerSettings, writes: str
) -> None:
    world.decide("x:1:1")
    await delivered.look_at_desk()
    clock.pass_by(86_400)
    world.post(song_post(3))
    with full_for(writes, settings.data_dir), pytest.raises(ExceptionGroup) as failed:
        await delivered.run_cycle()
    assert failed.group_contains(IntegrityError, match="disk full")
    assert "cycle failed (IntegrityError)" in world.heartbeats[-1].errors[0]
    assert states(delivered.store)["x:3"] == "delivered"


async def test_a_gap_is_recorded(bot: Bot, world: World, store: Store) -> None:
    world.post(song_post(1))
    world.gap = Gap(after="0", before="1", reason="too old")
    await bot.run_cycle()
    with reading(store.engine) as connection:
        row = connection.execute(select(gap)).one()
    assert (row.after, row.before, row.reason) == ("0", "1", "too old")


async def test_posts_that_come_twice_are_stored_once(bot: Bot, world: World, store: Store) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.posts.append(world.posts[0])
    assert (await bot.run_cycle()).posts == 0
    assert states(store) == {"x:1": "delivered"}


async def test_sensitive_posts_are_left_alone(bot: Bot, world: World, store: Store) -> None:
    world.post(song_post(1), sensitive=True)
    await bot.run_cycle()
    assert field(store, "reason", "x:1") == "marked as sensitive"


async def test_our_own_publications_are_not_drafted_when_they_come_back(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()
    (ours,) = world.out
    world.post(ours, id="out-1")
    world.post(ours)
    await bot.run_cycle()
    assert field(store, "reason", "x:out-1") == field(store, "reason", "x:3") == "our own post"
    with reading(store.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(publication)) == 1


async def test_a_stranger_may_say_what_we_only_mean_to_say(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(undo_seconds=60.0)
    world.post(song_post(1))
    await bot.run_cycle()
    words = "A bell in the fog: “Pink Moon” by Nick Drake"
    world.decide("x:1:1", text=words)
    await bot.look_at_desk()
    with reading(store.engine) as connection:
        ours = connection.scalar(select(publication.c.text))
    assert ours
    world.post(ours)
    await bot.run_cycle()
    assert field(store, "reason", "x:2") != "our own post"


async def test_an_outage_leaves_posts_in_their_state(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(*(song_post(number) for number in range(12)))
    world.faults["generate"] = [503] * 100
    for _ in range(10):
        await bot.run_cycle()
        clock.pass_by(3600)
    assert set(states(store).values()) == {"resolved"}
    world.faults["generate"].clear()
    await bot.run_cycle()
    assert set(states(store).values()) == {"delivered"}


async def test_a_dead_service_is_not_asked_once_per_post(bot: Bot, world: World) -> None:
    world.post(*(song_post(number) for number in range(40)))
    world.faults["generate"] = ["dead"] * 100
    summary = await bot.run_cycle()
    assert 100 - len(world.faults["generate"]) < 10
    assert summary.unreached
    assert "INFERENCE_URL" in summary.errors[0]


async def test_the_gateway_down_is_told_with_its_setting(bot: Bot, world: World) -> None:
    world.faults["timeline"] = ["dead"]
    summary = await bot.run_cycle()
    assert summary.unreached
    assert "http://world" in summary.line()
    assert "GATEWAY_URL" in summary.line()


async def test_a_wrong_key_is_told_with_its_setting(bot: Bot, world: World) -> None:
    world.key = "right"
    summary = await bot.run_cycle()
    assert summary.unreached
    assert "GATEWAY_KEY" in summary.line()


async def test_an_outage_is_waited_out_longer_each_time(
    bot: Bot, world: World, clock: Clock
) -> None:
    world.post(song_post(1))
    world.faults["songs"] = [502] * 50
    asked = []
    for _ in range(20):
        before = world.calls["songs"]
        await bot.run_cycle()
        asked.append(world.calls["songs"] > before)
        clock.pass_by(15)
    assert asked[:8] == [True, True, False, True, False, False, False, True]


async def test_what_waits_by_a_clock_that_was_ahead_waits_no_longer(
    bot: Bot, world: World, clock: Clock
) -> None:
    world.post(song_post(1))
    clock.pass_by(365 * 86_400)
    world.faults["songs"] = [503]
    await bot.run_cycle()
    clock.pass_by(-365 * 86_400)
    await bot.run_cycle()
    assert len(world.drafts) == 3


async def test_poison_is_parked_and_the_others_go_on(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1, "Poison"), song_post(2))
    world.poison_titles.add("Poison")
    for _ in range(6):
        await bot.run_cycle()
        clock.pass_by(3600)
    assert states(store) == {"x:1": "parked", "x:2": "delivered"}
    assert "the catalogue chokes" in str(field(store, "last_error", "x:1"))
    assert world.calls["songs"] == 1 + 5


async def test_a_parked_post_goes_on_where_it_failed(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1, "Poison"))
    world.poison_titles.add("Poison")
    for _ in range(5):
        await bot.run_cycle()
        clock.pass_by(3600)
    world.poison_titles.clear()
    assert store.parked.retry_all(clock()) == 1
    assert states(store) == {"x:1": "song"}
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}


async def test_one_draft_that_the_desk_refuses_does_not_hold_up_the_others(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1), song_post(2), song_post(3))
    world.poison_items.add("x:2")
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered", "x:2": "drafted", "x:3": "delivered"}


async def test_drafts_that_no_desk_could_hold_do_not_hold_up_the_others(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1), song_post(2, "Hush"), song_post(3))
    world.wordless_titles.add("Hush")
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered", "x:2": "drafted", "x:3": "delivered"}
    assert field(store, "faults", "x:2") == 1


async def test_work_left_over_is_done_though_the_timeline_is_down(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    world.faults["generate"] = ["dead"]
    await bot.run_cycle()
    clock.pass_by(60)
    world.faults["timeline"] = ["dead"]
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}


async def test_a_lost_answer_of_the_desk_delivers_nothing_twice(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    world.faults["drafts"] = ["lost"]
    await bot.run_cycle()
    assert states(store) == {"x:1": "drafted"}
    clock.pass_by(60)
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}
    assert len(world.drafts) == 3


async def test_told_to_stop_it_begins_nothing_new_and_gives_its_claims_back(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1), song_post(2))
    bot.stop.set()
    await bot.run_cycle()
    assert set(states(store).values()) == {"stored"}
    assert field(store, "lease", "x:1") is None


async def test_the_gateway_gets_a_heartbeat(bot: Bot, world: World) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    await bot.look_at_desk()
    beat = world.heartbeats[-1]
    assert (beat.worker, beat.cycle, beat.cursor) == ("test", 1, "1")
    assert beat.posts == {"delivered": 1}
    assert beat.drafts == {"delivered": 3}


async def test_a_heartbeat_tells_that_a_cycle_failed_until_one_goes_well(
    delivered: Bot, world: World, settings: WorkerSettings
) -> None:
    world.post(song_post(3))
    with full_for("UPDATE OF state ON post", settings.data_dir), pytest.raises(IntegrityError):
        await delivered.run_cycle()
    said = "the last cycle failed (IntegrityError): see the worker's log"
    assert world.heartbeats[-1].errors == [said]
    await delivered.look_at_desk()
    assert world.heartbeats[-1].errors == [said]
    await delivered.run_cycle()
    assert world.heartbeats[-1].errors == []


async def test_a_heartbeat_tells_that_a_look_failed(
    delivered: Bot, world: World, settings: WorkerSettings
) -> None:
    world.decide("x:1:1")
    with full_for("INSERT ON decision", settings.data_dir), pytest.raises(IntegrityError):
        await delivered.look_at_desk()
    said = "the last look at the desk failed (IntegrityError): see the worker's log"
    assert world.heartbeats[-1].errors == [said]


async def test_a_cycle_that_is_cut_short_is_told_with_the_next_heartbeat(
    bot: Bot, world: World
) -> None:
    world.when_called["timeline"].append(asyncio.Event().wait)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await bot.run_cycle()
    await bot.look_at_desk()
    said = "the last cycle failed (CancelledError): see the worker's log"
    assert world.heartbeats[-1].errors == [said]


async def test_a_failed_cycle_is_no_sign_of_life(
    delivered: Bot, world: World, settings: WorkerSettings
) -> None:
    world.post(song_post(3))
    with full_for("UPDATE ON turn", settings.data_dir):
        delivered.pulse.at -= 1000
        with pytest.raises(IntegrityError):
            await delivered.run_cycle()
    assert "see the log" in (await delivered.stalled() or "")


async def test_a_heartbeat_tells_by_what_posts_are_made(bot: Bot, world: World) -> None:
    bot.settings.template = "{text} ({artist}: {title})"
    bot.settings.blocked_words = ("damp",)
    await bot.run_cycle()
    told = world.heartbeats[-1].composing
    assert told is not None
    assert told.template == "{text} ({artist}: {title})"
    assert told.blocked_words == ["damp"]
    assert (told.likeness, told.likeness_posts) == (0.6, 0)


async def test_a_cycle_minds_no_heartbeat_that_fails(bot: Bot, world: World) -> None:
    world.faults["heartbeat"] = ["dead", 500]
    assert (await bot.run_cycle()).errors == ()
    assert (await bot.run_cycle()).errors == ()
