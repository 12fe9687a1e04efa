"""What posts said is kept no longer than it may be."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from services.common.database import reading, writing
from tests.served import served
from tests.worker.conftest import OpenBot
from tests.worker.test_worker_crashes import DIED, curate, environment_of
from tests.worker.worker_child import run_worker
from tests.worker.worker_world import Clock, World, song_post
from worker import failpoints
from worker.bot import Bot
from worker.store import Store
from worker.store.timeline import ASK_AFTER
from worker.tables import decision, post, publication

DAY = 86_400
PAST = timedelta(days=30)


def held(store: Store) -> set[str]:
    """The posts of which the worker keeps anything that their authors wrote."""
    kept = set()
    with reading(store.engine) as connection:
        for row in connection.execute(select(post)):
            body = dict(row.body)
            said = [body["text"], body["author_id"], body["author"], body["url"], row.candidates]
            if any(said) or row.ask_at is not None:
                kept.add(row.item_id)
            else:
                assert "Lights" not in json.dumps([body, row.reason, row.last_error])
    return kept


def on_desk(world: World) -> set[str]:
    """The posts of which the desk keeps what their authors wrote."""
    return {draft.item_id for draft in world.drafts.values() if draft.post.text}


def states(store: Store) -> dict[str, str]:
    with reading(store.engine) as connection:
        rows = connection.execute(select(post).order_by(post.c.item_id))
        return {row.item_id: row.state for row in rows}


def free_platform(world: World) -> None:
    world.platform = world.platform.model_copy(update={"paid": False})


async def some_of_each(bot: Bot, world: World) -> None:
    """x:1 is decided, x:2 waits for its curator, x:3 names no song, x:4 one that is unknown."""
    world.post(song_post(1), song_post(2), "Rain.", song_post(4, "Nowhere Lights"))
    world.unknown_titles.add("Nowhere Lights")
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()


async def test_what_has_come_to_an_end_is_wiped_when_it_is_past_its_time(
    start: OpenBot, world: World, store: Store, clock: Clock
) -> None:
    bot = await start(retention_days=3)
    free_platform(world)
    await some_of_each(bot, world)
    for _ in range(2):
        clock.pass_by(DAY)
        await bot.run_cycle()
    assert held(store) == {"x:1", "x:2", "x:3", "x:4"}
    clock.pass_by(DAY)
    await bot.run_cycle()
    assert held(store) == {"x:2"}
    assert on_desk(world) == {"x:2"}


async def test_where_reading_costs_money_it_is_wiped_within_a_day(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await some_of_each(bot, world)
    clock.pass_by(ASK_AFTER.total_seconds() - 60)
    await bot.run_cycle()
    assert len(held(store)) == 4
    clock.pass_by(120)
    await bot.run_cycle()
    assert held(store) == {"x:2"}


async def test_where_reading_costs_money_nothing_is_asked_about_that_has_ended(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["songs"] = [503] * 9
    await some_of_each(bot, world)
    world.faults["songs"].clear()
    clock.pass_by(3600)
    await bot.run_cycle()
    assert states(store)["x:4"] == "unknown_song"
    clock.pass_by(ASK_AFTER.total_seconds() - 3600)
    await bot.run_cycle()
    assert held(store) == {"x:1", "x:2"}
    assert world.asked_about == [["1", "2"]]


async def test_a_clock_that_was_ahead_does_not_put_off_what_was_deleted(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    clock.pass_by(30 * DAY)
    await bot.run_cycle()
    clock.pass_by(-30 * DAY)
    world.deleted.add("1")
    await bot.run_cycle()
    assert held(store) == on_desk(world) == set()


async def test_what_never_lay_on_a_desk_that_refuses_is_asked_about_and_wiped(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["generate"] = ["dead"] * 99
    world.post(song_post(1))
    await bot.run_cycle()
    world.faults["generate"].clear()
    world.post(song_post(2))
    await bot.run_cycle()
    assert states(store) == {"x:1": "resolved", "x:2": "delivered"}
    world.deleted |= {"1", "2"}
    world.faults["forget"] = [503] * 99
    clock.pass_by(ASK_AFTER.total_seconds())
    await bot.run_cycle()
    assert held(store) == {"x:2"}
    assert states(store)["x:1"] == "gone"


async def test_a_wiped_post_is_not_drafted_again_and_its_drafts_can_still_be_approved(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    for rank in (1, 2, 3):
        world.decide(f"x:1:{rank}", "rejected")
    await bot.look_at_desk()
    clock.pass_by(8 * DAY)
    world.posts.append(world.posts[0])  # as a timeline may show it once more
    await bot.run_cycle()
    assert held(store) == set()
    assert len(world.drafts) == 3
    world.decide("x:1:2", "approved")
    await bot.look_at_desk()
    assert len(world.out) == 1
    assert "Harbour Lights 1" in world.out[0]


async def test_the_desk_wipes_first_and_when_it_cannot_it_is_asked_again(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await some_of_each(bot, world)
    world.faults["forget"] = [503]
    clock.pass_by(8 * DAY)
    summary = await bot.run_cycle()
    assert held(store) == {"x:1", "x:2"}, "the others never lay there"
    assert "the forget door says 503" in summary.line()
    await bot.run_cycle()
    assert not world.faults["forget"]
    assert len(held(store)) == 2, "not before a while"
    clock.pass_by(16 * 60)
    await bot.run_cycle()
    assert held(store) == {"x:2"}


async def test_what_was_deleted_leaves_within_a_day_wherever_it_stands(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(*(song_post(number, f"Lights {number}") for number in (1, 2)))
    await bot.run_cycle()
    world.post(*(song_post(number, f"Poison Lights {number}") for number in (3, 4)))
    world.poison_titles.update(f"Poison Lights {number}" for number in (3, 4))
    for _ in range(6):
        await bot.run_cycle()
        clock.pass_by(3600)
    world.faults["generate"] = ["dead"] * 99
    world.post(*(song_post(number, f"Lights {number}") for number in (5, 6)))
    await bot.run_cycle()
    before = states(store)
    assert list(before.values()) == ["delivered"] * 2 + ["parked"] * 2 + ["resolved"] * 2
    world.deleted |= {"1", "3", "5"}
    clock.pass_by(ASK_AFTER.total_seconds())
    await bot.run_cycle()
    assert held(store) == {"x:2", "x:4", "x:6"}
    assert on_desk(world) == {"x:2"}
    assert states(store) == before | {"x:3": "gone", "x:5": "gone"}


async def test_a_deleted_post_goes_no_further(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["generate"] = ["dead"] * 9
    world.post(song_post(1))
    await bot.run_cycle()
    world.deleted.add("1")
    clock.pass_by(ASK_AFTER.total_seconds())
    await bot.run_cycle()
    world.faults["generate"].clear()
    clock.pass_by(3600)
    world.ask("retry")
    await bot.run_cycle()
    assert states(store) == {"x:1": "gone"}
    assert world.drafts == {}


async def test_drafts_of_a_deleted_post_reach_the_desk_without_what_it_said(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["drafts"] = ["lost", *[503] * 99]
    world.post(song_post(1))
    await bot.run_cycle()
    assert on_desk(world) == {"x:1"}
    world.deleted.add("1")
    clock.pass_by(ASK_AFTER.total_seconds())
    await bot.run_cycle()
    assert held(store) == on_desk(world) == set()
    world.faults["drafts"].clear()
    clock.pass_by(3600)
    await bot.run_cycle()
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert states(store) == {"x:1": "decided"}
    assert len(world.out) == 1


async def three_are_deleted(bot: Bot, world: World, clock: Clock) -> None:
    """They lay on the desk, and it is time to ask about them."""
    world.post(song_post(1), song_post(2), song_post(3))
    await bot.run_cycle()
    world.deleted |= {"1", "2", "3"}
    clock.pass_by(ASK_AFTER.total_seconds())


async def test_a_post_that_the_desk_cannot_wipe_holds_up_no_other(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await three_are_deleted(bot, world, clock)
    world.poison_items.add("x:2")
    summary = await bot.run_cycle()
    assert held(store) == on_desk(world) == {"x:2"}
    assert "a post that the desk cannot wipe" in summary.line()


async def test_a_post_that_cannot_be_wiped_holds_up_no_other_and_is_tried_again_later(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await three_are_deleted(bot, world, clock)
    with writing(store.engine) as connection:
        row = connection.execute(select(post).where(post.c.item_id == "x:2")).one()
        broken = update(post).where(post.c.item_id == "x:2")
        connection.execute(broken.values(body={**row.body, "created_at": "long ago"}))
    world.post(song_post(4))
    summary = await bot.run_cycle()
    assert held(store) == {"x:2", "x:4"}
    assert on_desk(world) == {"x:4"}
    assert "post x:2 cannot be looked after (ValidationError)" in summary.line()
    assert (await bot.run_cycle()).errors == ()
    with writing(store.engine) as connection:
        connection.execute(broken.values(body=row.body))
    clock.pass_by(16 * 60)
    await bot.run_cycle()
    assert held(store) == {"x:4"}


async def test_a_service_that_fails_is_not_asked_once_per_post(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await three_are_deleted(bot, world, clock)
    world.faults["forget"] = [422, *[503] * 9]
    await bot.run_cycle()
    assert world.faults["forget"] == [503] * 8
    world.faults["forget"].clear()
    clock.pass_by(16 * 60)
    await bot.run_cycle()
    assert held(store) == set()


async def test_a_post_with_the_longest_id_goes_all_the_way(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    (long,) = world.post(song_post(1), id="1" * 200)
    await bot.run_cycle()
    world.decide(f"x:{long.id}:1")
    await bot.look_at_desk()
    assert states(store) == {f"x:{long.id}": "decided"}
    assert len(world.out) == 1
    clock.pass_by(ASK_AFTER.total_seconds())
    await bot.run_cycle()
    assert held(store) == on_desk(world) == set()


async def test_a_post_is_asked_about_once_in_twenty_hours(
    bot: Bot, world: World, clock: Clock
) -> None:
    world.post(song_post(1), "Rain.", song_post(3))
    for _ in range(48):
        await bot.run_cycle()
        clock.pass_by(3600)
    assert [sorted(ids) for ids in world.asked_about] == [["1", "3"], ["1", "3"]]


async def test_what_nobody_can_be_asked_about_is_kept_and_asked_about_again(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.deleted.add("1")
    world.faults["present"] = [503]
    clock.pass_by(ASK_AFTER.total_seconds())
    for _ in range(3):
        await bot.run_cycle()
    assert held(store) == {"x:1"}
    assert world.asked_about == []
    clock.pass_by(16 * 60)
    await bot.run_cycle()
    assert held(store) == set()


async def test_a_post_of_which_the_platform_does_not_say_is_asked_about_again_soon(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(*(song_post(number, f"Lights {number}") for number in (1, 2, 3)))
    await bot.run_cycle()
    world.deleted |= {"1", "2"}
    world.unsaid = {"2"}
    clock.pass_by(ASK_AFTER.total_seconds())
    summary = await bot.run_cycle()
    assert held(store) == {"x:2", "x:3"}
    assert "of some posts the platform did not say" in summary.line()
    world.unsaid = set()
    clock.pass_by(16 * 60)
    await bot.run_cycle()
    assert held(store) == {"x:3"}
    assert world.asked_about == [["1", "2", "3"], ["2"]]


def moved_to_mastodon(world: World) -> None:
    world.platform = world.platform.model_copy(update={"origin": "mastodon", "paid": False})


async def test_posts_of_another_platform_are_not_asked_about_and_can_be_finished(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["generate"] = ["dead"] * 9
    world.post(song_post(1))
    await bot.run_cycle()
    moved_to_mastodon(world)
    world.faults["generate"] = ["dead"] * 9
    clock.pass_by(ASK_AFTER.total_seconds())
    await bot.run_cycle()
    assert (held(store), world.asked_about) == ({"x:1"}, [])
    world.faults["generate"].clear()
    clock.pass_by(3600)
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}
    assert on_desk(world) == {"x:1"}


async def test_posts_of_another_platform_are_wiped_when_they_are_past_their_time(
    start: OpenBot, world: World, store: Store, clock: Clock
) -> None:
    bot = await start(retention_days=3)
    world.post(song_post(1))
    await bot.run_cycle()
    world.faults["generate"] = ["dead"] * 99
    world.post(song_post(2))
    await bot.run_cycle()
    moved_to_mastodon(world)
    clock.pass_by(3 * DAY - 60)
    await bot.run_cycle()
    assert held(store) == {"x:1", "x:2"}
    clock.pass_by(120)
    await bot.run_cycle()
    assert held(store) == on_desk(world) == set()
    assert states(store) == {"x:1": "delivered", "x:2": "gone"}
    with reading(store.engine) as connection:
        reason = connection.scalar(select(post.c.reason).where(post.c.item_id == "x:2"))
    assert (reason or "").startswith("of another platform than today's")


async def test_a_curators_words_and_what_is_published_stay(
    bot: Bot, world: World, clock: Clock, store: Store
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1", text="My own words.")
    await bot.look_at_desk()
    world.deleted.add("1")
    clock.pass_by(8 * DAY)
    await bot.run_cycle()
    with reading(store.engine) as connection:
        assert connection.scalar(select(decision.c.text)) == "My own words."
        assert connection.scalar(select(publication.c.text)) == world.out[0]


async def test_a_backlog_is_wiped_in_batches(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(*["Rain."] * 200)
    await bot.run_cycle()
    clock.pass_by(8 * DAY)
    await bot.run_cycle()
    assert held(store) == set()
    assert world.calls["forget"] == 0


@pytest.mark.parametrize(
    "failpoint", [name for name in failpoints.FAILPOINTS if name.startswith("texts.")]
)
def test_death_while_wiping_leaves_nothing_behind(
    failpoint: str, world: World, tmp_path: Path
) -> None:
    world.post(song_post(1), "Rain.", song_post(3))
    with served(world.app) as url:
        environment = environment_of(url, tmp_path)
        run_worker(environment)
        curate(world)
        run_worker(environment)
        store = Store.open(f"sqlite:///{tmp_path / 'worker.sqlite3'}")
        with writing(store.engine) as connection:
            for row in connection.execute(select(post)).all():
                long_ago = {"ask_at": row.ask_at - PAST, "changed_at": row.changed_at - PAST}
                own = update(post).where(post.c.item_id == row.item_id)
                connection.execute(own.values(long_ago))
        assert run_worker({**environment, failpoints.VARIABLE: failpoint}) == DIED
        assert run_worker(environment) == 0
    assert held(store) == on_desk(world) == set()
    store.close()
