"""Drafts that were made at the desk: they come with their first decision."""

from typing import Any

import pytest
from sqlalchemy import select

from services.common.database import reading
from tests.worker.conftest import OpenBot
from tests.worker.desk_drafts import made
from tests.worker.worker_world import Clock, World, song_post
from worker.bot import Bot
from worker.store import Store
from worker.tables import decision, draft, post, publication


def rows(store: Store, table: Any) -> list[Any]:  # noqa: ANN401 - any table, rows of any columns
    with reading(store.engine) as connection:
        return list(connection.execute(select(table)).all())


def drafts(store: Store) -> dict[str, Any]:
    return {row.id: row for row in rows(store, draft)}


async def test_a_draft_made_at_the_desk_is_published_once_and_the_desk_is_told(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:65", made=made(world))
    world.decisions_made.append(world.decisions_made[0])
    summary = await delivered.look_at_desk()
    assert (summary.decisions, summary.published, summary.failed) == (1, 1, 0)
    await delivered.look_at_desk()
    assert world.out == ["Made at the desk, 65. — “Harbour Lights 1” by The Lanterns"]
    assert [each.state for each in world.outcomes["x:1:65"]] == ["scheduled", "published"]
    row = drafts(store)["x:1:65"]
    assert (row.state, row.made_by, row.rank, row.score) == ("approved", "desk", 65, 4.2)
    assert (row.model, row.model_revision, row.seed, row.latent) == ("tiny", "r2", 77, [1.5])
    assert {row.item_id: row.state for row in rows(store, post)} == {
        "x:1": "decided",
        "x:2": "delivered",
    }


async def test_a_curators_own_words_have_no_scores(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:65", made=made(world, made_by="curator"))
    assert (await delivered.look_at_desk()).published == 1
    row = drafts(store)["x:1:65"]
    assert (row.made_by, row.score, row.latent, row.model) == ("curator", None, None, None)


async def test_it_is_taken_back_and_approved_again_like_any_other(
    start: OpenBot, world: World, store: Store
) -> None:
    bot = await start(publish=False)
    world.post(song_post(1))
    await bot.run_cycle()
    own = made(world)
    for verdict in ("approved", "undecided"):
        world.decide("x:1:65", verdict, made=own)
        await bot.look_at_desk()
    assert drafts(store)["x:1:65"].state == "delivered"
    assert [row.state for row in rows(store, publication)] == ["cancelled"]
    world.decide("x:1:65", text="Made at the desk, and mended.", made=own)
    await (await start()).look_at_desk()
    assert world.out == ["Made at the desk, and mended. — “Harbour Lights 1” by The Lanterns"]
    assert len(rows(store, decision)) == 3


async def test_a_post_is_decided_when_those_made_at_the_desk_are_rejected_too(
    delivered: Bot, world: World, store: Store
) -> None:
    for rank in (1, 2, 3):
        world.decide(f"x:1:{rank}", "rejected")
    world.decide("x:1:65", "rejected", made=made(world))
    await delivered.look_at_desk()
    assert drafts(store)["x:1:65"].state == "rejected"
    assert rows(store, post)[0].state == "decided"
    world.decide("x:1:65", "undecided", made=made(world))
    await delivered.look_at_desk()
    assert rows(store, post)[0].state == "delivered"


async def test_another_draft_that_was_approved_before_stands(
    delivered: Bot, world: World, store: Store
) -> None:
    world.decide("x:1:1")
    await delivered.look_at_desk()
    world.decide("x:1:65", made=made(world))
    await delivered.look_at_desk()
    assert len(world.out) == 1
    (told,) = world.outcomes["x:1:65"]
    assert (told.state, told.detail) == ("failed", "another draft of this post is published")
    assert drafts(store)["x:1:65"].state == "approved"


async def test_it_may_be_decided_before_we_heard_that_the_desk_has_ours(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1))
    world.faults["drafts"] = ["lost"]
    await bot.run_cycle()
    assert rows(store, post)[0].state == "drafted"
    world.decide("x:1:65", made=made(world))
    await bot.look_at_desk()
    assert len(world.out) == 1
    assert {row.state for row in drafts(store).values()} == {"delivered", "approved"}
    await bot.run_cycle()
    assert rows(store, post)[0].state == "decided"


@pytest.mark.parametrize("changed", [{"id": "x:1:66"}, {"item_id": "x:2"}, {"item_id": "x:99"}])
async def test_a_draft_that_fits_no_post_is_passed_over(
    delivered: Bot, world: World, store: Store, changed: dict[str, str]
) -> None:
    stray = made(world).model_copy(update=changed)
    world.decide(stray.id, made=stray)
    world.decide("x:1:1")
    summary = await delivered.look_at_desk()
    assert (summary.decisions, summary.published) == (1, 1)
    assert len(drafts(store)) == 6


async def test_a_draft_of_a_post_that_had_no_drafts_is_passed_over(
    delivered: Bot, world: World, store: Store
) -> None:
    world.post("no song in here")
    await delivered.run_cycle()
    elsewhere = {"id": "x:3:65", "item_id": "x:3", "post": world.posts[2]}
    stray = made(world).model_copy(update=elsewhere)
    world.decide(stray.id, made=stray)
    assert (await delivered.look_at_desk()).decisions == 0
    assert stray.id not in drafts(store)


async def test_the_export_tells_a_persons_words_from_a_writers(
    delivered: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.decide("x:1:65", made=made(world))
    world.decide("x:2:65", made=made(world, made_by="curator", like="x:2:1"))
    await delivered.look_at_desk()
    clock.pass_by(3600)
    await delivered.run_cycle()
    records = list(store.preferences.records())
    by_maker = {each["made_by"]: each for each in records if each["verdict"] == "approved"}
    assert by_maker["desk"]["latent"] == [1.5]
    assert by_maker["desk"]["model_revision"] == "r2"
    assert by_maker["curator"]["latent"] is None
    assert by_maker["curator"]["score"] is None
    assert {each["made_by"] for each in records if each["verdict"] is None} == {"worker"}
    assert "Made at the desk" not in repr(records)
